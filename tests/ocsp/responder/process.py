"""A status server in a process of its own, with a software key as its signing lane where one is given."""

import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ocsp.responder.connection import TimeLimits
from ocsp.responder.server import ResponderConfiguration, serve
from ocsp.store.lmdb_reader import LmdbReader


def main() -> None:
    home, port, key_file = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])

    def sign(label: str, to_be_signed: bytes) -> bytes:
        if (home / "signer-is-stuck").exists():
            time.sleep(30)
        key = load_pem_private_key(key_file.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert label == "person_id_3.ocsp.1"
        return key.sign(to_be_signed, ec.ECDSA(hashes.SHA256()))

    def clock() -> float:
        shift = home / "clock-shift"
        return time.time() + (float(shift.read_text()) if shift.exists() else 0.0)

    serve(
        ResponderConfiguration(
            host="127.0.0.1",
            port=port,
            public=home / "public",
            reader=LmdbReader(home / "ocsp" / "lmdb"),
            sign=sign if key_file.name != "none" else None,
            clock=clock,
            limits=TimeLimits(first_request=1, request=1, idle=3, crowded=1, stalled=2),
        )
    )


if __name__ == "__main__":
    main()
