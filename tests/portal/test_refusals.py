"""What the edge refuses stands in the journal, within limits that keep anybody from flooding it."""

import json
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from directory.models import Role
from functioncerts.tokens import create_token
from journal.actor import Actor, ActorKind
from journal.models import Entry
from journal.personal import whole_contents
from portal.accounts.models import UntoldRefusals
from portal.events import AuthorizationRefused
from portal.refusal_sums import _tell, count_untold, tell_sums
from portal.refusals import OF_STRANGERS, PER_SOURCE, _record_within_limits
from tests.portal.conftest import LogIn
from tests.portal.test_pages import _block_form
from tests.scenarios import Scene, a_pending_order, an_active_card

API = "/api/v1/function-certificates/"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    cache.clear()


def told(kind: str) -> list[dict[str, object]]:
    return [json.loads(entry.content)["event"] for entry in Entry.objects.filter(type=kind).order_by("id")]


def test_doris_who_reaches_for_a_card_of_another_organization_is_told_to_the_journal(
    scene: Scene, log_in: LogIn
) -> None:
    """F16: she gets 404, and the auditor sees that she tried."""
    card = an_active_card(scene)
    log_in(scene.cast.doris).post(reverse("block-card", args=[card.pk]), _block_form())
    (event,) = told("authorization.refused")
    assert (event["route"], event["method"], event["status"]) == ("block-card", "POST", 404)
    assert event["object_id"] == str(card.pk)
    entry = Entry.objects.get(type="authorization.refused")
    whole = whole_contents([entry])[entry.pk]["actor"]
    assert (whole["person"], whole["identifier"]) == (scene.cast.doris.person_id, scene.cast.doris.identifier)
    assert whole["scope"] == str(scene.cast.syd.pk)
    assert whole["address"] == "127.0.0.1"


def test_a_role_that_does_not_reach_is_told_with_the_code(scene: Scene, log_in: LogIn) -> None:
    log_in(scene.cast.cia).get("/people/search/")
    (event,) = told("authorization.refused")
    assert event["status"] == 403
    assert event["code"]


def test_an_act_that_a_rule_stops_is_told_with_the_rule(scene: Scene, log_in: LogIn) -> None:
    order = a_pending_order(scene)
    chosen = {"product": "7C1", "employment": scene.cast.asa.hsa_id, "step": "place"}
    log_in(scene.cast.alva).post(reverse("order-card", args=[order.person_id]), chosen)
    (event,) = told("act.refused")
    assert (event["route"], event["status"]) == ("order-card", 409)
    assert event["code"] == "order_already_running"
    assert event["object_id"] == str(order.person_id)


@pytest.mark.parametrize(
    "address",
    [
        "/status/test/198504129803.pem",
        "/status/chain/198504129803.pem",
        f"/proof/198504129803/{'a' * 64}/",
        f"/proof/8504129803/{'a' * 64}.jsonl",
        f"/proof/0504129803/{'a' * 64}/",
    ],
)
def test_what_a_stranger_writes_in_an_address_does_not_enter_the_journal(scene: Scene, address: str) -> None:
    assert Client().get(address).status_code == 404
    (event,) = told("authorization.refused")
    assert event["object_id"] == ""
    assert "504129803" not in Entry.objects.get(type="authorization.refused").content


def test_a_name_in_the_address_of_a_protocol_does_not_enter_the_journal(scene: Scene, log_in: LogIn) -> None:
    log_in(scene.cast.cia).get("/central/protocols/Alva Berg 198504129803.pdf")
    (event,) = told("authorization.refused")
    assert (event["route"], event["object_id"]) == ("protocol", "")


def test_a_form_with_gaps_is_no_refusal(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    answer = log_in(scene.cast.alva).post(reverse("block-card", args=[card.pk]), {})
    assert answer.status_code == 422
    assert told("act.refused") == []


def test_an_address_that_does_not_exist_and_who_is_not_logged_in_leave_nothing(scene: Scene) -> None:
    Client().get("/no/such/place/")
    Client().get(reverse("person", args=[scene.cast.asa.person_id]))
    Client().get(API)  # without a token: a program that has not said who it is
    assert not Entry.objects.filter(type__endswith=".refused").exists()


def test_a_token_that_is_not_ours_is_told_with_the_address_under_the_months_key(scene: Scene) -> None:
    Client(headers={"Authorization": "Bearer sigill_guess"}).get(API)
    (event,) = told("api_token.refused")
    assert event["route"] == "api-function-certificates"
    entry = Entry.objects.get(type="api_token.refused")
    assert "127.0.0.1" not in entry.content
    assert "sigill_guess" not in entry.content
    assert whole_contents([entry])[entry.pk]["actor"]["address"] == "127.0.0.1"


def test_a_token_in_use_is_told_once_a_day_by_its_id(scene: Scene) -> None:
    made = create_token(
        hsa_id=scene.cast.bo.identifier,
        role=Role.FUNCTION_CERT_ORDERER.value,
        actor=Actor.system("test"),
        at=scene.at,
    )
    bo = Client(headers={"Authorization": f"Bearer {made.text}"})
    assert [bo.get(API).status_code for _ in range(3)] == [200, 200, 200]
    (event,) = told("api_token.used")
    assert event["person_id"] == scene.cast.bo.person_id
    actor = json.loads(Entry.objects.get(type="api_token.used").content)["actor"]
    assert actor["credential"] == event["api_token_id"] != ""


def test_a_search_beyond_the_limit_is_told(
    scene: Scene, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.pages.desk.people.SEARCHES_PER_MINUTE", 0)
    assert log_in(scene.cast.alva).post("/people/search/", {"q": "Åsa"}).status_code == 429
    (event,) = told("rate_limit.reached")
    assert event["route"] == "people-search"


def test_nobody_floods_the_journal_by_being_refused(scene: Scene, log_in: LogIn) -> None:
    doris = log_in(scene.cast.doris)
    url = reverse("person", args=[scene.cast.asa.person_id])
    for _ in range(2 * PER_SOURCE + 1):  # within two minutes at most, so more than the limit in one of them
        assert doris.get(url).status_code == 404
    assert PER_SOURCE <= len(told("authorization.refused")) <= 2 * PER_SOURCE
    assert len(told("refusals.suppressed")) in {1, 2}


def refused(actor: Actor, route: str, *, at: datetime) -> None:
    event = AuthorizationRefused(route=route, method="GET", object_id="", status=404, code="")
    with transaction.atomic():
        _record_within_limits(event, actor=actor, at=at)


def test_what_is_beyond_the_limit_is_summed_and_nothing_is_lost(scene: Scene) -> None:
    """F16: Doris cannot hide a search through cards behind the limit: how many, where, from when to when."""
    times = [scene.at.replace(second=0) + timedelta(milliseconds=500 * number) for number in range(50)]
    for number, at in enumerate(times):
        refused(scene.cast.doris, "order" if number % 10 == 9 else "person", at=at)
    untold = times[PER_SOURCE:]
    assert tell_sums(at=untold[0] + timedelta(seconds=59)) == 0  # a sum grows for a minute
    assert tell_sums(at=untold[-1] + timedelta(minutes=1)) == 2
    assert tell_sums(at=untold[-1] + timedelta(minutes=2)) == 0
    one_by_one, sums = told("authorization.refused"), told("refusals.summed")
    assert len(one_by_one) == PER_SOURCE
    assert {str(one["route"]): one["refused"] for one in sums} == {"person": 27, "order": 3}
    (person,) = [one for one in sums if one["route"] == "person"]
    assert (person["first_at"], person["last_at"]) == (untold[0].isoformat(), untold[-2].isoformat())
    acted = json.loads(Entry.objects.filter(type="refusals.summed")[0].content)["actor"]
    assert (acted["person"], acted["scope"]) == (scene.cast.doris.person_id, str(scene.cast.syd.pk))


def test_doris_beyond_the_limit_leaves_a_sum_by_her_own_requests_too(scene: Scene, log_in: LogIn) -> None:
    """The edge counts what it does not tell, and the worker finds the teller by its path."""
    doris = log_in(scene.cast.doris)
    asked = 3 * PER_SOURCE + 1
    for _ in range(asked):
        doris.get(reverse("person", args=[scene.cast.asa.person_id]))
    tell = import_string(settings.SIGILL_REFUSALS_TELLER)
    tell(at=timezone.now() + timedelta(minutes=2))
    summed = sum(int(str(one["refused"])) for one in told("refusals.summed"))
    assert len(told("authorization.refused")) + summed == asked


def test_strangers_are_summed_together_however_many_addresses_they_have(scene: Scene) -> None:
    at = scene.at.replace(second=0)
    for number in range(OF_STRANGERS + 9):
        address = f"2001:db8::{number:x}"
        stranger = Actor(kind=ActorKind.SERVICE, identifier="stranger", client_address=address)
        refused(stranger, "proof", at=at)
    tell_sums(at=at + timedelta(minutes=2))
    (one,) = told("refusals.summed")
    assert (len(told("authorization.refused")), one["refused"]) == (OF_STRANGERS, 9)
    entry = Entry.objects.get(type="refusals.summed")
    assert json.loads(entry.content)["actor"]["identifier"] == "stranger"


def test_a_sum_that_grows_while_it_is_told_is_told_whole_the_next_time(scene: Scene) -> None:
    place = {"role": "", "organization_id": "", "route": "person"}
    count_untold("strangers", **place, at=scene.at)
    (row,) = UntoldRefusals.objects.all()
    count_untold("strangers", **place, at=scene.at + timedelta(seconds=5))
    assert not _tell(row, at=scene.at + timedelta(minutes=2))
    assert tell_sums(at=scene.at + timedelta(minutes=2)) == 1
    assert [one["refused"] for one in told("refusals.summed")] == [2]
