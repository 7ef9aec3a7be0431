"""Makes the card sign the sixteen lines of a question."""

import secrets
from dataclasses import dataclass, field

from authn.evidence import Question, b64, b64url, return_code, to_be_signed, user_challenge_of
from client.certificate import CardCertificate
from client.hardware import Hardware

_VERIFIER_OCTETS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAnswer:
    """The answer as it travels; `verifier` (u), which only the returning browser may show, and its digits."""

    members: dict[str, object]
    verifier: str = field(repr=False)
    return_code: str = field(repr=False)


def sign_question(
    question: Question, certificate: CardCertificate, *, pin: str, server_spki: str, hardware: Hardware
) -> SignedAnswer:
    """Sign with the certificate's key.

    Raises WrongPin, PinBlocked, CardRemoved, ReaderError, WrongCard, NoCard.
    """
    verifier = b64url(secrets.token_bytes(_VERIFIER_OCTETS))
    user_challenge = user_challenge_of(verifier)
    tbs = to_be_signed(
        question,
        user_challenge=user_challenge,
        server_spki=server_spki,
        certificate_der=certificate.certificate_der,
    )
    with hardware.card(certificate.card_number) as card:
        card.log_in(pin)
        signature = card.sign(certificate.key_id, tbs, certificate.algorithm)
    return SignedAnswer(
        members={
            "certificate": b64(certificate.certificate_der),
            "chain": [],
            "alg": certificate.algorithm.value,
            "signature": b64(signature),
            "userChallenge": user_challenge,
            "spki": server_spki,
        },
        verifier=verifier,
        return_code=return_code(user_challenge),
    )
