"""How the holder came in decides what their own pages offer (MIN-4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from django.urls import reverse
from django.utils.translation import gettext as _

from authn.trust import Carrier
from cards.models import Card
from portal.accounts.actor import level_of
from portal.accounts.models import PortalSession
from portal.words import Text

_HIGH = 3


class Entrance(Enum):
    """What somebody logged in with."""

    ORDINARY = "ordinary"
    RESERVE = "reserve"
    """A reserve card of level 3."""
    MOBILE = "mobile"
    """A mobile eID: everything of one's own but what takes the card at hand."""
    RESERVE_LOW = "reserve_low"
    """A reserve card of level 2: remove it, test it, fetch a new one that an administrator has ordered."""

    @property
    def is_limited(self) -> bool:
        """Tell whether only the card at hand is shown, and what a card of level 2 is good for."""
        return self is Entrance.RESERVE_LOW


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPlace:
    """One of the own pages in their menu."""

    label: Text
    icon: str
    url: str
    is_here: bool


def entrance_of(row: PortalSession) -> Entrance:
    """Return how the person behind a session came in; below level 3 a card we do not know opens the least."""
    if row.carrier == Carrier.MOBILE:
        return Entrance.MOBILE
    card, is_high = card_at_hand(row), level_of(row.loa) >= _HIGH
    if card is None:
        return Entrance.ORDINARY if is_high else Entrance.RESERVE_LOW
    if not card.order.from_stock:
        return Entrance.ORDINARY
    return Entrance.RESERVE if is_high else Entrance.RESERVE_LOW


def card_at_hand(row: PortalSession) -> Card | None:
    """Return the card that the session was opened with."""
    if not row.card_number:
        return None
    cards = Card.objects.select_related("order", "person", "organization")
    return cards.filter(card_number=row.card_number, person_id=row.person_id).first()


def is_shown(card: Card, row: PortalSession) -> bool:
    """Tell whether this login's own pages are about a card: a limited one's about the card at hand alone."""
    return not entrance_of(row).is_limited or card.card_number == row.card_number


def own_menu(entrance: Entrance, *, here: str) -> Sequence[OwnPlace]:
    """Return the menu of the own pages: less for whoever came in with a reserve card of level 2."""
    places = [
        ("mine", _("Own pages"), "person", True),
        ("own-history", _("What has happened"), "clock-history", not entrance.is_limited),
        ("own-mobiles", _("Mobile eID"), "phone", not entrance.is_limited),
        ("own-test", _("Test the card"), "check-circle", entrance is not Entrance.MOBILE),
        ("own-reserve", _("Fetch a reserve card"), "box-seam", True),
    ]
    return [
        OwnPlace(label=label, icon=icon, url=reverse(view), is_here=view == here)
        for view, label, icon, is_shown in places
        if is_shown
    ]
