"""Everything of a person blocked in one act: cards, and certificates without a known card (POR-2, POR-7)."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from ca.models import Certificate
from cards.lifecycle import block_card
from cards.models import Card
from cards.person_blocking import block_everything, blockable_of
from cards.reasons import BlockReason
from cards.states import CardState
from journal.models import Entry
from tests.portal.conftest import LogIn
from tests.portal.test_pages import _text
from tests.scenarios import Client as CardClient
from tests.scenarios import Scene, a_shipped_card, an_active_card

pytestmark = pytest.mark.django_db


def with_a_loose_certificate(scene: Scene) -> Card:
    """Let Åsa have a card in use, one on its way, and a certificate of a carrier that nobody knows."""
    card = an_active_card(scene)
    loose = Certificate.objects.filter(carrier_id=str(card.pk)).order_by("pk").first()
    assert loose is not None
    Certificate.objects.filter(pk=loose.pk).update(carrier_id="a card of nobody")
    a_shipped_card(scene)
    return card


def test_all_of_a_person_is_blocked_with_one_event_each(scene: Scene) -> None:
    card = with_a_loose_certificate(scene)
    person, alva = card.person, scene.cast.alva
    found = blockable_of(person, actor=alva, at=scene.at)
    assert (len(found.cards), len(found.certificates)) == (2, 1)
    assert blockable_of(person, actor=scene.cast.doris, at=scene.at).is_empty
    assert blockable_of(person, actor=scene.cast.cia, at=scene.at).is_empty
    blocked = block_everything(
        person,
        shown=found.ids,
        reason=BlockReason.EMPLOYMENT_ENDED,
        requested_at=scene.at,
        actor=alva,
        at=scene.later(minutes=1),
    )
    assert (blocked.done.ids, blocked.left.is_empty) == (found.ids, True)
    assert set(Card.objects.filter(person=person).values_list("state", flat=True)) == {CardState.BLOCKED}
    assert not Certificate.objects.filter(person_id=str(person.pk), revoked_at__isnull=True).exists()
    assert Entry.objects.filter(type="card.blocked").count() == 2
    assert Entry.objects.filter(type="block_request.registered").count() == 1
    assert blockable_of(person, actor=alva, at=scene.at).is_empty


def test_the_page_names_all_and_blocks_it_when_it_is_meant(scene: Scene, log_in: LogIn) -> None:
    card = with_a_loose_certificate(scene)
    browser, url = log_in(scene.cast.alva), reverse("block-person", args=[card.person_id])
    assert url in browser.get(reverse("person", args=[card.person_id])).content.decode()
    asked = browser.get(url)
    shown = _text(asked)
    assert (card.card_number or "")[-3:] in shown
    assert "inget känt kort" in shown
    form = {**asked.context["form"].initial, "reason": "employment_ended", "note": ""}
    assert browser.post(url, form).status_code == 422
    assert browser.post(url, {**form, "confirmed": "on"}).status_code == 302
    card.refresh_from_db()
    assert card.state == CardState.BLOCKED
    assert browser.get(url).status_code == 409
    assert log_in(scene.cast.doris).get(url).status_code == 404


def shown_on(browser: Client, url: str) -> dict[str, str]:
    """Return the form as the page shows it, hidden part and all, filled in."""
    answer = browser.get(url)
    (shown,) = re.findall(r'name="shown" value="([^"]+)"', answer.content.decode())
    return {**answer.context["form"].initial, "shown": shown, "reason": "lost_or_stolen", "confirmed": "on"}


def test_what_came_after_the_list_was_shown_is_told_and_not_blocked(scene: Scene, log_in: LogIn) -> None:
    """Nobody asked for its block; what was shown is blocked all the same."""
    card = an_active_card(scene)
    browser, url = log_in(scene.cast.alva), reverse("block-person", args=[card.person_id])
    form = shown_on(browser, url)
    scene.client = CardClient()
    new = a_shipped_card(scene)
    answer = browser.post(url, form, follow=True)
    card.refresh_from_db()
    new.refresh_from_db()
    assert (card.state, new.state) == (CardState.BLOCKED, CardState.SHIPPED)
    said = [str(one) for one in answer.context["messages"]]
    assert any("det kom efter" in one and (new.card_number or "")[-3:] in one for one in said)
    assert not any("Allt är" in one for one in said)
    browser.post(url, shown_on(browser, url))
    new.refresh_from_db()
    assert new.state == CardState.BLOCKED


def test_what_somebody_else_blocked_meanwhile_does_not_stop_the_rest(scene: Scene, log_in: LogIn) -> None:
    card = with_a_loose_certificate(scene)
    browser, url = log_in(scene.cast.alva), reverse("block-person", args=[card.person_id])
    form = shown_on(browser, url)
    block_card(
        card_id=str(card.pk),
        reason=BlockReason.DEFECTIVE,
        requested_at=scene.at,
        actor=scene.cast.another_administrator,
        at=scene.at,
    )
    assert browser.post(url, form).status_code == 302
    assert set(Card.objects.values_list("state", flat=True)) == {CardState.BLOCKED}
    assert not Certificate.objects.filter(revoked_at__isnull=True).exists()
    assert Entry.objects.filter(type="card.blocked").count() == 2


@pytest.mark.parametrize("shown", ["", "everything", "00000000-0000-4000-8000-000000000000"])
def test_a_form_that_names_nothing_of_this_person_blocks_nothing(
    shown: str, scene: Scene, log_in: LogIn
) -> None:
    card = an_active_card(scene)
    browser, url = log_in(scene.cast.alva), reverse("block-person", args=[card.person_id])
    browser.post(url, {**shown_on(browser, url), "shown": shown})
    card.refresh_from_db()
    assert card.state == CardState.ACTIVE
