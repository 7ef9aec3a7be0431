"""Starts a status server: OCSP, CRLs and issuer certificates. ``python -m worker.mains.responder [NUMBER]``.

Any number of these may run on one machine; they share the port, and each has a number of its own, from 1.
None of them loads Django.
"""

import importlib
import logging
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from ca.hsm.loop_signer import LoopSigner
from ocsp.responder.server import ResponderConfiguration, serve
from ocsp.store.lmdb_reader import LmdbReader
from worker.mains.clock import clock_is_in_step

_PATIENCE = 2.0
"""Seconds for which a question waits for the signer; then it gets what lies ready."""


def main() -> int:
    """Serve until SIGTERM; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # The environment is read in one place. That module is plain Python; the settings are not, and stay out.
    environment = importlib.import_module("portal.config")
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    home = Path(environment.text("SIGILL_HOME", str(Path(__file__).resolve().parents[2] / "var"))).absolute()
    run = environment.run_directory(home)
    metrics_port = environment.number("SIGILL_METRICS_PORT", 0)
    serve(
        ResponderConfiguration(
            host=environment.text("SIGILL_STATUS_HOST", "127.0.0.1"),
            port=environment.number("SIGILL_STATUS_PORT", 8080),
            public=home / "public",
            reader=LmdbReader(home / "ocsp" / "lmdb"),
            sign=lambda: LoopSigner(run / "signer.sock", patience=_PATIENCE),
            clock=time.time,
            is_in_step=clock_is_in_step if environment.number("SIGILL_TSA_IN_STEP", 0) else lambda: True,
            base_paths=_base_paths(
                environment.text("SIGILL_STATUS_URL", ""),
                environment.text("SIGILL_QA_STATUS_URL", ""),
                *environment.listed("SIGILL_EARLIER_STATUS_URLS"),
            ),
            private=run / f"responder-{number}.sock",
            metrics=(
                (environment.text("SIGILL_METRICS_HOST", "127.0.0.1"), metrics_port + number - 1)
                if metrics_port
                else None
            ),
        )
    )
    return 0


def _base_paths(*urls: str) -> tuple[str, ...]:
    """Return the paths of the addresses that stand in certificates, now or before; mostly there are none."""
    paths = (urlsplit(url).path.rstrip("/") for url in urls)
    return tuple(dict.fromkeys(path for path in paths if path))


if __name__ == "__main__":
    sys.exit(main())
