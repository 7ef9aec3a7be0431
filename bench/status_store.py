"""A store with a million signed answers; filling it is itself what presign_vs_sign measures."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.authority import Authority, serial_numbers, subject
from bench.measuring import Work, own_work
from bench.place import Place
from ocsp.presigning import presign
from ocsp.store.lmdb_store import LmdbStore
from ocsp.wire.cert_id import PRESIGNED

_VALIDITY = 8 * 3600
_BATCH = 5000
"""Certificates in a batch, in the store's order, as the publisher's refresh takes them."""
_BARE_MESSAGE = bytes(160)
"""About as long as the signed part of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledStore:
    """A home folder with a full store, and what it cost beside bare signing."""

    home: Path
    authority: Authority
    serials: list[int]
    answers: int
    rates: dict[str, list[float]]
    """Answers per CPU-second, in pairs: ``ours`` and ``bare signing``."""


def fill(place: Place) -> FilledStore:
    """Sign and store a million answers, with a round of bare signing after every tenth part."""
    home = place.folder / "status"
    now = datetime.now(tz=UTC)
    authority = Authority.make(at=now)
    serials = sorted(serial_numbers(place.size(1_000_000, 100_000) // len(PRESIGNED)))
    store = LmdbStore(home / "ocsp" / "lmdb")
    issuer, signer = authority.register(store)
    at = int(now.timestamp())
    last = at + 300 * 86400

    def publish(part: list[int]) -> int:
        done = 0
        for start in range(0, len(part), _BATCH):
            answers = presign(
                [subject(serial, not_after=last) for serial in part[start : start + _BATCH]],
                issuer=issuer,
                signer=signer,
                sign_batch=authority.sign_batch,
                this_update=at,
                next_update=at + _VALIDITY,
            )
            done += store.put(answers).stored
        return done

    def sign_bare() -> int:
        count = place.size(30_000, 4000)
        for _ in range(count):
            authority.sign(_BARE_MESSAGE)
        return count

    rates: dict[str, list[float]] = {"ours": [], "bare signing": []}
    share = len(serials) // 10
    stored = 0.0
    for number in range(10):
        part = serials[number * share : (number + 1) * share]
        ours: Work = own_work(lambda part=part: publish(part))  # type: ignore[misc]  # bound at once
        bare = own_work(sign_bare)
        stored += ours.done
        rates["ours"].append(ours.rate)
        rates["bare signing"].append(bare.rate)
        place.say(f"{stored:,.0f} answers; {ours.rate:,.0f} against {bare.rate:,.0f} per CPU-second")
    store.mark_reconciled(int(time.time()))
    store.close()
    return FilledStore(
        home=home, authority=authority, serials=serials[: share * 10], answers=int(stored), rates=rates
    )
