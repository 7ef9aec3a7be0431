"""Starts both registers: ``python -m directory.simulators``, ended by SIGTERM or Ctrl-C."""

import argparse
import os
import signal
from pathlib import Path
from threading import Thread
from types import FrameType

from directory.simulators.people import PACKAGED
from directory.simulators.server import SimulatorServer
from directory.simulators.tls import ServerTls


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m directory.simulators", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("SIGILL_DIRECTORY_PORT") or 8101))
    parser.add_argument(
        "--people", type=Path, default=PACKAGED, help="TOML or SQLite; may be edited meanwhile"
    )
    parser.add_argument("--tls", type=Path, help="folder for our own certificate: answer over TLS only")
    parser.add_argument("--client-authorities", type=Path, help="PEM: whose certificates callers must show")
    chosen = parser.parse_args()
    if bool(chosen.tls) != bool(chosen.client_authorities):
        parser.error("--tls and --client-authorities go together")
    tls = ServerTls(folder=chosen.tls, client_authorities=chosen.client_authorities) if chosen.tls else None
    server = SimulatorServer((chosen.host, chosen.port), chosen.people, tls=tls)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # shutdown() waits for serve_forever(), which this very thread runs.
        Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"HSA and PU simulators on http://{chosen.host}:{server.server_port}", flush=True)
    server.serve_forever(poll_interval=0.2)
    server.server_close()


if __name__ == "__main__":
    main()
