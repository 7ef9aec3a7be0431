"""A delivered certificate sent by mail, encrypted (FC-5): to whom, how, and what became of each mail."""

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from django.db import transaction
from django.db.models import Q

from ca.selectors import certificate as get_certificate
from ca.selectors import certificate_pem, certificates_by_id, chain_pem
from directory.models import Employment
from functioncerts import policies, selectors
from functioncerts.errors import Refused
from functioncerts.events import FunctionCertificateMailed
from functioncerts.models import (
    Capacity,
    CertificateMail,
    Fate,
    FunctionKind,
    FunctionObject,
    FunctionOrder,
    Sealing,
)
from functioncerts.sealed_file import may_be_sealed_to
from functioncerts.states import FunctionOrderState
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

AGAIN_AFTER: Final = timedelta(minutes=15)
GIVEN_UP: Final = timedelta(minutes=15)
MOST_TRIES: Final = 200
MOST_PASSWORDS: Final = 5
"""Tries of a mail whose password goes by SMS: each sends another."""


def may_mail(order: FunctionOrder, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this order's certificate may not be sent by mail by this actor, or None if it may."""
    if (refusal := policies.may_receive(order, actor=actor)) is not None:
        return refusal
    if order.state != FunctionOrderState.DELIVERED.value:
        return Refusal(code="certificate_not_delivered", facts=(("state", order.state),), fixer="time")
    if not order.receipt_version:
        return Refusal(code="receipt_not_accepted", fixer="you")
    addresses = addresses_of(order.function_object)
    if not addresses:
        return Refusal(code="nowhere_to_mail", fixer="you")
    if all(keys_of(order, address, at=at) for address in addresses):
        return None
    return policies.no_way_by_sms(order.function_object)


def ask_mail(*, order_id: str, actor: Actor, at: datetime) -> int:
    """Have the certificate sent to its receivers, and return to how many; who waits for one gets no second.

    Raises FunctionOrderNotFound, Refused.
    """
    order = selectors.get_order(order_id, actor=actor)
    if (refusal := may_mail(order, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    under_way = set(
        CertificateMail.objects.filter(
            order=order, fate__in=[Fate.WAITING.value, Fate.SENDING.value]
        ).values_list("address", flat=True)
    )
    ways = {
        address: Sealing.CERTIFICATE if keys_of(order, address, at=at) else Sealing.PASSWORD
        for address in addresses_of(order.function_object)
        if address not in under_way
    }
    with transaction.atomic():
        CertificateMail.objects.bulk_create(
            [
                CertificateMail(
                    order=order,
                    address=address,
                    sealing=way.value,
                    fate=Fate.WAITING.value,
                    asked_at=at,
                    asked_by=actor.identifier,
                )
                for address, way in ways.items()
            ]
        )
        if ways:
            event = FunctionCertificateMailed(
                function_order_id=str(order.pk),
                function_object_id=str(order.function_object_id),
                organization_id=str(order.organization_id),
                certificate_request_id=order.certificate_request_id,
                sealing=",".join(sorted(set(ways.values()))),
                recipients=len(ways),
            )
            record(event, actor=actor, at=at)
    return len(ways)


def addresses_of(function_object: FunctionObject) -> tuple[str, ...]:
    """Return where receivers are written to (FC-3): those who are named, else the owner of the mailbox."""
    named = function_object.responsible.filter(capacity=Capacity.RECEIVER.value)
    employed = Employment.objects.filter(
        hsa_id__in=named.values("hsa_id"), person__protected_identity=False
    ).exclude(email="")
    found = tuple(employed.order_by("hsa_id").values_list("email", flat=True))
    return found or ((function_object.mailbox,) if function_object.mailbox else ())


def keys_of(order: FunctionOrder, address: str, *, at: datetime) -> list[x509.Certificate]:
    """Return certificates whose keys open what is sent: the address's own, and the one that is sent."""
    own = FunctionOrder.objects.filter(
        function_object__kind=FunctionKind.EMAIL.value,
        state=FunctionOrderState.DELIVERED.value,
        not_after__gt=at,
        names=[address.lower()],
    ).values_list("certificate_id", flat=True)
    found = certificates_by_id({*own, order.certificate_id})
    read = [x509.load_der_x509_certificate(bytes(one.certificate_der)) for one in found.values()]
    return [one for one in read if may_be_sealed_to(one)]


def content_of(order: FunctionOrder) -> bytes:
    """Return what is sealed: the certificate and its chain in PEM."""
    certificate = get_certificate(order.certificate_id)
    return (certificate_pem(bytes(certificate.certificate_der)) + chain_pem(certificate.issuer)).encode()


def claim_mail(*, at: datetime) -> CertificateMail | None:
    """Take the next mail to hand over, for one sender only; those of a sender that died become UNSURE."""
    CertificateMail.objects.filter(fate=Fate.SENDING.value, tried_at__lt=at - GIVEN_UP).update(
        fate=Fate.UNSURE.value, reply="the sender ended while the mail was handed over"
    )
    waiting = CertificateMail.objects.filter(
        Q(tried_at__isnull=True) | Q(tried_at__lte=at - AGAIN_AFTER), fate=Fate.WAITING.value
    ).select_related("order__function_object__organization")
    for one in waiting.order_by("tries", "pk")[:20]:
        taken = CertificateMail.objects.filter(pk=one.pk, fate=Fate.WAITING.value, tries=one.tries).update(
            fate=Fate.SENDING.value, tried_at=at, tries=one.tries + 1
        )
        if taken == 1:
            one.tries += 1
            return one
    return None


def note_fate(mail: CertificateMail, *, fate: Fate, reply: str = "") -> None:
    """Note what became of a claimed mail; one that waited too often is given up as refused."""
    most = MOST_PASSWORDS if mail.sealing == Sealing.PASSWORD.value else MOST_TRIES
    final = Fate.REFUSED if fate is Fate.WAITING and mail.tries >= most else fate
    CertificateMail.objects.filter(pk=mail.pk, fate=Fate.SENDING.value).update(
        fate=final.value, reply=reply[:200]
    )


def mails_of(order: FunctionOrder) -> list[CertificateMail]:
    """Return the mails with an order's certificate, newest first."""
    return list(order.certificate_mails.order_by("-asked_at", "address")[:20])
