"""Gets the first administrators their cards, before anybody can log in to order one.

Done once for each, at the installation's start, by those who hold the key ceremony; the journal says so.
The same verbs as at the desk: ordered, produced by the factory, activated by the holder with an own PIN.
"""

import json
import time
from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cards.identity import IdentityCheckFacts, IdentityCheckStep
from cards.lifecycle import open_activation, place_order
from cards.models import Card
from cards.products import DocumentKind, IdentityCheckMethod
from cards.states import CardState
from directory.models import Employment
from directory.selectors import roles_of
from journal.actor import Actor
from journal.errors import DomainError

PRODUCT = "7C1"
WAIT_SECONDS = 60
_CEREMONY = Actor.system("key_ceremony")


class Command(BaseCommand):
    """Order, wait for the factory, open the activations, and print where they start."""

    help = (
        "Get the first administrators their cards; prints JSON with card_number and activation url for each."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the employments' HSA-ids."""
        parser.add_argument("--hsa-id", required=True, action="append", help="may be given several times")
        parser.add_argument(
            "--month-for", action="append", default=[], help="an HSA-id whose card is for a month only"
        )

    def handle(self, *_: object, hsa_id: list[str], month_for: list[str], **__: object) -> None:
        """Print {"card_number", "state", "url"} for each; url is empty when the card is active already.

        All are ordered before the first is waited for: the factory makes them together.
        """
        cards = [_ordered(one, months=1 if one in month_for else None) for one in hsa_id]
        for card in cards:
            is_active = card.state == CardState.ACTIVE.value
            url = "" if is_active else _opened(_shipped(card))
            # The number is the factory's: a card has it from when it is shipped.
            told = {
                "card_number": card.card_number, "state": "active" if is_active else "shipped", "url": url,
            }  # fmt: skip
            self.stdout.write(json.dumps(told))


def _ordered(hsa_id: str, *, months: int | None) -> Card:
    """Return the card that somebody has or waits for, and order one for who has none."""
    now = timezone.now()
    employment = Employment.objects.select_related("person").filter(hsa_id=hsa_id).first()
    if employment is None:
        raise CommandError(f"nobody with HSA-id {hsa_id} is known: run manage.py sync hsa")
    if not roles_of(hsa_id, at=now):
        raise CommandError(f"{hsa_id} holds no role: only administrators get a first card, others order")
    for states in ([CardState.ACTIVE], [CardState.ORDERED, CardState.SHIPPED]):
        found = Card.objects.filter(hsa_id=hsa_id, state__in=[state.value for state in states]).first()
        if found is not None:
            return found
    try:
        return place_order(
            hsa_id=hsa_id, product_code=PRODUCT, validity_months=months, actor=_CEREMONY, at=now
        ).card
    except DomainError as error:
        raise CommandError(f"no card for {hsa_id}: {error.code} {error.facts}") from error


def _shipped(card: Card) -> Card:
    deadline = time.monotonic() + WAIT_SECONDS
    while card.state != CardState.SHIPPED.value:
        if time.monotonic() > deadline:
            raise CommandError(
                "the factory has not shipped the card: are the worker and the factory running?"
            )
        time.sleep(0.1)
        card.refresh_from_db()
    return card


def _opened(card: Card) -> str:
    """Open the activation of a card, and return where it starts."""
    now = timezone.now()
    try:
        opened = open_activation(
            card_id=str(card.pk),
            identity_check=IdentityCheckFacts(
                method=IdentityCheckMethod.VISIT,
                document_kind=DocumentKind.PASSPORT,
                document_number="KEY-CEREMONY",
                document_valid_until=(now + timedelta(days=1)).date(),
                steps=frozenset(IdentityCheckStep),
            ),
            actor=_CEREMONY,
            at=now,
        )
    except DomainError as error:
        raise CommandError(f"no card for {card.hsa_id}: {error.code} {error.facts}") from error
    return opened.start_url
