"""A delivered certificate sent by mail, encrypted (FC-5): to whom, how, and what became of each mail."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidTag
from django.db import transaction
from django.db.models import Q, QuerySet

from ca.selectors import certificate as get_certificate
from ca.selectors import certificate_pem, certificates_by_id, chain_pem
from directory.models import Employment
from functioncerts import policies, selectors, waiting_passwords
from functioncerts.errors import Refused
from functioncerts.events import FunctionCertificateMailBounced, FunctionCertificateMailed
from functioncerts.models import (
    Capacity,
    CertificateMail,
    Fate,
    FunctionKind,
    FunctionObject,
    FunctionOrder,
    Sealing,
)
from functioncerts.pkcs12 import new_password
from functioncerts.sealed_file import may_be_sealed_to
from functioncerts.states import FunctionOrderState
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

AGAIN_AFTER: Final = timedelta(minutes=15)
GIVEN_UP: Final = timedelta(minutes=15)
MOST_TRIES: Final = 200
MOST_AN_HOUR: Final = 12
"""Mails with one certificate: who asks again and again, or has a token that was stolen, floods nobody."""
MOST_PASSWORDS: Final = 5
"""Tries of a mail whose password has found no way by SMS: a centre that hangs up may have sent each."""
UNDER_WAY: Final = (Fate.WAITING.value, Fate.SENDING.value)
_LOST: Final = (Fate.REFUSED.value, Fate.BOUNCED.value, Fate.UNSURE.value)


class MailTaken(Exception):
    """Another sender has claimed the mail since: this one was held to be dead."""


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
    if (refusal := _too_often(order, len(addresses), at=at)) is not None:
        return refusal
    is_open = all(keys_of(order, address, at=at) for address in addresses)
    return None if is_open else policies.no_way_by_sms(order.function_object)


def _too_often(order: FunctionOrder, more: int, *, at: datetime) -> Refusal | None:
    lately = CertificateMail.objects.filter(order=order, asked_at__gt=at - timedelta(hours=1)).count()
    if lately and lately + more > MOST_AN_HOUR:
        return Refusal(code="mailed_often", facts=(("number", str(lately)),), fixer="time")
    return None


def ask_mail(*, order_id: str, actor: Actor, at: datetime) -> int:
    """Have the certificate sent to its receivers, and return to how many; who waits for one gets no second.

    Raises FunctionOrderNotFound, Refused.
    """
    order = selectors.get_order(order_id, actor=actor)
    if (refusal := may_mail(order, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    with transaction.atomic():
        FunctionOrder.objects.select_for_update().get(pk=order.pk)  # a double click asks one after the other
        asked = CertificateMail.objects.filter(order=order, fate__in=UNDER_WAY)
        under_way = set(asked.values_list("address", flat=True))
        ways = {
            address: Sealing.CERTIFICATE if keys_of(order, address, at=at) else Sealing.PASSWORD
            for address in addresses_of(order.function_object)
            if address not in under_way
        }
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
    """Take the next mail to hand over, for one sender only.

    Of a sender that died, what it had begun to hand over becomes UNSURE; the rest waits again, and its
    password, which may have gone out, stays the same.
    """
    _leave_dead_senders(at=at)
    waiting = CertificateMail.objects.filter(
        Q(tried_at__isnull=True) | Q(tried_at__lte=at - AGAIN_AFTER), fate=Fate.WAITING.value
    ).select_related("order__function_object__organization")
    for one in waiting.order_by("tries", "pk")[:20]:
        taken = CertificateMail.objects.filter(pk=one.pk, fate=Fate.WAITING.value, tries=one.tries).update(
            fate=Fate.SENDING.value, tried_at=at, tries=one.tries + 1, handed_over_at=None
        )
        if taken == 1:
            one.tries += 1
            return one
    return None


def password_for(mail: CertificateMail) -> str:
    """Return the one password of a claimed mail, kept encrypted before anybody is told of it.

    Another one when the installation's secret is another since: nobody has a file under the first, as a mail
    that went out is not claimed. Raises MailTaken.
    """
    if mail.sealed_password:
        try:
            return waiting_passwords.unseal(mail.pk, bytes(mail.sealed_password))
        except InvalidTag:
            pass
    password = new_password()
    _still_ours(mail, sealed_password=waiting_passwords.seal(mail.pk, password), password_sent_at=None)
    return password


def note_password_sent(mail: CertificateMail, *, at: datetime) -> None:
    """Note that the SMS centre took the password: it is not sent again. Raises MailTaken."""
    _still_ours(mail, password_sent_at=at)


def note_handing_over(mail: CertificateMail, *, at: datetime) -> None:
    """Note, before the mail server is told of it, that from now on the mail may arrive. Raises MailTaken."""
    _still_ours(mail, handed_over_at=at)


def give_back(mail: CertificateMail, *, reply: str) -> None:
    """Let a claimed mail wait on, without counting the try: of it nothing was told to anybody."""
    _ours(mail).update(fate=Fate.WAITING.value, tries=mail.tries - 1, reply=reply[:200])


def note_fate(mail: CertificateMail, *, fate: Fate, reply: str = "") -> None:
    """Note what became of a claimed mail; one that waited too often is given up as refused."""
    is_untold = mail.sealing == Sealing.PASSWORD.value and mail.password_sent_at is None
    most = MOST_PASSWORDS if is_untold else MOST_TRIES
    final = Fate.REFUSED if fate is Fate.WAITING and mail.tries >= most else fate
    kept = mail.sealed_password if final is Fate.WAITING else b""
    _ours(mail).update(fate=final.value, reply=reply[:200], sealed_password=kept)


def note_bounce(*, mail_id: str, reply: str, actor: Actor, at: datetime) -> bool:
    """Note that a mail came back (RFC 3464), and return whether it was one of ours that had not yet."""
    with transaction.atomic():
        moved = CertificateMail.objects.filter(
            pk=mail_id, fate__in=[Fate.SENT.value, Fate.UNSURE.value, Fate.SENDING.value]
        ).update(fate=Fate.BOUNCED.value, reply=reply[:200], bounced_at=at, sealed_password=b"")
        if moved != 1:
            return False
        order = CertificateMail.objects.select_related("order").get(pk=mail_id).order
        record(
            FunctionCertificateMailBounced(
                function_order_id=str(order.pk),
                function_object_id=str(order.function_object_id),
                organization_id=str(order.organization_id),
                certificate_request_id=order.certificate_request_id,
                certificate_mail_id=mail_id,
            ),
            actor=actor,
            at=at,
        )
    return True


def mails_of(order: FunctionOrder) -> list[CertificateMail]:
    """Return the mails with an order's certificate, newest first."""
    return list(order.certificate_mails.order_by("-asked_at", "address")[:20])


def lost_among(mails: Sequence[CertificateMail]) -> tuple[str, ...]:
    """Return the addresses whose newest mail did not arrive, for all that is known."""
    newest: dict[str, CertificateMail] = {}
    for mail in mails:
        newest.setdefault(mail.address, mail)
    return tuple(address for address, mail in newest.items() if mail.fate in _LOST)


def _leave_dead_senders(*, at: datetime) -> None:
    dead = CertificateMail.objects.filter(fate=Fate.SENDING.value, tried_at__lt=at - GIVEN_UP)
    dead.filter(handed_over_at__isnull=False).update(
        fate=Fate.UNSURE.value, reply="the sender ended while the mail was handed over", sealed_password=b""
    )
    dead.filter(handed_over_at__isnull=True).update(
        fate=Fate.WAITING.value, reply="the sender ended before the mail was handed over"
    )


def _ours(mail: CertificateMail) -> QuerySet[CertificateMail]:
    """Return the mail, if nobody else has claimed it since."""
    return CertificateMail.objects.filter(pk=mail.pk, fate=Fate.SENDING.value, tries=mail.tries)


def _still_ours(mail: CertificateMail, **noted: datetime | bytes | None) -> None:
    if _ours(mail).update(**noted) != 1:
        raise MailTaken(str(mail.pk))
    for name, value in noted.items():
        setattr(mail, name, value)
