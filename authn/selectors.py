"""Reads of orders and evidence; nothing here changes anything."""

from datetime import datetime

from django.db.models import Q

from authn.evidence import Purpose, Question, hashed
from authn.models import AuthnOrder, Evidence
from authn.states import LIMITS, OrderState


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


def completed_since(certificate_sha256: str, *, are_logins: bool, since: datetime) -> int:
    """Return how many logins, or other signatures, a certificate has completed since a moment."""
    answered = Evidence.objects.filter(certificate_sha256=certificate_sha256, checked_at__gte=since)
    logins = Q(order__purpose=Purpose.AUTH.value)
    return answered.filter(logins if are_logins else ~logins).count()
