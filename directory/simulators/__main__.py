"""Starts both registers: ``python -m directory.simulators``, ended by SIGTERM or Ctrl-C."""

import argparse
import os
import signal
from pathlib import Path
from threading import Thread
from types import FrameType

from directory.simulators.people import PACKAGED
from directory.simulators.server import SimulatorServer


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m directory.simulators", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("SIGILL_DIRECTORY_PORT") or 8101))
    parser.add_argument("--people", type=Path, default=PACKAGED, help="data file; read again when edited")
    chosen = parser.parse_args()
    server = SimulatorServer((chosen.host, chosen.port), chosen.people)

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
