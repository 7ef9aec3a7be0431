"""Reads of orders and evidence; nothing here changes anything."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from authn.evidence import Purpose, Question, hashed
from authn.hints import FailureHint
from authn.models import AuthnOrder, Evidence, MtlsEvidence, RelyingParty
from authn.mtls.states import AttemptState
from authn.states import LATE, LIMITS, OrderState, is_late

_MOST_DENIED: Final = 6


def question_of(order: AuthnOrder) -> Question:
    """Return what a claimed order asks to be signed, from our own row alone."""
    return Question(
        purpose=order.purpose,
        order_ref=str(order.pk),
        server_random=bytes(order.server_random),
        rp_challenge=bytes(order.rp_challenge),
        rp_id=order.relying_party.rp_id,
        rp_name=order.rp_name,
        rp_origin=order.rp_origin,
        visible_text=order.visible_text,
        non_visible_hash=hashed(bytes(order.non_visible)),
        flow=order.flow,
        expires_at=expires_at(order),
    )


def expires_at(order: AuthnOrder) -> int:
    """Return line 16 of a claimed order: Unix time in seconds, when an answer is too late."""
    if order.claimed_at is None:
        raise ValueError("only a claimed order has an end")
    return int((order.claimed_at + LIMITS[OrderState.CLAIMED]).timestamp())


def evidence(evidence_id: str) -> Evidence:
    """Return an evidence row; raises Evidence.DoesNotExist."""
    return Evidence.objects.get(pk=evidence_id)


def orders_in_progress(
    relying_party: RelyingParty, subject_hashes: list[str], *, at: datetime
) -> list[AuthnOrder]:
    """Return the orders by which a service waits for an answer of just this person."""
    open_orders = AuthnOrder.objects.filter(
        relying_party=relying_party, state__in=[state.value for state in LATE]
    ).filter(created_at__gt=at - sum(LIMITS.values(), timedelta()))
    if not subject_hashes:
        return []
    return [
        order
        for order in open_orders.exclude(wanted_subject_hashes=[]).select_related("relying_party")
        if set(order.wanted_subject_hashes) & set(subject_hashes)
        and not is_late(OrderState(order.state), since=order.state_since, at=at)
    ]


def denied_since(since: datetime) -> tuple[AuthnOrder, ...]:
    """Return the orders of which somebody said that they were not theirs, newest first."""
    begun = since - sum(LIMITS.values(), timedelta())  # no order lives longer, and created_at has an index
    denied = AuthnOrder.objects.filter(
        failure=FailureHint.NOT_ME.value, state_since__gte=since, created_at__gt=begun
    )
    return tuple(denied.order_by("-state_since")[:_MOST_DENIED])


def completed_since(certificate_sha256: str, *, are_logins: bool, since: datetime) -> int:
    """Return how many logins, or other signatures, a certificate has completed since a moment."""
    answered = Evidence.objects.filter(certificate_sha256=certificate_sha256, checked_at__gte=since)
    logins = Q(order__purpose=Purpose.AUTH.value)
    if not are_logins:
        return answered.exclude(logins).count()
    # Collected ones only: what another page made a browser show must not use up its holder's logins.
    shown = MtlsEvidence.objects.filter(
        certificate_sha256=certificate_sha256,
        checked_at__gte=since,
        attempt__state=AttemptState.REDEEMED.value,
    )
    return answered.filter(logins).count() + shown.count()
