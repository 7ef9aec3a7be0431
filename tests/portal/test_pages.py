"""Every page with the right person and with Doris, who administers another organization."""

import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from cards.models import Activation, CardOrder
from cards.products import DocumentKind
from cards.states import CardOrderState, CardState
from directory.models import Role, RoleAssignment
from directory.swedish_time import SWEDEN
from portal import words
from tests.cast import actor_of
from tests.portal.conftest import LogIn
from tests.scenarios import (
    Scene,
    a_pending_order,
    a_shipped_card,
    an_active_card,
    an_open_activation,
)

IDENTITY = {
    "method": "visit",
    "document_kind": "driving_licence",
    "document_number": "98765432",
    "document_valid_to": "2031-05-31",
    "steps": [name for name, _label, _detail in words.SEVEN_STEPS],
    "act": "open",
}


def _text(response: object) -> str:
    content = response.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content))


def test_the_start_page_shows_who_waits_and_leads_to_the_act(scene: Scene, log_in: LogIn) -> None:
    """POR-1, POR-12."""
    card = a_shipped_card(scene)
    response = log_in(scene.cast.alva).get("/")
    assert response.status_code == 200
    assert "Åsa Lindqvist" in _text(response)
    assert reverse("activate-card", args=[card.pk]) in response.content.decode()


def test_the_start_page_of_another_organization_shows_nothing_of_it(scene: Scene, log_in: LogIn) -> None:
    a_shipped_card(scene)
    response = log_in(scene.cast.doris).get("/")
    assert response.status_code == 200
    assert "Åsa" not in _text(response)


def test_a_whole_number_leads_straight_to_the_person_and_never_into_an_address(
    scene: Scene, log_in: LogIn
) -> None:
    number = scene.cast.asa.person.personal_identity_number
    browser = log_in(scene.cast.alva)
    response = browser.post("/people/search/", {"q": f"{number[2:8]}-{number[8:]}"})
    assert response.status_code == 302
    assert response["Location"] == reverse("person", args=[scene.cast.asa.person_id])
    assert number[2:8] not in response["Location"]


def test_a_card_number_leads_straight_to_its_holder(scene: Scene, log_in: LogIn) -> None:
    card = a_shipped_card(scene)
    response = log_in(scene.cast.alva).post("/people/search/", {"q": card.card_number})
    assert response["Location"] == reverse("person", args=[card.person_id])


def test_a_mistyped_number_says_what_is_wrong_with_it(scene: Scene, log_in: LogIn) -> None:
    response = log_in(scene.cast.alva).post("/people/search/", {"q": "19830830-9900"}, follow=True)
    assert response.status_code == 200
    assert "sista siffran" in _text(response)


def test_doris_finds_nobody_of_another_organization(scene: Scene, log_in: LogIn) -> None:
    number = scene.cast.asa.person.personal_identity_number
    response = log_in(scene.cast.doris).post("/people/search/", {"q": number}, follow=True)
    assert "Ingen hittades" in _text(response)


def test_the_person_page_offers_what_can_be_done_and_says_why_not(scene: Scene, log_in: LogIn) -> None:
    card = a_shipped_card(scene)
    response = log_in(scene.cast.alva).get(reverse("person", args=[card.person_id]))
    text = _text(response)
    assert response.status_code == 200
    assert "Skickat, ej aktiverat" in text
    assert "En beställning är redan på gång." in text  # why no second card can be ordered
    assert reverse("block-card", args=[card.pk]) in response.content.decode()


def test_a_person_with_protected_data_is_not_found_without_the_right(scene: Scene, log_in: LogIn) -> None:
    response = log_in(scene.cast.alva).get(reverse("person", args=[scene.cast.erik.person_id]))
    assert response.status_code == 404
    assert "Erik" not in _text(response)


@pytest.mark.parametrize("view", ["person", "order-card"])
def test_doris_gets_404_for_people_of_another_organization(scene: Scene, log_in: LogIn, view: str) -> None:
    response = log_in(scene.cast.doris).get(reverse(view, args=[scene.cast.asa.person_id]))
    assert response.status_code == 404
    assert "Åsa" not in _text(response)


def test_doris_gets_404_for_everything_about_a_card_of_another_organization(
    scene: Scene, log_in: LogIn
) -> None:
    opened = an_open_activation(scene)
    card = opened.activation.card
    doris = log_in(scene.cast.doris)
    for view, pk in (
        ("order", card.order_id),
        ("order-status", card.order_id),
        ("activate-card", card.pk),
        ("block-card", card.pk),
        ("card-landing", card.pk),
        ("activation", opened.activation.pk),
        ("activation-status", opened.activation.pk),
        ("activation-receipt", opened.activation.pk),
        ("activation-receipt-pdf", opened.activation.pk),
    ):
        assert doris.get(reverse(view, args=[pk])).status_code == 404, view
    for view, pk in (
        ("order-cancel", card.order_id),
        ("activate-card", card.pk),
        ("block-card", card.pk),
        ("activation-cancel", opened.activation.pk),
    ):
        answered = doris.post(reverse(view, args=[pk]), {**IDENTITY, **_block_form()})
        assert answered.status_code == 404, view
    card.refresh_from_db()
    assert card.state == CardState.SHIPPED.value


def test_nobody_without_a_login_sees_anything_but_the_public_pages(scene: Scene) -> None:
    card = a_shipped_card(scene)
    browser = Client()
    for url in ("/", "/orders/", "/people/search/", reverse("person", args=[card.person_id])):
        response = browser.get(url)
        assert response.status_code == 303
        assert response["Location"].startswith("/login/")
    for url in ("/login/", "/status/", "/accessibility/", "/healthz"):
        assert browser.get(url).status_code == 200, url


def test_an_order_is_chosen_confirmed_and_placed(scene: Scene, log_in: LogIn) -> None:
    """POR-1."""
    browser, holder = log_in(scene.cast.alva), scene.cast.asa
    url = reverse("order-card", args=[holder.person_id])
    chosen = {"product": "7C1", "employment": holder.hsa_id}
    assert "Storgatan" not in _text(browser.get(url))
    confirm = browser.post(url, {**chosen, "step": "confirm"})
    assert "972 31 Luleå" in _text(confirm)
    placed = browser.post(url, {**chosen, "step": "place"}, follow=True)
    assert CardOrder.objects.get().state == CardOrderState.PLACED.value
    assert "Kortet är beställt" in _text(placed)


def test_a_second_order_is_refused_with_the_first_one_shown(scene: Scene, log_in: LogIn) -> None:
    order = a_pending_order(scene)
    url = reverse("order-card", args=[order.person_id])
    response = log_in(scene.cast.alva).post(
        url, {"product": "7C1", "employment": scene.cast.asa.hsa_id, "step": "place"}
    )
    assert response.status_code == 409
    assert reverse("order", args=[order.pk]) in response.content.decode()
    assert CardOrder.objects.count() == 1


def test_a_protected_persons_address_is_not_shown_at_the_order(scene: Scene, log_in: LogIn) -> None:
    erik = scene.cast.erik
    RoleAssignment.objects.filter(employment__hsa_id=scene.cast.alva.identifier).update(
        may_see_protected=True
    )
    alva = actor_of(scene.cast.alva_herself, Role.ID_ADMINISTRATOR, may_see_protected=True)
    erik.person.address_lines = ["Hemliga gatan 1"]
    erik.person.save()
    browser = log_in(alva)
    browser.post(reverse("person-open", args=[erik.person_id]), {"reason": "orders a card at the desk"})
    response = browser.post(
        reverse("order-card", args=[erik.person_id]),
        {"product": "7C1", "employment": erik.hsa_id, "step": "confirm"},
    )
    assert response.status_code == 200
    assert "Hemliga" not in _text(response)
    assert "Skatteverket" in _text(response)


def test_an_order_can_be_cancelled_until_it_leaves(scene: Scene, log_in: LogIn) -> None:
    order = a_pending_order(scene)
    response = log_in(scene.cast.alva).post(reverse("order-cancel", args=[order.pk]), follow=True)
    order.refresh_from_db()
    assert order.state == CardOrderState.CANCELLED.value
    assert "avbruten" in _text(response).lower()


def test_orders_are_listed_and_filtered(scene: Scene, log_in: LogIn) -> None:
    a_pending_order(scene)
    browser = log_in(scene.cast.alva)
    assert "Åsa Lindqvist" in _text(browser.get("/orders/?state=making"))
    assert "Åsa Lindqvist" not in _text(browser.get("/orders/?state=done"))
    assert browser.get("/orders/?state=nonsense&after=nonsense").status_code == 200


@pytest.mark.parametrize(
    "after",
    [
        "0001-01-01T00:00:00%2B23:59~x",
        "9999-12-31T23:59:59-23:59~x",
        "9999-12-31T23:59:59Z~x",
        "0001-01-01T00:00:00Z~",
        "2026-13-01T00:00:00Z~x",
        "%00~%00",
    ],
)
def test_a_crafted_cursor_begins_at_the_start_or_ends_and_breaks_nothing(
    scene: Scene, log_in: LogIn, after: str
) -> None:
    a_pending_order(scene)
    assert log_in(scene.cast.alva).get(f"/orders/?after={after}").status_code == 200


def test_the_identity_check_opens_the_activation_and_shows_the_link_once(scene: Scene, log_in: LogIn) -> None:
    """CRD-5, CRD-6."""
    card = a_shipped_card(scene)
    browser = log_in(scene.cast.alva)
    url = reverse("activate-card", args=[card.pk])
    assert browser.get(url).status_code == 200
    response = browser.post(url, IDENTITY, follow=True)
    activation = Activation.objects.get()
    assert response.redirect_chain[-1][0] == reverse("activation", args=[activation.pk])
    assert "siths://activate/1/" in response.content.decode()
    assert "siths" not in log_in(scene.cast.another_administrator).get(
        reverse("activation", args=[activation.pk])
    ).content.decode().replace("open?url=siths", "")


def test_a_forgotten_step_or_wrong_date_is_said_at_the_field(scene: Scene, log_in: LogIn) -> None:
    card = a_shipped_card(scene)
    url = reverse("activate-card", args=[card.pk])
    browser = log_in(scene.cast.alva)
    response = browser.post(url, {**IDENTITY, "document_valid_to": "31/5 2031"})
    assert response.status_code == 422
    assert "ÅÅÅÅ-MM-DD" in _text(response)
    response = browser.post(url, {**IDENTITY, "steps": IDENTITY["steps"][:6]})
    assert response.status_code == 422
    assert "ställ en kontrollfråga" in _text(response).lower()
    assert not Activation.objects.exists()


def test_suspicion_stops_the_hand_out_and_tells_what_to_do(scene: Scene, log_in: LogIn) -> None:
    """CRD-6: suspected invalid document, do not hand out."""
    card = a_shipped_card(scene)
    response = log_in(scene.cast.alva).post(
        reverse("activate-card", args=[card.pk]),
        {"act": "suspect", "document_kind": DocumentKind.PASSPORT.value, "document_number": "X1"},
    )
    assert response.status_code == 200
    assert "Lämna inte ut kortet" in _text(response)
    assert not Activation.objects.exists()


def test_the_receipt_of_an_active_card_can_be_read(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    activation = Activation.objects.get(card=card)
    browser = log_in(scene.cast.alva)
    page = browser.get(reverse("activation-receipt", args=[activation.pk]))
    assert page.status_code == 200
    assert "Jag, Åsa Lindqvist" in _text(page)
    signed = bytes(activation.receipt.signed_octets)
    assert hashlib.sha256(signed).hexdigest() in _text(page)


def test_the_block_page_says_in_numbers_what_will_happen(scene: Scene, log_in: LogIn) -> None:
    """POR-2, POR-15."""
    card = an_active_card(scene)
    response = log_in(scene.cast.alva).get(reverse("block-card", args=[card.pk]))
    text = _text(response)
    assert "2 certifikat spärras" in text
    assert f"Spärra kort …{card.card_number[-3:]}" in text


def test_a_block_needs_reason_time_and_a_tick(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    browser, url = log_in(scene.cast.alva), reverse("block-card", args=[card.pk])
    for left_out in ("reason", "confirmed", "requested_day"):
        form = {key: value for key, value in _block_form().items() if key != left_out}
        assert browser.post(url, form).status_code == 422, left_out
    tomorrow = datetime.now(tz=UTC) + timedelta(days=1)
    response = browser.post(url, {**_block_form(), "requested_day": f"{tomorrow:%Y-%m-%d}"})
    assert response.status_code == 422
    assert "framtiden" in _text(response)
    card.refresh_from_db()
    assert card.state == CardState.ACTIVE.value


@pytest.mark.parametrize("day", ["0001-01-01", "0002-01-01", "1900-01-01", "9999-12-31"])
def test_a_block_time_that_cannot_be_is_explained_and_nothing_is_blocked(
    scene: Scene, log_in: LogIn, day: str
) -> None:
    """POR-15: it would become the invalidityDate of every CRL that lists the card."""
    card = an_active_card(scene)
    browser, url = log_in(scene.cast.alva), reverse("block-card", args=[card.pk])
    response = browser.post(url, {**_block_form(), "requested_day": day, "requested_clock": "00:00"})
    assert response.status_code == 422
    said = {"0001-01-01": "ÅÅÅÅ-MM-DD", "9999-12-31": "framtiden"}.get(day, "Kortet beställdes")
    assert said in _text(response)
    card.refresh_from_db()
    assert card.state == CardState.ACTIVE.value


def test_a_block_asked_for_in_the_minute_of_the_order_is_done(scene: Scene, log_in: LogIn) -> None:
    """Forms know no seconds: the minute in which the card was ordered is not before it."""
    order = a_pending_order(scene)
    local = order.placed_at.astimezone(SWEDEN)
    same = {"requested_day": f"{local:%Y-%m-%d}", "requested_clock": f"{local:%H:%M}"}
    log_in(scene.cast.alva).post(reverse("block-card", args=[order.card.pk]), {**_block_form(), **same})
    order.card.refresh_from_db()
    assert order.card.state == CardState.BLOCKED.value
    assert order.card.block_requested_at == order.card.ordered_at


def test_a_block_is_done_and_a_second_one_tells_who_was_first(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    url = reverse("block-card", args=[card.pk])
    first = log_in(scene.cast.alva).post(url, _block_form(), follow=True)
    card.refresh_from_db()
    assert card.state == CardState.BLOCKED.value
    assert "Så långt har spärren nått" in first.content.decode()
    second = log_in(scene.cast.another_administrator).post(url, _block_form(), follow=True)
    assert "redan spärrat" in _text(second)
    assert "Alva Berg" in _text(second)


def test_an_auditor_reads_orders_and_receipts_and_no_registers(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    browser = log_in(scene.cast.cia)
    response = browser.get(reverse("order", args=[card.order_id]))
    assert response.status_code == 200
    person_url = reverse("person", args=[card.person_id])
    assert person_url not in response.content.decode()
    assert browser.get(person_url)["Location"] == f"/journal/?person={card.person_id}"
    assert browser.get("/")["Location"] == "/journal/"
    activation = Activation.objects.get(card=card)
    receipt = browser.get(reverse("activation-receipt", args=[activation.pk]))
    assert receipt.status_code == 200
    refused = browser.get(reverse("block-card", args=[card.pk]))
    assert refused.status_code == 403
    assert browser.post(reverse("block-card", args=[card.pk]), _block_form()).status_code == 403


def test_an_orderer_of_function_certificates_sees_no_cards(scene: Scene, log_in: LogIn) -> None:
    card = a_shipped_card(scene)
    browser = log_in(scene.cast.bo)
    assert browser.get("/").status_code == 200
    assert browser.get(reverse("order", args=[card.order_id])).status_code == 404
    assert "Åsa" not in _text(browser.get("/orders/"))


def test_the_language_is_swedish_until_somebody_chooses_english(scene: Scene, log_in: LogIn) -> None:
    browser = log_in(scene.cast.alva)
    first = browser.get("/", headers={"accept-language": "en"})
    assert '<html lang="sv">' in first.content.decode()
    assert browser.post("/language/", {"language": "en", "next": "/"}).status_code == 302
    assert '<html lang="en">' in browser.get("/").content.decode()
    assert browser.post("/language/", {"language": "en", "next": "https://evil.test/"})["Location"] == "/"


def _block_form() -> dict[str, str]:
    yesterday = datetime.now(tz=UTC) - timedelta(days=1)
    return {
        "reason": "lost_or_stolen",
        "requested_day": f"{yesterday:%Y-%m-%d}",
        "requested_clock": "09:38",
        "note": "Ringde",
        "confirmed": "on",
    }
