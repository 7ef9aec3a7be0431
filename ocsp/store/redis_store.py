"""Signed answers in Redis or Valkey: one store for the responders of several machines."""

import secrets
import struct
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, cast

import redis

from ocsp.store.interface import Freshness, Published, StoreUnavailable
from ocsp.store.record import DamagedRecord, IssuerRecord, SignerRecord, StoredAnswer, peek
from ocsp.store.redis_scripts import PUT, REMOVE
from ocsp.store.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONNECT_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 10.0
_NAMES: Final = ("answers", "ages", "versions", "meta", "issuers", "signers")
_STATE: Final = ("epoch", "seq", "registry_version", "reconciled_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """How far a store has come; ``epoch`` names its content from the first answer on, None before it.

    ``sequence`` rises with every change. ``run`` names the server's process: one that started again may have
    lost its last changes.
    """

    epoch: bytes | None
    sequence: int
    registry_version: int
    reconciled_at: int | None
    run: str


class RedisStore:
    """The publisher's store, and what ``mirror`` reads; any number of threads, opened again after a fork.

    Each write is one script: all of it or nothing, never from revoked back to good. Durable is what Redis
    keeps: run it with ``appendonly yes``. What it loses all the same, responders keep (``mirror``) and the
    publisher puts again.
    """

    def __init__(self, url: str, *, prefix: str = "sigill-ocsp") -> None:
        """Remember the address (``redis://``, ``rediss://`` or ``unix://``); nothing is opened yet."""
        # redis-py's own types follow two protocols and two ways of calling at once.
        self._client: Any = redis.Redis.from_url(
            url, socket_connect_timeout=_CONNECT_SECONDS, socket_timeout=_ANSWER_SECONDS
        )
        # The braces keep all keys on one node of a cluster, where one script may touch them together.
        self._keys = {name: f"{{{prefix}}}:{name}".encode() for name in _NAMES}
        scripted = [self._keys[name] for name in ("answers", "ages", "versions", "meta")]
        put, remove = self._client.register_script(PUT), self._client.register_script(REMOVE)
        self._put: Callable[[list[bytes]], list[bytes]] = lambda values: put(keys=scripted, args=values)
        self._remove: Callable[[list[bytes]], int] = lambda values: remove(keys=scripted, args=values)
        self._registry = Registry(issuers=(), signers=())
        self._seen: StoreState | None = None

    @property
    def registry(self) -> Registry:
        """The issuers and signers as of the last ``renew``; registering renews."""
        return self._registry

    def state(self) -> StoreState:
        """Return how far the store has come. Raises ``StoreUnavailable``."""
        with _asking():
            pipeline = self._client.pipeline(transaction=False)
            pipeline.hmget(self._keys["meta"], _STATE)
            pipeline.info("server")
            (epoch, sequence, version, reconciled_at), server = pipeline.execute()
            return StoreState(
                epoch=epoch,
                sequence=int(sequence or 0),
                registry_version=int(version or 0),
                reconciled_at=None if reconciled_at is None else int(reconciled_at),
                run=str(server["run_id"]),
            )

    def renew(self) -> bool:
        """Move to the newest state; tell whether anything changed. Raises ``StoreUnavailable``."""
        state = self.state()
        if state == self._seen:
            return False
        if self._seen is None or state.registry_version != self._seen.registry_version:
            with _asking():
                self._registry = self._read_registry(self._client)
        self._seen = state
        return True

    def get(self, key: bytes) -> bytes | None:
        """Return the newest stored answer as bytes. Raises ``StoreUnavailable``."""
        return self.get_many([key])[0]

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return stored answers as bytes, in the order of their keys, from one moment."""
        with _asking():
            found = self._client.hmget(self._keys["answers"], keys) if keys else []
            return cast("list[bytes | None]", found)

    def changes(self, *, after: int, limit: int) -> list[tuple[int, bytes, bytes]]:
        """Return (sequence, key, stored answer) of what changed after a sequence, in its order.

        An answer may be younger than its sequence says; one that was removed meanwhile is left out. Empty
        when there is nothing more. Raises ``StoreUnavailable``.
        """
        with _asking():
            while True:
                found = self._client.zrangebyscore(
                    self._keys["versions"], f"({after}", "+inf", start=0, num=limit, withscores=True
                )
                if not found:
                    return []
                stored = self._client.hmget(self._keys["answers"], [key for key, _ in found])
                changed = [
                    (int(sequence), key, answer)
                    for (key, sequence), answer in zip(found, stored, strict=True)
                    if answer is not None
                ]
                if changed:
                    return changed
                after = int(found[-1][1])

    def freshness(self) -> Freshness:
        """Return how old the content is. Raises ``StoreUnavailable``."""
        with _asking():
            pipeline = self._client.pipeline()
            pipeline.hlen(self._keys["answers"])
            pipeline.zrange(self._keys["ages"], 0, 0)
            pipeline.hget(self._keys["meta"], "reconciled_at")
            answers, oldest, reconciled_at = pipeline.execute()
            this_update = next_update = None
            if oldest:
                stored = self._client.hget(self._keys["answers"], oldest[0][8:])
                _, this_update, next_update = peek(stored or b"")
            return Freshness(
                answers=answers,
                oldest_this_update=this_update,
                oldest_next_update=next_update,
                reconciled_at=None if reconciled_at is None else int(reconciled_at),
            )

    def oldest(
        self, *, before: int, limit: int, after: tuple[int, bytes] | None = None
    ) -> list[tuple[bytes, StoredAnswer]]:
        """Return the answers with the oldest thisUpdate below ``before``, oldest first."""
        start = b"-" if after is None else b"(" + _age(*after)
        with _asking():
            ages = self._client.zrangebylex(
                self._keys["ages"], start, b"(" + _age(before, b""), start=0, num=limit
            )
            keys = [age[8:] for age in ages]
            stored = self._client.hmget(self._keys["answers"], keys) if keys else []
            return [
                (key, StoredAnswer.decode(answer))
                for key, answer in zip(keys, stored, strict=True)
                if answer is not None
            ]

    def put(self, answers: Sequence[tuple[bytes, StoredAnswer]]) -> Published:
        """Store answers; see ``StatusStore.put``. Raises ``StoreUnavailable``."""
        values = [secrets.token_hex(16).encode()]
        for key, answer in answers:
            values += [key, answer.encode()]
        with _asking():
            refused = tuple(self._put(values))
        return Published(stored=len(answers) - len(refused), refused=refused)

    def remove_expired(self, keys: Iterable[bytes], *, before: int) -> int:
        """Remove those answers whose certificates ended before ``before``; return how many."""
        wanted = list(keys)
        if not wanted:
            return 0
        with _asking():
            return int(self._remove([str(before).encode(), *wanted]))

    def register_issuer(self, *, name: str, name_der: bytes, key_bits: bytes) -> int:
        """Make an issuer ours and return its number; the same name and key give the same number."""

        def write(registry: Registry, pipeline: Any) -> int:  # noqa: ANN401 - redis-py
            for known in registry.issuers.values():
                if (known.name_der, known.key_bits) == (name_der, key_bits):
                    return known.issuer_id
            number = max(registry.issuers, default=0) + 1
            record = IssuerRecord(
                issuer_id=number, name=name, name_der=name_der, key_bits=key_bits, signer_id=None
            )
            pipeline.hset(self._keys["issuers"], str(number), record.encode())
            return number

        return self._register(write)

    def register_signer(self, signer: SignerRecord) -> int:
        """Keep a signer, return its number, and let it sign its issuer's new answers."""

        def write(registry: Registry, pipeline: Any) -> int:  # noqa: ANN401 - redis-py
            issuer, signers = registry.issuers[signer.issuer_id], registry.signers
            same = (key for key, known in signers.items() if known.certificate_der == signer.certificate_der)
            number = next(same, max(signers, default=0) + 1)
            if issuer.signer_id != number:
                record, moved = replace(signer, signer_id=number), replace(issuer, signer_id=number)
                pipeline.hset(self._keys["signers"], str(number), record.encode())
                pipeline.hset(self._keys["issuers"], str(issuer.issuer_id), moved.encode())
            return number

        return self._register(write)

    def mark_reconciled(self, at: int) -> None:
        """Note that every certificate handed out before ``at`` is in the store."""
        with _asking():
            pipeline = self._client.pipeline()
            pipeline.hsetnx(self._keys["meta"], "epoch", secrets.token_hex(16))
            pipeline.hset(self._keys["meta"], "reconciled_at", at)
            pipeline.execute()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _register(self, write: Callable[[Registry, Any], int]) -> int:
        """Read the registry and write to it in one step: whoever was overtaken does it again."""
        watched = [self._keys[name] for name in ("issuers", "signers")]
        with _asking():
            while True:
                with self._client.pipeline() as pipeline:
                    try:
                        pipeline.watch(*watched)
                        registry = self._read_registry(pipeline)
                        pipeline.multi()
                        number = write(registry, pipeline)
                        if len(pipeline):
                            pipeline.hincrby(self._keys["meta"], "registry_version", 1)
                        pipeline.execute()
                    except redis.WatchError:
                        continue
                    break
        self._seen = None
        self.renew()
        return number

    def _read_registry(self, client: Any) -> Registry:  # noqa: ANN401 - redis-py
        issuers = client.hgetall(self._keys["issuers"])
        signers = client.hgetall(self._keys["signers"])
        return Registry(
            issuers=[IssuerRecord.decode(int(number), value) for number, value in issuers.items()],
            signers=[SignerRecord.decode(int(number), value) for number, value in signers.items()],
        )


@contextmanager
def _asking() -> "Iterator[None]":
    try:
        yield
    except (redis.RedisError, OSError, DamagedRecord, struct.error) as error:
        raise StoreUnavailable(f"Redis: {error}") from error


def _age(this_update: int, key: bytes) -> bytes:
    return this_update.to_bytes(8, "big") + key
