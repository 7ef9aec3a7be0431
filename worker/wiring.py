"""Which event leads to which work: the only place where consumers and the domain's verbs meet."""

from collections.abc import Sequence
from functools import lru_cache

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from ca.batch_issuance import issue_pending
from ca.errors import SigningUnavailable
from ca.hsm.proxy import SocketSigners
from ca.issuance import RequestUnderWay, issue_request
from ca.ledger_replay import append_revocations
from cards.card_keys import revoke_superseded_certificate
from cards.factory import connect
from cards.manufacturing.sending import send_due_batches
from functioncerts.lifecycle import settle_request
from journal.actor import Actor
from journal.sequencing import SequencedEntry
from ocsp import publisher
from ocsp.store.interface import StatusStore, StoreUnavailable
from ocsp.store.opening import open_store
from worker import acme, probing
from worker.card_notices import remind_holder
from worker.consumers import BatchHandler, Consumer, Handler
from worker.errors import NotYet
from worker.landing_receipts import make_receipt
from worker.order_files import OrderFileKeys
from worker.ordered_reports import make_ordered, prove_ordered
from worker.report_notices import announce
from worker.role_notices import remind
from worker.sealed_receipts import make_sealed_receipt
from worker.stock_notices import tell as tell_of_few_left


@lru_cache(maxsize=1)
def signers() -> SocketSigners:
    """Return the way to the signer process."""
    return SocketSigners(settings.SIGILL_SIGNER_SOCKET)


@lru_cache(maxsize=1)
def status_store() -> StatusStore:
    """Return the store that responders read or follow; one writer in this process."""
    return open_store(settings.SIGILL_OCSP_STORE_URL, settings.SIGILL_OCSP_STORE)


def issue(entry: SequencedEntry) -> None:
    """certificate.requested: issue it, after all that wait of the kind that goes first (FC-7)."""
    try:
        if settings.SIGILL_ISSUE_FIRST:
            issue_pending(
                signers=signers(),
                actor=Actor.system("issuance"),
                at=timezone.now(),
                only=settings.SIGILL_ISSUE_FIRST,
            )
        issue_request(
            entry.text("certificate_request_id"),
            signers=signers(),
            actor=Actor.system("issuance"),
            at=timezone.now(),
        )
    except (RequestUnderWay, SigningUnavailable) as error:
        raise NotYet(str(error)) from error


def publish_issued(entry: SequencedEntry) -> None:
    """certificate.issued: let OCSP know it, then it may be handed out."""
    try:
        publisher.publish(
            entry.text("certificate_id"), store=status_store(), signers=signers(), at=timezone.now()
        )
    except (SigningUnavailable, StoreUnavailable) as error:
        raise NotYet(str(error)) from error


def publish_revoked(entry: SequencedEntry) -> None:
    """certificate.revoked: into the ledger outside the database first, then to OCSP."""
    publish_revoked_together([entry])


def publish_revoked_together(entries: Sequence[SequencedEntry]) -> None:
    """certificate.revoked, of one act: one write of the ledger, one batch of signatures, one of the store."""
    revoked = [entry.text("certificate_id") for entry in entries]
    append_revocations(revoked)
    try:
        publisher.publish_many(revoked, store=status_store(), signers=signers(), at=timezone.now())
    except (SigningUnavailable, StoreUnavailable) as error:
        raise NotYet(str(error)) from error


def withdraw_late(entry: SequencedEntry) -> None:
    """certificate.issued: revoke it if its key was replaced on the card while it was signed."""
    revoke_superseded_certificate(
        certificate_request_id=entry.text("certificate_request_id"),
        actor=Actor.system("withdrawal"),
        at=timezone.now(),
    )


def settle_function_order(entry: SequencedEntry) -> None:
    """certificate.issued, certificate.request_failed: close the function order that asked for it."""
    settle_request(
        certificate_request_id=entry.text("certificate_request_id"),
        actor=Actor.system("function_orders"),
        at=timezone.now(),
    )


def send_orders(_entry: SequencedEntry) -> None:
    """card.ordered: hand what is due to the factory at once; if it is away, the periodic job tries again."""
    send_orders_together([])


def send_orders_together(_entries: Sequence[SequencedEntry]) -> None:
    """card.ordered, of one act: they leave in one file, or as many as they fill."""
    send_due_batches(
        factory=connect(),
        sealing=OrderFileKeys(signers=signers()),
        actor=Actor.system("production"),
        at=timezone.now(),
        clock=timezone.now,
    )


def end_sessions(ender: str, reference: str) -> BatchHandler:
    """Return what ends the sessions that rest on the certificates or cards of entries, by one question.

    The portal is named by path: worker and portal do not know each other.
    """

    def handle(entries: Sequence[SequencedEntry]) -> None:
        ids = [entry.text(reference) for entry in entries]
        import_string(ender)(ids, actor=Actor.system("sessions"), at=timezone.now())

    return handle


def one_by_one(together: BatchHandler) -> Handler:
    """Return the handler of a single entry."""
    return lambda entry: together([entry])


def consumers() -> list[Consumer]:
    """Return every consumer; each has a cursor and a pace of its own."""
    ends = settings.SIGILL_SESSION_ENDERS
    without_certificate = end_sessions(ends["certificates"], "certificate_id")
    without_card = end_sessions(ends["cards"], "card_id")
    return [
        Consumer(name="issuance", handlers={"certificate.requested": issue}),
        Consumer(
            name="status",
            handlers={"certificate.issued": publish_issued, "certificate.revoked": publish_revoked},
            batches={"certificate.revoked": publish_revoked_together},
        ),
        Consumer(
            name="landings",
            handlers={"certificate.revoked": probing.follow},
            batches={"certificate.revoked": probing.follow_together},
        ),
        Consumer(name="landing_receipts", handlers={"revocation.receipt_requested": make_receipt}),
        Consumer(
            name="reports",
            handlers={
                "report.ordered": make_ordered,
                "report.made": prove_ordered,
                "receipt.requested": make_sealed_receipt,
            },
        ),
        Consumer(name="report_notices", handlers={"report.ready": announce}),
        Consumer(name="role_notices", handlers={"role.reminded": remind}),
        Consumer(
            name="card_notices",
            handlers={"card.holder_reminded": remind_holder, "stock.running_low": tell_of_few_left},
        ),
        Consumer(name="withdrawal", handlers={"certificate.issued": withdraw_late}),
        Consumer(
            name="function_orders",
            handlers={
                "certificate.published": settle_function_order,
                "certificate.request_failed": settle_function_order,
            },
        ),
        Consumer(name="acme_challenges", handlers={"acme_challenge.answered": acme.look_soon}),
        Consumer(
            name="acme_orders",
            handlers={
                "function_certificate.delivered": acme.settle_order,
                "function_certificate.failed": acme.settle_order,
                "function_certificate.declined": acme.settle_order,
            },
        ),
        Consumer(
            name="production",
            handlers={"card.ordered": send_orders},
            batches={"card.ordered": send_orders_together},
        ),
        Consumer(
            name="sessions",
            handlers={
                "certificate.revoked": one_by_one(without_certificate),
                "card.blocked": one_by_one(without_card),
            },
            batches={"certificate.revoked": without_certificate, "card.blocked": without_card},
        ),
    ]
