"""Lints every stored OCSP answer, as responders serve it: own lints, signature, pkilint."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from ca.linting import Fault, Read, told
from ca.pki.response_lints import lint_response
from ca.second_opinion import SecondOpinion
from ocsp.store.interface import StatusStore
from ocsp.store.record import SignerRecord, StoredAnswer
from ocsp.store.registry import split_key
from ocsp.wire import der
from ocsp.wire.response import successful
from ocsp.wire.signatures import SignatureMismatch, verify

_BATCH: Final = 1000
_FOR_EVER: Final = 1 << 40


def faults_in_answers(
    store: StatusStore, *, opinion: SecondOpinion | None, limit: int | None, read: Read
) -> Iterator[Fault]:
    """Yield the faults of every stored answer; pkilint reads at most ``limit`` of them.

    Raises ``ocsp.store.interface.StoreUnavailable``.
    """
    store.renew()
    after: tuple[int, bytes] | None = None
    while batch := store.oldest(before=_FOR_EVER, limit=_BATCH, after=after):
        after = batch[-1][1].this_update, batch[-1][0]
        for key, answer in batch:
            read.things += 1
            issuer_id, algorithm, serial_number = split_key(key)
            issuer = store.registry.issuers.get(issuer_id)
            name = f"OCSP answer {issuer.name if issuer else issuer_id} {serial_number:x} {algorithm.name}"
            signer = store.registry.signers.get(answer.signer_id)
            if signer is None:
                yield Fault(where=name, what="nobody knows who signed it")
                continue
            yield from _faults(name, answer, signer, read)
            if opinion is not None and (limit is None or read.by_pkilint < limit):
                read.by_pkilint += 1
                whole = successful(signed=answer.signed, signer_certificate_der=signer.certificate_der)
                for said in opinion.ocsp_response(whole):
                    yield Fault(where=name, what=f"pkilint: {said}")


def _faults(name: str, answer: StoredAnswer, signer: SignerRecord, read: Read) -> Iterator[Fault]:
    _, end = der.expect(answer.signed, 0, len(answer.signed), der.SEQUENCE)
    response_data = answer.signed[:end]
    findings = lint_response(
        response_data,
        responder_key_hash=signer.key_hash,
        signer_not_after=datetime.fromtimestamp(signer.not_after, UTC),
    )
    yield from told(name, findings, read)
    try:
        verify(
            public_key=signer.public_key,
            algorithm=signer.algorithm,
            signature=_signature(answer.signed, end),
            signed=response_data,
        )
    except SignatureMismatch as error:
        yield Fault(where=name, what=str(error))


def _signature(signed: bytes, at: int) -> bytes:
    """Return the signature behind ResponseData and AlgorithmIdentifier: a BIT STRING of whole octets."""
    _, at = der.expect(signed, at, len(signed), der.SEQUENCE)
    start, end = der.expect(signed, at, len(signed), der.BIT_STRING)
    return signed[start + 1 : end]
