"""A status server in a process of its own, with a software key as its signing lane where one is given."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ocsp.responder.connection import TimeLimits
from ocsp.responder.server import ResponderConfiguration, serve
from ocsp.store.lmdb_reader import LmdbReader
from tests.ocsp.in_thread import InThread


def main() -> None:
    home, port, key_file = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])

    def sign(label: str, algorithm: str, messages: Sequence[bytes]) -> list[bytes]:
        if (home / "signer-is-stuck").exists():
            time.sleep(30)
        if (home / "only-sha256").exists() and not algorithm.endswith("SHA256"):
            raise ValueError("the token cannot do that")
        key = load_pem_private_key(key_file.read_bytes(), None)
        digest = getattr(hashes, algorithm.partition("_")[2])()
        assert label == "person_id_3.ocsp.1"
        if isinstance(key, rsa.RSAPrivateKey):
            return [key.sign(message, padding.PKCS1v15(), digest) for message in messages]
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return [key.sign(message, ec.ECDSA(digest)) for message in messages]

    def clock() -> float:
        shift = home / "clock-shift"
        return time.time() + (float(shift.read_text()) if shift.exists() else 0.0)

    serve(
        ResponderConfiguration(
            host="127.0.0.1",
            port=port,
            public=home / "public",
            reader=LmdbReader(home / "ocsp" / "lmdb"),
            sign=(lambda: InThread(sign)) if key_file.name != "none" else None,
            clock=clock,
            private=home / "private.sock",
            limits=TimeLimits(first_request=1, request=1, idle=3, crowded=1, stalled=2, lingering=4),
        )
    )


if __name__ == "__main__":
    main()
