"""The ground: policy, database, ceremonies, secrets, file modes, room on the disk, ports and the clock."""

import json
import shutil
import socket
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import QuerySet

from ca.ceremony.models import CeremonyPlan
from ca.ceremony.recorded import protocol_file
from ca.ceremony.states import PlanState
from ca.environments import Environment
from ca.health.check import Check, note, right, wrong
from ca.hsm.configuration import TokenConfiguration
from ca.models import Certificate, Crl, Issuer
from ca.pki.errors import PkiError
from ca.policy_files import policy_files

_FUTURE: Final = timedelta(minutes=5)
_OPEN: Final = stat.S_IRWXG | stat.S_IRWXO
LEAST_FREE: Final = 200 * 1024 * 1024
"""Octets: a ledger line, a CRL and a token copy must always find room."""


def policy() -> Check:
    """Read profiles and hierarchy."""
    try:
        files = policy_files()
    except PkiError as error:
        return wrong(
            "policy", f"the policy files are refused: {error}", remedy="restore them from the release"
        )
    return right("policy", f"{len(files.profiles)} profiles and the hierarchy {files.hierarchy.name} agree")


def database() -> Check:
    """Ask the database something."""
    try:
        count = Certificate.objects.count()
        waiting = _migrations_waiting()
    except DatabaseError as error:
        return wrong(
            "database",
            f"the database does not answer: {str(error).splitlines()[0] if str(error) else error!r}",
            remedy="start it, or see DATABASE_URL and the room on its disk; then manage.py migrate",
        )
    if waiting:
        return wrong(
            "database",
            f"the database is of an earlier version: {waiting} migrations were not applied",
            remedy="stop every process, take a backup, run manage.py migrate",
        )
    return right("database", f"{connection.vendor} answers and holds {count} certificates")


def _migrations_waiting() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def issuers_of(environment: Environment) -> QuerySet[Issuer]:
    """Return the issuers of an environment, planned ones too."""
    return Issuer.objects.filter(environment=environment.value)


def ceremony() -> Iterator[Check]:
    """Look whether the first ceremony was held, and whether a later one stopped half-way."""
    if not protocol_file().exists():
        half = " but was begun" if issuers_of(Environment.PROD).exists() else ""
        remedy = "run manage.py key_ceremony" + (
            "; where one was held before: manage.py restore BACKUP --only ceremony" if half else ""
        )
        yield wrong("ceremony", f"the key ceremony has not been held{half}", remedy=remedy)
        return
    protocol = json.loads(protocol_file().read_text())
    yield right("ceremony", f"held {protocol['finished_at'][:10]}, {len(protocol['keys'])} keys")
    if issuers_of(Environment.QA).exists() and not protocol_file(Environment.QA).exists():
        yield wrong(
            "ceremony",
            "the key ceremony of QA was begun, and ceremony/qa has no protocol of it",
            remedy="stop the signer and run manage.py key_ceremony --environment qa: it goes on from there",
        )
    for plan in CeremonyPlan.objects.filter(state=PlanState.BEGUN.value):
        yield wrong(
            "ceremony",
            f"the ceremony {plan.title!r} was begun and is not finished",
            remedy="run manage.py key_ceremony --script FILE again: it goes on where it stopped",
        )


def secrets(configuration: TokenConfiguration) -> Iterator[Check]:
    """Look at the PIN files: there, and for their owner only."""
    for file in (configuration.pin_file, configuration.pin_file.with_name("hsm-so-pin")):
        if not file.exists():
            yield wrong(
                "secrets",
                f"secrets/{file.name} is missing",
                remedy=f"manage.py restore BACKUP --only secrets/{file.name}",
            )
        elif file.stat().st_mode & _OPEN:
            yield wrong(
                "secrets",
                f"secrets/{file.name} may be read by others",
                remedy=f"chmod 600 secrets/{file.name}",
            )
        else:
            yield right("secrets", f"secrets/{file.name} is for its owner only")


def modes(configuration: TokenConfiguration) -> Iterator[Check]:
    """Look at the folders that hold keys, PINs and the ledger."""
    folders = (
        configuration.tokens,
        configuration.copies,
        configuration.pin_file.parent,
        Path(settings.SIGILL_LEDGER).parent,
    )
    open_ones = [one for one in folders if one.is_dir() and one.stat().st_mode & _OPEN]
    for folder in open_ones:
        name = (
            folder.relative_to(settings.SIGILL_HOME)
            if folder.is_relative_to(settings.SIGILL_HOME)
            else folder
        )
        yield wrong("modes", f"the folder {name} is open to others", remedy=f"chmod 700 {name}")
    if not open_ones:
        yield right("modes", "the folders of keys, PINs and ledger are for their owner only")


def disk(*, least: int = LEAST_FREE) -> Check:
    """Look at the room where everything is written."""
    free = shutil.disk_usage(settings.SIGILL_HOME).free
    said = f"{free // (1024 * 1024)} MB are free"
    if free < least:
        return wrong(
            "disk",
            f"the disk is full or nearly so: {said}, {least // (1024 * 1024)} MB are the least",
            remedy="make room: without it no revocation can be written to the ledger",
        )
    return right("disk", said)


def serving() -> Check:
    """Knock at the ports of the portal and the status server, as the settings have them."""
    ports = {"portal": settings.SIGILL_PORTAL_PORT, "status server": settings.SIGILL_STATUS_PORT}
    silent = [name for name, port in ports.items() if not _listens(port)]
    if len(silent) == len(ports):
        return note(
            "serving",
            "nothing serves: neither the portal nor the status server listens; `make up` starts them",
        )
    if silent:
        return wrong(
            "serving",
            f"the {silent[0]} does not listen; the other does",
            remedy="look at its log, start it again",
        )
    return right("serving", "the portal and the status server listen")


def clock(at: datetime) -> Iterator[Check]:
    """Compare the clock with what it is known to have passed: rows, and files on the disk."""
    rows = {
        "a certificate was issued": Certificate.objects.order_by("-issued_at").values_list(
            "issued_at", flat=True
        ),
        "a list was signed": Crl.objects.filter(signed_at__isnull=False)
        .order_by("-signed_at")
        .values_list("signed_at", flat=True),
    }
    newest = {what: found.first() for what, found in rows.items()}
    newest |= _last_written()
    late = {what: when for what, when in newest.items() if when is not None and when > at + _FUTURE}
    for what, when in late.items():
        yield wrong(
            "clock",
            f"the clock shows {at:%Y-%m-%d %H:%M} but {what} {when:%Y-%m-%d %H:%M}",
            remedy="set the clock (chrony, ntp) before anything is signed",
        )
    if not late:
        yield right("clock", f"{at:%Y-%m-%d %H:%M:%S} UTC, not before anything recorded or written")


def _last_written() -> dict[str, datetime]:
    """Return the file that was written last of those that outlive any row, and when."""
    public: Path = settings.SIGILL_PUBLIC
    dated = (Path(settings.SIGILL_LEDGER), *(public / "crl").glob("*.crl"), public / "chain.pem")
    written = [
        (datetime.fromtimestamp(file.stat().st_mtime, UTC), file.name) for file in dated if file.exists()
    ]
    return {f"{name} was written": when for when, name in sorted(written)[-1:]}


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=3):
            return True
    except OSError:
        return False
