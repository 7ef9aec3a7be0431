"""Fetching a key that was made here, once, and forgetting it: then, or when it has waited too long."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from ca.selectors import certificate as get_certificate
from ca.selectors import issuer_chain
from functioncerts import pkcs12, policies, selectors
from functioncerts.errors import Refused
from functioncerts.events import FunctionKeyWiped
from functioncerts.models import FunctionOrder, KeyInMaking, KeyParcel
from functioncerts.states import FunctionOrderState
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

KEPT_FOR: Final = timedelta(hours=72)
"""From the certificate's delivery (domain.md 5)."""
_ENDED: Final = (FunctionOrderState.FAILED.value, FunctionOrderState.REVOKED.value)


def may_fetch(order: FunctionOrder, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this actor may not fetch the key now, or None if they may."""
    if (refusal := policies.may_receive(order, actor=actor)) is not None:
        return refusal
    is_there = (
        order.makes_key
        and order.state == FunctionOrderState.DELIVERED.value
        and bool(order.receipt_version)
        and order.delivered_at is not None
        and at < order.delivered_at + KEPT_FOR
        and KeyParcel.objects.filter(order=order, wiped_at__isnull=True).exists()
    )
    return None if is_there else Refusal(code="key_not_to_be_fetched", fixer="you")


def fetch(*, order_id: str, actor: Actor, at: datetime) -> bytes:
    """Return the PKCS#12 file, and forget the key in the same transaction: nobody gets it twice.

    Raises FunctionOrderNotFound, Refused.
    """
    order = selectors.get_order(order_id, actor=actor)
    if (refusal := may_fetch(order, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    certificate = get_certificate(order.certificate_id)
    with transaction.atomic():
        parcel = KeyParcel.objects.select_for_update().get(order=order)
        if parcel.wiped_at is not None:
            raise Refused(Refusal(code="key_not_to_be_fetched", fixer="you"))
        locked = pkcs12.LockedKey(
            shrouded_key=bytes(parcel.shrouded_key),
            mac_key=bytes(parcel.mac_key),
            mac_salt=bytes(parcel.mac_salt),
            mac_iterations=parcel.mac_iterations,
        )
        file = pkcs12.complete(
            locked,
            certificate=bytes(certificate.certificate_der),
            chain=[bytes(one.certificate_der) for one in issuer_chain(certificate.issuer_id)],
            name=order.names[0],
        )
        _wipe(parcel, order, fetched_by=actor.identifier, actor=actor, at=at)
    return file


def wipe_overdue(*, actor: Actor, at: datetime) -> int:
    """Forget keys that nobody fetched in time, or whose order ended; return how many."""
    KeyInMaking.objects.exclude(order__state=FunctionOrderState.AWAITING_KEY.value).delete()
    kept = KeyParcel.objects.filter(wiped_at__isnull=True).select_related("order")
    overdue = kept.filter(order__delivered_at__lte=at - KEPT_FOR) | kept.filter(order__state__in=_ENDED)
    wiped = 0
    for parcel in overdue[:200]:
        with transaction.atomic():
            wiped += _wipe(parcel, parcel.order, fetched_by="", actor=actor, at=at)
    return wiped


def _wipe(parcel: KeyParcel, order: FunctionOrder, *, fetched_by: str, actor: Actor, at: datetime) -> bool:
    moved = KeyParcel.objects.filter(pk=parcel.pk, wiped_at__isnull=True).update(
        shrouded_key=b"",
        mac_key=b"",
        wiped_at=at,
        fetched_at=at if fetched_by else None,
        fetched_by=fetched_by,
    )
    if moved != 1:
        return False
    record(
        FunctionKeyWiped(
            function_order_id=str(order.pk),
            function_object_id=str(order.function_object_id),
            organization_id=str(order.organization_id),
            certificate_request_id=order.certificate_request_id,
            was_fetched=bool(fetched_by),
        ),
        actor=actor,
        at=at,
    )
    return True
