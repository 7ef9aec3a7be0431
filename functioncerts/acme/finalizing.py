"""Finalizes orders: an authorized order and a CSR become the order of a function certificate, once."""

import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID
from django.db import transaction

from functioncerts import lifecycle
from functioncerts.acme.acting import WORKER
from functioncerts.acme.errors import PREFIX, AcmeProblem, ProblemType
from functioncerts.acme.events import AcmeOrderFinalized, AcmeOrderIssued
from functioncerts.acme.jose import AccountKey
from functioncerts.acme.models import AcmeOrder
from functioncerts.acme.moves import about_order, fail_order, make_ready, move_order
from functioncerts.acme.placing import expire
from functioncerts.acme.policies import demand_receipt, demand_second_person
from functioncerts.acme.renewal_information import certificate_named
from functioncerts.acme.states import AuthorizationState, OrderAction, OrderState
from functioncerts.errors import FunctionObjectNotFound, Refused, RequestInvalid
from functioncerts.models import FunctionOrder
from functioncerts.names import NameInvalid, parse_dns_name
from functioncerts.requests_read import ReadRequest, read_request
from functioncerts.states import FunctionOrderState
from journal.actor import Actor
from journal.recording import record

_ENDED_WITHOUT = frozenset({FunctionOrderState.FAILED.value, FunctionOrderState.DECLINED.value})


def finalize(order: AcmeOrder, csr_der: bytes, *, key: AccountKey, actor: Actor, at: datetime) -> AcmeOrder:
    """Order the certificate (RFC 8555 section 7.4); again with the same key pair: the order as it is.

    The move of the order, the function order and the request to the CA are one transaction. Raises
    AcmeProblem: orderNotReady; badCSR (unreadable, another set of names, a key that may not be certified or
    is the account's own); the order stays ready then.
    """
    request = _request(csr_der, order, key)
    digest = hashlib.sha256(request.public_key).hexdigest()
    order = current(order, at=at)
    with transaction.atomic():
        order = AcmeOrder.objects.select_for_update().get(pk=order.pk)
        is_finalized = order.state in {OrderState.PROCESSING.value, OrderState.VALID.value}
        if is_finalized and order.public_key_sha256 == digest:
            return order
        _demand_authorized(order, at=at)
        placed = _function_order(order, csr_der, actor=actor, at=at)
        fields = {"function_order_id": str(placed.pk), "public_key_sha256": digest}
        if not move_order(order, OrderAction.FINALIZE, **fields):
            raise _not_ready(order)
        event = AcmeOrderFinalized(
            **about_order(order), function_order_id=str(placed.pk), public_key_sha256=digest
        )
        record(event, actor=actor, at=at)
    return order


def current(order: AcmeOrder, *, at: datetime) -> AcmeOrder:
    """Return the order as it stands now: what was issued, proved or ran out meanwhile is noted."""
    match order.state:
        case OrderState.PROCESSING.value:
            settle(order, at=at)
        case OrderState.PENDING.value | OrderState.READY.value if order.expires_at <= at:
            expire(order, actor=WORKER, at=at)
        case OrderState.PENDING.value:
            with transaction.atomic():
                make_ready(order, actor=WORKER, at=at)
    order.refresh_from_db()
    return order


def settle(order: AcmeOrder, *, at: datetime) -> bool:
    """Note that an order has its certificate, or gets none; before that nothing changes."""
    placed = lifecycle.settle_order(order_id=order.function_order_id, actor=WORKER, at=at)
    with transaction.atomic():
        if placed.certificate_id:
            if not move_order(order, OrderAction.ISSUE, certificate_id=placed.certificate_id):
                return False
            event = AcmeOrderIssued(
                **about_order(order),
                function_order_id=order.function_order_id,
                certificate_id=placed.certificate_id,
            )
            record(event, actor=WORKER, at=at)
            return True
        if placed.state in _ENDED_WITHOUT:
            return fail_order(order, _failure(placed), actor=WORKER, at=at)
    return False


def settle_function_order(*, function_order_id: str, at: datetime) -> None:
    """Settle the ACME order behind a function order, if there is one; the worker's consumer."""
    order = AcmeOrder.objects.select_related("account").filter(function_order_id=function_order_id).first()
    if order is not None and order.state == OrderState.PROCESSING.value:
        settle(order, at=at)


def settle_orders(*, at: datetime, limit: int = 200) -> int:
    """Settle whatever is being issued; the worker's sweep."""
    waiting = AcmeOrder.objects.select_related("account").filter(state=OrderState.PROCESSING.value)
    return sum(settle(order, at=at) for order in waiting.order_by("created_at")[:limit])


def _function_order(order: AcmeOrder, csr_der: bytes, *, actor: Actor, at: datetime) -> FunctionOrder:
    try:
        return lifecycle.order_certificate(
            hsa_id=order.account.function_object.hsa_id,
            csr=csr_der,
            names=order.names,
            idempotency_key=f"order:{order.pk}",
            replaces=_replaced(order),
            approved_by=demand_second_person(order.account, actor=actor),
            receipt=demand_receipt(order.account),
            actor=actor,
            at=at,
        )
    except RequestInvalid as error:
        raise AcmeProblem(ProblemType.BAD_CSR, str(error)) from error
    except Refused as error:
        raise AcmeProblem(ProblemType.UNAUTHORIZED, f"refused: {error.refusal.code}") from error
    except FunctionObjectNotFound as error:
        raise AcmeProblem(ProblemType.UNAUTHORIZED, "the function object is not there any more") from error


def _replaced(order: AcmeOrder) -> str:
    """Return the function order whose certificate this one replaces, where that is still in use."""
    found = certificate_named(order.replaces) if order.replaces else None
    is_in_use = found is not None and found.order.state == FunctionOrderState.DELIVERED.value
    return str(found.order.pk) if found is not None and is_in_use else ""


def _demand_authorized(order: AcmeOrder, *, at: datetime) -> None:
    if order.state != OrderState.READY.value:
        raise _not_ready(order)
    states = order.authorizations.values_list("state", "expires_at")
    if not all(state == AuthorizationState.VALID.value and until > at for state, until in states):
        raise AcmeProblem(ProblemType.ORDER_NOT_READY, "an authorization has run out: place a new order")


def _request(csr_der: bytes, order: AcmeOrder, key: AccountKey) -> ReadRequest:
    try:
        request = read_request(csr_der)
    except RequestInvalid as error:
        raise AcmeProblem(ProblemType.BAD_CSR, str(error)) from error
    if request.public_key == key.public_key_der:
        raise AcmeProblem(ProblemType.BAD_CSR, "the key in the CSR is the account's own")
    names = _names(csr_der)
    if names != set(order.names):
        told = ", ".join(sorted(names)) or "none"
        raise AcmeProblem(ProblemType.BAD_CSR, f"the CSR is not for the order's names: {told[:500]}")
    return request


def _names(csr_der: bytes) -> set[str]:
    """Return every name in a CSR; raises AcmeProblem (badCSR) for one that no order can hold."""
    csr = x509.load_der_x509_csr(csr_der)
    names = [str(one.value) for one in csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        extension = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        pass
    else:
        names += [str(one.value) for one in extension.value]
    try:
        return {parse_dns_name(name) for name in names}
    except NameInvalid as error:
        raise AcmeProblem(ProblemType.BAD_CSR, f"the CSR holds a name that is none: {error}") from error


def _not_ready(order: AcmeOrder) -> AcmeProblem:
    return AcmeProblem(ProblemType.ORDER_NOT_READY, f"the order is {order.state}, not ready")


def _failure(placed: FunctionOrder) -> dict[str, object]:
    why = placed.failure or "declined by a person"
    return {"type": PREFIX + ProblemType.SERVER_INTERNAL.value, "detail": f"no certificate was issued: {why}"}
