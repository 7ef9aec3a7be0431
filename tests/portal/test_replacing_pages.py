"""A card is replaced at the desk: why, what it does to the old one, and the order (domain.md 2.4, 2.8)."""

from dataclasses import replace

from django.test import Client
from django.urls import reverse

from cards.models import Card, CardOrder
from cards.reasons import BlockReason
from cards.replacement_reasons import ReplacementReason
from cards.states import CardState
from directory.models import Person, SyncChange, SyncRun
from portal.pages.desk.replacing import order_url
from tests.portal.conftest import LogIn
from tests.portal.test_pages import _text
from tests.scenarios import Scene, a_replacement, an_activated_replacement, an_active_card


def _ordered(browser: Client, url: str, card: Card) -> CardOrder:
    """Go through the order of a card without pictures, as it is asked at an address."""
    chosen = {"product": "7C1", "employment": card.hsa_id}
    assert "ersätter kort" in _text(browser.post(url, {**chosen, "step": "confirm"})).lower()
    browser.post(url, {**chosen, "step": "place"})
    return CardOrder.objects.get(replaces=card)


def test_a_damaged_card_works_until_the_new_one_does_and_both_say_so(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    browser, url = log_in(scene.cast.alva), reverse("replace-card", args=[card.pk])
    person = reverse("person", args=[card.person_id])
    assert url in browser.get(person).content.decode()
    shown = _text(browser.get(url))
    assert "Det spärras direkt" in shown
    assert "fungerar tills det nya kortet aktiveras" in shown
    assert "Namnet har inte ändrats" in shown  # a name that is the card's own is no reason
    assert browser.post(url, {}).status_code == 422
    sent_on = browser.post(url, {"reason": "damaged"})
    assert sent_on["Location"] == order_url(card, ReplacementReason.DAMAGED)
    order = _ordered(browser, sent_on["Location"], card)
    assert order.replacement_reason == ReplacementReason.DAMAGED
    assert "Ersätter" in _text(browser.get(reverse("order", args=[order.pk])))
    assert "ett nytt kort är beställt i stället" in _text(browser.get(person))
    refused = browser.get(url)
    assert (refused.status_code, "redan beställt" in _text(refused)) == (409, True)
    new = an_activated_replacement(scene, order)
    shown = _text(browser.get(f"{person}?all=1"))
    assert f"ersätter …{(card.card_number or '')[-3:]}" in shown
    assert f"ersatt av …{(new.card_number or '')[-3:]}" in shown


def test_a_stolen_card_is_blocked_first_and_then_ordered_anew(scene: Scene, log_in: LogIn) -> None:
    """Whatever becomes of the order: the block is done, and warns of the last working card."""
    card = an_active_card(scene)
    browser = log_in(scene.cast.alva)
    sent_on = browser.post(reverse("replace-card", args=[card.pk]), {"reason": "stolen"})
    block_url = sent_on["Location"]
    assert block_url == f"{reverse('block-card', args=[card.pk])}?replace=stolen"
    asked = browser.get(block_url)
    assert "inget annat fungerande kort" in _text(asked)
    assert '<option value="lost_or_stolen" selected>' in asked.content.decode()
    form = asked.context["form"]
    answer = browser.post(
        block_url,
        {**form.initial, "reason": BlockReason.LOST_OR_STOLEN.value, "note": "", "confirmed": "on"},
    )
    card.refresh_from_db()
    assert card.state == CardState.BLOCKED
    assert answer["Location"] == order_url(card, ReplacementReason.STOLEN)
    assert "redan spärrat" in _text(browser.get(answer["Location"]))
    assert _ordered(browser, answer["Location"], card).replacement_reason == ReplacementReason.STOLEN


def test_a_name_that_the_register_changed_leads_to_the_order_of_a_new_card(
    scene: Scene, log_in: LogIn
) -> None:
    """The start page, the basis list and the person view say it until a new card is ordered."""
    card = an_active_card(scene)
    run = SyncRun.objects.create(register="pu", state="complete", started_at=scene.at, ended_at=scene.at)
    SyncChange.objects.create(
        run=run, person=card.person, kind="name", is_costly=True, state="applied", settled_at=scene.at
    )
    Person.objects.filter(pk=card.person_id).update(surname="Vretholm")
    card = Card.objects.select_related("person").get(pk=card.pk)
    browser, url = log_in(scene.cast.alva), order_url(card, ReplacementReason.NAME_CHANGED)
    pages = ("/", reverse("basis", args=["card"]), reverse("person", args=[card.person_id]))
    link = url.replace("&", "&amp;")
    for page in pages:
        shown = browser.get(page)
        assert link in shown.content.decode()
        assert card.holder_name in _text(shown)
    a_replacement(scene, card, ReplacementReason.NAME_CHANGED)
    for page in pages:
        assert link not in browser.get(page).content.decode()


def test_another_organization_replaces_nothing_and_an_address_of_another_person_neither(
    scene: Scene, log_in: LogIn
) -> None:
    card = an_active_card(scene)
    assert log_in(scene.cast.doris).get(reverse("replace-card", args=[card.pk])).status_code == 404
    asked = order_url(card, ReplacementReason.LOST).split("?")[1]
    url = f"{reverse('order-card', args=[scene.cast.alva_herself.person_id])}?{asked}"
    shown = log_in(scene.cast.alva).get(url)
    assert (shown.status_code, "Ersätter kort" in _text(shown)) == (200, False)


def test_no_list_says_what_name_the_card_of_a_protected_person_bears(scene: Scene, log_in: LogIn) -> None:
    """PU-4: lists name nobody whose data are protected, neither by a new name nor by the one before."""
    card = an_active_card(scene)
    Person.objects.filter(pk=card.person_id).update(number_changed_at=scene.later(minutes=1))
    browser = log_in(replace(scene.cast.alva, may_see_protected=True))
    pages = ("/", reverse("basis", args=["card"]))
    assert all(f"På kortet står {card.holder_name}" in _text(browser.get(page)) for page in pages)
    Person.objects.filter(pk=card.person_id).update(protected_identity=True, search_key="")
    shown = [_text(browser.get(page)) for page in pages]
    assert all(card.holder_name not in one and "Person med skyddade uppgifter" in one for one in shown)
