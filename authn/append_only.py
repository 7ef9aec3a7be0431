"""The database's own refusal to change or remove evidence, for SQLite and PostgreSQL."""

from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = ("authn_evidence", "authn_mtlsevidence")


def install_statements(vendor: str, tables: tuple[str, ...] = TABLES) -> list[str]:
    """Return the statements that make evidence append-only; harmless when run again."""
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {table}_{verb.lower()}_refused BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'evidence is append-only: {verb.lower()} refused'); END"
            for table in tables
            for verb in ("UPDATE", "DELETE")
        ]
    return [
        (
            "CREATE OR REPLACE FUNCTION authn_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION 'evidence is append-only: % refused', lower(TG_OP); END $$"
        ),
        *(
            f"CREATE OR REPLACE TRIGGER {table}_changes_refused BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION authn_refuse()"
            for table in tables
        ),
    ]


def remove_statements(vendor: str, tables: tuple[str, ...] = TABLES) -> list[str]:
    """Return the statements that take the refusal away: for undoing the migration, and test flushes."""
    if vendor == "sqlite":
        return [
            f"DROP TRIGGER IF EXISTS {table}_{verb}_refused"
            for table in tables
            for verb in ("update", "delete")
        ]
    return [f"DROP TRIGGER IF EXISTS {table}_changes_refused ON {table}" for table in tables]


def run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    """Run the statements one by one."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
