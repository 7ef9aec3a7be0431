"""Finds the answer to a question: checks that question, stored answer and clock agree, and fails closed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from ocsp.store.interface import StatusReader, StoreUnavailable
from ocsp.store.record import HEAD_SIZE, TAG_OCTETS, DamagedRecord, IssuerRecord, SignerRecord, peek
from ocsp.store.registry import Registry, key_prefix
from ocsp.wire import der
from ocsp.wire.cert_id import PRESIGNED, CertId
from ocsp.wire.der import NotDer
from ocsp.wire.request import (
    MalformedRequest,
    OcspRequest,
    UnknownHash,
    parse_request,
    slice_request,
    slice_request_with_nonce,
)
from ocsp.wire.response import (
    SIGNATURE_ALGORITHMS,
    CertStatus,
    ResponseStatus,
    certificate_status,
    envelope,
    response_data,
    signed_part,
    single_response,
    successful,
    with_other_cert_id,
)

CLOCK_SKEW: Final = 300
"""Seconds by which a thisUpdate may lie ahead of our clock."""
CACHE_SECONDS: Final = 2
"""An answer may be served from a process's memory this long; it must not end meanwhile."""
UNKNOWN_VALIDITY: Final = 300
"""Seconds from thisUpdate to nextUpdate of ``unknown``: the serial may be issued at any time."""
_OTHER: Final = (b"", b"", None)
_BY_OBJECT_IDENTIFIER: Final = {
    identifier[2 : 4 + identifier[3]]: name for name, identifier in SIGNATURE_ALGORITHMS.items()
}
LONGEST_SILENCE: Final = 8 * 3600
"""Seconds after which a store that nobody vouches for says nothing about serials it does not hold."""


class Answered(NamedTuple):
    """A signed answer, ready to be served; times in seconds since 1970."""

    body: bytes
    this_update: int
    next_update: int
    entity_tag: bytes
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPlan:
    """An answer that must be signed first, and what to serve when that cannot be done in time."""

    signer: SignerRecord
    algorithm: str
    single_responses: tuple[bytes, ...]
    nonce: bytes | None
    fallback: Answered | ResponseStatus

    def by_default(self) -> "SigningPlan | Answered":
        """Return what to do when the asker's preferred algorithm cannot be had: our own choice."""
        if self.nonce is None and isinstance(self.fallback, Answered):
            return self.fallback
        return replace(self, algorithm=self.signer.algorithm)

    def to_be_signed(self, produced_at: int) -> bytes:
        """Encode what must be signed."""
        return response_data(
            responder_key_hash=self.signer.key_hash,
            produced_at=produced_at,
            single_responses=self.single_responses,
            nonce=self.nonce,
        )

    def signed(self, to_be_signed: bytes, signature: bytes) -> bytes:
        """Join the whole answer."""
        part = signed_part(response_data_der=to_be_signed, algorithm=self.algorithm, signature=signature)
        return successful(signed=part, signer_certificate_der=self.signer.certificate_der)


class Answering:
    """Answers questions from a store's snapshot; ``follow`` moves on to the next.

    ``on_renewal`` is told of each new snapshot whether it shows anything else than the one before.
    """

    def __init__(self, reader: StatusReader, *, may_sign: bool) -> None:
        self._reader = reader
        self._may_sign = may_sign
        self.registry = Registry(issuers=(), signers=())
        self.on_renewal: Callable[[bool], None] = lambda _: None
        self._reconciled_at: int | None = None

    def follow(self) -> None:
        """Take the store's newest state. Raises ``StoreUnavailable``."""
        has_changed = True
        try:
            has_changed = self._reader.renew()
            if has_changed:
                self.registry = self._reader.registry
                self._reconciled_at = self._reader.freshness().reconciled_at
        finally:
            self.on_renewal(has_changed)

    def answer(self, request_der: bytes, now: int) -> Answered | ResponseStatus | SigningPlan:
        """Return what to serve for a question; whatever the bytes are, it raises nothing of theirs."""
        try:
            return self._ready(request_der, now) or self._plan(self._read(request_der), now)
        except MalformedRequest:
            return ResponseStatus.MALFORMED_REQUEST
        except UnknownHash:
            return ResponseStatus.UNAUTHORIZED
        except (StoreUnavailable, DamagedRecord):
            return ResponseStatus.TRY_LATER

    def envelope_of(self, stored: bytes, now: int) -> tuple[int, int, bytes, bytes] | None:
        """Return (thisUpdate, nextUpdate, octets before, octets after) of a stored answer as it is served.

        None when it must not be served: its signer is not known or has ended, or its time is not now.
        Raises ``DamagedRecord``.
        """
        signer_id, this_update, next_update = peek(stored)
        signer = self.registry.signers.get(signer_id)
        if signer is None or signer.not_after <= now or not _is_current(this_update, next_update, now):
            return None
        return this_update, next_update, *envelope(len(stored) - HEAD_SIZE, signer.certificate_der)

    def _ready(self, request_der: bytes, now: int) -> Answered | ResponseStatus | None:
        sliced = slice_request(request_der)
        if sliced is None:
            return None
        prefix, serial = sliced
        key = self.registry.key_by_cert_id_prefix.get(prefix)
        if key is None:
            return None
        stored = self._reader.get(key + serial)
        return None if stored is None else self._serve(stored, serial, now)

    def _read(self, request_der: bytes) -> OcspRequest:
        """Read a question; the usual ones about our issuers without a parser. Raises as ``parse_request``."""
        sliced = slice_request(request_der)
        prefix, serial, nonce = (*sliced, None) if sliced else slice_request_with_nonce(request_der) or _OTHER
        names = self.registry.names_by_cert_id_prefix.get(prefix)
        if names is None:
            return parse_request(request_der)
        algorithm, issuer_name_hash, issuer_key_hash = names
        cert_id = CertId(
            algorithm=algorithm,
            issuer_name_hash=issuer_name_hash,
            issuer_key_hash=issuer_key_hash,
            serial=serial,
        )
        return OcspRequest(cert_ids=(cert_id,), nonce=nonce)

    def _serve(self, stored: bytes, serial: bytes, now: int) -> Answered | ResponseStatus:
        enveloped = self.envelope_of(stored, now)
        if enveloped is None or b"\x02" + bytes((len(serial),)) + serial not in stored:
            return ResponseStatus.TRY_LATER  # too old, or an answer to another question
        this_update, next_update, before, after = enveloped
        return Answered(
            before + stored[HEAD_SIZE:] + after,
            this_update,
            next_update,
            stored[-TAG_OCTETS:].hex().encode(),
            stored[0],
        )

    def _plan(self, request: OcspRequest, now: int) -> Answered | ResponseStatus | SigningPlan:
        issuer, found = self._find(request)
        if None in found:
            # It may have been published since the last look: a certificate that was handed out a moment ago
            # is never unknown (BR 4.9.9). Without a store nobody knows whose issuers are ours.
            self.follow()
            issuer, found = self._find(request)
        if issuer is None:
            return ResponseStatus.UNAUTHORIZED  # no signer of ours may speak for all of them
        single_responses = []
        fallback: Answered | ResponseStatus = ResponseStatus.TRY_LATER
        for cert_id, stored in zip(request.cert_ids, found, strict=True):
            single = self._unknown(cert_id, now) if stored is None else self._known(cert_id, stored, now)
            if single is None:
                return ResponseStatus.TRY_LATER
            single_responses.append(single)
            if stored is None:
                fallback = ResponseStatus.UNAUTHORIZED
            elif len(request.cert_ids) == 1 and cert_id.algorithm in PRESIGNED:
                fallback = self._serve(stored, cert_id.serial, now)
        signer = self.registry.signer_of(issuer)
        if not self._may_sign or signer is None or signer.not_after <= now:
            return ResponseStatus.UNAUTHORIZED if fallback is ResponseStatus.TRY_LATER else fallback
        algorithm = preferred_algorithm(signer, request.preferred) or signer.algorithm
        if type(fallback) is Answered and request.nonce is None and algorithm == signer.algorithm:
            return fallback
        return SigningPlan(
            signer=signer,
            algorithm=algorithm,
            single_responses=tuple(single_responses),
            nonce=request.nonce,
            fallback=fallback,
        )

    def _find(self, request: OcspRequest) -> tuple[IssuerRecord | None, list[bytes | None]]:
        """Return the issuer that all CertIDs name, None if there is none, and what is stored of each."""
        first, *others = request.cert_ids
        issuer = self.registry.issuer_of(first)
        if issuer is None:
            return None, [None]
        for other in map(self.registry.issuer_of, others):
            if other is None or other.issuer_id != issuer.issuer_id:
                return None, [None]
        keys = [key_prefix(issuer.issuer_id, one.algorithm) + one.serial for one in request.cert_ids]
        return issuer, [self._reader.get(key) for key in keys]

    def _unknown(self, cert_id: CertId, now: int) -> bytes | None:
        """Say unknown of a serial that is not in the store, None when the store cannot be relied upon."""
        vouched = self._reconciled_at
        if vouched is None or not now - LONGEST_SILENCE < vouched <= now + CLOCK_SKEW:
            return None
        return single_response(
            cert_id_der=cert_id.der,
            status_der=certificate_status(CertStatus.UNKNOWN),
            this_update=min(vouched, now),
            next_update=now + UNKNOWN_VALIDITY,
        )

    @staticmethod
    def _known(cert_id: CertId, stored: bytes, now: int) -> bytes | None:
        """Say anew what a stored answer says, with its own times: a fresh signature is no fresh knowledge."""
        _, this_update, next_update = peek(stored)
        if not _is_current(this_update, next_update, now):
            return None
        try:
            return with_other_cert_id(stored[HEAD_SIZE:], cert_id.der)
        except NotDer as error:
            raise DamagedRecord("an answer that is no ResponseData") from error


def preferred_algorithm(signer: SignerRecord, preferred: Sequence[tuple[bytes, bytes]]) -> str | None:
    """Return the first algorithm that the asker prefers and the signer's key can do (RFC 6960 4.4.7.2.1).

    None when it can do none of them: then the asker gets our own choice. SHA-1 is no choice of ours.
    """
    if not preferred:
        return None
    kind = signer.algorithm.partition("_")[0]
    start, end = der.expect(signer.public_key, 0, len(signer.public_key), der.SEQUENCE)
    key_identifier = signer.public_key[start : der.expect(signer.public_key, start, end, der.SEQUENCE)[1]]
    for object_identifier, wanted_key in preferred:
        algorithm = _BY_OBJECT_IDENTIFIER.get(object_identifier, "")
        if algorithm.partition("_")[0] == kind and wanted_key in (b"", key_identifier):
            return algorithm
    return None


def _is_current(this_update: int, next_update: int, now: int) -> bool:
    return this_update <= now + CLOCK_SKEW and next_update > now + CACHE_SECONDS
