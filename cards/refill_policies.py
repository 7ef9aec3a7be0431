"""Who may order and fetch new certificates for a reserve card that has none that is valid, else why not."""

from datetime import datetime

from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from ca.selectors import certificates_on_carrier
from cards import policies
from cards.block_request_models import BlockRequest
from cards.models import Card
from cards.outdated_selectors import FETCH_WITHIN
from cards.reasons import REVOCATION_REASONS, BlockReason
from cards.renewal.names import certificates_on
from cards.renewal.policies import named_refusal
from cards.reserve_models import ReserveOrder, ReserveRefill
from cards.selectors import CARRIER_KIND
from cards.stock_states import OPEN_REFILL_STATES, ReserveState
from cards.unlock_policies import in_use_refusal
from directory.models import Employment, Role
from journal.actor import Actor
from journal.errors import Refusal

_ADMINISTRATOR = Role.ID_ADMINISTRATOR.value


def may_order_refill(card: Card, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this actor may not order new certificates for this reserve card, or None if they may.

    The administrator and the holder are as at a hand-out; the card is one of stock, in use and without any
    certificate that is valid (domain.md 2.5).
    """
    return (
        policies.may_attend_reserve(card, actor=actor, at=at)
        or order_refusal(card, at=at)
        or _as_handed_out_refusal(card, actor=actor, at=at)
    )


def order_refusal(card: Card, *, at: datetime) -> Refusal | None:
    """Return why new certificates cannot be ordered for this card now, whoever asks."""
    return refill_refusal(card, at=at) or _under_way_refusal(card, at=at)


def refill_refusal(card: Card, *, at: datetime) -> Refusal | None:
    """Return why the card itself is not filled again now, whoever asks."""
    if not card.order.from_stock:
        return Refusal(code="not_a_reserve_card")
    if (refusal := in_use_refusal(card, at=at)) is not None:
        return refusal
    held = certificates_on(card).values()
    if good := [one for one in held if one.works(at=at)]:
        last = max(one.certificate.not_after for one in good)
        facts = (("until", last.isoformat()),)
        return Refusal(code="reserve_card_has_certificates", facts=facts, fixer=_ADMINISTRATOR)
    if not proving_certificates(card):
        return Refusal(code="reserve_card_not_filled_again", fixer=_ADMINISTRATOR)
    return named_refusal(card, at=at)


def fetching_refusal(card: Card, *, at: datetime) -> Refusal | None:
    """Return why the holder cannot fetch new certificates to the card now; an order must stand."""
    refill = ReserveRefill.objects.filter(card=card, state=ReserveState.READY.value).first()
    if refill is None:
        return Refusal(code="reserve_card_needs_order", fixer=_ADMINISTRATOR)
    if is_late(refill, at=at):
        return Refusal(code="reserve_card_not_fetched_in_time", fixer=_ADMINISTRATOR)
    if _employment(card) is None:
        # Its certificates would name another organization than the one that ordered.
        return Refusal(code="no_employment_in_scope", fixer="register")
    return refill_refusal(card, at=at) or policies.holder_refusal(card.person)


def proving_certificates(card: Card) -> tuple[Certificate, ...]:
    """Return the certificates, valid no longer, by whose keys the card shows that it is this card.

    None at all when somebody has said of any that the card ever had, before or after it was revoked, that
    another may use its key or knows the PIN: the card keeps both.
    """
    if any(
        one.revocation_reason == RevocationReason.KEY_COMPROMISE
        for one in certificates_on_carrier(CARRIER_KIND, card.pk)
    ):
        return ()
    said = BlockRequest.objects.filter(card=card).values_list("reason", flat=True)
    if any(REVOCATION_REASONS[BlockReason(one)] is RevocationReason.KEY_COMPROMISE for one in said):
        return ()
    return tuple(one.certificate for one in certificates_on(card).values())


def has_no_valid_certificate(card: Card, *, at: datetime) -> bool:
    """Tell whether nothing on the card is valid any more: what a re-fill is for."""
    return not any(one.works(at=at) for one in certificates_on(card).values())


def is_late(order: ReserveOrder, *, at: datetime) -> bool:
    """Tell whether it has lain with its holder too long without being fetched."""
    return order.begun_at < at - FETCH_WITHIN


def _as_handed_out_refusal(card: Card, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this person would not be handed a reserve card like this one today."""
    employment = _employment(card)
    if employment is None:
        return Refusal(code="no_employment_in_scope", fixer="register")
    return policies.may_hand_out_reserve(
        employment=employment, product_code=card.product_code, loa=card.loa, actor=actor, at=at
    )


def _employment(card: Card) -> Employment | None:
    """Return what the card is for: the holder's work in the organization that gave it."""
    return Employment.objects.filter(
        hsa_id=card.hsa_id, person_id=card.person_id, organization_id=card.organization_id
    ).first()


def _under_way_refusal(card: Card, *, at: datetime) -> Refusal | None:
    running = ReserveRefill.objects.filter(
        card=card, state__in=[state.value for state in OPEN_REFILL_STATES]
    ).first()
    if running is None or is_late(running, at=at):
        return None
    facts = (("since", running.ordered_at.isoformat()),)
    is_ready = running.state == ReserveState.READY.value
    return Refusal(
        code="reserve_refill_under_way", facts=facts, fixer="holder" if is_ready else _ADMINISTRATOR
    )
