"""Runs the consumers as a process of their own, for installations with a broker server."""

import os
import signal
import threading

import django


def main() -> None:
    """Follow the journal until SIGTERM."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from worker.consumers import ConsumerLoop  # noqa: PLC0415 - after Django is set up
    from worker.wiring import consumers  # noqa: PLC0415 - after Django is set up

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    loop = ConsumerLoop(consumers())
    loop.start()
    ended.wait()
    loop.stop()


if __name__ == "__main__":
    main()
