"""Signs answers ahead, in batches: what a certificate's status is, for each hash that questions use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from ca.pki.lints import stop_on_errors
from ca.pki.response_lints import lint_response
from ocsp.store.record import IssuerRecord, SignerRecord, StoredAnswer
from ocsp.store.registry import answer_key
from ocsp.wire import der
from ocsp.wire.cert_id import PRESIGNED, HashAlgorithm, issuer_prefix, serial_octets
from ocsp.wire.response import CertStatus, certificate_status, signed_part
from ocsp.wire.signatures import SignatureMismatch, verify

SignBatch = Callable[[Sequence[bytes]], Sequence[bytes]]
"""Signs messages in their order: DER ECDSA or raw RSA signatures."""

_EVERY: Final = 64


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

    The first 64 signatures are verified and of those that follow one in 64 (verifying costs more than
    signing): what is published for one certificate is verified whole, also when an HSM errs. Each batch
    is one exchange with the signer. Every answer is linted before anything is signed: a finding stops the
    batch. Raises ``ca.pki.errors.LintFailed``, ``SignatureMismatch`` and whatever the signer raises.
    """
    prefixes = [(algorithm, _cert_id_prefix(issuer, algorithm)) for algorithm in PRESIGNED]
    asked = [(subject, algorithm, prefix) for subject in subjects for algorithm, prefix in prefixes]
    times = der.encode_generalized_time(this_update) + der.encode(
        0xA0, der.encode_generalized_time(next_update)
    )
    responder = der.encode(0xA2, der.encode(der.OCTET_STRING, signer.key_hash))
    head = responder + der.encode_generalized_time(this_update)
    to_be_signed = [
        # revoked by a clock that runs ahead of this one: no answer says so of a moment after its own
        _to_be_signed(
            replace(subject, revoked_at=min(subject.revoked_at, this_update)), prefix, head=head, times=times
        )
        for subject, _, prefix in asked
    ]
    signer_not_after = datetime.fromtimestamp(signer.not_after, UTC)
    for tbs in to_be_signed:
        found = lint_response(tbs, responder_key_hash=signer.key_hash, signer_not_after=signer_not_after)
        stop_on_errors(found)
    signatures = sign_batch(to_be_signed)
    if len(signatures) != len(to_be_signed):
        raise SignatureMismatch("the signer gave another number of signatures than was asked for")
    for at in [*range(min(_EVERY, len(signatures))), *range(_EVERY, len(signatures), _EVERY)]:
        verify(
            public_key=signer.public_key,
            algorithm=signer.algorithm,
            signature=signatures[at],
            signed=to_be_signed[at],
        )
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
        for (subject, algorithm, _), tbs, signature in zip(asked, to_be_signed, signatures, strict=True)
    ]


def _cert_id_prefix(issuer: IssuerRecord, algorithm: HashAlgorithm) -> bytes:
    return issuer_prefix(
        algorithm=algorithm,
        issuer_name_hash=algorithm.digest(issuer.name_der),
        issuer_key_hash=algorithm.digest(issuer.key_bits),
    )


def _to_be_signed(subject: Subject, prefix: bytes, *, head: bytes, times: bytes) -> bytes:
    """Join ResponseData from what the whole batch shares and what is the certificate's own.

    The same octets as ``response_data`` gives (a test holds it), at a third of the cost.
    """
    cert_id = der.encode(der.SEQUENCE, prefix, der.encode(der.INTEGER, serial_octets(subject.serial_number)))
    status = certificate_status(subject.status, revoked_at=subject.revoked_at, reason=subject.reason)
    responses = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, cert_id, status, times))
    return der.encode(der.SEQUENCE, head, responses)
