"""The basis for blocking cards (POR-11): the holder is dead, emigrated or missing, or never came for it.

A register alone blocks nothing: what it says makes a row here, and a person decides (``cards.basis``). Nor
does a clock: cards that nobody activated in time and that a job's cap holds back wait here too (POR-12).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db.models import F, Q, QuerySet

from ca.models import Certificate
from cards import policies
from cards.models import Card, CardOrder
from cards.reasons import BlockReason
from cards.selectors import CARRIER_KIND
from cards.states import BLOCKABLE_CARD_STATES, RUNNING_ORDER_STATES
from cards.unactivated import is_unactivated
from directory.evidence import Evidence, EvidenceOf
from directory.models import Employment, Person, RegistrationStatus
from directory.reach import held_within
from directory.swedish_time import swedish_day
from directory.sync_models import ChangeKind, ChangeState, SyncChange
from journal.actor import Actor, ActorKind
from journal.errors import Refusal


class CardGround(StrEnum):
    """Why a card is on the list; the gravest first."""

    DECEASED = "deceased"
    EMIGRATED = "emigrated"
    DEREGISTERED = "deregistered"
    MISSING_IN_PU = "missing_in_pu"
    MISSING_IN_HSA = "missing_in_hsa"
    EMPLOYMENT_ENDED = "employment_ended"
    NOT_ACTIVATED = "not_activated"


BLOCK_REASONS: Final[Mapping[CardGround, BlockReason]] = {
    CardGround.DECEASED: BlockReason.HOLDER_DECEASED_OR_GONE,
    CardGround.EMIGRATED: BlockReason.HOLDER_DECEASED_OR_GONE,
    CardGround.DEREGISTERED: BlockReason.HOLDER_DECEASED_OR_GONE,
    CardGround.MISSING_IN_PU: BlockReason.HOLDER_DECEASED_OR_GONE,
    CardGround.MISSING_IN_HSA: BlockReason.HOLDER_DECEASED_OR_GONE,
    CardGround.EMPLOYMENT_ENDED: BlockReason.EMPLOYMENT_ENDED,
    CardGround.NOT_ACTIVATED: BlockReason.NOT_ACTIVATED_IN_TIME,
}
"""The reason that the block gives (domain.md 2.8)."""
_STATUSES: Final = {
    RegistrationStatus.DECEASED.value: CardGround.DECEASED,
    RegistrationStatus.EMIGRATED.value: CardGround.EMIGRATED,
    RegistrationStatus.DEREGISTERED.value: CardGround.DEREGISTERED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOnBasis:
    """A card on the list, with what it rests on and which certificates a block revokes."""

    card: Card
    ground: CardGround
    evidence: Evidence
    ended_on: date | None
    shipped_at: datetime | None
    certificates: tuple[Certificate, ...]
    refusal: Refusal | None


def cards_on_basis(
    *,
    actor: Actor,
    at: datetime,
    chosen: Sequence[UUID] | None = None,
    after: str = "",
    limit: int = 50,
) -> list[CardOnBasis]:
    """Return the cards on the list within the actor's scope, in a steady order, from ``after`` (an id) on."""
    rows = _visible(actor).filter(_on_basis(at))
    if chosen is not None:
        rows = rows.filter(pk__in=list(chosen))
    if after:
        rows = rows.filter(pk__gt=after)
    found = list(
        rows.select_related("person", "organization", "order").order_by("pk")[: max(1, min(limit, 500))]
    )
    return rows_of(found, actor=actor, at=at)


def count_cards_on_basis(*, actor: Actor, at: datetime) -> int:
    """Return how many cards are on the list within the actor's scope."""
    return _visible(actor).filter(_on_basis(at)).count()


def cards_with_a_former_name(*, actor: Actor, limit: int = 50) -> list[Card]:
    """Return usable cards whose holder got another name or number by a reading: a new card is needed (2.4).

    Nothing is blocked for that: the new card comes first. One that takes its place already is enough.
    """
    renamed = SyncChange.objects.filter(kind=ChangeKind.NAME.value, state=ChangeState.APPLIED.value)
    changed = Q(person_id__in=renamed.values("person_id")) | Q(person__number_changed_at__gt=F("ordered_at"))
    rows = _visible(actor).filter(changed).exclude(pk__in=being_replaced())
    found = rows.select_related("person", "organization").order_by("pk")
    return [card for card in found[: limit * 4] if bears_a_former_name(card)][:limit]


def bears_a_former_name(card: Card) -> bool:
    """Tell whether a card says another name, or its certificates another number, than its holder has now."""
    changed_at = card.person.number_changed_at
    return card.holder_name != card.person.full_name or (
        changed_at is not None and changed_at > card.ordered_at
    )


def being_replaced() -> QuerySet[CardOrder, UUID | None]:
    """Return the ids of cards that a new one is under way for, for queries of others to build on."""
    running = [state.value for state in RUNNING_ORDER_STATES]
    ordered = CardOrder.objects.filter(replaces__isnull=False, state__in=running)
    return ordered.values_list("replaces_id", flat=True)


def _visible(actor: Actor) -> QuerySet[Card]:
    rows = Card.objects.filter(state__in=[state.value for state in BLOCKABLE_CARD_STATES])
    if actor.kind is ActorKind.SYSTEM:
        return rows
    if not policies.has_role(actor, policies.MAY_BLOCK):
        return rows.none()
    rows = rows.filter(held_within(actor))
    return rows if actor.may_see_protected else rows.filter(person__protected_identity=False)


def _on_basis(at: datetime) -> Q:
    today = swedish_day(at)
    gone = Person.objects.filter(
        Q(registration_status__in=sorted(_STATUSES)) | Q(pu_missing_since__isnull=False)
    )
    left = Employment.objects.filter(Q(missing_since__isnull=False) | Q(ends_on__lt=today))
    on_list = Q(person_id__in=gone.values("pk")) | Q(hsa_id__in=left.values("hsa_id"))
    return Q(valid_until__gte=today) & on_list | is_unactivated(at)


def rows_of(cards: list[Card], *, actor: Actor, at: datetime) -> list[CardOnBasis]:
    """Return those of the cards that belong on the list, with what they rest on."""
    evidence = EvidenceOf({card.person_id for card in cards})
    employments = employments_of(cards)
    certificates: dict[str, list[Certificate]] = {}
    held = Certificate.objects.filter(
        carrier_kind=CARRIER_KIND,
        carrier_id__in=[str(card.pk) for card in cards],
        revoked_at__isnull=True,
        not_after__gt=at,
    )
    for one in held.defer("certificate_der", "crl_entry_der").order_by("issued_at", "pk"):
        certificates.setdefault(one.carrier_id, []).append(one)
    never_fetched = Card.objects.filter(is_unactivated(at), pk__in=[card.pk for card in cards])
    overdue = set(never_fetched.values_list("pk", flat=True))
    rows = []
    for card in cards:
        employment = employments.get(card.hsa_id.upper())
        ground = _ground(card, employment, is_overdue=card.pk in overdue, at=at)
        if ground is None:
            continue
        rows.append(
            CardOnBasis(
                card=card,
                ground=ground,
                evidence=_evidence(card, employment, ground, evidence),
                ended_on=employment.ends_on
                if employment is not None and ground is CardGround.EMPLOYMENT_ENDED
                else None,
                shipped_at=card.shipped_at if ground is CardGround.NOT_ACTIVATED else None,
                certificates=tuple(certificates.get(str(card.pk), [])),
                refusal=policies.may_block(card, actor=actor, at=at),
            )
        )
    return rows


def _ground(
    card: Card, employment: Employment | None, *, is_overdue: bool, at: datetime
) -> CardGround | None:
    if (ground := _STATUSES.get(card.person.registration_status)) is not None:
        return ground
    if card.person.pu_missing_since is not None:
        return CardGround.MISSING_IN_PU
    if employment is not None and employment.missing_since is not None:
        return CardGround.MISSING_IN_HSA
    if employment is not None and employment.ends_on is not None and employment.ends_on < swedish_day(at):
        return CardGround.EMPLOYMENT_ENDED
    return CardGround.NOT_ACTIVATED if is_overdue else None


def _evidence(
    card: Card, employment: Employment | None, ground: CardGround, evidence: EvidenceOf
) -> Evidence:
    if employment is not None and ground is CardGround.MISSING_IN_HSA:
        return evidence.of_absence_in_hsa(employment)
    if employment is not None and ground is CardGround.EMPLOYMENT_ENDED:
        return evidence.of_ended_employment(employment)
    if ground is CardGround.MISSING_IN_PU:
        return evidence.of_absence_in_pu(card.person)
    if ground is CardGround.NOT_ACTIVATED:
        return Evidence(register="", since=card.shipped_at, readings=(), latest_at=None)
    return evidence.of_register_status(card.person)


def employments_of(cards: list[Card]) -> dict[str, Employment]:
    """Return the employments that cards were ordered for, by HSA-id in upper case."""
    found = Employment.objects.filter(hsa_id__in=[card.hsa_id for card in cards]).select_related("person")
    return {one.hsa_id.upper(): one for one in found}
