"""The only writer of attempts: one verb per action, each one compare-and-swap with its journal event."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from authn.errors import AttemptMoved
from authn.hints import FailureHint
from authn.mtls.events import (
    MtlsEvidenceStored,
    MtlsFailed,
    MtlsProved,
    MtlsRedeemed,
    MtlsRefused,
    MtlsStarted,
)
from authn.mtls.evidence import evidence_digest
from authn.mtls.models import MtlsAttempt, MtlsEvidence
from authn.mtls.states import KEPT, LIMITS, MOST_TRIES, AttemptAction, AttemptState, next_state
from journal.actor import Actor
from journal.events import Event
from journal.recording import record


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a certificate, or its absence, opened nothing, at which of the names (AUT-6).

    The digest is empty where no certificate could be read.
    """

    hint: FailureHint
    slot: int
    certificate_sha256: str


def start(attempt: MtlsAttempt, *, actor: Actor, at: datetime) -> MtlsAttempt:
    """Insert a new attempt."""
    with transaction.atomic():
        attempt.save(force_insert=True)
        event = MtlsStarted(authn_order_id=str(attempt.pk), rp_id=attempt.relying_party.rp_id)
        record(event, actor=actor, at=at)
    return attempt


def refuse(attempt: MtlsAttempt, refusal: Refusal, *, actor: Actor, at: datetime) -> None:
    """Count a try that opened nothing; the last one that there is ends the attempt. Raises AttemptMoved.

    Counted by the database, so that tries at the same time are counted one by one. The journal is told of
    what is new, and at the end of how many there were: anybody can try, and it forgets nothing.
    """
    next_state(AttemptState(attempt.state), AttemptAction.REFUSE)
    event = MtlsRefused(
        authn_order_id=str(attempt.pk),
        hint=refusal.hint.value,
        slot=refusal.slot,
        certificate_sha256=refusal.certificate_sha256,
    )
    with transaction.atomic():
        row = MtlsAttempt.objects.filter(pk=attempt.pk)
        told = row.select_for_update().values_list("refusal", "refused_sha256").get()
        tried = row.filter(state=AttemptState.OPEN.value, tries__lt=MOST_TRIES)
        columns = {"refusal": refusal.hint.value, "refused_sha256": refusal.certificate_sha256}
        if tried.update(tries=F("tries") + 1, **columns) != 1:
            raise AttemptMoved("the attempt has moved on")
        if told != tuple(columns.values()):
            record(event, actor=actor, at=at)
        attempt.refresh_from_db()
        if attempt.tries >= MOST_TRIES:
            fail(attempt, FailureHint.RISK_BLOCKED, actor=actor, at=at)


def prove(
    attempt: MtlsAttempt,
    evidence: MtlsEvidence,
    *,
    code_sha256: str,
    address: str,
    actor: Actor,
    at: datetime,
) -> MtlsEvidence:
    """Keep what was proved and let one code redeem it, in one transaction.

    Raises AttemptMoved for every certificate but the first that passes.
    """
    stored = MtlsEvidenceStored(
        authn_order_id=str(attempt.pk),
        evidence_id=str(evidence.pk),
        evidence_sha256=evidence_digest(evidence),
        certificate_sha256=evidence.certificate_sha256,
    )
    proved = MtlsProved(
        authn_order_id=str(attempt.pk),
        evidence_id=str(evidence.pk),
        loa=evidence.loa,
        carrier=evidence.carrier,
        same_address=bool(address) and address == attempt.end_user_address,
    )
    with transaction.atomic():
        _move(
            attempt,
            AttemptAction.PROVE,
            event=proved,
            columns={"code_sha256": code_sha256},
            actor=actor,
            at=at,
        )
        evidence.save(force_insert=True)
        record(stored, actor=actor, at=at)
    return evidence


def redeem(attempt: MtlsAttempt, *, actor: Actor, at: datetime) -> None:
    """Give the answer away; raises AttemptMoved for all but the first who asks."""
    with transaction.atomic():
        _move(
            attempt,
            AttemptAction.REDEEM,
            event=MtlsRedeemed(authn_order_id=str(attempt.pk)),
            columns={},
            actor=actor,
            at=at,
        )


def fail(attempt: MtlsAttempt, hint: FailureHint, *, actor: Actor, at: datetime) -> None:
    """End the attempt before it is redeemed; raises AttemptMoved when it has ended."""
    with transaction.atomic():
        tries = MtlsAttempt.objects.select_for_update().values_list("tries", flat=True).get(pk=attempt.pk)
        event = MtlsFailed(authn_order_id=str(attempt.pk), hint=hint.value, tries=tries)
        _move(attempt, AttemptAction.FAIL, event=event, columns={"failure": hint.value}, actor=actor, at=at)


def fail_late_attempts(*, actor: Actor, at: datetime) -> int:
    """Write down what time decided about attempts nobody finished; return how many. For a periodic job."""
    late = [
        attempt
        for state, limit in LIMITS.items()
        for attempt in _not_reduced().filter(state=state.value, state_since__lt=at - limit)
    ]
    failed = 0
    for attempt in late:
        with suppress(AttemptMoved):  # somebody was faster than time
            fail(attempt, FailureHint.EXPIRED, actor=actor, at=at)
            failed += 1
    return failed


def reduce_finished_attempts(*, at: datetime) -> int:
    """Strip finished attempts of addresses once nobody is told of them; return how many."""
    finished = _not_reduced().filter(
        state__in=[AttemptState.FAILED.value, AttemptState.REDEEMED.value], state_since__lt=at - KEPT
    )
    return finished.update(end_user_address="", return_url="")


def _not_reduced() -> QuerySet[MtlsAttempt]:
    """Return the attempts of which somebody may still be told, by an index of their own."""
    return MtlsAttempt.objects.exclude(return_url="")


def _move(
    attempt: MtlsAttempt,
    action: AttemptAction,
    *,
    event: Event,
    columns: dict[str, object],
    actor: Actor,
    at: datetime,
) -> None:
    old = AttemptState(attempt.state)
    new = next_state(old, action)
    moved = MtlsAttempt.objects.filter(pk=attempt.pk, state=old.value).update(
        state=new.value, state_since=at, **columns
    )
    if moved != 1:
        raise AttemptMoved("the attempt has moved on")
    record(event, actor=actor, at=at)
    attempt.state, attempt.state_since = new.value, at
