"""The periodic jobs: each is safe to run twice, to miss, and to be killed in."""

import time
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from authn.lifecycle import fail_late_orders, reduce_finished_orders
from authn.mtls.lifecycle import fail_late_attempts, reduce_finished_attempts
from authn.rate_limits import forget_old_counts
from ca.batch_issuance import issue_pending
from ca.crl_looking import CrlLooking
from ca.hsm.proxy import SocketSigners
from ca.service_signers import NoServiceSigner, renew_due
from ca.time_stamping import tell_status_services
from cards import stock_places
from cards.activation import expire_activations
from cards.basis import block_card_on_basis
from cards.block_requests import forget_old_requests
from cards.bulk import placing as bulk_orders
from cards.errors import FactoryUnavailable
from cards.factory import connect
from cards.manufacturing.receiving import poll_factory_files
from cards.manufacturing.retention import thin_out
from cards.manufacturing.sending import send_due_batches
from cards.mobile.making import expire_mobiles
from cards.outdated import remove_outdated_order, remove_outdated_orders
from cards.pictures.purging import purge_pictures as purge_due_pictures
from cards.puk_letters import note_posted_puk_letters, send_due_puk_letters
from cards.reminders import remind_holders
from cards.renewal.renewing import expire_renewals
from cards.unactivated import block_unactivated_cards
from cards.unlocking import expire_unlocks
from directory import (
    appointments,
    basis_decisions,
    confirmations,
    hsa_roles,
    hsa_sync,
    pu_sync,
    registers,
    sync_decisions,
)
from directory.basis_models import BasisSubject
from directory.errors import SyncRunTaken
from directory.models import SyncRun, SyncState
from directory.role_basis import revoke_outdated_role
from functioncerts.acme.validating import probes
from functioncerts.hsa_reading import read_functions
from functioncerts.key_making import make_due_keys
from functioncerts.key_parcels import wipe_overdue
from functioncerts.lifecycle import settle_orders as settle_function_orders
from functioncerts.notice_mails import raise_digests
from functioncerts.notices import raise_due
from functioncerts.smpp import gateway as sms_gateway
from functioncerts.validation_checks import check_due
from functioncerts.validation_reminders import remind_due
from journal import checkpoints, tile_files
from journal.actor import Actor
from journal.audit_key import audit_key
from journal.watching import watch
from ocsp import publisher, specimens
from reports.lifecycle import delete_due
from reports.old_reports import delete_closed
from reports.schedules import run_due
from reports.sealed_receipts import delete_due_receipts
from worker import acme, probing
from worker.archive import archive_segments
from worker.certificate_mails import send_certificates
from worker.expiry_notices import read_bounces
from worker.expiry_notices import send_notices as hand_over_notices
from worker.jobs import run_job
from worker.order_files import OrderFileKeys
from worker.retention import due
from worker.signer_watch import watch_signer
from worker.wiring import signers, status_store

_crl_looking = CrlLooking()
_ORDERING_TURN = timedelta(seconds=1.8)
"""How long a run of orders for several lasts: it begins anew every two seconds, and others get their turn."""


@shared_task
def issue_waiting() -> None:
    """Issue what a consumer left behind: requests whose worker died in the middle."""

    def work(now: datetime) -> str:
        issued = issue_pending(
            signers=signers(),
            actor=Actor.system("issuance"),
            at=now,
            first=settings.SIGILL_ISSUE_FIRST,
        )
        return f"{issued} issued"

    run_job("issue_waiting", work)


@shared_task
def publish_crls() -> None:
    """Publish every CRL that is due or lacks a revocation."""

    def work(now: datetime) -> str:
        actor = Actor.system("crl_publishing")
        return f"{_crl_looking.publish_due(signers=signers(), actor=actor, at=now)} published"

    run_job("publish_crls", work)


@shared_task
def refresh_ocsp() -> None:
    """Sign again the answers that are past half their life, and renew OCSP signers in time."""

    def work(now: datetime) -> str:
        return str(publisher.refresh_due(store=status_store(), signers=signers(), at=now))

    run_job("refresh_ocsp", work)


@shared_task
def keep_service_signers() -> None:
    """Renew what reports are sealed and stamped with, and tell the status services which key stamps."""

    def tell(now: datetime) -> str:
        try:
            return ", told the status services" if tell_status_services(at=now) else ""
        except NoServiceSigner:
            return ", none is published yet"

    def work(now: datetime) -> str:
        try:
            renewed = renew_due(signers=signers(), at=now)
        finally:  # which key stamps is told although another service's certificate failed
            told = tell(now)
        return f"{renewed} renewed{told}"

    run_job("keep_service_signers", work)


@shared_task
def watch_revocations() -> None:
    """Ask from outside whether each fresh revocation is seen everywhere."""
    run_job("watch_revocations", lambda _: probing.watch())


@shared_task
def measure_status() -> None:
    """Ask everything as a relying service does; what would soon be past its nextUpdate is an alarm."""
    run_job("measure_status", lambda _: probing.measure())


@shared_task
def keep_specimens() -> None:
    """Make the test certificates of the status page, and keep them alive."""
    run_job("keep_specimens", lambda now: specimens.keep_specimens(at=now))


@shared_task
def sign_head() -> None:
    """Sign the journal's head when something happened since the last one, and publish the tree."""

    def work(now: datetime) -> str:
        told = "nothing new" if checkpoints.head_is_signed() else _sign(now)
        published = tile_files.publish(settings.SIGILL_PUBLIC / "log")
        return f"{told}, {published} rows published" if published else told

    run_job("sign_head", work)


def _sign(now: datetime) -> str:
    audit, origin = signers().signer_for("audit"), settings.SIGILL_JOURNAL_ORIGIN
    head = checkpoints.sign_head(
        origin=origin,
        public_key=audit.public_key,
        sign=audit.sign,
        outside=settings.SIGILL_HOME / "journal" / "checkpoints",
        at=now,
    )
    tile_files.publish_key(settings.SIGILL_PUBLIC / "log", checkpoints.verifier_key(origin, audit.public_key))
    return f"head over {head.size} rows" if head else "signed by another worker"


@shared_task
def watch_journal() -> None:
    """Check that the journal is as it was signed: what is new, and on with the reading of everything."""

    def work(now: datetime) -> str:
        return watch(
            key=audit_key(settings.SIGILL_HOME),
            outside=settings.SIGILL_HOME / "journal" / "checkpoints",
            actor=Actor.system("journal.watch"),
            at=now,
        )

    run_job("watch_journal", work)


@shared_task
def send_orders() -> None:
    """Hand over the orders whose next attempt is due."""

    def work(now: datetime) -> str:
        actor, factory = Actor.system("production"), connect()
        orders = send_due_batches(
            factory=factory,
            sealing=OrderFileKeys(signers=signers()),
            actor=actor,
            at=now,
            clock=timezone.now,
        )
        letters = send_due_puk_letters(factory=factory, sealing=_letter_keys(), actor=actor, at=now)
        return f"{orders} sent, {letters} PUK letters"

    run_job("send_orders", work)


@shared_task
def poll_factory() -> None:
    """Fetch and apply what the factory reports, of cards and of letters."""

    def work(now: datetime) -> str:
        try:
            actor, factory = Actor.system("production"), connect()
            sealing = OrderFileKeys(signers=signers())
            count = poll_factory_files(factory=factory, sealing=sealing, actor=actor, at=now)
            posted = note_posted_puk_letters(factory=factory, sealing=_letter_keys(), actor=actor, at=now)
        except FactoryUnavailable as error:
            return f"the factory does not answer: {error}"
        return f"{count} files, {posted} PUK letters posted"

    run_job("poll_factory", work)


def _letter_keys() -> OrderFileKeys:
    """Return what protects orders of letters: the printer may be another house than the factory."""
    return OrderFileKeys(signers=signers(), certificates=Path(settings.SIGILL_LETTER_CERTIFICATE))


@shared_task
def end_overdue() -> None:
    """End what has run out of time: login orders, activations, orders waiting for a certificate."""

    def work(now: datetime) -> str:
        actor = Actor.system("end_overdue")
        orders = fail_late_orders(actor=actor, at=now)
        attempts = fail_late_attempts(actor=actor, at=now)
        reduced = reduce_finished_orders(at=now) + reduce_finished_attempts(at=now)
        activations = expire_activations(actor=actor, at=now)
        unlocks = expire_unlocks(actor=actor, at=now)
        renewals = expire_renewals(actor=actor, at=now)
        mobiles = expire_mobiles(actor=actor, at=now)
        functions = settle_function_orders(actor=actor, at=now)
        forget_old_counts(at=now)
        sessions = import_string(settings.SIGILL_SESSION_ENDERS["time"])(actor=actor, at=now)
        sums = import_string(settings.SIGILL_REFUSALS_TELLER)(at=now)
        return (
            f"{orders} logins, {attempts} by certificate, {sessions} sessions, {activations} activations, "
            f"{unlocks} unlockings, {renewals} renewals, {mobiles} mobiles, {functions} function orders, "
            f"{reduced} login orders reduced to their record, {sums} sums of refusals told"
        )

    run_job("end_overdue", work)


@shared_task
def acme_due() -> None:
    """Take up what ACME's accounts wait for and no event has brought about."""
    run_job("acme_due", lambda _now: acme.look_at_due())


@shared_task
def run_schedules() -> None:
    """Order the recurring reports that are due, also those of periods that were missed."""

    def work(now: datetime) -> str:
        return f"{run_due(actor=Actor.system('report_schedules'), at=now)} ordered"

    run_job("run_schedules", work)


@shared_task
def delete_reports() -> None:
    """Remove the files of reports whose days are over."""

    def work(now: datetime) -> str:
        actor = Actor.system("reports")
        reports = delete_due(actor=actor, at=now) + delete_due_receipts(actor=actor, at=now)
        return f"{reports} deleted, {delete_closed(actor=actor, at=now)} old ones"

    run_job("delete_reports", work)


@shared_task
def sync_hsa() -> None:
    """Read HSA through the night and keep what it says (POR-14, HSA-1)."""

    def work(now: datetime) -> str:
        run = hsa_sync.sync_hsa(actor=Actor.system("directory.sync_hsa"), at=now, clock=timezone.now)
        return f"{run.state}: {run.read} of {run.asked} read, {run.changed} changed {run.failure}"

    run_job("sync_hsa", work)


@shared_task
def sync_pu() -> None:
    """Read PU through the night and keep what it says (POR-8, PU-1)."""

    def work(now: datetime) -> str:
        run = pu_sync.sync_pu(actor=Actor.system("directory.sync_pu"), at=now, clock=timezone.now)
        return f"{run.state}: {run.read} of {run.asked} read, {run.changed} changed {run.failure}"

    run_job("sync_pu", work)


@shared_task
def sync_requested() -> None:
    """Read the registers that somebody asked for on the page."""
    waiting = SyncRun.objects.filter(state=SyncState.REQUESTED.value).order_by("started_at")
    for run_id, register in waiting.values_list("pk", "register"):
        run_job(f"sync_{register}", partial(_sync_requested, register, run_id))


def _sync_requested(register: str, run_id: UUID, now: datetime) -> str:
    actor, read = Actor.system(f"directory.sync_{register}"), _SYNCS[register]
    try:
        run = read(actor=actor, at=now, run_id=run_id, clock=timezone.now)
    except SyncRunTaken:
        return "another worker reads it"
    return f"{run.state}: {run.read} of {run.asked} read, {run.changed} changed {run.failure}"


@shared_task
def carry_out_decisions() -> None:
    """Do what people decided about readings and on basis lists, and what a killed worker left of it."""
    if not sync_decisions.is_something_left() and not basis_decisions.is_something_left():
        return

    def work(now: datetime) -> str:
        actor = Actor.system("decisions")
        rows = sync_decisions.carry_out_decisions(actor=actor, at=now)
        for subject, act in _BASIS_ACTS.items():
            rows += basis_decisions.carry_out(subject, act, actor=actor, at=now)
        return f"{rows} rows"

    run_job("carry_out_decisions", work)


@shared_task
def order_for_several() -> None:
    """Check and place the next rows of orders for several (POR-17), and what a killed worker left of them."""
    if not bulk_orders.is_something_left():
        return

    def work(_: datetime) -> str:
        checked, placed = bulk_orders.carry_on(
            actor=Actor.system("bulk_orders"), clock=timezone.now, patience=_ORDERING_TURN
        )
        return f"{checked} rows checked, {placed} done"

    run_job("order_for_several", work)


@shared_task
def remove_outdated() -> None:
    """Remove orders that were never made (POR-13)."""

    def work(now: datetime) -> str:
        told = remove_outdated_orders(actor=Actor.system("remove_outdated"), at=now)
        return f"{told}, {bulk_orders.tidy_up(actor=Actor.system('bulk_orders'), at=now)} for several"

    run_job("remove_outdated", work)


@shared_task
def purge_pictures() -> None:
    """Purge photos and signatures that are no longer needed (POR-17)."""
    run_job("purge_pictures", lambda now: purge_due_pictures(actor=Actor.system("purge_pictures"), at=now))


@shared_task
def block_unactivated() -> None:
    """Block cards that nobody activated in time (POR-12)."""

    def work(now: datetime) -> str:
        return block_unactivated_cards(actor=Actor.system("block_unactivated"), at=now)

    run_job("block_unactivated", work)


@shared_task
def remind_card_holders() -> None:
    """Tell holders that their card ends (domain.md 2.10)."""

    def work(now: datetime) -> str:
        return f"{remind_holders(actor=Actor.system('remind_card_holders'), at=now)} reminded"

    run_job("remind_card_holders", work)


@shared_task
def tell_of_low_stock() -> None:
    """Tell those responsible of places with few reserve cards (CRD-4)."""

    def work(now: datetime) -> str:
        return stock_places.tell_of_low_stock(actor=Actor.system("tell_of_low_stock"), at=now)

    run_job("tell_of_low_stock", work)


_SYNCS = {"hsa": hsa_sync.sync_hsa, "pu": pu_sync.sync_pu}
_BASIS_ACTS = {
    BasisSubject.CARD: block_card_on_basis,
    BasisSubject.ROLE: revoke_outdated_role,
    BasisSubject.ORDER: remove_outdated_order,
}


@shared_task
def sync_roles() -> None:
    """Read the commissions in HSA that give roles here (HSA-2)."""

    def work(now: datetime) -> str:
        done = hsa_roles.sync_roles(actor=Actor.system("directory.sync_roles"), at=now)
        return (
            f"{done.read} of {done.asked} read, {done.given} given, {done.lapsed} lapsed, {done.held} held, "
            f"{done.refused} refused {done.failure}"
        )

    run_job("sync_roles", work)


@shared_task
def care_for_roles() -> None:
    """Remind of roles that nobody has confirmed for long, and take back what nobody did (GOV-2)."""

    def work(now: datetime) -> str:
        actor = Actor.system("directory.care_for_roles")
        reminded = confirmations.remind_due(actor=actor, at=now)
        waited = appointments.lapse_waiting(actor=actor, at=now)
        lapsed = confirmations.lapse_due(actor=actor, at=now)
        return f"{reminded} reminded of, {lapsed} lapsed, {waited} requests lapsed"

    run_job("care_for_roles", work)


@shared_task
def watch_hsm() -> None:
    """Look at the signer and tell the journal of faults and repairs."""

    def work(now: datetime) -> str:
        return watch_signer(SocketSigners(settings.SIGILL_SIGNER_SOCKET, patience=2.0), at=now)

    run_job("watch_hsm", work)


@shared_task
def retain() -> None:
    """List what the journal may forget (a person's act), archive its closed segments, delete what is old."""

    def work(now: datetime) -> str:
        archived = archive_segments(actor=Actor.system("retain"), at=now)
        forgotten = forget_old_requests(actor=Actor.system("retain"), at=now)
        thinned = thin_out(actor=Actor.system("retain"), at=now)
        return (
            f"{len(due(at=now))} due for erasure, {archived} segments archived, "
            f"{forgotten} old requests to block deleted, {thinned}"
        )

    run_job("retain", work)


@shared_task
def raise_notices() -> None:
    """Raise the notices of function certificates that end, once a week of those that have ended (POR-9)."""

    def work(now: datetime) -> str:
        actor = Actor.system("expiry_notices")
        week = f"{now - timedelta(hours=6):%G-W%V}"
        digests = raise_digests(week=week, actor=actor, at=now)
        proofs = remind_due(actor=Actor.system("validation_notices"), at=now)
        return f"{raise_due(actor=actor, at=now)} raised, {digests} digests, {proofs} proofs reminded of"

    run_job("raise_notices", work)


@shared_task
def send_notices() -> None:
    """Hand over the mails of notices, and read what came back."""
    run_job("send_notices", lambda now: f"{hand_over_notices(at=now)}; {read_bounces(at=now)}")


@shared_task
def deliver_functions() -> None:
    """Make keys where one is ordered, send certificates by mail, forget keys that were not fetched (FC-5)."""

    def work(now: datetime) -> str:
        centre, actor = sms_gateway(), Actor.system("deliver_functions")
        wiped = wipe_overdue(actor=actor, at=now)  # first: whatever fails below, no key outlives its days
        keys = make_due_keys(gateway=centre, actor=actor, at=now, clock=timezone.now)
        mails = send_certificates(gateway=centre, at=now, clock=timezone.now)
        return f"{keys}; mails: {mails}; {wiped} keys forgotten"

    run_job("deliver_functions", work)


@shared_task
def check_names() -> None:
    """Look for the proofs of names that DNS and HTTP must show."""

    def work(_now: datetime) -> str:
        tools = probes(clock=timezone.now, seconds=time.monotonic)
        return f"{check_due(probes=tools, actor=Actor.system('check_names'))} seen"

    run_job("check_names", work)


@shared_task
def read_function_objects() -> None:
    """Take function objects over from HSA (POR-10)."""

    def work(now: datetime) -> str:
        done = read_functions(
            registers.hsa_functions(),
            pause=partial(time.sleep, 0.05),
            actor=Actor.system("read_function_objects"),
            at=now,
        )
        return (
            f"{done.organizations} organizations read, {done.new} new, {done.changed} changed, "
            f"{done.unanswered} unanswered"
        )

    run_job("read_function_objects", work)
