"""The verbs of function objects and their certificates: register, order, settle, revoke."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from ca.environments import Environment
from ca.errors import KeyRefused
from ca.pki.reasons import RevocationReason
from ca.registration import request_certificates, request_state
from ca.rehearsal import check_request
from ca.revocation import revoke
from ca.selectors import certificate as get_certificate
from directory.models import Organization, Role
from functioncerts import policies, selectors
from functioncerts.errors import (
    AlreadyRevoked,
    IdempotencyKeyReused,
    IllegalTransition,
    ReasonNotAllowed,
    Refused,
    RequestedInTheFuture,
)
from functioncerts.events import (
    FunctionCertificateApproved,
    FunctionCertificateDeclined,
    FunctionCertificateDelivered,
    FunctionCertificateFailed,
    FunctionCertificateOrdered,
    FunctionCertificateRevoked,
    FunctionKeyMade,
    FunctionObjectRegistered,
)
from functioncerts.models import FunctionKind, FunctionObject, FunctionOrder
from functioncerts.receipts import Receipt, record_receipt
from functioncerts.requests_read import refused
from functioncerts.states import (
    FUNCTION_ORDER_MOVES,
    FunctionObjectState,
    FunctionOrderAction,
    FunctionOrderState,
)
from functioncerts.validated import outside, valid_names
from functioncerts.wishes import Wish, draft_of, read_key_wish, read_wish, unsaved_order
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

REASONS: Final = (
    RevocationReason.KEY_COMPROMISE,
    RevocationReason.AFFILIATION_CHANGED,
    RevocationReason.SUPERSEDED,
    RevocationReason.CESSATION_OF_OPERATION,
    RevocationReason.PRIVILEGE_WITHDRAWN,
    RevocationReason.UNSPECIFIED,
)


def register_function_object(
    *,
    hsa_id: str,
    kind: FunctionKind,
    name: str,
    organization: Organization,
    environment: Environment = Environment.PROD,
    actor: Actor,
    at: datetime,
) -> FunctionObject:
    """Take a function object over from HSA, not validated yet; one that is known is returned as it is.

    An object is PROD's or QA's for ever: all its certificates come from that environment's issuers. Raises
    Refused for one that is known in the other environment.
    """
    known = FunctionObject.objects.filter(hsa_id=hsa_id).first()
    if known is not None:
        if known.environment != environment.value:
            facts = (("function_object", hsa_id), ("environment", known.environment))
            raise Refused(Refusal(code="environment_of_object_is_fixed", facts=facts))
        return known
    with transaction.atomic():
        created = FunctionObject.objects.create(
            hsa_id=hsa_id,
            kind=kind.value,
            name=name,
            organization=organization,
            environment=environment.value,
            state=FunctionObjectState.NOT_VALIDATED.value,
            registered_at=at,
        )
        record(
            FunctionObjectRegistered(
                function_object_id=str(created.pk),
                organization_id=str(organization.pk),
                hsa_id=hsa_id,
                kind=kind.value,
            ),
            actor=actor,
            at=at,
        )
    return created


def order_certificate(
    *,
    hsa_id: str,
    csr: bytes,
    names: Sequence[str] = (),
    idempotency_key: str | None = None,
    replaces: str = "",
    receipt: Receipt | None = None,
    approved_by: str = "",
    actor: Actor,
    at: datetime,
) -> FunctionOrder:
    """Order a certificate for a function object from a PKCS#10 request; returns the order.

    Its state is ORDERED, or AWAITING_APPROVAL where the organization wants a second person. The certificate
    is built from the order: of the request only the key is taken (F18). ``names`` default to the object's
    own; each must lie inside the validated ones. ``replaces`` is an order of the same object that this one
    renews; both certificates are valid until the old one ends or is revoked. ``receipt`` is what was
    accepted in the order form (FC-4), ``approved_by`` the second person who approved ahead what an ACME
    account orders. The same idempotency key gives the same order. Raises
    FunctionObjectNotFound, FunctionOrderNotFound, Refused, RequestInvalid, IdempotencyKeyReused.
    """
    wish = read_wish(hsa_id=hsa_id, csr=csr, names=names, replaces=replaces, actor=actor, at=at)
    scoped_key = None if idempotency_key is None else f"{actor.identifier}:{idempotency_key}"[:128]
    earlier = _earlier(scoped_key, wish)
    if earlier is not None:
        return earlier
    try:
        with transaction.atomic():
            return _place(
                wish,
                receipt=receipt,
                idempotency_key=scoped_key,
                approved_by=approved_by,
                actor=actor,
                at=at,
            )
    except IntegrityError:
        earlier = _earlier(scoped_key, wish)
        if earlier is None:
            raise
        return earlier
    except KeyRefused as error:
        raise refused(error) from error


def order_with_key(
    *,
    hsa_id: str,
    names: Sequence[str] = (),
    replaces: str = "",
    mobile: str,
    receipt: Receipt,
    actor: Actor,
    at: datetime,
) -> FunctionOrder:
    """Order a certificate whose key pair is made here and fetched once as PKCS#12 (domain.md 5).

    Off unless the organization allows it for the kind of function. The password goes to ``mobile``, which
    must be the object's own now and cannot be changed (`setup.py`) before it went out. Raises
    FunctionObjectNotFound, FunctionOrderNotFound, Refused.
    """
    wish = read_key_wish(hsa_id=hsa_id, names=names, replaces=replaces, actor=actor, at=at)
    with transaction.atomic():
        held = FunctionObject.objects.select_for_update().get(pk=wish.function_object.pk)
        if held.mobile != mobile:
            facts = (("mobile", mobile), ("now", held.mobile))
            raise Refused(Refusal(code="mobile_is_another", facts=facts, fixer="you"))
        return _place(wish, receipt=receipt, idempotency_key=None, approved_by="", actor=actor, at=at)


def place_with_key(order: FunctionOrder, *, public_key: bytes, actor: Actor, at: datetime) -> bool:
    """Send an order whose key is there to the CA, in the caller's transaction; False if it waits no more.

    Raises ca.errors.KeyRefused.
    """
    order.public_key, order.public_key_sha256 = public_key, hashlib.sha256(public_key).hexdigest()
    (registered,) = request_certificates([draft_of(order)], actor=actor, at=at)
    moved = FunctionOrder.objects.filter(pk=order.pk, state=FunctionOrderState.AWAITING_KEY.value).update(
        state=_order_after(FunctionOrderState.AWAITING_KEY.value, FunctionOrderAction.MAKE_KEY),
        certificate_request_id=str(registered.pk),
        public_key=public_key,
        public_key_sha256=order.public_key_sha256,
    )
    if moved != 1:
        transaction.set_rollback(True)
        return False
    record(
        FunctionKeyMade(
            function_order_id=str(order.pk),
            function_object_id=str(order.function_object_id),
            organization_id=str(order.organization_id),
            certificate_request_id=str(registered.pk),
            public_key_sha256=order.public_key_sha256,
        ),
        actor=actor,
        at=at,
    )
    return True


def fail_order(order: FunctionOrder, *, failure: str, actor: Actor, at: datetime) -> None:
    """Note that an order comes to nothing before the CA was asked; one that moved on stays as it is."""
    with transaction.atomic():
        _fail(order, failure, actor=actor, at=at)


def approve_order(*, order_id: str, actor: Actor, at: datetime) -> FunctionOrder:
    """Let a second person send an order to the CA.

    Raises FunctionOrderNotFound, Refused (role, same person, names no longer validated, keys made here no
    longer allowed), RequestInvalid for a
    key that may not be certified any more, IllegalTransition.
    """
    order = _waiting_order(order_id, actor=actor, at=at)
    if order.makes_key and (refusal := policies.keys_not_allowed(order.function_object)) is not None:
        raise Refused(refusal)  # it was ended while the order waited
    for name in outside(order.names, function_object=order.function_object, at=at):
        facts = (("name", name), ("validated", ", ".join(valid_names(order.function_object, at=at))))
        raise Refused(
            Refusal(code="name_outside_validated", facts=facts, fixer=Role.VALIDATION_SPECIALIST.value)
        )
    action = FunctionOrderAction.APPROVE_KEY if order.makes_key else FunctionOrderAction.APPROVE
    try:
        with transaction.atomic():
            drafts = [] if order.makes_key else [draft_of(order)]
            request_id = "".join(str(one.pk) for one in request_certificates(drafts, actor=actor, at=at))
            moved = FunctionOrder.objects.filter(pk=order.pk, state=order.state).update(
                state=_order_after(order.state, action),
                certificate_request_id=request_id,
                decided_at=at,
                decided_by=actor.identifier,
            )
            if moved != 1:
                raise IllegalTransition("somebody else was faster", facts={"state": order.state})
            record(
                FunctionCertificateApproved(
                    function_order_id=str(order.pk),
                    function_object_id=str(order.function_object_id),
                    organization_id=str(order.organization_id),
                    certificate_request_id=request_id,
                ),
                actor=actor,
                at=at,
            )
    except KeyRefused as error:
        raise refused(error) from error
    order.refresh_from_db()
    return order


def decline_order(*, order_id: str, reason: str, actor: Actor, at: datetime) -> FunctionOrder:
    """Let a second person refuse an order; raises FunctionOrderNotFound, Refused, IllegalTransition."""
    order = _waiting_order(order_id, actor=actor, at=at)
    with transaction.atomic():
        moved = FunctionOrder.objects.filter(pk=order.pk, state=order.state).update(
            state=_order_after(order.state, FunctionOrderAction.DECLINE),
            decided_at=at,
            decided_by=actor.identifier,
            decline_reason=reason.strip()[:200],
        )
        if moved != 1:
            raise IllegalTransition("somebody else was faster", facts={"state": order.state})
        record(
            FunctionCertificateDeclined(
                function_order_id=str(order.pk),
                function_object_id=str(order.function_object_id),
                organization_id=str(order.organization_id),
                certificate_request_id="",
            ),
            actor=actor,
            at=at,
        )
    order.refresh_from_db()
    return order


def settle_order(*, order_id: str, actor: Actor, at: datetime) -> FunctionOrder:
    """Note that an order's certificate is published, or that it failed; before that nothing changes.

    Called by the worker when the CA tells of it, and by the API while it waits; twice is harmless.
    """
    order = FunctionOrder.objects.select_related("function_object").get(pk=order_id)
    if order.state != FunctionOrderState.ORDERED.value:
        return order
    state = request_state(order.certificate_request_id)
    with transaction.atomic():
        if state.state == "published" and state.certificate_id is not None:
            _deliver(order, str(state.certificate_id), actor=actor, at=at)
        elif state.state == "failed":
            _fail(order, state.failure or "unknown", actor=actor, at=at)
    order.refresh_from_db()
    return order


def settle_orders(*, actor: Actor, at: datetime, limit: int = 200) -> int:
    """Settle every order that waits for its certificate, and return how many were; the worker's sweep."""
    waiting = FunctionOrder.objects.filter(state=FunctionOrderState.ORDERED.value).order_by("ordered_at")
    settled = 0
    for pk in waiting.values_list("pk", flat=True)[:limit]:
        settled += (
            settle_order(order_id=str(pk), actor=actor, at=at).state != FunctionOrderState.ORDERED.value
        )
    return settled


def settle_request(*, certificate_request_id: str, actor: Actor, at: datetime) -> None:
    """Settle the order behind a certificate request, if it is one of ours; the worker's consumer."""
    order = FunctionOrder.objects.filter(certificate_request_id=certificate_request_id).only("pk").first()
    if order is not None:
        settle_order(order_id=str(order.pk), actor=actor, at=at)


def revoke_certificate(
    *,
    order_id: str,
    reason: RevocationReason,
    requested_at: datetime,
    actor: Actor,
    at: datetime,
) -> FunctionOrder:
    """Revoke the certificate of an order, for ever.

    Raises FunctionOrderNotFound, Refused, ReasonNotAllowed, RequestedInTheFuture, AlreadyRevoked, and
    ca.errors.RequestedBeforeCertificate for a request that is older than the certificate.
    """
    if reason not in REASONS:
        raise ReasonNotAllowed("not for function certificates", facts={"reason": reason.rfc_name})
    if requested_at > at:
        raise RequestedInTheFuture(
            "requested later than now", facts={"requested_at": requested_at.isoformat()}
        )
    order = settle_order(order_id=str(selectors.get_order(order_id, actor=actor).pk), actor=actor, at=at)
    refusal = policies.may_revoke(order, actor=actor, at=at)
    if refusal is not None and refusal.code == "already_revoked":
        raise AlreadyRevoked("revoked before", facts=dict(refusal.facts))
    if refusal is not None:
        raise Refused(refusal)
    with transaction.atomic():
        moved = FunctionOrder.objects.filter(pk=order.pk, state=order.state).update(
            state=_order_after(order.state, FunctionOrderAction.REVOKE),
            revoked_at=at,
            revocation_requested_at=requested_at,
            revocation_reason=reason.rfc_name,
            revoked_by=actor.identifier,
        )
        if moved != 1:
            raise AlreadyRevoked("somebody else was faster")
        revoke(
            certificate_id=order.certificate_id,
            reason=reason,
            requested_at=requested_at,
            actor=actor,
            at=at,
        )
        record(
            FunctionCertificateRevoked(
                function_order_id=str(order.pk),
                function_object_id=str(order.function_object_id),
                organization_id=str(order.organization_id),
                certificate_request_id=order.certificate_request_id,
                certificate_id=order.certificate_id,
                reason=reason.rfc_name,
                requested_at=requested_at.isoformat(),
            ),
            actor=actor,
            at=at,
        )
    order.refresh_from_db()
    return order


def _place(
    wish: Wish,
    *,
    receipt: Receipt | None,
    idempotency_key: str | None,
    approved_by: str,
    actor: Actor,
    at: datetime,
) -> FunctionOrder:
    function_object, request = wish.function_object, wish.request
    waits = policies.needs_second_person(function_object, actor=actor) and not approved_by
    order = unsaved_order(wish)
    if approved_by:
        order.decided_at, order.decided_by = at, approved_by
    placed = FunctionOrderState.AWAITING_KEY if order.makes_key else FunctionOrderState.ORDERED
    order.state = (FunctionOrderState.AWAITING_APPROVAL if waits else placed).value
    order.idempotency_key = idempotency_key
    order.ordered_at, order.ordered_by = at, actor.identifier
    if receipt:
        order.receipt_version, order.receipt_evidence_id = receipt.version, receipt.evidence_id
        order.receipt_accepted_at = receipt.accepted_at or at
        order.receipt_accepted_by = receipt.accepted_by or actor.identifier
    if waits and not order.makes_key:
        check_request(draft_of(order), actor=actor, at=at)
    elif not order.makes_key:
        (registered,) = request_certificates([draft_of(order)], actor=actor, at=at)
        order.certificate_request_id = str(registered.pk)
    order.save(force_insert=True)
    ordered = FunctionCertificateOrdered(
        function_order_id=str(order.pk),
        function_object_id=str(function_object.pk),
        organization_id=str(function_object.organization_id),
        certificate_request_id=order.certificate_request_id,
        names=wish.names,
        findings=tuple(finding.code for finding in request.findings),
        public_key_sha256=order.public_key_sha256,
    )
    record(ordered, actor=actor, at=at)
    if receipt:
        record_receipt(order, actor=actor, at=at)
    return order


def _waiting_order(order_id: str, *, actor: Actor, at: datetime) -> FunctionOrder:
    order = selectors.get_order(order_id, actor=actor)
    if (refusal := policies.may_decide(order, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    return order


def _earlier(key: str | None, wish: Wish) -> FunctionOrder | None:
    if key is None:
        return None
    earlier = FunctionOrder.objects.select_related("function_object").filter(idempotency_key=key).first()
    if earlier is None:
        return None
    asked = (wish.function_object.pk, wish.public_key_sha256, list(wish.names))
    if (earlier.function_object_id, earlier.public_key_sha256, earlier.names) != asked:
        raise IdempotencyKeyReused("the key was used for another request")
    return earlier


def _deliver(order: FunctionOrder, certificate_id: str, *, actor: Actor, at: datetime) -> None:
    moved = FunctionOrder.objects.filter(pk=order.pk, state=order.state).update(
        state=_order_after(order.state, FunctionOrderAction.DELIVER),
        certificate_id=certificate_id,
        delivered_at=at,
        not_after=certificate.not_after if (certificate := get_certificate(certificate_id)) else None,
    )
    if moved != 1:
        return
    record(
        FunctionCertificateDelivered(
            function_order_id=str(order.pk),
            function_object_id=str(order.function_object_id),
            organization_id=str(order.organization_id),
            certificate_request_id=order.certificate_request_id,
            certificate_id=certificate_id,
        ),
        actor=actor,
        at=at,
    )


def _fail(order: FunctionOrder, failure: str, *, actor: Actor, at: datetime) -> None:
    moved = FunctionOrder.objects.filter(pk=order.pk, state=order.state).update(
        state=_order_after(order.state, FunctionOrderAction.FAIL),
        failure=failure[:64],
    )
    if moved != 1:
        return
    record(
        FunctionCertificateFailed(
            function_order_id=str(order.pk),
            function_object_id=str(order.function_object_id),
            organization_id=str(order.organization_id),
            certificate_request_id=order.certificate_request_id,
            failure=failure[:64],
        ),
        actor=actor,
        at=at,
    )


def _order_after(state: str, action: FunctionOrderAction) -> str:
    following = FUNCTION_ORDER_MOVES.get((FunctionOrderState(state), action))
    if following is None:
        raise IllegalTransition("not from this state", facts={"state": state, "action": action.value})
    return following.value
