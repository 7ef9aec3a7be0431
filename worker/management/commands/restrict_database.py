"""Gives the role that the application logs in to PostgreSQL with only the rights that it needs."""

import re

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from authn import append_only as evidence_append_only
from journal import append_only as journal_append_only

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class Command(BaseCommand):
    """manage.py restrict_database ROLE, run as the owner of the tables after each migrate."""

    help = "Let a PostgreSQL role read and add, and change nothing of what is append-only."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the role's name."""
        parser.add_argument("role", metavar="ROLE")

    def handle(self, *_: object, role: str, **__: object) -> None:
        """Grant and revoke, and say what holds now."""
        if connection.vendor != "postgresql":
            raise CommandError("SQLite knows no roles: its triggers alone refuse changes")
        if not _NAME.fullmatch(role):
            raise CommandError(f"{role} is not a plain name of a role")
        tables = (*journal_append_only.TABLES, *evidence_append_only.TABLES)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT rolsuper, EXISTS (SELECT 1 FROM pg_tables "
                "WHERE tablename = ANY(%s) AND pg_has_role(%s, tableowner, 'MEMBER')) "
                "FROM pg_roles WHERE rolname = %s",
                [list(tables), role, role],
            )
            found = cursor.fetchone()
            if found is None:
                raise CommandError(f"there is no role {role}: CREATE ROLE {role} LOGIN first")
            if any(found):
                raise CommandError(
                    f"{role} owns the tables or rules over all: it could take every refusal away"
                )
            for statement in _statements(role, tables):
                cursor.execute(statement)
        self.stdout.write(f"{role} may add to {len(tables)} append-only tables and change nothing in them.")


def _statements(role: str, tables: tuple[str, ...]) -> list[str]:
    """Return the statements; the role's name was checked to be a plain one."""
    return [
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"REVOKE CREATE ON SCHEMA public FROM {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        *(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}" for table in tables),
        f"REVOKE UPDATE, TRUNCATE ON journal_personkey FROM {role}",
    ]
