"""What a test commits is gone when the next begins, although only tables that hold something are emptied."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from authn import append_only as evidence_append_only
from journal import append_only as journal_append_only
from tests.scenarios import a_blocked_card, a_scene

MADE_AGAIN = {"contenttypes.ContentType"}
"""Written by Django itself after each flush."""


@pytest.mark.django_db(transaction=True)
def test_a_flush_leaves_no_row() -> None:
    a_blocked_card(a_scene())
    assert len(filled()) > 20
    for append_only in (journal_append_only, evidence_append_only):
        append_only.run(connection, append_only.remove_statements(connection.vendor))
    call_command("flush", verbosity=0, interactive=False, reset_sequences=False, allow_cascade=False)
    assert filled() <= MADE_AGAIN


def filled() -> set[str]:
    """Return the models that have rows."""
    return {model._meta.label for model in apps.get_models() if model._default_manager.exists()}
