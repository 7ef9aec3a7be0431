"""The database's own refusal to change or remove evidence, for SQLite and PostgreSQL."""

from django.db.backends.base.base import BaseDatabaseWrapper

_TABLE = "authn_evidence"

TABLES = (_TABLE,)


def install_statements(vendor: str) -> list[str]:
    """Return the statements that make evidence append-only; harmless when run again."""
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {_TABLE}_{verb.lower()}_refused BEFORE {verb} ON {_TABLE} "
            f"BEGIN SELECT RAISE(ABORT, 'evidence is append-only: {verb.lower()} refused'); END"
            for verb in ("UPDATE", "DELETE")
        ]
    return [
        (
            "CREATE OR REPLACE FUNCTION authn_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION 'evidence is append-only: % refused', lower(TG_OP); END $$"
        ),
        (
            f"CREATE OR REPLACE TRIGGER {_TABLE}_changes_refused BEFORE UPDATE OR DELETE ON {_TABLE} "
            "FOR EACH ROW EXECUTE FUNCTION authn_refuse()"
        ),
    ]


def remove_statements(vendor: str) -> list[str]:
    """Return the statements that take the refusal away: for undoing the migration, and test flushes."""
    if vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {_TABLE}_{verb}_refused" for verb in ("update", "delete")]
    return [f"DROP TRIGGER IF EXISTS {_TABLE}_changes_refused ON {_TABLE}"]


def run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    """Run the statements one by one."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
