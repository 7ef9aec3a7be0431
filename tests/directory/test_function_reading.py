"""Function objects come from HSA, wait for validation, and are not lost by its silence (POR-10, HSA-2)."""

import pytest

from directory.hsa_functions import HsaFunctionClient
from directory.models import Organization
from functioncerts.hsa_reading import FunctionsRead, read_functions
from functioncerts.models import FunctionObject
from functioncerts.states import FunctionObjectState
from journal.actor import Actor
from journal.models import Entry
from tests.cast import LONG_AGO, Cast, the_cast
from tests.directory.conftest import Registers

OWNER = "SE2321009801-0001"
SYSTEM = Actor.system("test")


@pytest.fixture
def cast(db: None) -> Cast:
    return the_cast()


@pytest.fixture
def client(cast: Cast, registers_running: Registers) -> HsaFunctionClient:
    Organization.objects.filter(pk=cast.norr.pk).update(hsa_id=OWNER)
    return HsaFunctionClient(registers_running.endpoint("hsa"), include_feigned=True)


def read(client: HsaFunctionClient) -> FunctionsRead:
    return read_functions(client, pause=lambda: None, actor=SYSTEM, at=LONG_AGO)


def told() -> list[FunctionObject]:
    return list(FunctionObject.objects.filter(hsa_id__startswith="SE2321009801-").order_by("hsa_id"))


def test_what_hsa_tells_of_is_registered_once_with_mailbox_and_names(
    client: HsaFunctionClient,
) -> None:
    """POR-10: not validated yet, so that only validation specialists see it."""
    first = read(client)
    assert (first.new, first.changed, first.unanswered) == (len(told()), 0, 0)
    assert first.new > 0
    assert {one.state for one in told()} == {FunctionObjectState.NOT_VALIDATED.value}
    assert all(one.mailbox and one.last_read_at for one in told())
    again = read(client)
    assert (again.new, again.changed) == (0, 0)


def test_what_hsa_changes_is_followed_and_told(client: HsaFunctionClient) -> None:
    read(client)
    FunctionObject.objects.filter(pk=told()[0].pk).update(mailbox="gammal@regionnorr.test")
    assert read(client).changed == 1
    assert told()[0].mailbox != "gammal@regionnorr.test"
    assert Entry.objects.filter(type="function_object.changed").count() == 1


def test_absence_changes_nothing(client: HsaFunctionClient, cast: Cast) -> None:
    read(client)
    known = {one.hsa_id: one.state for one in told()}
    Organization.objects.filter(pk=cast.norr.pk).update(hsa_id="SE2321009801-9999")
    assert read(client).new == 0
    assert {one.hsa_id: one.state for one in told()} == known
