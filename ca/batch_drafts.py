"""The requests of a batch with the bytes that are about to be signed for them: its first arrow."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ca.blocklist import BlockedKeys, known_keys
from ca.errors import CaError
from ca.issuance_steps import demand_open, prepare_request
from ca.models import CertificateRequest, SerialReservation
from ca.pki import weak_keys
from ca.pki.errors import PkiError
from ca.pki.issuance import Prepared
from ca.pki.profile import Profile
from ca.pki.serial import new_serial, serial_hex
from ca.pki.weak_keys import Blocklist
from ca.policy_files import files_of
from ca.states import SerialAction, SerialState, next_serial_state

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request with the bytes that are about to be signed for it, and the row that says so."""

    request: CertificateRequest
    profile: Profile
    prepared: Prepared
    reservation: SerialReservation


def prepare_all(requests: Sequence[CertificateRequest], *, at: datetime) -> list[Draft]:
    """Arrow 1. What breaks a rule is left out: issued alone, it fails with the rule that it broke."""
    digests = [hashlib.sha256(bytes(request.public_key)).hexdigest() for request in requests]
    known, seen = known_keys(digests), set[str]()
    drafts = []
    for request, digest in zip(requests, digests, strict=True):
        if digest in seen:  # a key that stands there twice is looked at when the first is recorded
            continue
        seen.add(digest)
        blocklist = (
            BlockedKeys(
                person_id=request.person_id, carrier_kind=request.carrier_kind, carrier_id=request.carrier_id
            )
            if digest in known
            else weak_keys.NOTHING_BLOCKED
        )
        try:
            drafts.append(_prepare(request, blocklist=blocklist, at=at))
        except (PkiError, CaError) as error:
            _log.debug("request %s leaves the batch: %s", request.pk, error)
    return drafts


def _prepare(request: CertificateRequest, *, blocklist: Blocklist, at: datetime) -> Draft:
    demand_open(request)
    files = files_of(request.issuer)
    profile, number = files.profile(request.profile), new_serial()
    if files.hierarchy.key_class(profile.key_class).signature_algorithm is not None:
        raise CaError("what is for a key of our own is issued alone: the token is asked for the key")
    prepared, not_after = prepare_request(files, profile, request, number, at=at, blocklist=blocklist)
    shard = files.facts_of(request.issuer).shard_of(number)
    reservation = SerialReservation(
        issuer_id=request.issuer_id,
        serial_hex=serial_hex(number),
        request=request,
        state=next_serial_state(SerialState.RESERVED, SerialAction.INTEND).value,
        reserved_at=at,
        intended_at=at,
        tbs_der=prepared.tbs_der,
        tbs_sha256=hashlib.sha256(prepared.tbs_der).hexdigest(),
        not_after=not_after,
        crl_shard=-1 if shard is None else shard,
    )
    return Draft(request=request, profile=profile, prepared=prepared, reservation=reservation)
