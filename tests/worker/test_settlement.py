"""A backup of an earlier version is brought up to this one; one of a later version is refused."""

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from worker.backup.errors import BackupRefused
from worker.backup.settlement import _bring_up_schema


@pytest.mark.django_db
def test_migrations_that_were_squashed_since_are_no_later_version() -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_applied("ca", "0006_mass_revocation")
    _bring_up_schema()
    recorder.record_applied("ca", "9999_of_a_later_version")
    with pytest.raises(BackupRefused, match="newer version of Sigill: it knows ca 9999"):
        _bring_up_schema()
