"""Issues many certificates at once, worker only: the arrows of ``ca.issuance``, each for the whole batch.

1. *prepare and lint* the bytes, each with a fresh serial number; nothing has left the process
2. *reserve and intend*: all serial numbers, bytes and digests in one committed transaction; the database
   takes no number twice, and no request that somebody else holds
3. *sign* all in one exchange, each once; verify each own signature, compare
4. *record* the certificates and their events in one transaction

What does not fit (a broken rule, a lease that has run out, a request that another worker took) goes the
way of single requests, so that one never holds up the others. After a crash between 2 and 4 the serial
numbers are burnt when the leases have run out, one request at a time.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from cryptography import x509
from django.db import IntegrityError, transaction
from django.db.models import Case, OuterRef, QuerySet, Subquery, When

from ca.batch_drafts import Draft, prepare_all
from ca.errors import SigningRefused, SigningUnavailable
from ca.events import IssuanceIntended
from ca.hsm.proxy import SignerSource
from ca.issuance import LEASE, RequestUnderWay, issue_request
from ca.issuance_steps import (
    certificate_row,
    issued_event,
    postpone,
    revoke_if_withdrawn,
)
from ca.models import Certificate, CertificateRequest, SerialReservation
from ca.pki.errors import PkiError, SignatureInvalid, SignerMismatch
from ca.pki.issuance import issue_many
from ca.states import (
    RequestAction,
    RequestState,
    SerialAction,
    SerialState,
    next_request_state,
    next_serial_state,
)
from journal.actor import Actor
from journal.recording import record_all

_log: Final = logging.getLogger(__name__)

BATCH: Final = 50
"""Requests in one commit: more gain little (performance.md 4) and would be lost together."""


def issue_pending(
    *,
    signers: SignerSource,
    actor: Actor,
    at: datetime,
    limit: int = 1000,
    first: str = "",
    only: str = "",
) -> int:
    """Issue what waits, oldest first, and take over what was left by a crash; return how many were issued.

    ``first`` is a carrier kind that goes before all others (FC-7), ``only`` one that goes alone. Stops at the
    first ``SigningUnavailable``: without a signer the others would fail as well.
    """
    open_states = (RequestState.REQUESTED.value, RequestState.SIGNING.value)
    waiting = CertificateRequest.objects.filter(state__in=open_states).exclude(leased_until__gt=at)
    if only:
        waiting = waiting.filter(carrier_kind=only)
    is_later = Case(When(carrier_kind=first, then=0), default=1)
    keys = list(waiting.order_by(is_later, "requested_at").values_list("pk", flat=True)[:limit])
    issued = 0
    try:
        for start in range(0, len(keys), BATCH):
            issued += issue_batch(keys[start : start + BATCH], signers=signers, actor=actor, at=at)
    except SigningUnavailable:
        _log.warning("issuing waits: the signer is not there")
    return issued


def _waiting() -> QuerySet[CertificateRequest]:
    """Return the requests that nobody is signing or was signing."""
    return CertificateRequest.objects.filter(
        state=RequestState.REQUESTED.value, serial__isnull=True, leased_until__isnull=True
    )


def issue_batch(
    request_ids: Sequence[UUID | str], *, signers: SignerSource, actor: Actor, at: datetime
) -> int:
    """Issue those of the requests that wait, in that order, and return how many were issued.

    Raises ``SigningUnavailable`` with all of them back in ``requested`` for another try. What fails by
    itself is logged and left to whoever asks for it alone.
    """
    waiting = _waiting().filter(pk__in=request_ids).select_related("issuer")
    places = {str(key): place for place, key in enumerate(request_ids)}
    requests = sorted(waiting, key=lambda request: places[str(request.pk)])
    drafts = prepare_all(requests, at=at)
    try:
        _intend_all(drafts, actor=actor, at=at)
    except (IntegrityError, RequestUnderWay) as error:
        _log.warning("a batch is issued one by one: %s", error)
        drafts = []
    issued = _sign_all(drafts, signers=signers, actor=actor, at=at)
    together = {str(one.request.pk) for one in drafts}
    for request_id in request_ids:
        if str(request_id) not in together:
            issued += _issue_alone(request_id, signers=signers, actor=actor, at=at)
    return issued


def _issue_alone(request_id: UUID | str, *, signers: SignerSource, actor: Actor, at: datetime) -> int:
    try:
        return int(issue_request(request_id, signers=signers, actor=actor, at=at) is not None)
    except (RequestUnderWay, SigningRefused, PkiError) as error:
        _log.warning("request %s was not issued: %s", request_id, error)
        return 0


def _intend_all(drafts: Sequence[Draft], *, actor: Actor, at: datetime) -> None:
    """Arrow 2. All or none: whoever took one of them meanwhile sends the batch back to single steps."""
    if not drafts:
        return
    with transaction.atomic(durable=True):
        # Durable: an uncommitted reservation would protect nobody (reliability.md F36).
        reserved = SerialReservation.objects.bulk_create([one.reservation for one in drafts])
        mine = SerialReservation.objects.filter(request=OuterRef("pk"), pk__in=[one.pk for one in reserved])
        moved = (
            _waiting()
            .filter(pk__in=[one.request.pk for one in drafts])
            .update(
                state=next_request_state(RequestState.REQUESTED, RequestAction.INTEND).value,
                serial_id=Subquery(mine.values("pk")),
                leased_until=at + LEASE,
                failure="",
            )
        )
        if moved != len(drafts):
            raise RequestUnderWay("another worker has one of them")
        record_all([_intended(one) for one in drafts], actor=actor, at=at)


def _intended(draft: Draft) -> IssuanceIntended:
    request = draft.request
    return IssuanceIntended(
        certificate_request_id=str(request.pk),
        issuer_id=request.issuer_id,
        serial=draft.reservation.serial_hex,
        tbs_sha256=draft.reservation.tbs_sha256,
        profile=draft.profile.name,
        profile_sha256=draft.profile.sha256,
        person_id=request.person_id,
        organization_id=request.organization_id,
    )


def _sign_all(drafts: Sequence[Draft], *, signers: SignerSource, actor: Actor, at: datetime) -> int:
    """Arrows 3 and 4, issuer by issuer."""
    by_issuer: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        by_issuer[draft.request.issuer_id].append(draft)
    issued = 0
    unavailable: SigningUnavailable | None = None
    for issuer_key, group in by_issuer.items():
        try:
            made = issue_many([one.prepared for one in group], signers.signer_for(issuer_key))
        except (SigningUnavailable, SigningRefused, SignerMismatch) as error:
            for one in group:
                postpone(one.request, one.reservation, failure=error.code, actor=actor, at=at)
            if isinstance(error, SigningUnavailable):
                unavailable = error
            _log.warning("%s signed nothing of a batch: %s", issuer_key, error)
            continue
        issued += _record(group, made, actor=actor, at=at)
    if unavailable is not None:
        raise unavailable
    return issued


def _record(
    group: Sequence[Draft], made: Sequence[bytes | SignatureInvalid], *, actor: Actor, at: datetime
) -> int:
    signed = []
    for draft, result in zip(group, made, strict=True):
        if isinstance(result, SignatureInvalid):
            postpone(draft.request, draft.reservation, failure=result.code, actor=actor, at=at)
            _log.error("request %s: %s", draft.request.pk, result)
        else:
            signed.append((draft, result))
    try:
        _complete_all(signed, actor=actor, at=at)
    except RequestUnderWay:
        # Somebody took one over: its certificate is thrown away, the others are recorded.
        return sum(_complete_alone(one, actor=actor, at=at) for one in signed)
    return len(signed)


def _complete_alone(signed: tuple[Draft, bytes], *, actor: Actor, at: datetime) -> int:
    try:
        _complete_all([signed], actor=actor, at=at)
    except RequestUnderWay as error:
        _log.warning("request %s was not issued: %s", signed[0].request.pk, error)
        return 0
    return 1


def _complete_all(signed: Sequence[tuple[Draft, bytes]], *, actor: Actor, at: datetime) -> None:
    """Arrow 4. The certificates, the ends of the requests and the events are one transaction."""
    keys = [one.reservation.pk for one, _ in signed]
    with transaction.atomic():
        used = SerialReservation.objects.filter(pk__in=keys, state=SerialState.INTENDED.value).update(
            state=next_serial_state(SerialState.INTENDED, SerialAction.USE).value
        )
        if used != len(signed):
            raise RequestUnderWay("a request was taken over; its certificate is thrown away")
        rows = Certificate.objects.bulk_create(
            certificate_row(
                one.request,
                one.reservation,
                x509.load_der_x509_certificate(certificate_der),
                one.profile,
                certificate_der=certificate_der,
                at=at,
            )
            for one, certificate_der in signed
        )
        requests = CertificateRequest.objects.filter(pk__in=[one.request.pk for one, _ in signed])
        made = Certificate.objects.filter(request=OuterRef("pk")).values("pk")
        moved = requests.filter(state=RequestState.SIGNING.value, serial__in=keys).update(
            state=next_request_state(RequestState.SIGNING, RequestAction.COMPLETE).value,
            certificate_id=Subquery(made),
            leased_until=None,
        )
        if moved != len(signed):
            raise RequestUnderWay("a request was taken over; its certificate is thrown away")
        by_request = {row.request_id: row for row in rows}
        record_all(
            [issued_event(one.request, by_request[one.request.pk]) for one, _ in signed], actor=actor, at=at
        )
        for withdrawn in requests.filter(withdrawn_at__isnull=False):
            revoke_if_withdrawn(withdrawn, by_request[withdrawn.pk], actor=actor, at=at)
