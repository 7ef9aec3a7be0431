"""Runs the tests against a private PostgreSQL and RabbitMQ: python -m deploy.run_tests [pytest arguments]."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack

from deploy.private_services import postgresql, rabbitmq


def main() -> int:
    """Start the servers, run pytest, end the servers, and return pytest's exit status."""
    started = time.monotonic()
    # The slowest are told each time: what they cost is seen before it hurts.
    parallel = ["--numprocesses", "2", "--durations", "30", "--durations-min", "3"]
    # The same examples everywhere; a run by hand looks for new ones.
    parallel += ["--hypothesis-profile", "ci"]
    # Tests of a running installation drive cards and a browser from their own process: they get fresh ones.
    running = ["tests/e2e", "tests/faults", "tests/interop"]
    rounds = [[*parallel, *(f"--ignore={folder}" for folder in running)], [*parallel, *running]]
    if sys.argv[1:]:
        rounds = [sys.argv[1:]]
    with ExitStack() as stack:
        environment = {**os.environ}
        environment["DATABASE_URL"] = stack.enter_context(postgresql())
        print(f"{time.monotonic() - started:4.0f} s  private PostgreSQL is up", flush=True)
        environment["SIGILL_TEST_BROKER_URL"] = stack.enter_context(rabbitmq()).url
        print(f"{time.monotonic() - started:4.0f} s  private RabbitMQ is up", flush=True)
        status = max(
            subprocess.run(
                [sys.executable, "-m", "pytest", *arguments], env=environment, check=False
            ).returncode
            for arguments in rounds
        )
    print(f"{time.monotonic() - started:4.0f} s  servers ended", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
