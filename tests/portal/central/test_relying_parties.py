"""Central administration registers the services that may ask for logins; nobody else reaches the page."""

from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from authn import orders
from authn.errors import InvalidParameters
from authn.levels import LOA2
from authn.models import RelyingParty
from journal.actor import Actor
from journal.models import Entry
from tests.portal.conftest import LogIn
from tests.portal.test_roles_pages import centre
from tests.scenarios import Scene

FORM = {
    "rp_id": "SE2321000016-RP1",
    "name_sv": "Journalen",
    "name_en": "The record",
    "return_origins": "https://journal.test\nhttps://other.test",
    "most_loa": LOA2,
    "orders_per_minute": "60",
    "may_sign": "on",
    "step": "save",
}
URL = "/central/relying-parties/"


@pytest.fixture
def central(scene: Scene) -> Actor:
    return centre(scene, scene.cast.asa)


def test_a_service_is_added_changed_and_closed(central: Actor, log_in: LogIn) -> None:
    """AUT-10: the name that people see is the registered one; each change is in the journal."""
    browser = log_in(central)
    assert browser.post(URL, FORM).status_code == 302
    row = RelyingParty.objects.get(rp_id="SE2321000016-RP1")
    assert row.return_origins == ["https://journal.test", "https://other.test"]
    assert row.most_loa == LOA2
    assert (row.purposes, row.flows) == (["auth", "authForSign", "sign"], ["same-device"])
    assert browser.post(URL, FORM | {"name_sv": "Nya journalen"}).status_code == 302
    assert "Nya journalen" in browser.get(f"{URL}?service=SE2321000016-RP1").content.decode()
    assert browser.post(URL, {"rp_id": "SE2321000016-RP1", "step": "close"}).status_code == 302
    assert browser.post(URL, {"rp_id": "SE2321000016-RP1", "step": "close"}).status_code == 404
    request = orders.StartRequest(
        rp_challenge=bytes(64), return_url="https://journal.test/", visible_text="x"
    )
    with pytest.raises(InvalidParameters):
        orders.start("SE2321000016-RP1", request, actor=central, at=datetime.now(UTC))
    told = Entry.objects.filter(type__startswith="authn.relying_party").order_by("pk")
    assert [one.type.rpartition("_")[2] for one in told] == ["registered", "registered", "closed"]


def test_what_is_not_an_origin_is_said_at_the_field(central: Actor, log_in: LogIn) -> None:
    answer = log_in(central).post(URL, FORM | {"return_origins": "https://journal.test/path"})
    assert answer.status_code == 422
    assert not RelyingParty.objects.filter(rp_id="SE2321000016-RP1").exists()


def test_the_portals_own_registration_is_not_changed_here(
    central: Actor, log_in: LogIn, settings: Settings
) -> None:
    assert log_in(central).post(URL, FORM | {"rp_id": settings.SIGILL_RP_ID}).status_code == 404


def test_a_change_waits_for_a_signature(central: Actor, log_in: LogIn, settings: Settings) -> None:
    settings.SIGILL_STEP_UP = True
    answer = log_in(central).post(URL, FORM)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign/")
    assert not RelyingParty.objects.filter(rp_id="SE2321000016-RP1").exists()
