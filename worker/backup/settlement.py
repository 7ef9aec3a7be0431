"""Makes a restored installation true again: the journal says so, revoked stays revoked, nothing goes back.

In this order: schema, journal, ledger, revocations, CRL numbers; with the keys OCSP answers, CRLs, head.
Whatever fails here, nobody has seen anything of the new installation.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from ca.crl_publishing import publish_crl
from ca.hsm.faults import KeyAbsent
from ca.hsm.installation import token_configuration
from ca.hsm.keeper_signers import KeeperSigners
from ca.hsm.token_keeper import keep_token
from ca.ledger import RevocationLedger
from ca.ledger_replay import replay
from ca.models import Issuer
from ca.signature_counts import accept_differences
from journal import checkpoints, erasure, sequencing, tile_files
from journal.actor import Actor
from journal.recording import record
from journal.restores import ASIDE, DatabaseRestored, LostHeads, set_heads_aside
from ocsp import publisher
from ocsp.store.opening import open_store
from worker.backup import revocations
from worker.backup.errors import BackupRefused
from worker.backup.question import Answer, Question
from worker.events import RevocationsReplayed

_ACTOR: Final = Actor.system("restore")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    answers_published: int
    without_key: tuple[str, ...]


def settle(question: Question, *, at: datetime) -> Answer:
    """Settle the installation that the settings name.

    Raises ``DomainError``, ``StoreUnavailable`` and the database's errors; throw the installation away then.
    """
    outside: Path = settings.SIGILL_HOME / "journal" / "checkpoints"
    _bring_up_schema()
    lost = set_heads_aside(Path(question.present_heads), outside=outside, restore_id=question.restore_id)
    _tell_of_restore(question, lost, at=at)
    ledger = revocations.join_ledgers(Path(file) for file in question.ledgers)
    _erase_again(question, at=at)
    folders = [settings.SIGILL_PUBLIC / "crl", *(Path(folder) for folder in question.crl_folders)]
    crls = revocations.published_crls(folders)
    taken = revocations.take_from_crls(crls, ledger)
    replayed = replay(actor=_ACTOR, at=at, ledger=ledger)
    revocations.put_newest_in_place(crls)
    made_at = datetime.fromisoformat(question.backup_made_at)
    numbers = revocations.jump_crl_numbers(crls, since=made_at, at=at)
    told = RevocationsReplayed(
        restore_id=question.restore_id,
        ledger_entries=ledger.count(),
        taken_from_crls=taken,
        revoked_again=replayed.revoked,
        unknown_serials=replayed.unknown,
    )
    with transaction.atomic():
        record(told, actor=_ACTOR, at=at)
    # The keys have signed what the backup does not know: accepted here, counted and in the journal.
    accept_differences(reason="restored", actor=_ACTOR, at=at)
    signed = _sign(list(numbers), ledger=ledger, outside=outside, at=at)
    tile_files.start_over(
        settings.SIGILL_PUBLIC / "log",
        before=Path(question.present_log),
        aside=outside / ASIDE / question.restore_id / "log",
    )
    return Answer(
        lost_heads=lost.count,
        ledger_entries=told.ledger_entries,
        taken_from_crls=taken,
        revoked_again=replayed.revoked,
        unknown_serials=replayed.unknown,
        answers_published=signed.answers_published,
        crl_numbers=numbers,
        without_key=signed.without_key,
    )


def _erase_again(question: Question, *, at: datetime) -> None:
    """Destroy the keys of persons who were erased since the backup: it brought them back."""
    beside = [Path(file).with_name(settings.SIGILL_ERASURES.name) for file in question.ledgers]
    erasure.join(settings.SIGILL_ERASURES, beside)
    erasure.erase_again([settings.SIGILL_ERASURES], actor=_ACTOR, at=at)


def _bring_up_schema() -> None:
    loader = MigrationLoader(connection)
    known = set(loader.disk_migrations)
    known.update(old for one in loader.disk_migrations.values() for old in one.replaces)  # squashed since
    strange = set(loader.applied_migrations) - known
    if strange:
        app, name = min(strange)
        raise BackupRefused(f"the backup is of a newer version of Sigill: it knows {app} {name}")
    call_command("migrate", verbosity=0)


def _tell_of_restore(question: Question, lost: LostHeads, *, at: datetime) -> None:
    event = DatabaseRestored(
        restore_id=question.restore_id,
        backup_id=question.backup_id,
        backup_made_at=question.backup_made_at,
        restored_rows=question.restored_rows,
        restored_root_hash=question.restored_root_hash,
        lost_heads=lost.count,
        lost_heads_sha256=lost.sha256,
        lost_newest_rows=lost.newest_rows,
        lost_newest_root_hash=lost.newest_root_hash,
    )
    with transaction.atomic():
        Session.objects.all().delete()  # a session that was ended since the backup must not live again
        record(event, actor=_ACTOR, at=at)


def _sign(crl_names: list[str], *, ledger: RevocationLedger, outside: Path, at: datetime) -> _Signed:
    """Make with the restored keys, proving them, all that will be served, and sign the journal's head."""
    store = open_store(settings.SIGILL_OCSP_STORE_URL, settings.SIGILL_OCSP_STORE)
    without_key = []
    with keep_token(token_configuration(), patience=0) as keeper:
        keeper.start()
        signers = KeeperSigners(keeper)
        refreshed = publisher.refresh_due(store=store, signers=signers, at=at)
        if refreshed.failures:
            raise BackupRefused(f"OCSP answers could not be made: {refreshed}")
        for name in crl_names:
            key, _, shard = name.rpartition("/")
            issuer = Issuer.objects.get(key=key)
            try:
                publish_crl(issuer, shard=int(shard), signers=signers, actor=_ACTOR, at=at, ledger=ledger)
            except KeyAbsent:
                without_key.append(key)  # a root whose key is kept elsewhere
        while sequencing.sequence_committed():
            pass
        audit = signers.signer_for("audit")
        checkpoints.sign_head(
            origin=settings.SIGILL_JOURNAL_ORIGIN,
            public_key=audit.public_key,
            sign=audit.sign,
            outside=outside,
            at=at,
        )
    store.close()
    return _Signed(answers_published=refreshed.published, without_key=tuple(without_key))
