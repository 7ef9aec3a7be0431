"""Everything of a person blocked in one act: every card in reach, and certificates without a known card."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from ca.models import Certificate
from ca.selectors import certificates_of_person
from cards import policies
from cards.block_requests import Received, block_certificate
from cards.blocking import block_card, lock_for_block
from cards.models import Card
from cards.reach import reaches_certificate
from cards.reasons import BlockReason
from cards.selectors import CARRIER_KIND, person_cards
from directory.models import Person
from journal.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Blockable:
    """Cards of a person, the newest first, and certificates of theirs on no known card."""

    cards: Sequence[Card]
    certificates: Sequence[Certificate]

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing here to block."""
        return not self.cards and not self.certificates

    @property
    def ids(self) -> frozenset[UUID]:
        """Return what names each of them: what an act over them is held to."""
        return frozenset(one.pk for one in (*self.cards, *self.certificates))

    def only(self, ids: Collection[UUID]) -> "Blockable":
        """Return those of them that are named."""
        return Blockable(
            cards=tuple(one for one in self.cards if one.pk in ids),
            certificates=tuple(one for one in self.certificates if one.pk in ids),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """What an act over everything of a person did, and what it left because it came since it was shown."""

    done: Blockable
    left: Blockable


def blockable_of(person: Person, *, actor: Actor, at: datetime) -> Blockable:
    """Return what this actor can block of a person now; other organizations' cards are not theirs to see."""
    views = person_cards(str(person.pk), actor=actor, at=at).cards
    cards = [view.card for view in views if view.block_refusal is None and not view.is_expired]
    loose = [
        one
        for one in _loose_certificates(person, actor=actor)
        if policies.may_block_certificate(one, actor=actor, at=at) is None
    ]
    return Blockable(cards=tuple(cards), certificates=tuple(loose))


def shown_of(person: Person, ids: Collection[UUID], *, actor: Actor, at: datetime) -> Blockable:
    """Return what was shown to this actor under these ids, whatever has become of it since."""
    views = person_cards(str(person.pk), actor=actor, at=at).cards
    loose = _loose_certificates(person, actor=actor)
    return Blockable(cards=tuple(view.card for view in views), certificates=tuple(loose)).only(ids)


def block_everything(
    person: Person,
    *,
    shown: Collection[UUID],
    reason: BlockReason,
    requested_at: datetime,
    note: str = "",
    actor: Actor,
    at: datetime,
) -> Blocked:
    """Block what was shown of a person and still can be, in one transaction; each with its own event.

    What ended meanwhile is no reason to refuse the rest, and what came meanwhile nobody asked for: it is
    returned as ``left`` and not blocked. Newer cards before older ones, as an activation takes them that ends
    the card before it: so neither waits for the other for ever. Raises what ``block_card`` and
    ``block_certificate`` raise; then nothing is done.
    """
    with transaction.atomic():
        for card in shown_of(person, shown, actor=actor, at=at).cards:
            lock_for_block(str(card.pk))
        # After the locks: what is found blockable now stays so until it is blocked.
        found = blockable_of(person, actor=actor, at=at)
        done = found.only(shown)
        for card in done.cards:
            block_card(
                card_id=str(card.pk),
                reason=reason,
                requested_at=max(requested_at, card.ordered_at),
                note=note,
                actor=actor,
                at=at,
            )
        for one in done.certificates:
            received = Received(at=max(requested_at, one.not_before))
            block_certificate(
                certificate_id=one.pk, reason=reason, received=received, note=note, actor=actor, at=at
            )
    return Blocked(done=done, left=found.only(found.ids - done.ids))


def _loose_certificates(person: Person, *, actor: Actor) -> list[Certificate]:
    """Return the person's certificates within reach that are on no card known here, in force or not."""
    known = set(map(str, Card.objects.filter(person=person).values_list("pk", flat=True)))
    return [
        one
        for one in certificates_of_person(str(person.pk))
        if not (one.carrier_kind == CARRIER_KIND and one.carrier_id in known)
        and reaches_certificate(one, actor)
    ]
