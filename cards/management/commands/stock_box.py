"""Puts a box of reserve cards in stock by its serial list: what stood on shelves before this system did."""

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cards.errors import CardsError
from cards.serial_lists import parse_serial_list
from cards.stock_boxes import receive_box
from cards.stock_errors import BoxAlreadyReceived
from cards.stock_models import StockPlace
from cards.stock_places import open_place
from directory.models import Organization
from journal.actor import Actor


class Command(BaseCommand):
    """stock_box FILE --organization HSA-ID --place NAME: run again it changes nothing."""

    help = (
        "Receives a box of reserve cards by its serial list, at a place, which is opened unless it is there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the list, whose place it is, and when those responsible are warned."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--organization", required=True, help="its HSA-id")
        parser.add_argument("--place", required=True, help="the place's name")
        parser.add_argument("--warn-below", type=int, default=3, help="cards in stock")

    def handle(
        self, *, file: Path, organization: str, place: str, warn_below: int, **_options: object
    ) -> None:
        """Open and receive; fails with a sentence."""
        owner = Organization.objects.filter(hsa_id=organization).first()
        if owner is None:
            raise CommandError(f"no organization has the HSA-id {organization}: run manage.py sync hsa")
        at = timezone.now()
        actor = replace(Actor.system("stock_box"), organization_ids=(str(owner.pk),))
        try:
            listed = parse_serial_list(file.read_text(encoding="utf-8"))
            kept = StockPlace.objects.filter(organization=owner, name=place).first() or open_place(
                name=place, threshold=warn_below, organization_id=str(owner.pk), actor=actor, at=at
            )
            count = len(listed.card_numbers)
            receive_box(place_id=str(kept.pk), serial_list=listed, counted=count, actor=actor, at=at)
        except BoxAlreadyReceived:
            self.stdout.write(f"{file.name}: the box is in stock already.")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        except CardsError as error:
            raise CommandError(f"{file.name} was not received: {error.code} {dict(error.facts)}") from error
        else:
            self.stdout.write(f"{count} reserve cards of box {listed.box} are in stock at {place}.")
