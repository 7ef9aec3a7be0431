"""What is recorded: the revocation ledger, requests that wait, signatures without a row, strange logins."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings

from ca.errors import LedgerDamaged
from ca.health.check import Check, note, right, wrong
from ca.hsm.configuration import TokenConfiguration
from ca.hsm.login_count import foreign_logins
from ca.ledger_replay import revocation_ledger
from ca.models import Certificate
from ca.selectors import requests_waiting
from ca.signature_counts import key_figures, signed_by_label

_WAITING: Final = timedelta(minutes=2)
_TOLD: Final = timedelta(minutes=1)
"""The ledger is written before anybody is told, a moment after the database."""
_ACCEPT: Final = (
    "find out who used the key; until then treat it as compromised. When it is explained: "
    "manage.py accept_signatures --reason restored, maintenance, migration or test"
)


def ledger(at: datetime) -> Iterator[Check]:
    """Read the ledger, try that it can be appended to, and compare it with the database."""
    file = Path(settings.SIGILL_LEDGER)
    try:
        entries = revocation_ledger().entries()
    except (LedgerDamaged, OSError) as error:
        yield wrong(
            "ledger",
            f"the ledger cannot be read: {error}",
            remedy="move it aside and run manage.py complete_ledger; keep what was moved: it is evidence",
        )
        return
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if file.exists():
            file.open("ab").close()
    except OSError as error:
        yield wrong(
            "ledger",
            f"the ledger cannot be written, so no revocation is published: {error.strerror}",
            remedy=f"make {file.parent.name}/{file.name} writable for the worker's user; see room and mount",
        )
        return
    listed = {entry.name for entry in entries if entry.expires_at > at}
    undone = 0
    for issuer in {issuer for issuer, _ in listed}:
        serials = sorted(serial for key, serial in listed if key == issuer)
        for start in range(0, len(serials), 500):
            undone += Certificate.objects.filter(
                issuer_id=issuer, serial_hex__in=serials[start : start + 500], revoked_at__isnull=True
            ).count()
    if undone:
        said = f"{undone} certificates are revoked in the ledger and not in the database"
        yield wrong(
            "ledger", said, remedy="the database is an old copy: restore the newest backup, it replays them"
        )
        return
    lacking = _not_in_ledger(at)
    if lacking:
        said = f"{lacking} certificates are revoked in the database and not in the ledger"
        remedy = "manage.py complete_ledger adds them: until then an old backup could make them good again"
        yield wrong("ledger", said, remedy=remedy)
        return
    yield right("ledger", f"{len(entries)} revocations, none undone, none lacking; it can be written")


def _not_in_ledger(at: datetime) -> int:
    """Count what was revoked a minute ago or more, has not expired, and is not in the ledger."""
    revoked = Certificate.objects.filter(revoked_at__lt=at - _TOLD, not_after__gt=at)
    by_issuer: dict[str, list[str]] = {}
    for issuer, serial in revoked.values_list("issuer_id", "serial_hex").iterator(chunk_size=2000):
        by_issuer.setdefault(issuer, []).append(serial)
    known = revocation_ledger()
    return sum(len(known.unknown(issuer, serials)) for issuer, serials in by_issuer.items())


def requests(at: datetime) -> Check:
    """Look for requests that nobody works on."""
    late = requests_waiting(before=at - _WAITING)
    if late:
        return wrong(
            "requests",
            f"{late} requests have waited for more than two minutes",
            remedy="see that signer and worker run; their logs say what stops them",
        )
    return right("requests", "no request waits")


def signatures(configuration: TokenConfiguration) -> Iterator[Check]:
    """Compare what each CA key has signed with the rows that account for it (reliability F36)."""
    figures = key_figures()
    if not signed_by_label():
        if configuration.is_file_token and configuration.tokens.is_dir() and figures:
            yield wrong(
                "signatures",
                "the signer's counters are gone: nothing tells whether a key was used past the rows",
                remedy="stop the signer, manage.py restore BACKUP --only hsm/counts, ask the doctor again",
            )
        else:
            yield note("signatures", "the signer's counters are not on this machine")
        return
    strange = [one for one in figures if one.without_a_row]
    for one in strange:
        yield wrong(
            "signatures",
            f"{one.label} has signed {one.without_a_row} times without a row: {one.signed} signatures, "
            f"{one.certificates} certificates, {one.crls} CRLs, {one.uncertain} uncertain",
            remedy=_ACCEPT,
        )
    for one in figures:
        if one.rows_without_signature:
            yield wrong(
                "signatures",
                f"{one.label} has {one.rows_without_signature} rows more than signatures: "
                "its counter was set back",
                remedy="find out who set it back: that hides uses of the key. When it is explained: "
                "manage.py accept_signatures --reason maintenance",
            )
    if not strange:
        total = sum(one.signed for one in figures)
        yield right("signatures", f"{len(figures)} CA keys made {total} signatures, 0 without a row")


def logins(configuration: TokenConfiguration) -> Iterator[Check]:
    """Ask the token's own figure whether somebody else has logged in."""
    if not configuration.is_file_token:
        return
    foreign = foreign_logins(configuration)
    if foreign:
        said = f"{foreign} logins to the token were not made by this installation"
        yield wrong("logins", said, remedy=_ACCEPT)
    else:
        yield right("logins", "nobody else has logged in to the token")
