"""What every test stands on."""

from collections.abc import Iterator

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from authn import append_only as evidence_append_only
from journal import append_only as journal_append_only
from tests.emptying import only_filled

pytest_plugins = ("tests.running.fixtures",)  # one installation for e2e/ and faults/, wherever asked for

_APPEND_ONLY = (journal_append_only, evidence_append_only)

# Hypothesis gives an example 200 ms by itself: how fast a machine is says nothing about what is tested.
settings.register_profile("sigill", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sigill")

_DEAR = {
    "tests/ca/test_environments.py": "environments",
    "tests/deploy/test_nginx_portal.py": "nginx portal",
    "tests/e2e/test_demo_contract.py": "demo",
    "tests/worker/test_backup.py": "backup",
    "tests/worker/test_doctor.py": "doctor",
    "tests/worker/test_outside_tsa.py": "sealing",
    "tests/worker/test_sealing.py": "sealing",
}
"""What stands on a set-up that takes half a minute: in one worker of the run, made once."""


_LONG = (
    "tests/ca/test_ceremony_beside_the_signer.py::",
    "tests/ca/test_key_ceremony.py::",
    "tests/cards/test_walks.py::",
    "tests/deploy/test_nginx.py::",
    "tests/e2e/test_card_life.py::",
    "tests/e2e/test_main_job.py::",
    "tests/e2e/test_new_certificates.py::",
    "tests/e2e/test_reserve_life.py::",
    "tests/faults/test_kills.py::",
    "tests/faults/test_live_pages.py::",
    "tests/faults/test_status_services.py::",
    "tests/ocsp/test_spread.py::",
    "tests/portal/auditor/test_browser.py::",
    "tests/portal/test_authorization.py::",
    "tests/portal/test_foreign_scope.py::",
    "tests/portal/test_protected_everywhere.py::",
    "tests/worker/test_backup.py::",
)
"""What takes ten seconds and more: begun early, so that no worker is left with it in the end."""


class _Together(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each worker test by test, and what shares a dear set-up to one of them."""

    def _split_scope(self, nodeid: str) -> str:
        return _DEAR.get(nodeid.split("::", 1)[0], nodeid)

    def mark_test_complete(self, node: object, item_index: int, duration: float = 0) -> None:
        """Forget what is done: it is counted at every test, and there are thousands."""
        super().mark_test_complete(node, item_index, duration)
        work = self.assigned_work.get(node, {})
        for scope in [scope for scope, tests in work.items() if all(tests.values())]:
            del work[scope]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what is long first where workers share the tests; else the order stays as it was drawn."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _Together:
    """Spread the tests; said here and not by marks, which the workers do not hand on."""
    return _Together(config, log)


@pytest.fixture
def in_one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """All requests of the test are counted in one minute: one that ends meanwhile lets more through."""
    monkeypatch.setattr("authn.rate_limits._minute_and_second", lambda at: (29_000_000, at.second))


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
        # A marked test has begun its transaction by now: what is installed in it goes with it.
        _in_place = not connection.in_atomic_block
        if connection.vendor == "postgresql":
            connection.ops.sql_flush = only_filled(connection)
    request.getfixturevalue("transactional_db" if transactional else "db")
    yield
    if transactional:
        for append_only in _APPEND_ONLY:
            append_only.run(connection, append_only.remove_statements(connection.vendor))
        _in_place = False
