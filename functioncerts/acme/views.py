"""Every resource of ACME: what is asked, who may, and what is answered (RFC 8555 section 7, RFC 9773)."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.http import HttpResponse

from ca.selectors import certificate_pem, chain_pem
from functioncerts.acme import documents
from functioncerts.acme.accounts import (
    change_contact,
    change_key,
    contacts_in,
    deactivate_account,
    open_account,
)
from functioncerts.acme.documents import url_of
from functioncerts.acme.edge import By, Call, add_link, signed, told, unsigned
from functioncerts.acme.encoded import from_base64url, json_object
from functioncerts.acme.errors import AcmeProblem, ProblemType, malformed
from functioncerts.acme.finalizing import current, finalize
from functioncerts.acme.models import Account, AcmeOrder, Authorization, Challenge
from functioncerts.acme.placing import authorize_ahead, place_order
from functioncerts.acme.proving import answer_challenge, deactivate_authorization
from functioncerts.acme.renewal_information import ASK_AGAIN, certificate_named, window_of
from functioncerts.acme.revoking import revoke
from functioncerts.acme.states import AuthorizationState, ChallengeState, OrderState
from functioncerts.models import FunctionOrder
from functioncerts.selectors import certificate_of

PAGE: Final = 50
_POLL_SECONDS: Final = 2
_WAITS: Final = frozenset({OrderState.PENDING.value, OrderState.PROCESSING.value})


@unsigned
def show_directory(*, at: datetime) -> HttpResponse:  # noqa: ARG001 - the edge's shape
    """Return where everything is (RFC 8555 section 7.1.1)."""
    return told(documents.directory())


@unsigned
def new_nonce(*, at: datetime) -> HttpResponse:  # noqa: ARG001 - the edge's shape
    """Return a nonce in the header (RFC 8555 section 7.2); GET's 204 and HEAD's 200 hold nothing else."""
    return HttpResponse(status=204)


@unsigned
def show_renewal_information(*, certificate: str, at: datetime) -> HttpResponse:  # noqa: ARG001 - the edge's shape
    """Return when a certificate should be renewed (RFC 9773 section 4.1)."""
    found = certificate_named(certificate)
    if found is None:
        raise malformed("no function certificate has this id", status=404)
    window = window_of(found.certificate)
    return told(documents.renewal_document(window), retry_after=int(ASK_AGAIN.total_seconds()))


@signed(By.NEW_KEY)
def new_account(call: Call) -> HttpResponse:
    """Open an account, or find the one that the key has (RFC 8555 section 7.3)."""
    account, is_new = open_account(
        key=call.key,
        fields=call.fields(),
        url=call.url,
        client_address=call.client_address,
        at=call.at,
    )
    where = url_of(f"account/{account.pk}")
    return told(documents.account_document(account), status=201 if is_new else 200, location=where)


@signed()
def show_account(call: Call, *, account_id: UUID) -> HttpResponse:
    """Show, change or deactivate the account that signs (RFC 8555 sections 7.3.2 and 7.3.6)."""
    account = _own(call, account_id)
    if not call.is_read:
        fields = call.fields()
        status = fields.get("status")
        if status is not None and status not in {"deactivated", account.state}:
            raise malformed("an account's holder may set its status to deactivated")
        if "contact" in fields:
            contacts_in(fields["contact"])
        if status == "deactivated":
            account = deactivate_account(account, actor=call.actor, at=call.at)
        elif "contact" in fields:
            account = change_contact(account, fields["contact"], actor=call.actor, at=call.at)
    return told(documents.account_document(account), location=url_of(f"account/{account.pk}"))


@signed()
def list_orders(call: Call, *, account_id: UUID) -> HttpResponse:
    """List the account's orders, newest first (RFC 8555 section 7.1.2.1)."""
    return _orders_from(call, account_id, None)


@signed()
def list_more_orders(call: Call, *, account_id: UUID, after: UUID) -> HttpResponse:
    """List the account's orders that are older than one."""
    return _orders_from(call, account_id, after)


@signed()
def change_account_key(call: Call) -> HttpResponse:
    """Give the account another key (RFC 8555 section 7.3.5)."""
    place = url_of(f"account/{call.account.pk}")
    account = change_key(
        call.account,
        json_object(call.payload, "the payload"),
        outer_url=call.url,
        account_url=place,
        actor=call.actor,
        at=call.at,
    )
    return told(documents.account_document(account), location=place)


@signed()
def new_order(call: Call) -> HttpResponse:
    """Place an order (RFC 8555 section 7.4)."""
    order = place_order(call.account, call.fields(), actor=call.actor, at=call.at)
    return _order(order, status=201)


@signed()
def new_authorization(call: Call) -> HttpResponse:
    """Ask for an authorization before there is an order (RFC 8555 section 7.4.1)."""
    made = authorize_ahead(call.account, call.fields().get("identifier"), actor=call.actor, at=call.at)
    where = url_of(f"authz/{made.pk}")
    return told(documents.authorization_document(made, at=call.at), status=201, location=where)


@signed()
def show_order(call: Call, *, order_id: UUID) -> HttpResponse:
    """Show an order as it stands now."""
    order = _own_order(call, order_id)
    call.demand_read()
    return _order(current(order, at=call.at))


@signed()
def finalize_order(call: Call, *, order_id: UUID) -> HttpResponse:
    """Order the certificate for the key of a CSR (RFC 8555 section 7.4)."""
    csr_der = from_base64url(call.fields().get("csr"), "csr")
    order = _own_order(call, order_id)
    order = finalize(order, csr_der, key=call.key, actor=call.actor, at=call.at)
    return _order(order)


@signed()
def show_certificate(call: Call, *, order_id: UUID) -> HttpResponse:
    """Return the certificate and the issuers below the root; the root is in the alternate."""
    return _certificate(call, order_id, with_root=False)


@signed()
def show_certificate_to_root(call: Call, *, order_id: UUID) -> HttpResponse:
    """Return the certificate and its issuers, the root last: for servers that want it in the file."""
    return _certificate(call, order_id, with_root=True)


@signed()
def show_authorization(call: Call, *, authorization_id: UUID) -> HttpResponse:
    """Show an authorization, or give it up (RFC 8555 sections 7.5 and 7.5.2)."""
    own = Authorization.objects.select_related("account").filter(account=call.account)
    authorization = own.filter(pk=authorization_id).first()
    if authorization is None:
        raise _not_yours()
    if not call.is_read:
        if call.fields().get("status") != "deactivated":
            raise malformed("an authorization's status may be set to deactivated")
        authorization = deactivate_authorization(authorization, actor=call.actor, at=call.at)
    is_pending = authorization.state == AuthorizationState.PENDING.value
    return told(
        documents.authorization_document(authorization, at=call.at),
        retry_after=_POLL_SECONDS if is_pending else 0,
    )


@signed()
def answer(call: Call, *, challenge_id: UUID) -> HttpResponse:
    """Let a challenge be looked at, or show how far it is (RFC 8555 section 7.5.1)."""
    own = Challenge.objects.select_related("authorization__account")
    challenge = own.filter(authorization__account=call.account, pk=challenge_id).first()
    if challenge is None:
        raise _not_yours()
    if not call.is_read:
        call.fields()
        challenge = answer_challenge(challenge, actor=call.actor, at=call.at)
    return told(
        documents.challenge_document(challenge),
        retry_after=_POLL_SECONDS if challenge.state == ChallengeState.PROCESSING.value else 0,
        links=[(url_of(f"authz/{challenge.authorization_id}"), "up")],
    )


@signed(By.EITHER)
def revoke_certificate(call: Call) -> HttpResponse:
    """Revoke a certificate, by its account or by its own key (RFC 8555 section 7.6)."""
    revoke(
        call.fields(),
        account=call.signer,
        key=call.key,
        client_address=call.client_address,
        at=call.at,
    )
    return HttpResponse(status=200)


def _own(call: Call, account_id: UUID) -> Account:
    if call.account.pk != account_id:
        raise _not_yours()
    return call.account


def _own_order(call: Call, order_id: UUID) -> AcmeOrder:
    own = AcmeOrder.objects.select_related("account__function_object").filter(account=call.account)
    order = own.filter(pk=order_id).first()
    if order is None:
        raise _not_yours()
    return order


def _not_yours() -> AcmeProblem:
    """Return the refusal; what is another account's is not told from what does not exist."""
    return AcmeProblem(ProblemType.UNAUTHORIZED, "the account that signs has nothing by this address")


def _order(order: AcmeOrder, *, status: int = 200) -> HttpResponse:
    return told(
        documents.order_document(order),
        status=status,
        location=url_of(f"order/{order.pk}"),
        retry_after=_POLL_SECONDS if order.state in _WAITS else 0,
    )


def _orders_from(call: Call, account_id: UUID, after: UUID | None) -> HttpResponse:
    account = _own(call, account_id)
    call.demand_read()
    orders = AcmeOrder.objects.filter(account=account).order_by("-created_at", "-pk")
    if after is not None:
        last = orders.filter(pk=after).first()
        if last is None:
            raise _not_yours()
        older = orders.filter(created_at__lt=last.created_at)
        orders = older | orders.filter(created_at=last.created_at, pk__lt=last.pk)
    shown = list(orders[: PAGE + 1])
    more = [] if len(shown) <= PAGE else [shown[PAGE - 1]]
    next_pages = [(url_of(f"account/{account.pk}/orders/after/{one.pk}"), "next") for one in more]
    return told(documents.orders_document(shown[:PAGE]), links=next_pages)


def _certificate(call: Call, order_id: UUID, *, with_root: bool) -> HttpResponse:
    order = _own_order(call, order_id)
    call.demand_read()
    if order.state != OrderState.VALID.value:
        raise AcmeProblem(ProblemType.ORDER_NOT_READY, f"the order is {order.state}: there is no certificate")
    certificate = certificate_of(FunctionOrder.objects.get(pk=order.function_order_id))
    if certificate is None:
        raise AcmeProblem(ProblemType.SERVER_INTERNAL, "the certificate is not there")
    issuers = chain_pem(certificate.issuer)
    if not with_root:
        issuers = issuers[: issuers.rindex("-----BEGIN CERTIFICATE-----")]
    response = HttpResponse(
        certificate_pem(bytes(certificate.certificate_der)) + issuers,
        content_type="application/pem-certificate-chain",
    )
    other = f"cert/{order.pk}" if with_root else f"cert/{order.pk}/to-root"
    add_link(response, url_of(other), "alternate")
    return response
