"""A process that writes batches for as long as it lives; the test kills it in the middle."""

import sys
from pathlib import Path

from ocsp.store.lmdb_store import LmdbStore
from ocsp.store.record import StoredAnswer
from ocsp.store.redis_store import RedisStore
from ocsp.store.registry import answer_key
from ocsp.wire.cert_id import HashAlgorithm
from ocsp.wire.response import CertStatus

BATCH = 200


def main() -> None:
    is_redis = sys.argv[1].startswith("unix:")
    store = (
        RedisStore(sys.argv[1], prefix="killed")
        if is_redis
        else LmdbStore(Path(sys.argv[1]), first_map_size=1 << 20)
    )
    number = int(sys.argv[2])
    while True:
        number += 1
        answer = StoredAnswer(
            status=CertStatus.GOOD, reason=None, signer_id=1, this_update=number, next_update=number + 9,
            revoked_at=0, not_after=9, signed=number.to_bytes(250, "big"),
        )  # fmt: skip
        store.put([(answer_key(1, HashAlgorithm.SHA1, serial), answer) for serial in range(BATCH)])
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
