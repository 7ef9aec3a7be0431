"""What is done with a card in use, before a browser, by those who may not: not offered, refused, undone."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from ca.models import Certificate
from cards.models import Card
from cards.puk_letter_models import PukLetter
from cards.renewal.models import Renewal
from cards.states import CardState
from cards.unlock_models import Unlock
from tests.portal.conftest import LogIn
from tests.portal.seats import Room
from tests.scenarios import Scene, an_active_card

pytestmark = pytest.mark.browser

ACTS = ("renew-card", "unlock-card", "puk-letter", "replace-card", "block-card")


def test_acts_on_a_card_are_the_administrators_and_nobody_elses(
    scene: Scene, log_in: LogIn, room: Room
) -> None:
    """POR-2: an auditor is told whose they are; an orderer and another organization are told of no card."""
    card, say = an_active_card(scene), room.say
    certificates = Certificate.objects.filter(carrier_id=str(card.pk))
    addresses = [reverse(name, args=[card.pk]) for name in ACTS]
    addresses += [reverse("block-certificate", args=[one.pk]) for one in certificates]
    with room.seat(log_in(scene.cast.alva)) as alva:
        alva.go("person", card.person_id)
        for address in addresses:
            if "puk-letter" not in address:  # that one is offered where somebody would unlock
                expect(alva.page.locator(f"main a[href='{address}']")).to_be_visible()

    not_there = (say("The card was not found"), say("The certificate was not found"))
    for who, told in (
        (scene.cast.cia, (say("Your role does not allow this."),) * 2),
        (scene.cast.bo, not_there),
        (scene.cast.doris, not_there),
    ):
        with room.seat(log_in(who)) as other:
            other.go("person", card.person_id)
            other.page.locator("main h1").wait_for()
            for address in addresses:
                expect(other.page.locator(f"a[href='{address}']")).to_have_count(0)
            for address in addresses:
                other.page.goto(f"{room.address}{address}")
                words = told["/certificates/" in address]
                expect(other.page.get_by_role("heading", name=words, level=1)).to_be_visible()
                expect(other.page.locator("main")).not_to_contain_text(card.person.full_name)
            other.look()
    assert Card.objects.get().state == CardState.ACTIVE.value
    assert not certificates.filter(revoked_at__isnull=False).exists()
    assert not any(kind.objects.exists() for kind in (Renewal, Unlock, PukLetter))
