"""New certificates for a reserve card in use, on the pages of two administrators and its holder (CRD-4)."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from cards.envelope_code import envelope_code
from cards.models import Card, IdentityCheck
from cards.renewal.models import Renewal
from cards.renewal.renewing import OpenedRenewal
from cards.reserve_models import ReserveRefill
from tests.cards.refills import (
    NUMBER,
    a_refill,
    a_spent_card,
    an_approved_refill,
    filled,
    registered,
    spent,
)
from tests.cards.renewal.steps import Chip, claimed, signed, written
from tests.portal.conftest import LogIn
from tests.portal.test_own_pages import inside
from tests.portal.test_pages import IDENTITY, _text
from tests.scenarios import Scene, an_active_card


@pytest.fixture(autouse=True)
def _master_key(settings: Settings, tmp_path: Path) -> None:
    settings.SIGILL_SECRETS = tmp_path
    (tmp_path / "card-master.key").write_bytes(b"the factory and we share this\n")


def test_it_is_ordered_from_the_persons_page_where_it_applies(scene: Scene, log_in: LogIn) -> None:
    card = a_spent_card(scene, how=None)
    browser, person = log_in(scene.cast.alva), reverse("person", args=[card.person_id])
    url = reverse("reserve-refill", args=[card.pk])
    assert url not in browser.get(person).content.decode(), "its certificates are valid: they are renewed"
    assert "Ett certifikat på kortet gäller" in _text(browser.get(url))
    assert "Inget fungerande kort" not in _text(browser.get(person))
    spent(scene, card)
    shown = browser.get(person)
    assert "Inget fungerande kort" in _text(shown), "nobody logs in with a card whose certificates all ended"
    assert url in shown.content.decode()
    assert reverse("renew-card", args=[card.pk]) not in shown.content.decode()
    asked = _text(browser.get(url))
    assert ("De sju stegen" in asked, "Innehavaren hämtar dem" in asked) == (True, True)
    assert browser.post(url, {**IDENTITY, "steps": []}).status_code == 422
    done = browser.post(url, IDENTITY, follow=True)
    assert "Nya certifikat är beställda. Innehavaren hämtar dem" in _text(done)
    assert "Nya certifikat är redan beställda" in _text(done), "and why it is not ordered again"
    assert ReserveRefill.objects.get().state == "READY"
    assert browser.post(url, IDENTITY).status_code == 409
    assert ReserveRefill.objects.count() == 1


def test_other_cards_have_no_such_act(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    spent(scene, card)
    browser = log_in(scene.cast.alva)
    person = browser.get(reverse("person", args=[card.person_id])).content.decode()
    assert reverse("reserve-refill", args=[card.pk]) not in person
    told = browser.get(reverse("reserve-refill", args=[card.pk]))
    assert (told.status_code, "Det är inte ett reservkort" in _text(told)) == (409, True)


def test_at_level_three_another_person_approves_and_nobody_else(scene: Scene, log_in: LogIn) -> None:
    card = a_spent_card(scene, loa=3)
    first, second = log_in(scene.cast.alva), log_in(scene.cast.another_administrator)
    person = reverse("person", args=[card.person_id])
    assert "En annan administratör godkänner innan" in _text(
        first.post(reverse("reserve-refill", args=[card.pk]), IDENTITY, follow=True)
    )
    refill = ReserveRefill.objects.get()
    url = reverse("reserve-approve", args=[refill.pk])
    assert "Det krävs en annan person" in _text(first.get(person))
    assert first.post(url, IDENTITY).status_code == 403
    same = log_in(replace(scene.cast.another_administrator, person_id=scene.cast.alva.person_id))
    assert same.post(url, IDENTITY).status_code == 403, "another HSA-id is not another person"
    assert log_in(scene.cast.doris).get(url).status_code == 404
    for page in (reverse("stock"), "/", person):
        assert url in second.get(page).content.decode(), page
    assert "Godkänn nya certifikat till ett reservkort" in _text(second.get(url))
    assert second.post(url, {**IDENTITY, "steps": []}).status_code == 422
    assert "Innehavaren kan hämta certifikaten" in _text(second.post(url, IDENTITY, follow=True))
    refill.refresh_from_db()
    assert (refill.state, IdentityCheck.objects.filter(card=card).count()) == ("READY", 4)


def test_the_second_person_says_no_or_suspects_and_the_card_is_as_it_was(scene: Scene, log_in: LogIn) -> None:
    card = a_spent_card(scene, loa=3)
    second = log_in(scene.cast.another_administrator)
    for data, told in (
        ({"act": "refuse"}, "De nya certifikaten är inte godkända"),
        ({**IDENTITY, "act": "suspect"}, "Avbrutet på misstanke"),
    ):
        refill = a_refill(scene)
        answer = second.post(reverse("reserve-approve", args=[refill.pk]), data, follow=True)
        assert told in _text(answer)
        refill.refresh_from_db()
        assert refill.state == "REFUSED"
    card.refresh_from_db()
    assert card.state == "ACTIVE"
    first = log_in(scene.cast.alva)
    url = reverse("reserve-refill", args=[card.pk])
    assert "Avbrutet på misstanke" in _text(first.post(url, {"act": "suspect"}, follow=True))
    assert ReserveRefill.objects.count() == 2


def test_the_second_person_says_no_or_suspects_where_nothing_can_be_approved(
    scene: Scene, log_in: LogIn
) -> None:
    card = a_spent_card(scene, loa=3)
    second = log_in(scene.cast.another_administrator)
    for data, told in (
        ({"act": "refuse"}, "De nya certifikaten är inte godkända"),
        ({**IDENTITY, "act": "suspect"}, "Avbrutet på misstanke"),
    ):
        refill = a_refill(scene)
        url = reverse("reserve-approve", args=[refill.pk])
        _names(card, "Ek")
        for page in (reverse("person", args=[card.person_id]), reverse("stock")):
            assert url in second.get(page).content.decode(), page
        asked = second.get(url)
        assert (asked.status_code, "Namnet på kortet är ett annat nu" in _text(asked)) == (409, True)
        shown = asked.content.decode()
        assert [f'value="{act}"' in shown for act in ("refuse", "suspect", "go")] == [True, True, False]
        assert second.post(url, {**IDENTITY, "act": "go"}).status_code == 409
        refill.refresh_from_db()
        assert refill.state == "AWAITING_SECOND"
        assert told in _text(second.post(url, data, follow=True))
        refill.refresh_from_db()
        assert refill.state == "REFUSED"
        _names(card, "Lindqvist")


def test_one_that_waited_too_long_for_its_second_is_ordered_anew(scene: Scene, log_in: LogIn) -> None:
    card = a_spent_card(scene, loa=3)
    refill = a_refill(scene)
    browser = log_in(scene.cast.another_administrator)
    person, url = reverse("person", args=[card.person_id]), reverse("reserve-refill", args=[card.pk])
    assert url not in browser.get(person).content.decode()
    ReserveRefill.objects.update(ordered_at=refill.ordered_at - timedelta(days=15))
    shown = browser.get(person).content.decode()
    assert (url in shown, reverse("reserve-approve", args=[refill.pk]) in shown) == (True, False)
    browser.post(url, IDENTITY)
    assert sorted(one.state for one in ReserveRefill.objects.all()) == ["AWAITING_SECOND", "ENDED"]
    told = browser.get(reverse("reserve-approve", args=[refill.pk]))
    assert "Den väntar inte längre" in _text(told)
    assert "godkänts, nekats eller avslutats" in _text(told), "nobody decided it: time ended it"


def test_what_waits_for_a_second_person_is_said_to(scene: Scene, log_in: LogIn) -> None:
    card = a_spent_card(scene, loa=3)
    a_refill(scene)
    told = _text(log_in(scene.cast.alva).get(reverse("reserve-refill", args=[card.pk])))
    assert "på nivå 3 godkänner en annan administratör först" in told


def test_a_try_that_broke_off_leaves_nothing_valid_and_says_so(scene: Scene, log_in: LogIn) -> None:
    """Its certificates were valid no longer before: the card is as it was, and the code begins again."""
    card = a_spent_card(scene)
    a_refill(scene)
    holder, url = Client(), reverse("own-reserve")
    holder.post(url, {"card_number": NUMBER, "code": envelope_code(NUMBER)})
    renewal = Renewal.objects.get()
    at_desk = log_in(scene.cast.alva)
    _names(card, "Ek")
    _is_as_it_was(holder.get(reverse("own-reserve-status")))  # refused
    _names(card, "Lindqvist")
    expires = renewal.expires_at
    Renewal.objects.update(opened_at=expires - timedelta(days=2), expires_at=expires - timedelta(days=1))
    _is_as_it_was(holder.get(reverse("own-reserve-status")))  # too late
    _is_as_it_was(at_desk.get(reverse("renewal", args=[renewal.pk])))
    Renewal.objects.update(opened_at=renewal.opened_at, expires_at=expires)
    for browser, name in ((at_desk, "renewal-cancel"), (inside(card), "own-renewal-cancel")):
        holder.post(url, {"card_number": NUMBER, "code": envelope_code(NUMBER)})
        running = Renewal.objects.exclude(state="ABORTED").get()
        _is_as_it_was(browser.post(reverse(name, args=[running.pk]), follow=True))


def _is_as_it_was(answer: HttpResponse) -> None:
    told = _text(answer)
    assert "Kortet är som det var. Certifikaten hämtas igen med koden" in told
    assert "gäller fortfarande" not in told


def _names(card: Card, surname: str) -> None:
    type(card.person).objects.filter(pk=card.person_id).update(surname=surname)


def test_the_holder_fetches_with_the_code_and_no_login(scene: Scene, log_in: LogIn) -> None:
    card = a_spent_card(scene)
    refill = a_refill(scene)
    browser, url = Client(), reverse("own-reserve")
    wrong = browser.post(url, {"card_number": NUMBER, "code": "1"})
    assert (wrong.status_code, "Nummer och kod hör inte ihop" in _text(wrong)) == (422, True)
    live = browser.post(url, {"card_number": NUMBER, "code": envelope_code(NUMBER)}, follow=True)
    shown = live.content.decode()
    assert "siths://renew/1/" in shown
    assert ("Åsa" in _text(live), "Till personen" in _text(live)) == (False, False)
    token = shown.split("siths://renew/1/")[1].split('"')[0]
    start = OpenedRenewal(renewal=Renewal.objects.get(), token=token)
    scene.at = start.renewal.opened_at
    chip = Chip()
    signed(scene, written(scene, registered(scene, claimed(scene, start), chip)), chip)
    done = _text(browser.get(reverse("own-reserve-status")))
    assert "De nya certifikaten finns på kortet" in done
    refill.refresh_from_db()
    assert refill.state == "FETCHED"
    again = f"{url}?again"
    assert again in browser.get(url).content.decode(), "the next holder at the same computer"
    assert "Fortsätt till kortet" in _text(browser.get(again))
    desk = log_in(scene.cast.alva)
    receipt = _text(desk.get(reverse("renewal-receipt", args=[start.renewal.pk])))
    assert "Jag har hämtat nya certifikat till mitt reservkort" in receipt
    assert "Kontrollerad av" in receipt, "the identity check of the order"
    person = desk.get(reverse("person", args=[card.person_id]))
    assert reverse("reserve-refill", args=[card.pk]) not in person.content.decode()
    told = _text(desk.get(reverse("person", args=[card.person_id]) + "?all=1"))
    assert "Nya certifikat beställda till ett reservkort" in told
    assert "Nya certifikat hämtade till ett reservkort" in told


def test_a_session_alone_fetches_nothing(scene: Scene, log_in: LogIn) -> None:
    """Neither the first administrator's nor anybody's: it takes number and code, and then the card."""
    a_spent_card(scene, loa=3)
    an_approved_refill(scene)
    browser = log_in(scene.cast.alva)
    assert browser.post(reverse("own-reserve"), {"card_number": NUMBER, "code": ""}).status_code == 422
    assert not Renewal.objects.exists()
    assert browser.get(reverse("own-reserve-status")).headers["HX-Refresh"] == "true"


def test_the_desk_follows_what_the_holder_fetches(scene: Scene, log_in: LogIn) -> None:
    a_spent_card(scene)
    a_refill(scene)
    renewal = filled(scene)
    desk = log_in(scene.cast.alva)
    shown = _text(desk.get(reverse("renewal", args=[renewal.pk])))
    assert ("Nya certifikat till ett reservkort" in shown, "Identiteten kontrollerad" in shown) == (
        True,
        True,
    )
    assert log_in(scene.cast.doris).get(reverse("renewal", args=[renewal.pk])).status_code == 404


def test_a_protected_holder_is_named_to_nobody_before_a_reason(scene: Scene, log_in: LogIn) -> None:
    card = a_spent_card(scene, loa=3)
    refill = a_refill(scene)
    type(card.person).objects.filter(pk=card.person_id).update(
        protected_identity=True, search_key="", address_lines=[]
    )
    url = reverse("reserve-approve", args=[refill.pk])
    assert log_in(scene.cast.another_administrator).get(url).status_code == 404
    second = log_in(replace(scene.cast.another_administrator, may_see_protected=True))
    for address in (url, reverse("reserve-refill", args=[card.pk])):
        assert card.person.surname not in second.get(address, follow=True).content.decode()
