"""Runs the consumers as a process of their own, for installations with a broker server."""

import os
import signal
import threading
from pathlib import Path

import django


def main() -> None:
    """Follow the journal until SIGTERM."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from ca.policy_files import policy_files  # noqa: PLC0415 - after Django is set up
    from worker.consumers import ConsumerLoop  # noqa: PLC0415 - after Django is set up
    from worker.wiring import consumers  # noqa: PLC0415 - after Django is set up

    policy_files()  # refuses to start on settings that the ceremony contradicts
    from django.conf import settings  # noqa: PLC0415 - after Django is set up
    from django.utils.module_loading import import_string  # noqa: PLC0415 - after Django is set up

    import_string(settings.SIGILL_CONFIGURATION_TELLER)("consumers")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    loop = ConsumerLoop(consumers())
    loop.start()
    ready_file = os.environ.get("SIGILL_READY_FILE")
    if ready_file:
        Path(ready_file).touch()
    ended.wait()
    loop.stop()


if __name__ == "__main__":
    main()
