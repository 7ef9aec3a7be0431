"""The API /api/v1/function-certificates/: bearer token, JSON, problem+json, scoped like the portal."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import ClassVar, Final

from django.http import HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ca.environments import Environment
from ca.selectors import certificate_pem, chain_pem
from functioncerts import api_mails, api_objects, errors, selectors
from functioncerts.api_base import ExactForm, ScopedView, actor_of, exactly, holder_of, now
from functioncerts.lifecycle import (
    REASONS,
    approve_order,
    decline_order,
    order_certificate,
    revoke_certificate,
    settle_order,
)
from functioncerts.models import Answer, FunctionOrder, TokenScope
from functioncerts.notices import answer_notices
from functioncerts.receipts import TEXT, VERSION, Receipt, accept_receipt, text_sha256
from functioncerts.states import FunctionOrderState
from journal.actor import Actor

WAIT_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.1
_LONGEST_KEY: Final = 64
_REASONS: Final = {reason.rfc_name: reason for reason in REASONS}


class OrderForm(ExactForm):
    """What an order holds."""

    function_object = serializers.CharField(max_length=32, help_text="HSA-id of the function object")
    csr = serializers.CharField(max_length=16_384, help_text="PKCS#10 in PEM; only its key is used")
    names = serializers.ListField(
        child=serializers.CharField(max_length=254),
        required=False,
        allow_empty=False,
        max_length=20,
        help_text="names inside the validated ones; all of them if left out",
    )
    replaces = serializers.UUIDField(
        required=False, help_text="the order that this one renews; both certificates are valid meanwhile"
    )
    receipt = serializers.CharField(
        max_length=16, required=False, help_text="version of the receipt that is accepted with the order"
    )


class RenewalForm(ExactForm):
    """What a renewal holds: a request with a key, and other names where they change."""

    csr = serializers.CharField(max_length=16_384, help_text="PKCS#10 in PEM; only its key is used")
    names = serializers.ListField(
        child=serializers.CharField(max_length=254),
        required=False,
        allow_empty=False,
        max_length=20,
        help_text="the old certificate's if left out",
    )
    receipt = serializers.CharField(
        max_length=16, required=False, help_text="version of the receipt that is accepted with the order"
    )


class ReceiptForm(ExactForm):
    """That the receipt is accepted."""

    version = serializers.ChoiceField(choices=[VERSION])


class ReceiptView(serializers.Serializer[object]):
    """The receipt as it stands: its text, in the language that binds."""

    version = serializers.CharField()
    text = serializers.CharField()
    sha256 = serializers.CharField()


class DecisionForm(ExactForm):
    """What a second person decides over an order."""

    decision = serializers.ChoiceField(choices=["approve", "decline"])
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class AnswerForm(ExactForm):
    """What happens with a certificate that ends."""

    answer = serializers.ChoiceField(choices=[one.value for one in Answer])
    delegate_to = serializers.CharField(
        max_length=32, required=False, help_text="HSA-id of another orderer, for `delegated`"
    )


class MomentField(serializers.DateTimeField):
    """A moment; the framework's own raises OverflowError for the hours at either end of the calendar."""

    def enforce_timezone(self, value: datetime) -> datetime:
        """Return the moment with its time zone, or refuse what is no moment of UTC."""
        try:
            moment: datetime = super().enforce_timezone(value)
            moment.astimezone(UTC)
        except OverflowError:
            self.fail("overflow")
        return moment


class RevocationForm(ExactForm):
    """What a revocation holds."""

    reason = serializers.ChoiceField(choices=sorted(_REASONS))
    requested_at = MomentField(required=False)


class FindingView(serializers.Serializer[object]):
    """Something in the request that was left aside or is worth a word."""

    code = serializers.CharField()
    facts = serializers.DictField(child=serializers.CharField())


class OrderView(serializers.Serializer[object]):
    """An order as it is answered."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=[state.value for state in FunctionOrderState])
    function_object = serializers.CharField()
    environment = serializers.ChoiceField(
        choices=[one.value for one in Environment], help_text="whose issuers certify it: PROD, or QA"
    )
    names = serializers.ListField(child=serializers.CharField())
    findings = FindingView(many=True)
    ordered_at = serializers.DateTimeField()
    ordered_by = serializers.CharField()
    serial_number = serializers.CharField(required=False)
    not_before = serializers.DateTimeField(required=False)
    not_after = serializers.DateTimeField(required=False)
    replaces = serializers.UUIDField(required=False)
    receipt_version = serializers.CharField(
        allow_blank=True, help_text="empty: accept the receipt, then the certificate is given out"
    )
    certificate = serializers.CharField(required=False, help_text="PEM; only where the receipt is accepted")
    chain = serializers.CharField(required=False, help_text="PEM, issuer first, root last")
    revoked_at = serializers.DateTimeField(required=False)
    revocation_reason = serializers.CharField(required=False)
    failure = serializers.CharField(required=False)


class OrderPageView(serializers.Serializer[object]):
    """One page of orders; `after` is the key of the next page, empty at the end."""

    orders = OrderView(many=True)
    after = serializers.CharField(allow_blank=True)


class OrderQuery(ExactForm):
    """What a list of orders is asked with; what is misspelt would else list all of them."""

    state = serializers.ChoiceField(choices=[state.value for state in FunctionOrderState], required=False)
    after = serializers.CharField(required=False, allow_blank=True, help_text="the key of the page before")


class FunctionCertificates(ScopedView):
    """Order a certificate, or list what was ordered."""

    scopes: ClassVar = {**ScopedView.scopes, "POST": TokenScope.ORDER}

    @extend_schema(
        operation_id="function_certificates_list",
        parameters=[OrderQuery],
        responses=OrderPageView,
    )
    def get(self, request: Request) -> Response:
        """List orders in scope, newest first, a page at a time."""
        asked = exactly(OrderQuery(data=request.query_params))
        page = selectors.list_orders(
            actor=actor_of(request),
            state=FunctionOrderState(asked["state"]) if "state" in asked else None,
            after=asked.get("after", ""),
        )
        return Response({"orders": [_short(order) for order in page.orders], "after": page.after})

    @extend_schema(
        operation_id="function_certificates_order",
        request=OrderForm,
        responses={201: OrderView, 202: OrderView},
    )
    def post(self, request: Request) -> Response:
        """Order a certificate; 201 with the certificate when it is out within seconds, else 202."""
        data = exactly(OrderForm(data=request.data))
        return _placed(
            request,
            hsa_id=data["function_object"],
            csr=data["csr"],
            names=data.get("names", ()),
            replaces=str(data.get("replaces", "")),
            receipt=data.get("receipt", ""),
        )


class FunctionCertificate(ScopedView):
    """One order with its certificate."""

    @extend_schema(operation_id="function_certificates_read", responses=OrderView)
    def get(self, request: Request, order_id: str) -> Response:
        """Return the order, with certificate and chain in PEM once delivered."""
        return Response(_full(selectors.get_order(order_id, actor=actor_of(request))))


class FunctionCertificatePem(ScopedView):
    """The certificate alone, for programs that want a file."""

    @extend_schema(operation_id="function_certificates_pem", responses={(200, "application/x-pem-file"): str})
    def get(self, request: Request, order_id: str) -> HttpResponse:
        """Return certificate and intermediate issuers in PEM; 404 before delivery and before the receipt."""
        order = selectors.get_order(order_id, actor=actor_of(request))
        certificate = selectors.certificate_of(order)
        if certificate is None or not order.receipt_version:
            raise errors.FunctionOrderNotFound(str(order.pk))
        pem = certificate_pem(bytes(certificate.certificate_der)) + chain_pem(certificate.issuer)
        return HttpResponse(pem, content_type="application/x-pem-file")


class FunctionCertificateRenewal(ScopedView):
    """Another certificate in the place of one that ends; both are valid meanwhile."""

    scopes: ClassVar = {"POST": TokenScope.ORDER}

    @extend_schema(
        operation_id="function_certificates_renew",
        request=RenewalForm,
        responses={201: OrderView, 202: OrderView},
    )
    def post(self, request: Request, order_id: str) -> Response:
        """Order a certificate with the names of the old one; 201 with it when it is out in time, else 202."""
        old = selectors.get_order(order_id, actor=actor_of(request))
        data = exactly(RenewalForm(data=request.data))
        return _placed(
            request,
            hsa_id=old.function_object.hsa_id,
            csr=data["csr"],
            names=data.get("names", old.names),
            replaces=str(old.pk),
            receipt=data.get("receipt", ""),
        )


class FunctionCertificateReceipt(ScopedView):
    """The receipt of one order (FC-4)."""

    scopes: ClassVar = {"POST": TokenScope.MANAGE}

    @extend_schema(operation_id="function_certificates_receipt", request=ReceiptForm, responses=OrderView)
    def post(self, request: Request, order_id: str) -> Response:
        """Accept the receipt; from then on the certificate is given out."""
        data = exactly(ReceiptForm(data=request.data))
        receipt = Receipt(version=data["version"])
        order = accept_receipt(order_id=order_id, receipt=receipt, actor=actor_of(request), at=now())
        return Response(_full(order))


class FunctionCertificateDecision(ScopedView):
    """A second person's decision over an order."""

    scopes: ClassVar = {"POST": TokenScope.APPROVE}

    @extend_schema(operation_id="function_certificates_decide", request=DecisionForm, responses=OrderView)
    def post(self, request: Request, order_id: str) -> Response:
        """Approve or decline what waits; never what one ordered oneself."""
        data = exactly(DecisionForm(data=request.data))
        actor, at = actor_of(request), now()
        if data["decision"] == "approve":
            return Response(_full(approve_order(order_id=order_id, actor=actor, at=at)))
        reason = data.get("reason", "")
        return Response(_full(decline_order(order_id=order_id, reason=reason, actor=actor, at=at)))


class FunctionCertificateAnswer(ScopedView):
    """An answer to the notices of a certificate that ends (POR-9)."""

    scopes: ClassVar = {"POST": TokenScope.MANAGE}

    @extend_schema(operation_id="function_certificates_answer", request=AnswerForm, responses=OrderView)
    def post(self, request: Request, order_id: str) -> Response:
        """Take the renewal on, pass it on, or let the certificate end."""
        data = exactly(AnswerForm(data=request.data))
        actor = actor_of(request)
        answer_notices(
            order_id=order_id,
            answer=Answer(data["answer"]),
            delegate_to=data.get("delegate_to", ""),
            actor=actor,
            at=now(),
        )
        return Response(_full(selectors.get_order(order_id, actor=actor)))


class StandingReceipt(ScopedView):
    """The receipt's text."""

    @extend_schema(operation_id="function_receipt_read", responses=ReceiptView)
    def get(self, request: Request) -> Response:  # noqa: ARG002 - the framework's signature
        """Return the text that is accepted now, and its version."""
        return Response({"version": VERSION, "text": TEXT, "sha256": text_sha256()})


class FunctionCertificateRevocation(ScopedView):
    """Revocation, for ever."""

    scopes: ClassVar = {"POST": TokenScope.REVOKE}

    @extend_schema(operation_id="function_certificates_revoke", request=RevocationForm, responses=OrderView)
    def post(self, request: Request, order_id: str) -> Response:
        """Revoke the order's certificate."""
        data = exactly(RevocationForm(data=request.data))
        at = now()
        reason = _REASONS[data["reason"]]
        order = revoke_certificate(
            order_id=order_id,
            reason=reason,
            requested_at=data.get("requested_at", at),
            actor=actor_of(request),
            at=at,
        )
        return Response(_full(order))


urlpatterns = [
    path("function-certificates/", FunctionCertificates.as_view(), name="api-function-certificates"),
    path(
        "function-certificates/<uuid:order_id>/",
        FunctionCertificate.as_view(),
        name="api-function-certificate",
    ),
    path(
        "function-certificates/<uuid:order_id>/certificate.pem",
        FunctionCertificatePem.as_view(),
        name="api-function-certificate-pem",
    ),
    path(
        "function-certificates/<uuid:order_id>/revoke",
        FunctionCertificateRevocation.as_view(),
        name="api-function-certificate-revoke",
    ),
    path(
        "function-certificates/<uuid:order_id>/renewal",
        FunctionCertificateRenewal.as_view(),
        name="api-function-certificate-renewal",
    ),
    path(
        "function-certificates/<uuid:order_id>/receipt",
        FunctionCertificateReceipt.as_view(),
        name="api-function-certificate-receipt",
    ),
    path(
        "function-certificates/<uuid:order_id>/decision",
        FunctionCertificateDecision.as_view(),
        name="api-function-certificate-decision",
    ),
    path(
        "function-certificates/<uuid:order_id>/answer",
        FunctionCertificateAnswer.as_view(),
        name="api-function-certificate-answer",
    ),
    path(
        "function-certificates/<uuid:order_id>/mails",
        api_mails.FunctionCertificateMails.as_view(),
        name="api-function-certificate-mails",
    ),
    path("function-receipt/", StandingReceipt.as_view(), name="api-function-receipt"),
    path("function-objects/", api_objects.FunctionObjects.as_view(), name="api-function-objects"),
    path(
        "function-objects/<str:hsa_id>/", api_objects.OneFunctionObject.as_view(), name="api-function-object"
    ),
    path("function-objects/<str:hsa_id>/tags", api_objects.Tags.as_view(), name="api-function-object-tags"),
]


def _placed(
    request: Request, *, hsa_id: str, csr: str, names: Sequence[str], replaces: str, receipt: str
) -> Response:
    """Place an order and wait a little for its certificate; the receipt is its own, or the token's."""
    holder = holder_of(request)
    if receipt and receipt != VERSION:
        raise serializers.ValidationError({"receipt": [_("Another text stands now: read it first.")]})
    order = order_certificate(
        hsa_id=hsa_id,
        csr=csr.encode(),
        names=names,
        idempotency_key=_idempotency_key(request),
        replaces=replaces,
        receipt=Receipt(version=receipt) if receipt else holder.receipt,
        actor=holder.actor,
        at=now(),
    )
    order = _wait_for_delivery(order)
    delivered = order.state == FunctionOrderState.DELIVERED.value
    return Response(
        _full(order),
        status=HTTPStatus.CREATED if delivered else HTTPStatus.ACCEPTED,
        headers={"Location": reverse("api-function-certificate", args=[order.pk])},
    )


def _wait_for_delivery(order: FunctionOrder) -> FunctionOrder:
    """Look for the certificate for some seconds; the worker issues and publishes it meanwhile."""
    deadline = time.monotonic() + WAIT_SECONDS
    system = Actor.system("function-certificates-api")
    while True:
        order = settle_order(order_id=str(order.pk), actor=system, at=now())
        if order.state != FunctionOrderState.ORDERED.value or time.monotonic() >= deadline:
            return order
        time.sleep(_PAUSE_SECONDS)


def _short(order: FunctionOrder) -> dict[str, object]:
    answer: dict[str, object] = {
        "id": str(order.pk),
        "state": order.state,
        "function_object": order.function_object.hsa_id,
        "environment": order.environment,
        "names": order.names,
        "findings": order.findings,
        "ordered_at": order.ordered_at,
        "ordered_by": order.ordered_by,
        "receipt_version": order.receipt_version,
    }
    if order.replaces_id is not None:
        answer["replaces"] = str(order.replaces_id)
    if order.revoked_at is not None:
        answer |= {"revoked_at": order.revoked_at, "revocation_reason": order.revocation_reason}
    if order.failure:
        answer["failure"] = order.failure
    return answer


def _full(order: FunctionOrder) -> dict[str, object]:
    answer = _short(order)
    certificate = selectors.certificate_of(order)
    if certificate is not None:
        answer |= {
            "serial_number": certificate.serial_hex,
            "not_before": certificate.not_before,
            "not_after": certificate.not_after,
        }
        if order.receipt_version:  # FC-4: accepted before anything is received
            answer |= {
                "certificate": certificate_pem(bytes(certificate.certificate_der)),
                "chain": chain_pem(certificate.issuer),
            }
    return answer


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > _LONGEST_KEY:
        too_long = _("At most %(count)s characters.") % {"count": _LONGEST_KEY}
        raise serializers.ValidationError({"Idempotency-Key": [too_long]})
    return key or None
