"""What a card signs at the end of a conversation, fixed by us before it is asked, and the check of it."""

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.conf import settings

from authn.evidence import (
    RP_CHALLENGE_OCTETS,
    SERVER_RANDOM_OCTETS,
    Answer,
    EvidenceInvalid,
    Flow,
    Purpose,
    Question,
    hashed,
    origin_of,
    verify,
)
from ca.models import Certificate
from ca.selectors import certificates_on_carrier
from cards.configuration import server_spki_pins
from cards.errors import ConfirmationInvalid
from cards.models import Card
from cards.selectors import CARRIER_KIND

RP_ID: Final = "SIGILL-PORTAL"
RP_NAME: Final = "Sigill"


def question_to_sign(*, order_ref: str, visible_text: str, ends_at: datetime) -> Question:
    """Fix what the card is asked to sign; nothing in it is the client's."""
    return Question(
        purpose=Purpose.AUTH_FOR_SIGN.value,
        order_ref=order_ref,
        server_random=secrets.token_bytes(SERVER_RANDOM_OCTETS),
        rp_challenge=secrets.token_bytes(RP_CHALLENGE_OCTETS),
        rp_id=RP_ID,
        rp_name=RP_NAME,
        rp_origin=origin_of(settings.SIGILL_PORTAL_URL),
        visible_text=visible_text,
        non_visible_hash=hashed(b""),
        flow=Flow.SAME_DEVICE.value,
        expires_at=int(ends_at.timestamp()),
    )


def signed_by_one_of(certificates: Iterable[Certificate], question: Question, answer: Answer) -> bytes:
    """Return the octets that one of these certificates signed, valid or not. Raises ConfirmationInvalid."""
    if not any(bytes(one.certificate_der) == answer.certificate_der for one in certificates):
        raise ConfirmationInvalid.because("other_certificate")
    return _verified(question, answer)


def signed_by_card(card: Card, question: Question, answer: Answer) -> bytes:
    """Return the octets that a certificate of this card, not revoked, signed. Raises ConfirmationInvalid."""
    if _certificate(card, answer.certificate_der).revoked_at is not None:
        raise ConfirmationInvalid.because("certificate_revoked")
    return _verified(question, answer)


def _verified(question: Question, answer: Answer) -> bytes:
    try:
        return verify(question, answer, server_spki_pins=server_spki_pins())
    except (EvidenceInvalid, ValueError) as error:
        raise ConfirmationInvalid.because(type(error).__name__) from error


def _certificate(card: Card, certificate_der: bytes) -> Certificate:
    for certificate in certificates_on_carrier(CARRIER_KIND, str(card.pk)):
        if bytes(certificate.certificate_der) == certificate_der:
            return certificate
    raise ConfirmationInvalid.because("other_certificate")
