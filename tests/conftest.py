"""What every test stands on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from authn import append_only as evidence_append_only
from journal import append_only as journal_append_only

pytest_plugins = ("tests.running.fixtures",)  # one installation for e2e/ and faults/, wherever asked for

_APPEND_ONLY = (journal_append_only, evidence_append_only)


_HERE = Path(__file__).parent
_DEAR = {
    "ca/test_environments.py": "environments",
    "deploy/test_nginx_portal.py": "nginx portal",
    "worker/test_backup.py": "backup",
    "worker/test_doctor.py": "doctor",
    "worker/test_outside_tsa.py": "sealing",
    "worker/test_sealing.py": "sealing",
}
"""What stands on an installation that takes half a minute to make: in one worker of the run, made once."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares a dear set-up, before the groups are read."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            group = _DEAR.get(item.path.relative_to(_HERE).as_posix())
            if group:
                item.add_marker(pytest.mark.xdist_group(group))


_in_place = False
"""Whether the triggers stand in this process's database: a transaction that is rolled back keeps them."""


@pytest.fixture(autouse=True)
def _journal_is_append_only(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep the append-only triggers in place, and lift them only while a transactional test is flushed."""
    global _in_place  # noqa: PLW0603 - says how the database stands, of which there is one
    marker = request.node.get_closest_marker("django_db")
    names = set(request.fixturenames)
    uses_database = marker is not None or names & {"db", "transactional_db", "live_server"}
    if not uses_database:
        yield
        return
    transactional = names & {"transactional_db", "live_server"} or (
        marker is not None and marker.kwargs.get("transaction", False)
    )
    request.getfixturevalue("django_db_setup")
    if not _in_place:
        with request.getfixturevalue("django_db_blocker").unblock():
            for append_only in _APPEND_ONLY:
                append_only.run(connection, append_only.install_statements(connection.vendor))
        _in_place = True
    request.getfixturevalue("transactional_db" if transactional else "db")
    yield
    if transactional:
        for append_only in _APPEND_ONLY:
            append_only.run(connection, append_only.remove_statements(connection.vendor))
        _in_place = False
