"""The API says what is wrong in the language that the program asked for, all of it, and codes stay codes."""

import json

import pytest
from django.test import Client
from django.utils import translation
from rest_framework import exceptions, serializers

from directory.models import Role
from functioncerts import api
from functioncerts.tokens import create_token
from journal.actor import Actor
from portal.problems import WORDINGS
from tests.scenarios import Scene

URL = "/api/v1/function-certificates/"
WRONG = {"function_object": ["x"], "names": "a", "colour": "red"}


@pytest.fixture
def bearer(scene: Scene) -> dict[str, str]:
    made = create_token(
        hsa_id=scene.cast.bo.identifier,
        role=Role.FUNCTION_CERT_ORDERER.value,
        actor=Actor.system("test"),
        at=scene.at,
    )
    return {"Authorization": f"Bearer {made.text}"}


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("en", "en"), ("en-GB,en;q=0.9,sv;q=0.1", "en"), ("de, en;q=0.5", "en"), ("sv-SE, en", "sv"),
        ("de", "sv"), ("*", "sv"), (None, "sv"), ("en;q=x, \x00", "sv"),
    ],
)  # fmt: skip
def test_a_field_that_is_wrong_is_told_in_the_language_asked_for(
    bearer: dict[str, str], accept: str | None, language: str
) -> None:
    headers = {**bearer, **({"Accept-Language": accept} if accept is not None else {})}
    answer = Client(headers=headers).post(URL, WRONG, content_type="application/json")
    told = answer.json()
    assert (answer.status_code, told["code"]) == (400, "request_invalid")
    assert answer["Content-Language"] == language
    assert "Accept-Language" in answer["Vary"]
    swedish = {
        "title": "Begäran är inte rätt ifylld",
        "function_object": ["Inte en giltig text."],
        "csr": ["Det här fältet är obligatoriskt."],
        "names": ['Förväntade en lista med element men fick typen "str".'],
    }
    english = {
        "title": "The request is not filled in right",
        "function_object": ["Not a valid string."],
        "csr": ["This field is required."],
        "names": ['Expected a list of items but got type "str".'],
    }
    expected = english if language == "en" else swedish
    assert {"title": told["title"], **told["errors"]} == expected


def test_a_field_that_nobody_knows_and_a_key_too_long_are_told_in_both(bearer: dict[str, str]) -> None:
    body = {"function_object": "SE1", "csr": "x", "colour": "red"}
    for language, unknown in (("sv", "Det finns inget sådant fält."), ("en", "There is no such field.")):
        client = Client(headers={**bearer, "Accept-Language": language})
        told = client.post(URL, body, content_type="application/json").json()
        assert (told["detail"], told["errors"]) == (f"colour: {unknown}", {"colour": [unknown]})
    body.pop("colour")
    told = Client(headers={**bearer, "Accept-Language": "en", "Idempotency-Key": "x" * 65}).post(
        URL, body, content_type="application/json"
    )
    assert told.json()["errors"] == {"Idempotency-Key": ["At most 64 characters."]}


@pytest.mark.parametrize(
    ("language", "title", "explanation"),
    [
        ("sv", "Funktionsobjektet hittades inte", "Det finns inte"),
        ("en", "The function object was not found", "It does not exist"),
    ],
)
def test_a_rule_that_stops_it_is_explained_beside_its_code(
    bearer: dict[str, str], language: str, title: str, explanation: str
) -> None:
    client = Client(headers={**bearer, "Accept-Language": language})
    answer = client.post(
        URL, {"function_object": "SE2321000016-NOPE", "csr": "x"}, content_type="application/json"
    )
    told = answer.json()
    assert (answer.status_code, told["status"], told["code"]) == (404, 404, "function_object_not_found")
    assert told["title"] == title
    assert explanation in told["explanation"]
    assert answer["Content-Type"] == "application/problem+json"


def test_who_has_no_token_is_told_in_the_language_asked_for(db: None) -> None:
    told = json.loads(Client(headers={"Accept-Language": "en"}).get(URL).content)
    assert (told["code"], told["title"]) == ("unauthenticated", "The token is missing or does not work")
    assert "Autentiseringsuppgifter" in str(Client().get(URL).json()["detail"])


def test_a_persons_pages_do_not_follow_the_browsers_language(db: None) -> None:
    answer = Client(headers={"Accept-Language": "en"}).get("/login/")
    assert answer["Content-Language"] == "sv"
    assert "Accept-Language" not in answer.get("Vary", "")


def test_every_message_of_the_api_is_there_in_both_languages() -> None:
    with translation.override("en"):
        messages = {str(one) for form in (api.OrderForm(), api.RevocationForm()) for one in _messages(form)}
        messages |= {str(kind.default_detail) for kind in _kinds(exceptions.APIException)}
    assert len(messages) > 20
    with translation.override("sv"):
        same = {one for one in messages if translation.gettext(one) == one}
    assert same == set()
    assert {"request_invalid", "unauthenticated"} <= set(WORDINGS)


def _messages(one: serializers.Field) -> list[object]:  # type: ignore[type-arg] # of any value
    found = list(one.error_messages.values())
    fields = list(one.fields.values()) if isinstance(one, serializers.Serializer) else []
    fields += [one.child] if isinstance(one, serializers.ListField) else []
    return found + [message for field in fields for message in _messages(field)]


def _kinds(kind: type[exceptions.APIException]) -> list[type[exceptions.APIException]]:
    return [one for child in kind.__subclasses__() for one in (child, *_kinds(child))]
