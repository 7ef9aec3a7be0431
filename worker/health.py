"""What the doctor looks at beside the CA: OCSP answers, their signers, and the journal's signed heads."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import DatabaseError

from ca.health.check import Check, note, right, wrong
from ca.health.examination import examine as examine_ca
from ca.hsm.configuration import TokenConfiguration
from ca.pki.time_stamp_file import FILE
from ca.selectors import is_finished, issuers
from ca.service_signers import SERVICES, newest
from ca.time_stamping import time_stamp_signer
from functioncerts.register_client import RENEWED_WITHIN, valid_until
from journal.audit_key import audit_key
from journal.checkpoints import head_is_signed
from journal.models import Checkpoint
from journal.stops import stoppage
from journal.verify import BrokenJournal, read_head
from ocsp.signer_certificates import newest_signer
from ocsp.store.interface import StoreUnavailable
from ocsp.store.opening import open_store
from worker.celery import app, is_embedded
from worker.production_health import production_checks

_PUBLISHER: Final = "the worker signs them again when it runs with a signer"
_SIGNER_LEFT: Final = timedelta(days=3)


def examine(configuration: TokenConfiguration, *, at: datetime) -> Iterator[Check]:
    """Look at the CA, then at what stands on it; nothing more where the CA's ground is missing."""
    checks = list(examine_ca(configuration, at=at))
    yield from checks
    blocking = {one.what for one in checks if one.is_right is False} & {
        "settings",
        "database",
        "policy",
        "ceremony",
    }
    if blocking:
        return
    is_serving = any(one.what == "serving" and one.is_right is not None for one in checks)
    yield from _broker()
    yield from _ocsp(at, is_serving=is_serving)
    yield from _signers(at, is_serving=is_serving)
    yield from _services(at, is_serving=is_serving)
    yield from _journal(is_serving=is_serving)
    yield from register_checks(at, is_serving=is_serving)
    yield from production_checks(at)


def _services(at: datetime, *, is_serving: bool) -> Iterator[Check]:
    """Look whether there are keys to seal and to stamp with, and whether the status services know which."""
    lacking = [one.profile for one in SERVICES if newest(one, at=at) is None]
    if lacking:
        said = f"no valid certificate of {', '.join(lacking)}: no report can be sealed"
        remedy = "the worker makes it when it runs with a signer"
        yield wrong("seal", said, remedy=remedy) if is_serving else note("seal", said)
        return
    file = Path(settings.SIGILL_PUBLIC) / FILE
    if file.is_file() and file.read_bytes() == time_stamp_signer(at=at).encode():
        yield right("seal", "reports are sealed, and time is stamped, with keys that last")
    else:
        said = "the status services have not been told which key stamps time"
        remedy = "the worker tells them"
        yield wrong("seal", said, remedy=remedy) if is_serving else note("seal", said)


def _ocsp(at: datetime, *, is_serving: bool) -> Iterator[Check]:
    folder = Path(settings.SIGILL_OCSP_STORE)
    if not settings.SIGILL_OCSP_STORE_URL and not folder.exists():
        said = "no OCSP answer has been published yet"
        yield wrong("OCSP", said, remedy="start the worker") if is_serving else note("OCSP", said)
        return
    try:
        freshness = open_store(settings.SIGILL_OCSP_STORE_URL, folder).freshness()
    except (StoreUnavailable, OSError) as error:
        url = settings.SIGILL_OCSP_STORE_URL
        remedy = (
            "see that Redis runs and lets us in; responders answer from their own copy meanwhile"
            if url
            else "stop every process, move ocsp/lmdb aside, start again: the worker signs every answer anew"
        )
        yield wrong("OCSP", f"the store of answers cannot be read: {_first_line(error)}", remedy=remedy)
        return
    if freshness.oldest_next_update is None:
        yield note("OCSP", "no OCSP answer is stored")
        return
    ends = datetime.fromtimestamp(freshness.oldest_next_update, UTC)
    if ends <= at:
        said = f"answers have expired since {ends:%Y-%m-%d %H:%M} UTC: who asks is told to try later"
        yield wrong("OCSP", said, remedy=_PUBLISHER) if is_serving else note("OCSP", said)
    else:
        hours = (ends - at).total_seconds() / 3600
        yield right("OCSP", f"{freshness.answers} answers, the oldest valid for {hours:.1f} hours more")


def _broker() -> Iterator[Check]:
    """Knock at the broker that carries the jobs; the embedded default has none."""
    if is_embedded():
        return
    try:
        with app.connection_for_write(settings.SIGILL_BROKER_URL, connect_timeout=3) as connection:
            connection.connect()
    except Exception as error:  # noqa: BLE001 - each transport has its own errors, and none may hide the rest
        said = f"the broker of the jobs does not answer: {_first_line(error)}"
        remedy = "start it, or see SIGILL_BROKER_URL; what waits stands in the database and is done then"
        yield wrong("broker", said, remedy=remedy)
    else:
        yield right("broker", "the broker of the jobs answers")


def _first_line(error: Exception) -> str:
    """Return what an error says, without the rest: no address with a password in it."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _signers(at: datetime, *, is_serving: bool) -> Iterator[Check]:
    lacking, ending = [], []
    for issuer in issuers():
        if is_finished(issuer, at=at):
            continue
        signer = newest_signer(issuer.key, at=at)
        if signer is None:
            lacking.append(issuer.key)
        elif signer.not_after - at < _SIGNER_LEFT:
            ending.append(issuer.key)
    if lacking or ending:
        said = f"none of {', '.join([*lacking, *ending])} lasts {_SIGNER_LEFT.days} days more"
        remedy = "the worker renews them when it runs with a signer"
        yield wrong("OCSP signers", said, remedy=remedy) if is_serving else note("OCSP signers", said)
    else:
        yield right("OCSP signers", "every issuer has one that lasts")


def register_checks(at: datetime, *, is_serving: bool) -> Iterator[Check]:
    """Look how long the registers know us by our certificate (mTLS); nothing where no address is https.

    An installation that does not serve yet has none: it is the first that its issuers make.
    """
    addresses = (settings.SIGILL_HSA_URL, settings.SIGILL_PU_URL)
    if not any(address.startswith("https://") for address in addresses):
        return
    file = Path(settings.SIGILL_REGISTER_CERTIFICATE)
    ends = valid_until(file)
    remedy = "manage.py register_certificate gets a new one; a worker must run"
    if not file.exists() and not is_serving:
        yield note("registers", "HSA and PU do not know us yet: manage.py register_certificate comes first")
    elif ends is None:
        yield wrong("registers", "HSA and PU do not know us: our certificate cannot be read", remedy=remedy)
    elif ends <= at:
        said = f"HSA and PU do not know us since {ends:%Y-%m-%d}, when our certificate ended"
        yield wrong("registers", said, remedy=remedy)
    elif ends - at <= RENEWED_WITHIN:
        said = f"our certificate for HSA and PU ends on {ends:%Y-%m-%d}: renew it before"
        yield wrong("registers", said, remedy=remedy)
    else:
        yield right("registers", f"HSA and PU know us until {ends:%Y-%m-%d}")


def _journal(*, is_serving: bool) -> Iterator[Check]:
    """Read the newest head as an auditor does, and ask whether anything waits for one."""
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is not None:
        file = Path(settings.SIGILL_HOME) / "journal" / "checkpoints" / f"{newest.size:012d}.txt"
        try:
            read_head(newest.note, audit_key(settings.SIGILL_HOME))
        except (BrokenJournal, OSError, ValueError) as error:
            yield wrong(
                "journal", f"the newest head does not verify: {error}", remedy="manage.py verify_journal"
            )
            return
        if not file.exists() or file.read_text() != newest.note:
            said = f"the head over {newest.size} rows is not outside the database as it was signed"
            yield wrong("journal", said, remedy="manage.py verify_journal says what differs")
            return
    try:
        stopped = stoppage()
    except DatabaseError as error:
        yield wrong("journal", f"the journal cannot be asked: {error}")
        return
    if stopped is not None and is_serving:
        said = f"the journal stands still ({stopped.value}): privileged acts are refused"
        yield wrong("journal", said, remedy="see that worker and signer run")
    elif not head_is_signed():
        yield note("journal", "entries wait for a signed head; the worker signs one every few seconds")
    else:
        yield right("journal", f"the head over {newest.size if newest else 0} rows verifies")
