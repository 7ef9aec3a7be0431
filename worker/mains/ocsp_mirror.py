"""Keeps this machine's answers up to the store in Redis. ``python -m worker.mains.ocsp_mirror``.

One of these runs on each machine with responders where ``SIGILL_OCSP_STORE`` names a Redis; no Django.
"""

import importlib
import logging
import signal
import sys
import threading
import time
from pathlib import Path

from ocsp.store.interface import StoreUnavailable
from ocsp.store.mirror import Mirror
from ocsp.store.redis_store import RedisStore

_TICK = 0.02
"""Seconds between looks at Redis: with the responder's own tick, how late a revocation is seen."""
_REST = 0.5
_SWEEP = 60.0
_log = logging.getLogger(__name__)


def follow(mirror: Mirror, ended: threading.Event) -> None:
    """Follow until told to end; a source or a disk that is away is waited for."""
    was_away, sweep_at = False, time.monotonic() + _SWEEP
    while not ended.is_set():
        try:
            mirror.step()
            if time.monotonic() > sweep_at:
                sweep_at = time.monotonic() + _SWEEP
                mirror.sweep(at=int(time.time()))
        except StoreUnavailable as error:
            if not was_away:
                _log.warning("not followed just now: %s", error)
            was_away = True
            ended.wait(_REST)
        else:
            if was_away:
                _log.info("followed again")
            was_away = False
            ended.wait(_TICK)


def main() -> int:
    """Follow until SIGTERM; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    environment = importlib.import_module("portal.config")
    url = environment.text("SIGILL_OCSP_STORE", "")
    if not url:
        sys.stderr.write(
            "ocsp_mirror: SIGILL_OCSP_STORE names no Redis; responders read the publisher's LMDB\n"
        )
        return 2
    home = Path(environment.text("SIGILL_HOME", str(Path(__file__).resolve().parents[2] / "var"))).absolute()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    mirror = Mirror(RedisStore(url), home / "ocsp" / "lmdb")
    follow(mirror, ended)
    mirror.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
