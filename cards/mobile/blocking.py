"""Blocking a mobile eID: for ever, with its certificate, in one transaction."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q

from ca.models import Certificate
from ca.revocation import revoke_carrier
from cards.conversation import lock_card
from cards.errors import MobileNotFound, Refused
from cards.mobile.events import MobileBlocked
from cards.mobile.making import abort_mobile
from cards.mobile.models import MobileEid
from cards.mobile.policies import may_block_own_mobile
from cards.mobile.selectors import MOBILE_CARRIER_KIND, mobile_of_certificate, own_mobile
from cards.mobile.states import OPEN_MOBILE_STATES, MobileAction, MobileState
from cards.mobile.transitions import mobile_after
from cards.models import Card
from cards.own_policies import OWN_BLOCK_REASONS
from cards.policies import holder_refusal
from cards.reasons import REVOCATION_REASONS, BlockReason
from cards.transitions import demand_moved
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

BLOCKED: Final = "mobileBlocked"
_GONE_FROM_HERE: Final = frozenset({BlockReason.EMPLOYMENT_ENDED, BlockReason.HOLDER_DECEASED_OR_GONE})
_MAY_BE_ANOTHERS: Final = frozenset({BlockReason.CODES_KNOWN_TO_OTHERS, BlockReason.WRONGLY_ISSUED})


def block_own_mobile(*, mobile_id: str, reason: BlockReason, actor: Actor, at: datetime) -> MobileEid:
    """Block a mobile eID of the person logged in, with its certificate; return it, BLOCKED.

    Raises MobileNotFound (also for anybody else's), Refused.
    """
    with transaction.atomic():
        mobile = _locked(str(own_mobile(mobile_id, actor=actor).pk))
        refusal = may_block_own_mobile(mobile.state, person_id=str(mobile.person_id), actor=actor)
        if refusal is not None:
            raise Refused(refusal)
        if reason not in OWN_BLOCK_REASONS:
            raise Refused(Refusal(code="reason_not_for_holders", facts=(("reason", reason.value),)))
        revoke_carrier(
            carrier_kind=MOBILE_CARRIER_KIND,
            carrier_id=str(mobile.pk),
            reason=REVOCATION_REASONS[reason],
            requested_at=at,
            actor=actor,
            at=at,
        )
        _end(mobile, reason=reason, requested_at=at, actor=actor, at=at)
    mobile.refresh_from_db()
    return mobile


def lock_mobile_of(certificate: Certificate) -> None:
    """Lock the mobile eID that a certificate is in, before the certificate's own row: so none can deadlock.

    Its base card first, as every verb of a conversation does. Nothing for a certificate on a card.
    """
    found = mobile_of_certificate(certificate)
    if found is not None:
        lock_card(found.card)
        _locked(str(found.pk))


def end_mobiles_with_card(
    card: Card, *, reason: BlockReason, requested_at: datetime, actor: Actor, at: datetime
) -> None:
    """Block the mobile eIDs that a card takes with it, in the caller's transaction, which locked the card.

    The reason says which. Somebody gone from an organization (by its word, or HSA's) has none of it, and
    one who is gone by the population register's word none at all. What was made with a card that another
    person may have used, or should not have had, may be that person's; of a card that is lost, what was made
    since that was told. A card that is broken or replaced leaves them: they are keys of their own.
    """
    which = _taken_along(card, reason, requested_at=requested_at)
    if which is None:
        return
    in_use = MobileEid.objects.select_for_update(of=("self",)).filter(
        which, state=MobileState.ACTIVE.value, card__environment=card.environment
    )
    for mobile in in_use.order_by("pk"):
        revoke_carrier(
            carrier_kind=MOBILE_CARRIER_KIND,
            carrier_id=str(mobile.pk),
            reason=REVOCATION_REASONS[reason],
            requested_at=requested_at,
            actor=actor,
            at=at,
        )
        _end(mobile, reason=reason, requested_at=requested_at, actor=actor, at=at)


def _taken_along(card: Card, reason: BlockReason, *, requested_at: datetime) -> Q | None:
    if reason in _GONE_FROM_HERE:
        everywhere = reason is BlockReason.HOLDER_DECEASED_OR_GONE and holder_refusal(card.person) is not None
        of_the_person = Q(person_id=card.person_id)
        return of_the_person if everywhere else of_the_person & Q(organization_id=card.organization_id)
    if reason in _MAY_BE_ANOTHERS:
        return Q(card=card)
    if reason is BlockReason.LOST_OR_STOLEN:
        return Q(card=card, opened_at__gte=requested_at)
    return None


def end_mobile_with_certificate(
    certificate: Certificate, *, reason: BlockReason, requested_at: datetime, actor: Actor, at: datetime
) -> None:
    """End the mobile eID whose one certificate is revoked, in the caller's transaction.

    One in the making comes to nothing; one that ended before stays as it is, and so does every card.
    """
    found = mobile_of_certificate(certificate)
    if found is None:
        return
    mobile = _locked(str(found.pk))
    if mobile.state in {state.value for state in OPEN_MOBILE_STATES}:
        abort_mobile(mobile_id=str(mobile.pk), reason=BLOCKED, actor=actor, at=at)
    elif mobile.state == MobileState.ACTIVE.value:
        _end(mobile, reason=reason, requested_at=requested_at, actor=actor, at=at)


def _end(
    mobile: MobileEid, *, reason: BlockReason, requested_at: datetime, actor: Actor, at: datetime
) -> None:
    moved = MobileEid.objects.filter(pk=mobile.pk, state=mobile.state).update(
        state=mobile_after(mobile.state, MobileAction.BLOCK),
        slot=None,
        blocked_at=at,
        block_requested_at=requested_at,
        block_reason=reason.value,
        blocked_by=actor.identifier,
    )
    demand_moved(moved, thing="mobile", state=mobile.state, action=MobileAction.BLOCK)
    event = MobileBlocked(
        mobile_id=str(mobile.pk),
        card_id=str(mobile.card_id),
        person_id=str(mobile.person_id),
        organization_id=str(mobile.organization_id),
        certificate_id=mobile.certificate_id,
        reason=reason.value,
        requested_at=requested_at.isoformat(),
    )
    record(event, actor=actor, at=at)


def _locked(mobile_id: str) -> MobileEid:
    found = MobileEid.objects.select_for_update().filter(pk=mobile_id).first()
    if found is None:
        raise MobileNotFound(mobile_id)
    return found
