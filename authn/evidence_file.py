"""Evidence as a file, and its verification: nothing but the file and our own anchors, at its own moment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from authn.certificate import read_certificate
from authn.errors import CheckFailed
from authn.evidence import (
    AlgorithmRefused,
    Answer,
    BindingMismatch,
    EvidenceInvalid,
    MalformedText,
    Question,
    SignatureInvalid,
    b64,
    hashed,
    unb64,
    verify,
)
from authn.models import Evidence
from authn.path import validate_status
from authn.trust import Trust

FORMAT: Final = "sigill-evidence-1"


class EvidenceRefused(ValueError):
    """The file proves nothing; the message says which part is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a piece of evidence proves: who signed what, when, and that the certificate stood then."""

    signer: str
    serial_number: int
    issuer_name: str
    card_number: str
    purpose: str
    text: str
    act: str
    rp_id: str
    checked_at: datetime


def evidence_file(evidence: Evidence, *, content: str = "") -> dict[str, object]:
    """Return everything that it takes to verify a signature later; ``content`` is what line 11 hashes."""
    return {
        "format": FORMAT,
        "evidenceId": str(evidence.pk),
        "question": evidence.question,
        "content": content,
        "certificate": b64(bytes(evidence.certificate_der)),
        "chain": evidence.chain_der,
        "alg": evidence.algorithm,
        "signature": b64(bytes(evidence.signature)),
        "userChallenge": evidence.user_challenge,
        "spki": evidence.server_spki,
        "ocsp": b64(bytes(evidence.ocsp_der)),
        "crls": evidence.crls_der,
        "checkedAt": evidence.checked_at.isoformat(),
    }


def read_evidence_file(text: str) -> dict[str, object]:
    """Return a file's content; raises EvidenceRefused."""
    try:
        told = json.loads(text)
    except ValueError as error:
        raise EvidenceRefused("the file is not JSON") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise EvidenceRefused(f"the file is not of the format {FORMAT}")
    return told


def verify_file(told: Mapping[str, object], *, trust: Trust) -> Verified:
    """Verify signature, act, path, policy and the stored status answers, as of the moment of the signature.

    Looks at no clock and asks nobody, so it says the same for as long as the anchors are kept. Raises
    EvidenceRefused.
    """
    try:
        checked_at = datetime.fromisoformat(_text(told, "checkedAt"))
        question = Question.from_json(_object(told, "question"))
        answer = Answer(
            certificate_der=unb64(_text(told, "certificate")),
            algorithm=_text(told, "alg"),
            signature=unb64(_text(told, "signature")),
            user_challenge=_text(told, "userChallenge"),
            server_spki=_text(told, "spki"),
        )
        verify(question, answer, server_spki_pins=[answer.server_spki])
        content = str(told.get("content", ""))
        if content and hashed(content.encode()) != question.non_visible_hash:
            raise EvidenceRefused("the act is not the one that was signed")
        validate_status(
            answer.certificate_der,
            anchors=trust.anchors,
            issuers=tuple(unb64(one) for one in _texts(told, "chain")),
            policy_oids=trust.policy_oids_of(()),
            ocsp_der=unb64(_text(told, "ocsp", or_blank=True)),
            crls_der=tuple(unb64(one) for one in _texts(told, "crls")),
            at=checked_at,
        )
        if not 0 <= question.expires_at - checked_at.timestamp() <= _LONGEST:
            raise EvidenceRefused("the moment does not lie within the order's time")
        certificate = read_certificate(answer.certificate_der)
    except (SignatureInvalid, AlgorithmRefused) as error:
        raise EvidenceRefused("the signature is not over this question") from error
    except CheckFailed as error:
        raise EvidenceRefused(f"the certificate did not stand: {error.hint.value}") from error
    except (EvidenceInvalid, BindingMismatch, MalformedText) as error:
        raise EvidenceRefused("a part is not well formed") from error
    return Verified(
        signer=certificate.personal_identity_number or certificate.hsa_id,
        serial_number=certificate.serial_number,
        issuer_name=certificate.issuer_name,
        card_number=certificate.card_number,
        purpose=question.purpose,
        text=question.visible_text,
        act=content,
        rp_id=question.rp_id,
        checked_at=checked_at,
    )


_LONGEST: Final = 180
"""Seconds from a claim to its end, line 16."""


def _text(told: Mapping[str, object], name: str, *, or_blank: bool = False) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not (value or or_blank):
        raise EvidenceInvalid(f"{name} is missing")
    return value


def _texts(told: Mapping[str, object], name: str) -> list[str]:
    values = told.get(name)
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise EvidenceInvalid(f"{name} is missing")
    return values


def _object(told: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = told.get(name)
    if not isinstance(value, Mapping):
        raise EvidenceInvalid(f"{name} is missing")
    return value
