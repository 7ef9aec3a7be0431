"""Makes and publishes CRLs, worker only: entries, completeness, number, intent, signature, outcome, file.

The arrows are those of certificates (``ca.issuance``): the number is taken in a committed row, the
intent is recorded before the signature and the outcome after it, and no transaction is open while the
signer works. The file is replaced last, from the recorded bytes, so a crash leaves it to the next run.
"""

import hashlib
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Max

from ca.crl_contents import NewRows, Window, demand_complete, gather_entries, new_keys, note_listed
from ca.crl_lists import WHOLE, CrlList, crl_file, lists_of, sequence
from ca.crl_schedule import is_due, look
from ca.errors import CrlRefused, SigningUnavailable
from ca.events import CrlIntended, CrlIssued
from ca.hsm.proxy import SignerSource
from ca.ledger import RevocationLedger
from ca.ledger_replay import append_missing, revocation_ledger
from ca.models import Crl, Issuer
from ca.pki.crl import issue_crl, prepare_crl
from ca.pki.errors import PkiError
from ca.pki.issuance import Prepared
from ca.pki.serial import hex_of
from ca.published_files import publish_crl_file, published_crl_number
from journal.actor import Actor
from journal.errors import DomainError
from journal.recording import record, rfc3339

_log: Final = logging.getLogger(__name__)

_TRIES: Final = 10


def publish_due(
    *, signers: SignerSource, actor: Actor, at: datetime, ledger: RevocationLedger | None = None
) -> int:
    """Publish every CRL whose time has come or that lacks a revocation; return how many were made.

    Cheap when nothing is due, and nothing but what is due is made. One list's fault does not keep the others
    from theirs; without a signer nothing is made, and ``SigningUnavailable`` is raised after recorded CRLs
    were put in their place.
    """
    made = 0
    unavailable: SigningUnavailable | None = None
    seen = look()
    for crl_list in _all_lists():
        try:
            restore_file(crl_list, at=at, latest=seen.newest.latest(crl_list))
            if is_due(crl_list, at=at, seen=seen):
                seen.newest.forget(crl_list)
                publish(crl_list, signers=signers, actor=actor, at=at, ledger=ledger)
                made += 1
        except SigningUnavailable as error:
            unavailable = error
        except CrlRefused as error:
            is_overtaken = error.facts.get("rule") == "overtaken"
            _log.log(
                logging.INFO if is_overtaken else logging.ERROR, "no CRL of %s: %s", crl_list.name, error
            )
        except (DomainError, PkiError, OSError) as error:
            _log.error("no CRL of %s: %s", crl_list.name, error)
    if unavailable is not None:
        raise unavailable
    return made


def publish_crl(
    issuer: Issuer,
    *,
    signers: SignerSource,
    actor: Actor,
    at: datetime,
    shard: int = WHOLE,
    ledger: RevocationLedger | None = None,
) -> Crl:
    """Make an issuer's full list, or one of its shards; see ``publish``."""
    crl_list = CrlList(issuer=issuer, shard=shard)
    return publish(crl_list, signers=signers, actor=actor, at=at, ledger=ledger)


def publish(
    crl_list: CrlList,
    *,
    signers: SignerSource,
    actor: Actor,
    at: datetime,
    ledger: RevocationLedger | None = None,
) -> Crl:
    """Make a CRL of everything that it must list, record it, put it in place and return its row.

    Raises ``CrlRefused`` when it would go back in time or number, would lose a revocation that the
    ledger knows (replay the ledger then), or was overtaken by another worker's; ``SigningUnavailable``;
    and what linting raises.
    """
    ledger = ledger or revocation_ledger()
    issuer, facts = crl_list.issuer, crl_list.facts
    # 1. What it follows, before anything is read: whoever records the next one first decides (arrow 6).
    before = sequence(issuer, crl_list.shard).defer("crl_der").order_by("-crl_number").first()
    full = CrlList(issuer=issuer, shard=crl_list.shard).latest
    window = Window.after(full, at=at, base=_base(crl_list, at=at) if crl_list.is_delta else None)
    _demand_later(crl_list, before, window)
    # 2. The entries, which other witnesses must not miss anything in.
    new = new_keys(crl_list, window)
    entries = gather_entries(crl_list, window)
    append_missing(issuer.key, map(hex_of, entries.serials), ledger=ledger)
    demand_complete(crl_list, entries, window, ledger=ledger)
    # 3. The number, 4. the intent, 5. one signature. Without a signer none of them.
    signer = signers.signer_for(issuer.key)
    crl = _take_number(crl_list, window, at=at)
    lasts = facts.plan.delta_crl_validity if crl_list.is_delta else facts.plan.crl_validity
    crl.this_update, crl.next_update = window.this_update, window.this_update + lasts
    crl.entry_count, crl.follows = len(entries), 0 if before is None else before.crl_number
    is_whole = crl_list.shard == WHOLE and not crl_list.is_delta
    has_delta = is_whole and facts.plan.delta_crl_interval and facts.plan.announces_deltas
    prepared = prepare_crl(
        issuer=facts,
        entries=entries,
        crl_number=crl.crl_number,
        this_update=crl.this_update,
        next_update=crl.next_update,
        base_crl_number=crl.base_crl_number,
        shard=None if crl_list.shard == WHOLE else crl_list.shard,
        freshest_crl=facts.delta_crl_url if has_delta else None,
    )
    _intend(crl, prepared, actor=actor, at=at)
    crl_der = issue_crl(prepared, signer)
    # 6. The outcome, 7. the file.
    _complete(crl_list, crl, crl_der, new, actor=actor, at=at)
    restore_file(crl_list, at=at)
    return Crl.objects.get(pk=crl.pk)


def restore_file(crl_list: CrlList, *, at: datetime, latest: Crl | None = None) -> bool:
    """Put the newest recorded CRL in its place if it is not there; return whether the file changed.

    ``latest`` is the newest, where the caller has read it already.

    A published CRL that is newer than any recorded one (the database is an old backup) stays; a file that
    the issuer's key did not sign does not.
    """
    latest, issuer = latest or crl_list.latest, crl_list.issuer
    if latest is None:
        return False
    issuer_der = bytes(issuer.certificate_der)
    changed = published_crl_number(crl_list.file, issuer_der=issuer_der) < latest.crl_number
    if changed:
        crl_der = bytes(latest.crl_der)
        publish_crl_file(crl_list.file, crl_der, crl_number=latest.crl_number, issuer_der=issuer_der, at=at)
    if latest.published_at is None:
        Crl.objects.filter(pk=latest.pk, published_at__isnull=True).update(published_at=at)
        older = crl_list.signed.filter(crl_number__lt=latest.crl_number)
        older.exclude(crl_der=b"").update(crl_der=b"")
    return changed


def _all_lists() -> Iterator[CrlList]:
    for issuer in Issuer.objects.filter(certified_at__isnull=False).order_by("key"):
        yield from lists_of(issuer)


def _base(crl_list: CrlList, *, at: datetime) -> Crl:
    """Return what a delta builds on: the oldest full list that can still be used.

    So whoever keeps any list that has not expired brings it up to date with the newest delta. The base stays
    until it expires. Lists from before their numbers were noted on the rows cannot be built on.
    """
    full = CrlList(issuer=crl_list.issuer, shard=crl_list.shard)
    usable = full.signed.defer("crl_der").filter(follows__isnull=False, next_update__gt=at)
    latest = crl_list.latest
    number = None if latest is None else latest.base_crl_number
    kept = None if number is None else usable.filter(crl_number=number).first()
    base = kept or usable.order_by("crl_number").first()
    if base is None:
        raise CrlRefused(
            f"there is no full CRL of {crl_list.issuer.key} to build on",
            facts={"issuer": crl_list.issuer.key, "rule": "base"},
        )
    return base


def _demand_later(crl_list: CrlList, before: Crl | None, window: Window) -> None:
    if before is None or before.this_update is None:
        return
    # Lists of one moment must say the same (RFC 5280 section 5.2.4): a full one and a delta never share one.
    is_of_other_kind = (before.base_crl_number is not None) is not crl_list.is_delta
    earliest = before.this_update + timedelta(seconds=is_of_other_kind)
    if window.this_update < earliest:
        raise CrlRefused(
            f"the clock shows a time before the last CRL of {crl_list.name}",
            facts={"issuer": crl_list.issuer.key, "rule": "time"},
        )


def _take_number(crl_list: CrlList, window: Window, *, at: datetime) -> Crl:
    """Take the next number in a committed row: above every number in the database and in the files."""
    issuer, shard = crl_list.issuer, crl_list.shard
    files = [crl_file(issuer, shard=shard)]
    if shard == WHOLE:
        files.append(crl_file(issuer, is_delta=True))
    issuer_der = bytes(issuer.certificate_der)
    for _ in range(_TRIES):
        taken = Crl.objects.filter(issuer=issuer, shard=shard).aggregate(Max("crl_number"))["crl_number__max"]
        published = (published_crl_number(file, issuer_der=issuer_der) for file in files)
        try:
            with transaction.atomic(durable=True):
                return Crl.objects.create(
                    issuer=issuer,
                    shard=shard,
                    crl_number=max(taken or 0, *published) + 1,
                    base_crl_number=None if window.base is None else window.base.crl_number,
                    reserved_at=at,
                )
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
            shard=_shard(crl),
            tbs_sha256=tbs_sha256,
        )
        record(event, actor=actor, at=at)


def _complete(
    crl_list: CrlList, crl: Crl, crl_der: bytes, new: NewRows, *, actor: Actor, at: datetime
) -> None:
    """Arrow 6: the list, what it took up, and the event, unless another list came between.

    Two workers that read the entries at the same time may have read different ones: the second to record
    would take off what the first has listed. A list follows the one that was newest before its entries were
    read, and no other list follows that one (constraint ``crl_follows_one_list``).
    """
    if crl.this_update is None or crl.next_update is None:
        raise CrlRefused("a CRL without times", facts={"rule": "time"})
    sha256 = hashlib.sha256(crl_der).hexdigest()
    overtaken = CrlRefused("another worker was faster", facts={"issuer": crl.issuer_id, "rule": "overtaken"})
    try:
        with transaction.atomic():
            newest = sequence(crl_list.issuer, crl_list.shard).aggregate(Max("crl_number"))["crl_number__max"]
            if (newest or 0) != crl.follows:
                raise overtaken
            changed = Crl.objects.filter(pk=crl.pk, signed_at__isnull=True).update(
                crl_der=crl_der,
                sha256=sha256,
                this_update=crl.this_update,
                next_update=crl.next_update,
                entry_count=crl.entry_count,
                follows=crl.follows,
                signed_at=at,
            )
            if changed != 1:
                raise CrlRefused("the CRL was recorded before", facts={"rule": "twice"})
            note_listed(crl_list, new, crl=crl, at=at)
            record(_issued(crl, sha256), actor=actor, at=at)
    except IntegrityError as error:
        raise overtaken from error


def _issued(crl: Crl, sha256: str) -> CrlIssued:
    if crl.this_update is None or crl.next_update is None:
        raise CrlRefused("a CRL without times", facts={"rule": "time"})
    return CrlIssued(
        issuer_id=crl.issuer_id,
        crl_number=str(crl.crl_number),
        shard=_shard(crl),
        entries=crl.entry_count,
        sha256=sha256,
        this_update=rfc3339(crl.this_update),
        next_update=rfc3339(crl.next_update),
    )


def _shard(crl: Crl) -> str:
    return str(crl.shard) if crl.base_crl_number is None else "delta"
