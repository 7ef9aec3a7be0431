"""Withdraws what is still being made for a card or function whose certificates are revoked."""

from datetime import datetime

from ca.events import CertificateRequestFailed
from ca.models import CertificateRequest
from ca.pki.reasons import RevocationReason
from ca.states import RequestAction, RequestState, next_request_state
from journal.actor import Actor
from journal.recording import record


def withdraw_requests(
    carrier_kind: str,
    carrier_id: str,
    *,
    reason: RevocationReason,
    requested_at: datetime,
    actor: Actor,
    at: datetime,
) -> None:
    """Let requests of a carrier that wait fail, and mark those being signed, in the caller's transaction.

    What comes of a marked one is revoked when it is recorded (``ca.issuance_steps.revoke_if_withdrawn``).
    """
    requests = CertificateRequest.objects.filter(carrier_kind=carrier_kind, carrier_id=carrier_id)
    withdrawn = {"withdrawn_at": requested_at, "withdrawn_reason": reason.value}
    # Locked by the one look that finds them: none goes to the signer, or comes back, between two looks.
    unfinished = requests.filter(state__in=[RequestState.REQUESTED.value, RequestState.SIGNING.value])
    for request in unfinished.select_for_update().order_by("pk"):
        if request.state == RequestState.SIGNING.value:
            requests.filter(pk=request.pk, withdrawn_at__isnull=True).update(**withdrawn)
            continue
        requests.filter(pk=request.pk).update(
            state=next_request_state(RequestState.REQUESTED, RequestAction.REFUSE).value,
            failure="withdrawn",
            **withdrawn,
        )
        record(
            CertificateRequestFailed(
                certificate_request_id=str(request.pk),
                issuer_id=request.issuer_id,
                person_id=request.person_id,
                organization_id=request.organization_id,
                failure="withdrawn",
            ),
            actor=actor,
            at=at,
        )
