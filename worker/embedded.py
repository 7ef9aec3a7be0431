"""Beat and the consumers as threads of the one worker: the default where no broker server runs."""

from celery import Celery
from celery.beat import EmbeddedService
from django.conf import settings

from worker.consumers import ConsumerLoop
from worker.wiring import consumers

_running: list[object] = []


def start(app: Celery) -> None:
    """Start both; called once when the worker is ready."""
    schedule = settings.SIGILL_RUN / f"beat-{settings.SIGILL_HOME.name}.db"
    app.conf.beat_schedule_filename = str(schedule)
    beat = EmbeddedService(app, thread=True, max_interval=1)
    beat.start()
    loop = ConsumerLoop(consumers())
    loop.start()
    _running.extend([beat, loop])


def stop() -> None:
    """End both after what they have in hand."""
    for part in _running:
        part.stop()  # type: ignore[attr-defined]  # beat's service and our loop both have stop()
    _running.clear()
