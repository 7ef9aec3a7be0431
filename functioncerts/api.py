"""The API /api/v1/function-certificates/: bearer token, JSON, problem+json, scoped like the portal."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import IO, Any, Final

from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, ParseError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ca.environments import Environment
from ca.errors import RequestedBeforeCertificate
from ca.selectors import certificate_pem, chain_pem
from functioncerts import errors, selectors
from functioncerts.lifecycle import REASONS, order_certificate, revoke_certificate, settle_order
from functioncerts.models import FunctionOrder
from functioncerts.states import FunctionOrderState
from functioncerts.tokens import actor_of_token
from journal.actor import Actor
from journal.errors import DomainError
from journal.stops import JournalNotWritable, JournalStopped

WAIT_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.1
_LONGEST_KEY: Final = 64
_STATUSES: Final[Mapping[type[DomainError], HTTPStatus]] = {
    errors.FunctionObjectNotFound: HTTPStatus.NOT_FOUND,
    errors.FunctionOrderNotFound: HTTPStatus.NOT_FOUND,
    errors.Refused: HTTPStatus.FORBIDDEN,
    errors.RequestInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ReasonNotAllowed: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.RequestedInTheFuture: HTTPStatus.UNPROCESSABLE_ENTITY,
    RequestedBeforeCertificate: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.AlreadyRevoked: HTTPStatus.CONFLICT,
    errors.IdempotencyKeyReused: HTTPStatus.CONFLICT,
    errors.IllegalTransition: HTTPStatus.CONFLICT,
    JournalNotWritable: HTTPStatus.SERVICE_UNAVAILABLE,
    JournalStopped: HTTPStatus.SERVICE_UNAVAILABLE,
}
_ACTOR_REFUSALS: Final = frozenset({"role_missing", "outside_scope"})
_REASONS: Final = {reason.rfc_name: reason for reason in REASONS}


class ApiCaller:
    """The program behind a token, in the shape that Django REST framework asks for."""

    is_authenticated = True

    def __init__(self, actor: Actor) -> None:
        self.actor = actor


class BearerAuthentication(BaseAuthentication):
    """Reads the header ``Authorization: Bearer sigill_…``."""

    def authenticate(self, request: Request) -> tuple[ApiCaller, None] | None:
        """Return the caller, or None without a bearer token; raises AuthenticationFailed."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        address = str(request.META.get("REMOTE_ADDR", ""))[:45]
        try:
            return ApiCaller(actor_of_token(token.strip(), client_address=address, at=_now())), None
        except errors.TokenInvalid:
            raise AuthenticationFailed from None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the framework's signature
        """Return what the WWW-Authenticate header says."""
        return 'Bearer realm="sigill"'


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the token looks in the OpenAPI document."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:  # noqa: ARG002 - its signature
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer"}


class BoundedJSONParser(JSONParser):
    """JSON that does not nest deeper than Python's parser goes."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return what was sent; raises ParseError, also for thousands of brackets."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("nested too deeply") from None


class ProblemRenderer(JSONRenderer):
    """JSON for answers; problems get their own media type in `handle_exception`."""

    charset = None


class ExactForm(serializers.Serializer[object]):
    """A form that takes no field it does not know: what is misspelt would be left out in silence."""

    def validate(self, attrs: dict[str, object]) -> dict[str, object]:
        """Return the fields; raises ValidationError naming those that are unknown."""
        unknown = set(self.initial_data) - set(self.fields)
        if unknown:
            raise serializers.ValidationError(
                {name: [_("There is no such field.")] for name in sorted(unknown)}
            )
        return attrs


class OrderForm(ExactForm):
    """What an order holds."""

    function_object = serializers.CharField(max_length=32, help_text="HSA-id of the function object")
    csr = serializers.CharField(max_length=16_384, help_text="PKCS#10 in PEM; only its key is used")
    names = serializers.ListField(
        child=serializers.CharField(max_length=254),
        required=False,
        max_length=20,
        help_text="names inside the validated ones; all of them if left out",
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
    certificate = serializers.CharField(required=False, help_text="PEM")
    chain = serializers.CharField(required=False, help_text="PEM, issuer first, root last")
    revoked_at = serializers.DateTimeField(required=False)
    revocation_reason = serializers.CharField(required=False)
    failure = serializers.CharField(required=False)


class OrderPageView(serializers.Serializer[object]):
    """One page of orders; `after` is the key of the next page, empty at the end."""

    orders = OrderView(many=True)
    after = serializers.CharField(allow_blank=True)


class _ScopedView(APIView):
    """Bearer tokens only; every domain error becomes problem+json (RFC 9457)."""

    authentication_classes = (BearerAuthentication,)
    permission_classes = (IsAuthenticated,)
    parser_classes = (BoundedJSONParser,)
    renderer_classes = (ProblemRenderer,)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer domain errors and the framework's own with problem+json; anything else is a fault."""
        if isinstance(exc, DomainError):
            return _domain_problem(exc)
        response: Response = super().handle_exception(exc)
        if isinstance(exc, APIException):
            facts = response.data if isinstance(response.data, dict) else {"errors": response.data}
            code = "unauthenticated" if response.status_code == HTTPStatus.UNAUTHORIZED else "request_invalid"
            response.data = _problem(HTTPStatus(response.status_code), code, {"detail": facts})
            response.content_type = "application/problem+json"
        return response


class FunctionCertificates(_ScopedView):
    """Order a certificate, or list what was ordered."""

    @extend_schema(
        operation_id="function_certificates_list",
        parameters=[
            OpenApiParameter("state", str, enum=[state.value for state in FunctionOrderState]),
            OpenApiParameter("after", str),
        ],
        responses=OrderPageView,
    )
    def get(self, request: Request) -> Response:
        """List orders in scope, newest first, a page at a time."""
        state = request.query_params.get("state")
        page = selectors.list_orders(
            actor=_actor(request),
            state=FunctionOrderState(state) if state in list(FunctionOrderState) else None,
            after=request.query_params.get("after", ""),
        )
        return Response({"orders": [_short(order) for order in page.orders], "after": page.after})

    @extend_schema(
        operation_id="function_certificates_order",
        request=OrderForm,
        responses={201: OrderView, 202: OrderView},
    )
    def post(self, request: Request) -> Response:
        """Order a certificate; 201 with the certificate when it is out within seconds, else 202."""
        form = OrderForm(data=request.data)
        form.is_valid(raise_exception=True)
        order = order_certificate(
            hsa_id=form.validated_data["function_object"],
            csr=form.validated_data["csr"].encode(),
            names=form.validated_data.get("names", ()),
            idempotency_key=_idempotency_key(request),
            actor=_actor(request),
            at=_now(),
        )
        order = _wait_for_delivery(order)
        delivered = order.state == FunctionOrderState.DELIVERED.value
        return Response(
            _full(order),
            status=HTTPStatus.CREATED if delivered else HTTPStatus.ACCEPTED,
            headers={"Location": f"{request.path}{order.pk}/"},
        )


class FunctionCertificate(_ScopedView):
    """One order with its certificate."""

    @extend_schema(operation_id="function_certificates_read", responses=OrderView)
    def get(self, request: Request, order_id: str) -> Response:
        """Return the order, with certificate and chain in PEM once delivered."""
        return Response(_full(selectors.get_order(order_id, actor=_actor(request))))


class FunctionCertificatePem(_ScopedView):
    """The certificate alone, for programs that want a file."""

    @extend_schema(operation_id="function_certificates_pem", responses={(200, "application/x-pem-file"): str})
    def get(self, request: Request, order_id: str) -> HttpResponse:
        """Return certificate and intermediate issuers in PEM; 404 before delivery."""
        order = selectors.get_order(order_id, actor=_actor(request))
        certificate = selectors.certificate_of(order)
        if certificate is None:
            raise errors.FunctionOrderNotFound(str(order.pk))
        pem = certificate_pem(bytes(certificate.certificate_der)) + chain_pem(certificate.issuer)
        return HttpResponse(pem, content_type="application/x-pem-file")


class FunctionCertificateRevocation(_ScopedView):
    """Revocation, for ever."""

    @extend_schema(operation_id="function_certificates_revoke", request=RevocationForm, responses=OrderView)
    def post(self, request: Request, order_id: str) -> Response:
        """Revoke the order's certificate."""
        form = RevocationForm(data=request.data)
        form.is_valid(raise_exception=True)
        at = _now()
        reason = _REASONS[form.validated_data["reason"]]
        order = revoke_certificate(
            order_id=order_id,
            reason=reason,
            requested_at=form.validated_data.get("requested_at", at),
            actor=_actor(request),
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
]


def _wait_for_delivery(order: FunctionOrder) -> FunctionOrder:
    """Look for the certificate for some seconds; the worker issues and publishes it meanwhile."""
    deadline = time.monotonic() + WAIT_SECONDS
    system = Actor.system("function-certificates-api")
    while True:
        order = settle_order(order_id=str(order.pk), actor=system, at=_now())
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
    }
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


def _domain_problem(error: DomainError) -> Response:
    status = _STATUSES.get(type(error), HTTPStatus.CONFLICT)
    code = error.code
    if isinstance(error, errors.Refused):
        code = error.refusal.code
        status = HTTPStatus.FORBIDDEN if code in _ACTOR_REFUSALS else HTTPStatus.UNPROCESSABLE_ENTITY
        if code == "certificate_not_delivered":
            status = HTTPStatus.CONFLICT
    detail = {"detail": str(error)} if isinstance(error, errors.RequestInvalid) else {}
    return Response(
        _problem(status, code, {**detail, "facts": error.facts}),
        status=status,
        content_type="application/problem+json",
    )


def _problem(status: HTTPStatus, code: str, more: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": f"urn:sigill:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        **more,
    }


def _actor(request: Request) -> Actor:
    caller: object = request.user
    if not isinstance(caller, ApiCaller):
        raise AuthenticationFailed
    return caller.actor


def _now() -> datetime:
    return timezone.now()  # noqa: TID251 - the edge: the moment of the request
