"""Makes and publishes CRLs, worker only: number, entries, completeness, intent, signature, outcome, file.

The arrows are those of certificates (``ca.issuance``): the number is taken in a committed row, the
intent is recorded before the signature and the outcome after it, and no transaction is open while the
signer works. The file is replaced last, from the recorded bytes, so a crash leaves it to the next run.
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from ca.errors import CrlRefused, SigningUnavailable
from ca.events import CrlIntended, CrlIssued
from ca.hsm.proxy import SignerSource
from ca.ledger import RevocationLedger
from ca.ledger_replay import append_missing, revocation_ledger
from ca.models import Certificate, Crl, Issuer, SerialReservation
from ca.pki.crl import issue_crl, prepare_crl
from ca.pki.dates import whole_second
from ca.pki.issuance import Prepared
from ca.pki.issuer import IssuerFacts
from ca.pki.serial import serial_hex
from ca.policy_files import files_of
from ca.published_files import publish_crl_file, published_crl, published_crl_number
from ca.states import SerialState
from journal.actor import Actor
from journal.errors import DomainError
from journal.recording import record, rfc3339

_log: Final = logging.getLogger(__name__)

WHOLE: Final = -1
"""The shard that holds everything: there is one CRL only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    serial_hex: str
    entry_der: bytes


def publish_due(
    *, signers: SignerSource, actor: Actor, at: datetime, ledger: RevocationLedger | None = None
) -> int:
    """Publish every CRL whose time has come or that lacks a revocation; return how many were made.

    Cheap when nothing is due. One issuer's fault does not keep the others from theirs; without a signer
    nothing is made, and ``SigningUnavailable`` is raised after recorded CRLs were put in their place.
    """
    made = 0
    unavailable: SigningUnavailable | None = None
    for issuer in Issuer.objects.filter(certified_at__isnull=False).order_by("key"):
        for shard in _shards(issuer):
            try:
                restore_file(issuer, shard=shard, at=at)
                if is_due(issuer, shard=shard, at=at):
                    publish_crl(issuer, shard=shard, signers=signers, actor=actor, at=at, ledger=ledger)
                    made += 1
            except SigningUnavailable as error:
                unavailable = error
            except DomainError as error:
                _log.error("no CRL of %s: %s", issuer.key, error)
    if unavailable is not None:
        raise unavailable
    return made


def is_due(issuer: Issuer, *, at: datetime, shard: int = WHOLE) -> bool:
    """Tell whether a CRL must be made: none yet, its interval is over, or a revocation is not on it."""
    latest = _latest(issuer, shard)
    if latest is None or latest.this_update is None:
        return True
    if at >= latest.this_update + files_of(issuer).hierarchy.issuer(issuer.key).crl_interval:
        return True
    return any(_rows_of(issuer, shard, missing=True, after=at))


def publish_crl(
    issuer: Issuer,
    *,
    signers: SignerSource,
    actor: Actor,
    at: datetime,
    shard: int = WHOLE,
    ledger: RevocationLedger | None = None,
) -> Crl:
    """Make a CRL of everything that is revoked, record it, put it in place and return its row.

    Raises ``CrlRefused`` when it would go back in time or number, or would lose a revocation that the
    ledger knows (replay the ledger then), ``SigningUnavailable``, and what linting raises.
    """
    ledger = ledger or revocation_ledger()
    facts = files_of(issuer).facts_of(issuer)
    latest = _latest(issuer, shard)
    this_update = whole_second(at)
    if latest is not None and latest.this_update is not None and this_update < latest.this_update:
        raise CrlRefused(
            f"the clock shows a time before the last CRL of {issuer.key}",
            facts={"issuer": issuer.key, "rule": "time"},
        )
    append_missing(issuer.key, at=at, ledger=ledger)
    # RFC 5280 section 3.3: an entry stays until it was on one regular CRL beyond the certificate's validity.
    expired_after = this_update if latest is None or latest.this_update is None else latest.this_update
    lines = list(_rows_of(issuer, shard, missing=False, after=expired_after))
    _demand_complete(issuer, facts, shard, lines, ledger=ledger, at=at)
    crl = _take_number(issuer, shard, at=at)
    next_update = this_update + facts.plan.crl_validity
    prepared = prepare_crl(
        issuer=facts,
        entries=[line.entry_der for line in lines],
        crl_number=crl.crl_number,
        this_update=this_update,
        next_update=next_update,
        distribution_point=None if shard == WHOLE else facts.crl_url_of(shard),
    )
    _intend(crl, prepared, actor=actor, at=at)
    crl_der = issue_crl(prepared, signers.signer_for(issuer.key))
    crl.this_update, crl.next_update, crl.entry_count = this_update, next_update, len(lines)
    _complete(crl, crl_der, actor=actor, at=at)
    restore_file(issuer, shard=shard, at=at)
    _note_listed(issuer, lines, at=at)
    return Crl.objects.get(pk=crl.pk)


def restore_file(issuer: Issuer, *, at: datetime, shard: int = WHOLE) -> bool:
    """Put the newest recorded CRL in its place if it is not there; return whether the file changed.

    A published CRL that is newer than any recorded one (the database is an old backup) stays; a file that
    the issuer's key did not sign does not.
    """
    latest = _latest(issuer, shard)
    if latest is None:
        return False
    file = crl_file(issuer, shard=shard)
    issuer_der = bytes(issuer.certificate_der)
    changed = published_crl_number(file, issuer_der=issuer_der) < latest.crl_number
    if changed:
        crl_der = bytes(latest.crl_der)
        publish_crl_file(file, crl_der, crl_number=latest.crl_number, issuer_der=issuer_der, at=at)
    if latest.published_at is None:
        Crl.objects.filter(pk=latest.pk, published_at__isnull=True).update(published_at=at)
        older = Crl.objects.filter(issuer=issuer, shard=shard, crl_number__lt=latest.crl_number)
        older.exclude(crl_der=b"").update(crl_der=b"")
    return changed


def crl_file(issuer: Issuer, *, shard: int = WHOLE) -> Path:
    """Return where an issuer's CRL is published."""
    suffix = "" if shard == WHOLE else f"-{shard}"
    folder: Path = settings.SIGILL_PUBLIC / "crl"
    return folder / f"{issuer.file_stem}{suffix}.crl"


def _shards(issuer: Issuer) -> range:
    count = files_of(issuer).hierarchy.issuer(issuer.key).crl_shards
    return range(WHOLE, 0) if count == 1 else range(count)


def _latest(issuer: Issuer, shard: int) -> Crl | None:
    signed = Crl.objects.filter(issuer=issuer, shard=shard, signed_at__isnull=False)
    # The bytes may be megabytes, and this is asked every few seconds: they are read when they are needed.
    return signed.defer("crl_der").order_by("-crl_number").first()


def _rows_of(issuer: Issuer, shard: int, *, missing: bool, after: datetime) -> Iterator[_Line]:
    """Yield the entries of revoked certificates, and of burnt serials that may have been signed.

    Those that expired before ``after`` are left out; with ``missing``, those that no CRL has had yet.
    """
    facts = files_of(issuer).facts_of(issuer)
    revoked = Certificate.objects.filter(issuer=issuer, revoked_at__isnull=False, not_after__gte=after)
    burnt = SerialReservation.objects.filter(issuer=issuer, state=SerialState.BURNT.value).exclude(
        crl_entry_der=b""
    )
    burnt = burnt.filter(Q(not_after__gte=after) | Q(not_after__isnull=True))
    for rows in (revoked, burnt):
        chosen = rows.filter(crl_listed_at__isnull=True) if missing else rows
        values = chosen.order_by("pk").values_list("serial_hex", "crl_entry_der")
        for number, entry_der in values.iterator(chunk_size=5000):
            if shard == WHOLE or facts.shard_of(int(number, 16)) == shard:
                yield _Line(serial_hex=number, entry_der=bytes(entry_der))


def _demand_complete(
    issuer: Issuer,
    facts: IssuerFacts,
    shard: int,
    lines: list[_Line],
    *,
    ledger: RevocationLedger,
    at: datetime,
) -> None:
    """Refuse to lose a revocation (design decision 7), and to list a serial twice (F2)."""
    listed = [line.serial_hex for line in lines]
    if len(set(listed)) != len(listed):
        raise CrlRefused(
            "a serial number would be listed twice", facts={"issuer": issuer.key, "rule": "twice"}
        )
    known = {
        serial
        for serial in ledger.revoked_serials(issuer.key, at=at)
        if shard == WHOLE or facts.shard_of(int(serial, 16)) == shard
    }
    gone = _published_serials(issuer, shard) - set(listed)
    lost = (known - set(listed)) | (gone - _expired(issuer, gone, at=at))
    if lost:
        raise CrlRefused(
            f"the CRL of {issuer.key} would lose {len(lost)} revoked certificates; replay the ledger",
            facts={"issuer": issuer.key, "rule": "incomplete", "lost": str(len(lost))},
        )


def _published_serials(issuer: Issuer, shard: int) -> set[str]:
    crl = published_crl(crl_file(issuer, shard=shard), issuer_der=bytes(issuer.certificate_der))
    return set() if crl is None else {serial_hex(entry.serial_number) for entry in crl}


def _expired(issuer: Issuer, serials: set[str], *, at: datetime) -> set[str]:
    """Return those serials whose certificates, as the database knows them, have expired."""
    expired: set[str] = set()
    ordered = sorted(serials)
    for start in range(0, len(ordered), 500):
        chunk = ordered[start : start + 500]
        for model in (Certificate, SerialReservation):
            rows = model.objects.filter(issuer=issuer, serial_hex__in=chunk, not_after__lt=at)
            expired.update(rows.values_list("serial_hex", flat=True))
    return expired


def _take_number(issuer: Issuer, shard: int, *, at: datetime) -> Crl:
    """Take the next number in a committed row: above every number in the database and in the file."""
    file, issuer_der = crl_file(issuer, shard=shard), bytes(issuer.certificate_der)
    for _ in range(10):
        highest = Crl.objects.filter(issuer=issuer, shard=shard).aggregate(Max("crl_number"))[
            "crl_number__max"
        ]
        number = max(highest or 0, published_crl_number(file, issuer_der=issuer_der)) + 1
        try:
            with transaction.atomic(durable=True):
                return Crl.objects.create(issuer=issuer, shard=shard, crl_number=number, reserved_at=at)
        except IntegrityError:
            continue
    raise CrlRefused("no CRL number could be had", facts={"issuer": issuer.key, "rule": "number"})


def _intend(crl: Crl, prepared: Prepared, *, actor: Actor, at: datetime) -> None:
    tbs_sha256 = hashlib.sha256(prepared.tbs_der).hexdigest()
    with transaction.atomic(durable=True):
        Crl.objects.filter(pk=crl.pk, tbs_sha256="").update(tbs_sha256=tbs_sha256)
        event = CrlIntended(
            issuer_id=crl.issuer_id,
            crl_number=str(crl.crl_number),
            shard=str(crl.shard),
            tbs_sha256=tbs_sha256,
        )
        record(event, actor=actor, at=at)


def _complete(crl: Crl, crl_der: bytes, *, actor: Actor, at: datetime) -> None:
    if crl.this_update is None or crl.next_update is None:
        raise CrlRefused("a CRL without times", facts={"rule": "time"})
    sha256 = hashlib.sha256(crl_der).hexdigest()
    with transaction.atomic():
        changed = Crl.objects.filter(pk=crl.pk, signed_at__isnull=True).update(
            crl_der=crl_der,
            sha256=sha256,
            this_update=crl.this_update,
            next_update=crl.next_update,
            entry_count=crl.entry_count,
            signed_at=at,
        )
        if changed != 1:
            raise CrlRefused("the CRL was recorded before", facts={"rule": "twice"})
        record(
            CrlIssued(
                issuer_id=crl.issuer_id,
                crl_number=str(crl.crl_number),
                shard=str(crl.shard),
                entries=crl.entry_count,
                sha256=sha256,
                this_update=rfc3339(crl.this_update),
                next_update=rfc3339(crl.next_update),
            ),
            actor=actor,
            at=at,
        )


def _note_listed(issuer: Issuer, lines: list[_Line], *, at: datetime) -> None:
    """Note on which rows the CRL has taken up what was new, so that nothing makes another for them."""
    listed = {line.serial_hex for line in lines}
    for model in (Certificate, SerialReservation):
        rows = model.objects.filter(issuer=issuer, crl_listed_at__isnull=True).exclude(crl_entry_der=b"")
        fresh = [serial for serial in rows.values_list("serial_hex", flat=True) if serial in listed]
        for start in range(0, len(fresh), 500):
            rows.filter(serial_hex__in=fresh[start : start + 500]).update(crl_listed_at=at)
