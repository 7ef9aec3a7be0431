"""Child process that makes an unpacked backup fit to be served, before anybody can see it.

``python -m worker.backup.settling``, with the environment naming the new folder and database and the
question on standard input. It is a process of its own because settings are read once in a process.
"""

import ctypes
import json
import logging
import os
import signal
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from typing import Final

import django

from worker.backup.question import Question

_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG, prctl(2)


def main() -> int:
    """Answer one question; the last line of standard output is the answer, or of standard error why not.

    The argument is the restoring process: when it is killed this one ends too, since the next restore works
    in the same place.
    """
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        return 1
    django.setup()
    logging.disable(logging.WARNING)
    settlement = import_module("worker.backup.settlement")  # models can be loaded only now
    question = Question.decode(json.load(sys.stdin))
    try:
        answer = settlement.settle(question, at=datetime.now(UTC))
    except Exception as error:  # noqa: BLE001 - whatever it was: the parent changes nothing and says it
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    sys.stdout.write(json.dumps(asdict(answer)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
