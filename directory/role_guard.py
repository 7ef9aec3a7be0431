"""The database's own refusal of an auditor with an operative role, for SQLite and PostgreSQL.

Later migrations: SQLite changes a table by making it anew, which loses its triggers and trips over those of
others that name it. A migration that alters ``RoleAssignment`` or ``Employment`` therefore begins with
``remove_statements`` and ends with ``install_statements``.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

MESSAGE = "an auditor has no operative role"

_CONFLICT = """
SELECT 1 FROM directory_roleassignment other
JOIN directory_employment theirs ON theirs.id = other.employment_id
JOIN directory_employment mine ON mine.id = NEW.employment_id
WHERE theirs.person_id = mine.person_id
  AND other.id <> NEW.id
  AND (other.role = 'auditor') <> (NEW.role = 'auditor')
  AND (other.valid_to IS NULL OR other.valid_to > NEW.valid_from)
  AND (NEW.valid_to IS NULL OR NEW.valid_to > other.valid_from)
"""
"""Two assignments of one person whose times overlap, one of them auditor and the other not."""


def install_statements(vendor: str) -> list[str]:
    """Return the statements that install the refusal."""
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS auditor_is_alone_on_{verb.lower()} "
            f"BEFORE {verb} ON directory_roleassignment "
            f"WHEN EXISTS ({_CONFLICT}) BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
            for verb in ("INSERT", "UPDATE")
        ]
    function = (
        "CREATE OR REPLACE FUNCTION directory_auditor_is_alone() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN IF EXISTS ({_CONFLICT}) THEN "
        f"RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )
    trigger = (
        "CREATE OR REPLACE TRIGGER auditor_is_alone BEFORE INSERT OR UPDATE ON directory_roleassignment "
        "FOR EACH ROW EXECUTE FUNCTION directory_auditor_is_alone()"
    )
    return [function, trigger]


def remove_statements(vendor: str) -> list[str]:
    """Return the statements that take the refusal away: for undoing the migration only."""
    if vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS auditor_is_alone_on_{verb}" for verb in ("insert", "update")]
    return [
        "DROP TRIGGER IF EXISTS auditor_is_alone ON directory_roleassignment",
        "DROP FUNCTION IF EXISTS directory_auditor_is_alone()",
    ]


def run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    """Run the statements one by one."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
