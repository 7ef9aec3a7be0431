"""Signs answers ahead, in batches: what a certificate's status is, for each hash that questions use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ocsp.store.record import IssuerRecord, SignerRecord, StoredAnswer
from ocsp.store.registry import answer_key
from ocsp.wire.cert_id import PRESIGNED, CertId
from ocsp.wire.response import (
    CertStatus,
    certificate_status,
    response_data,
    signed_part,
    single_response,
)

SignBatch = Callable[[Sequence[bytes]], Sequence[bytes]]
"""Signs messages in their order: DER ECDSA or raw RSA signatures."""

_EVERY: Final = 64
_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "ECDSA_SHA256": hashes.SHA256,
    "ECDSA_SHA384": hashes.SHA384,
    "RSA_SHA256": hashes.SHA256,
    "RSA_SHA512": hashes.SHA512,
}


class SignatureMismatch(Exception):
    """The signer gave something that its certificate's key does not verify; nothing was published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A certificate and its status; times in seconds since 1970, ``revoked_at`` 0 when it is good."""

    serial_number: int
    not_after: int
    status: CertStatus
    revoked_at: int = 0
    reason: int | None = None


def presign(
    subjects: Sequence[Subject],
    *,
    issuer: IssuerRecord,
    signer: SignerRecord,
    sign_batch: SignBatch,
    this_update: int,
    next_update: int,
) -> list[tuple[bytes, StoredAnswer]]:
    """Return signed answers with their keys, ready for ``StatusStore.put``.

    The first of each 64 signatures is verified (all of them would cost more than signing), and each
    batch is one exchange with the signer. Raises ``SignatureMismatch`` and whatever the signer raises.
    """
    asked = [(subject, algorithm) for subject in subjects for algorithm in PRESIGNED]
    to_be_signed = [
        _to_be_signed(
            subject,
            CertId.of(
                algorithm=algorithm,
                name_der=issuer.name_der,
                key_bits=issuer.key_bits,
                serial_number=subject.serial_number,
            ),
            signer=signer,
            this_update=this_update,
            next_update=next_update,
        )
        for subject, algorithm in asked
    ]
    signatures = sign_batch(to_be_signed)
    if len(signatures) != len(to_be_signed):
        raise SignatureMismatch("the signer gave another number of signatures than was asked for")
    for at in range(0, len(signatures), _EVERY):
        verify(signer, signatures[at], to_be_signed[at])
    return [
        (
            answer_key(issuer.issuer_id, algorithm, subject.serial_number),
            StoredAnswer(
                status=subject.status,
                reason=subject.reason,
                signer_id=signer.signer_id,
                this_update=this_update,
                next_update=next_update,
                revoked_at=subject.revoked_at,
                not_after=subject.not_after,
                signed=signed_part(response_data_der=tbs, algorithm=signer.algorithm, signature=signature),
            ),
        )
        for (subject, algorithm), tbs, signature in zip(asked, to_be_signed, signatures, strict=True)
    ]


def _to_be_signed(
    subject: Subject, cert_id: CertId, *, signer: SignerRecord, this_update: int, next_update: int
) -> bytes:
    single = single_response(
        cert_id_der=cert_id.der,
        status_der=certificate_status(subject.status, revoked_at=subject.revoked_at, reason=subject.reason),
        this_update=this_update,
        next_update=next_update,
    )
    return response_data(
        responder_key_hash=signer.key_hash, produced_at=this_update, single_responses=(single,)
    )


def verify(signer: SignerRecord, signature: bytes, signed: bytes) -> None:
    """Verify a signature with the signer's public key. Raises ``SignatureMismatch``."""
    algorithm = _HASHES[signer.algorithm]()
    try:
        match load_der_public_key(signer.public_key):
            case ec.EllipticCurvePublicKey() as key:
                key.verify(signature, signed, ec.ECDSA(algorithm))
            case rsa.RSAPublicKey() as key:
                key.verify(signature, signed, padding.PKCS1v15(), algorithm)
            case _:
                raise SignatureMismatch("the signer's key is neither EC nor RSA")
    except InvalidSignature as error:
        raise SignatureMismatch("the signature is not the signer's") from error
