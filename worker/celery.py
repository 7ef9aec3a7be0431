"""The Celery app: carries job names, never data; what is to be done stands in the database.

Embedded default: ``memory://``, one worker with a thread pool, beat and the consumers in the same process.
Production: a broker URL, workers by queue, ``celery beat`` apart, and ``python -m worker.mains.consumers``.
"""

import os
import sys
from pathlib import Path

from celery import Celery
from celery.signals import worker_init, worker_ready, worker_shutting_down
from django.conf import settings
from django.db import connections
from django.utils.module_loading import import_string

from worker.schedule import BEAT_SCHEDULE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("sigill")
app.conf.update(
    broker_url=settings.SIGILL_BROKER_URL,
    accept_content=["json"],
    task_serializer="json",
    result_backend=None,
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    task_default_queue="default",
    task_routes={
        "worker.tasks.issue_waiting": {"queue": "issuance"},
        "worker.tasks.publish_crls": {"queue": "publishing"},
        "worker.tasks.refresh_ocsp": {"queue": "publishing"},
        "worker.tasks.sign_head": {"queue": "publishing"},
    },
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    timezone="Europe/Stockholm",
    beat_schedule=BEAT_SCHEDULE,
    imports=["worker.tasks"],
)
app.autodiscover_tasks([])


def is_embedded() -> bool:
    """Return whether this process carries beat and the consumers as well (no broker server)."""
    return str(settings.SIGILL_BROKER_URL).startswith("memory:")


@worker_init.connect
def refuse_changed_settings(**_: object) -> None:
    """End before the first job on settings that the ceremony contradicts."""
    from ca.ceremony.recorded import changed_settings  # noqa: PLC0415 - reads the settings

    changed = changed_settings()
    if changed:
        sys.exit("worker: " + "; ".join(changed))


@worker_ready.connect
def start_companions(**_: object) -> None:
    """Start beat and the consumers inside the one worker of the embedded default, then say so."""
    import_string(settings.SIGILL_CONFIGURATION_TELLER)("worker")
    connections.close_all()
    if is_embedded():
        from worker.embedded import start  # noqa: PLC0415 - needs Django's apps, which load after this module

        start(app)
    ready_file = os.environ.get("SIGILL_READY_FILE")
    if ready_file:
        Path(ready_file).touch()


@worker_shutting_down.connect
def stop_companions(**_: object) -> None:
    """End them with the worker."""
    if not is_embedded():
        return
    from worker.embedded import stop  # noqa: PLC0415 - as above

    stop()
