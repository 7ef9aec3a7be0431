"""Makes fresh OCSP answers that go into documents, worker only: how a certificate stands at a moment."""

from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.hsm.proxy import SignerSource
from ca.models import Certificate
from ca.selectors import issuer_facts
from ocsp import subjects
from ocsp.presigning import presign
from ocsp.publisher import VALIDITY
from ocsp.signer_certificates import NoOcspSigner, key_bits, newest_signer, sign_batch
from ocsp.store.record import IssuerRecord, SignerRecord
from ocsp.store.registry import split_key
from ocsp.wire.cert_id import HashAlgorithm
from ocsp.wire.response import successful

_EVERY_READER_KNOWS: Final = HashAlgorithm.SHA1


def fresh_answer(certificate: Certificate, *, signers: SignerSource, at: datetime) -> bytes:
    """Return an OCSPResponse about a certificate, made at that moment and published nowhere.

    Raises ``NoOcspSigner`` and ``SigningUnavailable``.
    """
    issuer_key = certificate.issuer_id
    found = newest_signer(issuer_key, at=at)
    if found is None:
        raise NoOcspSigner(f"{issuer_key} has no OCSP signer", facts={"issuer": issuer_key})
    facts = issuer_facts(issuer_key)
    issuer = IssuerRecord(
        issuer_id=0, name=issuer_key, name_der=facts.name_der, key_bits=key_bits(facts), signer_id=0
    )
    signer = _record(found, algorithm=signers.signer_for(found.carrier_id).algorithm.name)
    this_update = int(at.timestamp())
    answers = presign(
        [subjects.of_certificate(certificate)],
        issuer=issuer,
        signer=signer,
        sign_batch=sign_batch(signers, signer.label),
        this_update=this_update,
        next_update=min(this_update + int(VALIDITY.total_seconds()), signer.not_after),
    )
    (signed,) = [one.signed for key, one in answers if split_key(key)[1] is _EVERY_READER_KNOWS]
    return successful(signed=signed, signer_certificate_der=signer.certificate_der)


def _record(certificate: Certificate, *, algorithm: str) -> SignerRecord:
    certificate_der = bytes(certificate.certificate_der)
    public_key = x509.load_der_x509_certificate(certificate_der).public_key()
    return SignerRecord(
        signer_id=0,
        issuer_id=0,
        label=certificate.carrier_id,
        algorithm=algorithm,
        certificate_der=certificate_der,
        key_hash=x509.SubjectKeyIdentifier.from_public_key(public_key).digest,
        public_key=public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        not_after=int(certificate.not_after.timestamp()),
    )
