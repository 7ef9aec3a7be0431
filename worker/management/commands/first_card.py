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


class Command(BaseCommand):
    """Order, wait for the factory, open the activation, and print where it starts."""

    help = "Get one of the first administrators a card; prints JSON with card_number and activation url."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the employment's HSA-id."""
        parser.add_argument("--hsa-id", required=True)

    def handle(self, *_: object, hsa_id: str, **__: object) -> None:
        """Print {"card_number", "state", "url"}; url is empty when the card is active already."""
        now = timezone.now()
        actor = Actor.system("key_ceremony")
        employment = Employment.objects.select_related("person").filter(hsa_id=hsa_id).first()
        if employment is None:
            raise CommandError(f"nobody with HSA-id {hsa_id} is known: run manage.py sync hsa")
        if not roles_of(hsa_id, at=now):
            raise CommandError(f"{hsa_id} holds no role: only administrators get a first card, others order")
        active = Card.objects.filter(hsa_id=hsa_id, state=CardState.ACTIVE.value).first()
        if active is not None:
            self.stdout.write(json.dumps({"card_number": active.card_number, "state": "active", "url": ""}))
            return
        try:
            waiting = Card.objects.filter(
                hsa_id=hsa_id, state__in=[CardState.ORDERED.value, CardState.SHIPPED.value]
            ).first()
            card = waiting or place_order(hsa_id=hsa_id, product_code=PRODUCT, actor=actor, at=now).card
            card = self._shipped(card)
            opened = open_activation(
                card_id=str(card.pk),
                identity_check=IdentityCheckFacts(
                    method=IdentityCheckMethod.VISIT,
                    document_kind=DocumentKind.PASSPORT,
                    document_number="KEY-CEREMONY",
                    document_valid_until=(now + timedelta(days=1)).date(),
                    steps=frozenset(IdentityCheckStep),
                ),
                actor=actor,
                at=timezone.now(),
            )
        except DomainError as error:
            raise CommandError(f"no card for {hsa_id}: {error.code} {error.facts}") from error
        self.stdout.write(
            json.dumps({"card_number": card.card_number, "state": "shipped", "url": opened.start_url})
        )

    @staticmethod
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
