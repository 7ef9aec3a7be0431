"""What every endpoint of the API shares: the token, exact forms, problem+json, who asks and when."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import IO, Any, ClassVar, Final, cast

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, ParseError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ca.errors import RequestedBeforeCertificate
from directory.models import Role
from functioncerts import errors
from functioncerts.models import TokenScope
from functioncerts.tokens import TokenHolder, holder_of_token
from journal.actor import Actor
from journal.errors import DomainError, Refusal
from journal.stops import JournalNotWritable, JournalStopped

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
_ACTOR_REFUSALS: Final = frozenset({"role_missing", "outside_scope", "token_scope_missing"})


class ApiCaller:
    """The program behind a token, in the shape that Django REST framework asks for."""

    is_authenticated = True

    def __init__(self, holder: TokenHolder) -> None:
        self.holder = holder
        self.actor = holder.actor  # what portal/refusals.py tells the journal of


class BearerAuthentication(BaseAuthentication):
    """Reads the header ``Authorization: Bearer sigill_…``."""

    def authenticate(self, request: Request) -> tuple[ApiCaller, None] | None:
        """Return the caller, or None without a bearer token; raises AuthenticationFailed."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        address = str(request.META.get("REMOTE_ADDR", ""))[:45]
        try:
            return ApiCaller(holder_of_token(token.strip(), client_address=address, at=now())), None
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


def exactly(form: ExactForm) -> Mapping[str, Any]:
    """Return what was sent; raises ValidationError, which names the field and what is wrong with it."""
    form.is_valid(raise_exception=True)
    return cast("Mapping[str, Any]", form.validated_data)


class ScopedView(APIView):
    """Bearer tokens only; every domain error becomes problem+json (RFC 9457)."""

    authentication_classes = (BearerAuthentication,)
    permission_classes = (IsAuthenticated,)
    parser_classes = (BoundedJSONParser,)
    renderer_classes = (ProblemRenderer,)
    scopes: ClassVar[Mapping[str, TokenScope]] = {"GET": TokenScope.READ, "HEAD": TokenScope.READ}
    """What a token must be good for, by method; anything else is for no token."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Let in whom the token's scope allows it; raises Refused."""
        super().initial(request, *args, **kwargs)
        needed = self.scopes.get(request.method or "")
        if needed is not None and needed not in holder_of(request).scopes:
            facts = (("needed", needed.value),)
            raise errors.Refused(
                Refusal(code="token_scope_missing", facts=facts, fixer=Role.FUNCTION_CERT_ORDERER.value)
            )

    def handle_exception(self, exc: Exception) -> Response:
        """Answer domain errors and the framework's own with problem+json; anything else is a fault."""
        if isinstance(exc, DomainError):
            return _domain_problem(exc)
        response: Response = super().handle_exception(exc)
        if isinstance(exc, APIException):
            told = response.data
            code = "unauthenticated" if response.status_code == HTTPStatus.UNAUTHORIZED else "request_invalid"
            response.data = _problem(HTTPStatus(response.status_code), code, _told(told))
            response.content_type = "application/problem+json"
        return response


def _told(data: object) -> dict[str, object]:
    """Return ``detail``, which is text for a person (RFC 9457 section 3.1.4), and what is wrong by field."""
    if isinstance(data, dict) and set(data) == {"detail"}:
        return {"detail": str(data["detail"])}
    return {"detail": _in_words(data), "errors": data}


def _in_words(data: object) -> str:
    if isinstance(data, dict):
        return " ".join(f"{name}: {_in_words(said)}" for name, said in data.items())
    if isinstance(data, list):
        return " ".join(_in_words(said) for said in data)
    return str(data)


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


def actor_of(request: Request) -> Actor:
    """Return who acts by the request's token; raises AuthenticationFailed."""
    return holder_of(request).actor


def holder_of(request: Request) -> TokenHolder:
    """Return who is behind the request's token; raises AuthenticationFailed."""
    caller: object = request.user
    if not isinstance(caller, ApiCaller):
        raise AuthenticationFailed
    return caller.holder


def now() -> datetime:
    """Return the moment of the request."""
    return timezone.now()  # noqa: TID251 - the edge: the moment of the request
