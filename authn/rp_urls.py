"""The addresses of the relying-party API, on a socket of their own: nothing else is served there."""

import json
from pathlib import Path

from django.http import HttpRequest, JsonResponse
from django.urls import path

from authn import rp_api, rp_bankid

_DOCUMENT = Path(__file__).with_name("rp_openapi.json")


def openapi(_request: HttpRequest) -> JsonResponse:
    """GET: the API described, OpenAPI 3.1."""
    return JsonResponse(json.loads(_DOCUMENT.read_text(encoding="utf-8")))


urlpatterns = [
    path("rp/v1/auth", rp_api.auth, name="rp-auth"),
    path("rp/v1/sign", rp_api.sign, name="rp-sign"),
    path("rp/v1/collect", rp_api.collect, name="rp-collect"),
    path("rp/v1/cancel", rp_api.cancel, name="rp-cancel"),
    path("rp/v1/openapi.json", openapi, name="rp-openapi"),
    path("rp/v6.0/auth", rp_bankid.auth, name="bankid-auth"),
    path("rp/v6.0/sign", rp_bankid.sign, name="bankid-sign"),
    path("rp/v6.0/collect", rp_bankid.collect, name="bankid-collect"),
    path("rp/v6.0/cancel", rp_bankid.cancel, name="bankid-cancel"),
]
