"""QA on the pages: visible but calm, for those who may; and what on an old card is not ours to revoke."""

import re
from datetime import date
from html import unescape

import pytest
from django.urls import reverse

from ca.environments import Environment
from cards.importing import ForeignFacts, OldCard, import_card
from cards.lifecycle import stop_ordering
from cards.models import CardOrder
from directory.models import Role
from journal.actor import Actor, ActorKind
from tests.authority import the_authority
from tests.portal.conftest import LogIn
from tests.scenarios import Scene, a_pending_order, a_shipped_card, card_number

MARK = "QA, bara för test"
CENTRAL = Actor(
    kind=ActorKind.PERSON, identifier="SE1", role=Role.CENTRAL_ADMINISTRATOR.value, organization_ids=(), loa=3
)


def text_of(response: object) -> str:
    content = response.content.decode()  # type: ignore[attr-defined]
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content)))


@pytest.fixture
def with_qa(scene: Scene) -> Scene:
    the_authority(Environment.QA)
    return scene


def test_a_test_card_is_ordered_through_the_pages_and_says_what_it_is(with_qa: Scene, log_in: LogIn) -> None:
    """QA-2."""
    browser, holder = log_in(with_qa.cast.alva), with_qa.cast.asa
    person = browser.get(reverse("person", args=[holder.person_id]))
    assert "Beställ testkort" in text_of(person)
    url = reverse("order-card", args=[holder.person_id])
    asked = browser.get(f"{url}?qa")
    assert 'value="7T1" checked' in asked.content.decode()
    assert MARK in text_of(asked)
    chosen = {"product": "7T1", "employment": holder.hsa_id}
    assert MARK in text_of(browser.post(url, {**chosen, "step": "confirm"}))
    placed = browser.post(url, {**chosen, "step": "place"}, follow=True)
    assert CardOrder.objects.get().environment == "QA"
    assert MARK in text_of(placed)
    assert MARK in text_of(browser.get("/orders/"))


def test_the_wizard_offers_prods_card_first(with_qa: Scene, log_in: LogIn) -> None:
    """QA-2: nobody orders a test card by mistake."""
    asked = log_in(with_qa.cast.alva).get(reverse("order-card", args=[with_qa.cast.asa.person_id]))
    assert 'value="7C1" checked' in asked.content.decode()


def test_a_test_card_can_be_ordered_while_prods_ordering_is_stopped(with_qa: Scene, log_in: LogIn) -> None:
    """QA-1, POR-16."""
    stop_ordering(starts_at=with_qa.at, reason="Lansering", actor=CENTRAL, at=with_qa.at)
    person = text_of(log_in(with_qa.cast.alva).get(reverse("person", args=[with_qa.cast.asa.person_id])))
    assert "Lansering" in person
    assert "Beställ testkort" in person


def test_where_qa_is_not_set_up_no_page_speaks_of_it(scene: Scene, log_in: LogIn) -> None:
    browser, holder = log_in(scene.cast.alva), scene.cast.asa
    for url in (
        reverse("person", args=[holder.person_id]),
        reverse("order-card", args=[holder.person_id]),
    ):
        told = text_of(browser.get(url))
        assert "estkort" not in told
        assert MARK not in told


def test_a_test_card_on_the_person_page_and_at_its_block_is_marked(with_qa: Scene, log_in: LogIn) -> None:
    """QA-2: and it is no working card of PROD's."""
    card = a_shipped_card(with_qa, product_code="7T1")
    browser = log_in(with_qa.cast.alva)
    person = text_of(browser.get(reverse("person", args=[card.person_id])))
    assert MARK in person
    assert "Inget fungerande kort" in person
    assert MARK in text_of(browser.get(reverse("block-card", args=[card.pk])))


def test_an_ordinary_card_has_no_mark(with_qa: Scene, log_in: LogIn) -> None:
    order = a_pending_order(with_qa)
    assert MARK not in text_of(log_in(with_qa.cast.alva).get(reverse("order", args=[order.pk])))


def test_doris_gets_404_for_a_test_card_too(with_qa: Scene, log_in: LogIn) -> None:
    card = a_shipped_card(with_qa, product_code="7T1")
    for name, key in (("person", card.person_id), ("order", card.order_id), ("block-card", card.pk)):
        assert log_in(with_qa.cast.doris).get(reverse(name, args=[key])).status_code == 404


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "sv",
            ("Kortet bär också certifikat från Telia", "inte våra att spärra", "Ring Telia, 020-32 32 62."),
        ),
        (
            "en",
            (
                "The card also carries certificates from Telia",
                "not ours to revoke",
                "Call Telia, 020-32 32 62.",
            ),
        ),
    ],
)
def test_pages_say_which_certificates_are_not_ours_to_revoke_and_where_to_turn(
    scene: Scene, log_in: LogIn, language: str, said: tuple[str, ...]
) -> None:
    """PKI-5: on the person page and in the block dialog, in both languages."""
    old = OldCard(
        hsa_id=scene.cast.asa.hsa_id,
        card_number=card_number(9),
        product_code="6C1",
        loa=3,
        issued_on=date(2023, 6, 1),
        valid_until=date(2028, 6, 1),
        foreign=(ForeignFacts(issuer_name="CN=Telia e-legitimation HW CA v4", serial_hex="1f2e3d"),),
    )
    card = import_card(old, actor=Actor.system("import_cards"), at=scene.at)
    browser = log_in(scene.cast.alva)
    browser.post(reverse("language"), {"language": language, "next": "/"})
    for url in (reverse("person", args=[card.person_id]), reverse("block-card", args=[card.pk])):
        told = text_of(browser.get(url))
        for words in (*said, "1f2e3d", "2024-01-24"):
            assert words in told, url
