"""The addresses of the relying-party API, on a socket of their own: nothing else is served there."""

import json
from http import HTTPStatus
from pathlib import Path

from django.http import HttpRequest, JsonResponse
from django.urls import path

from authn import rp_api, rp_bankid

_DOCUMENT = Path(__file__).with_name("rp_openapi.json")


def openapi(_request: HttpRequest) -> JsonResponse:
    """GET: the API described, OpenAPI 3.1."""
    return JsonResponse(json.loads(_DOCUMENT.read_text(encoding="utf-8")))


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001 - Django names it
    """Answer 404 in the shape of every other error here: Django's handler404."""
    return rp_api.problem(HTTPStatus.NOT_FOUND, "notFound")


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001 - Django names it
    """Answer 400 where no call was reached: Django's handler400."""
    return rp_api.problem(HTTPStatus.BAD_REQUEST, "invalidParameters")


def server_error(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django names it
    """Answer 500, which the log tells of: Django's handler500."""
    return rp_api.problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internalError")


handler400, handler404, handler500 = bad_request, not_found, server_error
urlpatterns = [
    path("rp/v1/auth", rp_api.auth, name="rp-auth"),
    path("rp/v1/sign", rp_api.sign, name="rp-sign"),
    path("rp/v1/collect", rp_api.collect, name="rp-collect"),
    path("rp/v1/cancel", rp_api.cancel, name="rp-cancel"),
    path("rp/v1/mtls/start", rp_api.mtls_start, name="rp-mtls-start"),
    path("rp/v1/mtls/redeem", rp_api.mtls_redeem, name="rp-mtls-redeem"),
    path("rp/v1/mtls/cancel", rp_api.mtls_cancel, name="rp-mtls-cancel"),
    path("rp/v1/openapi.json", openapi, name="rp-openapi"),
    path("rp/v6.0/auth", rp_bankid.auth, name="bankid-auth"),
    path("rp/v6.0/sign", rp_bankid.sign, name="bankid-sign"),
    path("rp/v6.0/collect", rp_bankid.collect, name="bankid-collect"),
    path("rp/v6.0/cancel", rp_bankid.cancel, name="bankid-cancel"),
]
