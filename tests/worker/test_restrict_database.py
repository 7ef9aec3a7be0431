"""On PostgreSQL the application's role adds to the journal and cannot change it, triggers or not."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from journal import append_only, checkpoints, sequencing
from journal.models import Checkpoint, Leaf, PersonKey
from tests.journal.test_personal import opened
from tests.journal.test_verifying import AT, SPKI, sign

ROLE = f"sigill_test_app_{os.getpid()}"
"""Roles belong to the whole server, which the processes of a test run share."""


@pytest.fixture
def role(transactional_db: None) -> Iterator[str]:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite knows no roles")
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
    yield ROLE
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(f"DROP OWNED BY {ROLE}")
        cursor.execute(f"DROP ROLE {ROLE}")


def test_the_role_appends_sequences_and_keeps_heads(role: str, tmp_path: Path) -> None:
    call_command("restrict_database", role)
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
    opened()
    assert sequencing.sequence_committed() == 1
    checkpoints.sign_head(origin="sigill.test", public_key=SPKI, sign=sign, outside=tmp_path, at=AT)
    assert (Leaf.objects.count(), Checkpoint.objects.count()) == (1, 1)
    PersonKey.objects.filter(subject="erik-id").delete()  # erasure is allowed
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


@pytest.mark.parametrize("table", append_only.TABLES)
@pytest.mark.parametrize(
    "act", ["DELETE FROM {}", "UPDATE {} SET {column} = {column}", "TRUNCATE {} CASCADE"]
)
def test_without_triggers_the_role_still_changes_nothing(role: str, table: str, act: str) -> None:
    call_command("restrict_database", role)
    append_only.run(connection, append_only.remove_statements(connection.vendor))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s LIMIT 1", [table]
        )
        (column,) = cursor.fetchone()
        cursor.execute(f"SET ROLE {role}")
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(act.format(table, column=column))


def test_an_owner_is_refused_and_so_is_a_name_that_is_none(role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (owner,) = cursor.fetchone()
    for name, why in ((owner, "owns"), ("nobody_here", "no role"), ('x"; DROP TABLE y', "plain")):
        with pytest.raises(CommandError, match=why):
            call_command("restrict_database", name)
