"""What is kept of a certificate that was shown: its digest for the journal, and its verification later."""

from typing import Final

from authn.certificate import read_certificate
from authn.encoding import MalformedText, b64, content_digest, unb64
from authn.errors import CheckFailed
from authn.evidence_file import EvidenceRefused, Verified
from authn.mtls.models import MtlsEvidence
from authn.path import validate_status
from authn.trust import Trust

_PURPOSE: Final = "shown by two-way TLS"


def evidence_digest(evidence: MtlsEvidence) -> str:
    """Return SHA-256 (hex) over everything an evidence row says, in a canonical form."""
    content = {
        "id": str(evidence.pk),
        "attempt": str(evidence.attempt_id),
        "slot": evidence.slot,
        "certificate": b64(bytes(evidence.certificate_der)),
        "chain": evidence.chain_der,
        "ocsp": b64(bytes(evidence.ocsp_der)),
        "crls": evidence.crls_der,
        "policy_oids": evidence.policy_oids,
        "loa": evidence.loa,
        "carrier": evidence.carrier,
        "card_number": evidence.card_number,
        "checked_at": evidence.checked_at.isoformat(),
    }
    return content_digest(content)


def verify_shown(evidence: MtlsEvidence, *, trust: Trust) -> Verified:
    """Verify path, policy and the stored status answers, as of the moment when the certificate was shown.

    Nothing was signed that could be verified: who held the key is nginx's word. Raises EvidenceRefused.
    """
    try:
        validate_status(
            bytes(evidence.certificate_der),
            anchors=trust.anchors,
            issuers=tuple(unb64(one) for one in evidence.chain_der),
            policy_oids=trust.policy_oids_of((evidence.loa,)),
            ocsp_der=bytes(evidence.ocsp_der),
            crls_der=tuple(unb64(one) for one in evidence.crls_der),
            at=evidence.checked_at,
        )
        certificate = read_certificate(bytes(evidence.certificate_der))
    except CheckFailed as error:
        raise EvidenceRefused(f"the certificate did not stand: {error.hint.value}") from error
    except MalformedText as error:
        raise EvidenceRefused("a part is not well formed") from error
    if certificate.sha256_hex != evidence.certificate_sha256:
        raise EvidenceRefused("the digest is another certificate's")
    return Verified(
        signer=certificate.personal_identity_number or certificate.hsa_id,
        serial_number=certificate.serial_number,
        issuer_name=certificate.issuer_name,
        card_number=certificate.card_number,
        purpose=_PURPOSE,
        text="",
        act="",
        rp_id=evidence.attempt.relying_party.rp_id,
        checked_at=evidence.checked_at,
    )
