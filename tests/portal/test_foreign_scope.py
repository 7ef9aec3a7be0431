"""Nobody of Region Syd gets anything of Region Norr: at any address, by any method, id, search or count.

Generated from the URL configuration and the OpenAPI document, so that what is added later is tried as well.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from pytest_django import Settings

from directory import registers
from directory.models import Role
from functioncerts.models import TokenScope
from functioncerts.tokens import create_token
from journal.actor import Actor
from tests.portal import foreign
from tests.portal.conftest import LogIn
from tests.portal.foreign import Address, addresses, filled, guesses, norr_at_work
from tests.scenarios import Scene

OTHER_METHODS: Final = ("head", "put", "patch", "delete", "options")
PUBLIC_TO_ALL: Final[Mapping[str, str]] = {
    "status/": "the status services are everybody's, and so are their figures",
    "status/metrics": "as above, for machines",
    "c/v1/hello": "it tells the time",
    "journal/": "the line below the search tells how long the whole log is and that it is intact",
    "journal/intact/": "the log is one for all organizations, and who checks it sees how long it is",
    "journal/intact/status/": "as above",
    "journal/compare/": "as above",
    "journal/verify.py": "a program",
}
"""Addresses whose answers may differ because of what another organization did, and why."""
_VOLATILE: Final = re.compile(
    r'name="csrfmiddlewaretoken" value="\w+"|data-absolute-seconds="\d+"|\d{2}:\d{2}(?::\d{2})?'
)

_OF_EACH_ANSWER: Final = ("X-Correlation-Id", "Replay-Nonce", "Expires")


@pytest.fixture(autouse=True)
def _alone(settings: Settings) -> Iterator[None]:
    """No register answers, and nothing is counted against anybody."""
    settings.SIGILL_HSA_URL = settings.SIGILL_PU_URL = "http://127.0.0.1:9"
    registers.forget()
    cache.clear()
    yield
    registers.forget()


def browsers(actors: Mapping[Role, Actor], log_in: LogIn) -> dict[Role, str]:
    name = django_settings.SESSION_COOKIE_NAME
    return {role: log_in(actor).cookies[name].value for role, actor in actors.items()}


def ask(cookie: str, method: str, url: str, data: Mapping[str, str] | None = None) -> str:
    """Return all that an answer says, headers too, and leave everything as it was."""
    browser = Client()
    browser.cookies[django_settings.SESSION_COOKIE_NAME] = cookie
    with transaction.atomic():
        response = getattr(browser, method)(url, data or {})
        said = _said(response)
        if method == "post" and response.status_code in {302, 303}:
            said += _said(browser.get(response["Location"]))
        transaction.set_rollback(True)
    return said


def _said(response: HttpResponse) -> str:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    return f"{headers}\n{body.decode('utf-8', errors='replace')}"


def without_ids() -> list[Address]:
    return [one for one in addresses() if not one.names]


def test_no_address_answers_a_stranger_with_data_by_any_method(scene: Scene, log_in: LogIn) -> None:
    """F16, POR-10: every address with Norr's ids in it, as each role of Region Syd."""
    norr = norr_at_work(scene)
    cookies = browsers(foreign.syd(scene), log_in)
    leaks = {}
    for address in addresses():
        url = filled(address, norr.ids)
        form = {name: (guesses(norr).get(name) or (norr.ids["person_id"],))[0] for name in address.fields}
        for role, cookie in cookies.items():
            for method, data in _tries(role, form):
                said = ask(cookie, method, url, data)
                if found := norr.leaks(said, asked=f"{url} {data}"):
                    leaks[f"{method} /{address.path} as {role.value} with {data}"] = found
        for method in OTHER_METHODS:
            if found := norr.leaks(ask(cookies[Role.ID_ADMINISTRATOR], method, url), asked=url):
                leaks[f"{method} /{address.path}"] = found
    assert leaks == {}


@pytest.fixture
def _one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages' clock stands still: a day that ends meanwhile would change them."""
    at = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: at)


def _tries(role: Role, form: Mapping[str, str]) -> list[tuple[str, Mapping[str, str] | None]]:
    """Return how a role tries an address: those who act send forms too, empty and filled in."""
    tries: list[tuple[str, Mapping[str, str] | None]] = [("get", None)]
    if role in {Role.ID_ADMINISTRATOR, Role.ISSUANCE_MANAGER, Role.AUDITOR}:
        tries += [("post", form)] if form else [("post", None)]
    return tries


def test_no_parameter_of_a_page_opens_what_is_another_organizations(scene: Scene, log_in: LogIn) -> None:
    norr = norr_at_work(scene)
    cookies = browsers(foreign.syd(scene), log_in)
    tried = guesses(norr)
    leaks = {}
    for address in without_ids():
        for name in address.parameters:
            assert name in tried, (
                f"/{address.path} asks for a parameter {name!r} that no stranger has tried: put what one "
                "would guess into guesses() of tests/portal/foreign.py"
            )
            for value in tried[name]:
                for role in (Role.ID_ADMINISTRATOR, Role.ISSUANCE_MANAGER, Role.AUDITOR):
                    said = ask(cookies[role], "get", f"/{address.path}", {name: value})
                    if found := norr.leaks(said, asked=value):
                        leaks[f"/{address.path}?{name}={value} as {role.value}"] = found
    assert leaks == {}


@pytest.mark.parametrize("path", ["people/search/", "people/search/live/", "journal/"])
def test_nothing_that_is_typed_finds_what_is_another_organizations(
    scene: Scene, log_in: LogIn, path: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """POR-10: numbers, ids, addresses and names, as each role."""
    monkeypatch.setattr("portal.pages.desk.people.SEARCHES_PER_MINUTE", 10_000)
    norr = norr_at_work(scene)
    cookies = browsers(foreign.syd(scene), log_in)
    leaks = {}
    for text in norr.identifiers:
        for role, cookie in cookies.items():
            said = ask(cookie, "post", f"/{path}", {"q": text})
            if found := norr.leaks(said, asked=text):
                leaks[f"{text} as {role.value}"] = found
    assert leaks == {}


@pytest.mark.usefixtures("_one_moment")
def test_no_list_figure_or_count_changes_because_of_what_another_organization_does(
    scene: Scene, log_in: LogIn
) -> None:
    """Not even a number tells: each page of Region Syd is the same before and after Region Norr's work."""
    cookies = browsers(foreign.syd(scene), log_in)
    compared = [one for one in without_ids() if one.path not in PUBLIC_TO_ALL]

    def seen() -> dict[str, str]:
        return {
            f"/{address.path} as {role.value}": _VOLATILE.sub("", ask(cookie, "get", f"/{address.path}"))
            for address in compared
            for role, cookie in cookies.items()
        }

    before = seen()
    norr_at_work(scene)
    after = seen()
    changed = {where for where in before if _plain(before[where]) != _plain(after[where])}
    assert changed == set(), "if it is everybody's to know, say why in PUBLIC_TO_ALL"


def _plain(said: str) -> str:
    return "\n".join(line for line in said.splitlines() if not line.startswith(_OF_EACH_ANSWER))


def test_every_exception_is_an_address() -> None:
    assert set(PUBLIC_TO_ALL) <= {one.path for one in addresses()}


def test_no_operation_of_the_api_answers_a_stranger_with_data(scene: Scene) -> None:
    """Every operation in the OpenAPI document, by the token of Region Syd's orderer."""
    norr = norr_at_work(scene)
    orderer = foreign.syd(scene)[Role.FUNCTION_CERT_ORDERER]
    token = create_token(
        hsa_id=orderer.identifier, role=orderer.role, scopes=tuple(TokenScope), actor=Actor.system("test"),
        at=scene.at,
    )  # fmt: skip
    browser = Client(headers={"authorization": f"Bearer {token.text}"})
    ids = {"order_id": str(norr.function_order.pk), "hsa_id": norr.function.hsa_id}
    document = SchemaGenerator().get_schema(request=None, public=True)
    tried = 0
    for path, operations in document["paths"].items():
        names = re.findall(r"{(\w+)}", path)
        assert set(names) <= set(ids), f"{path} has a name without a specimen: put it into ids of this test"
        url = re.sub(r"{(\w+)}", lambda one: ids[one.group(1)], path)
        for method, operation in operations.items():
            body = None
            if "requestBody" in operation:
                key = operation["operationId"]
                assert key in foreign.BODIES, (
                    f"{key} takes a body: put one into BODIES of tests/portal/foreign.py"
                )
                body = foreign.BODIES[key](norr)
            send = getattr(browser, method)
            sends = body is not None or method == "post"
            answer = send(url, body or {}, content_type="application/json") if sends else send(url)
            assert norr.leaks(_said(answer), asked=f"{url} {body}") == set(), f"{method} {path}"
            if names or body:
                assert answer.status_code in {403, 404}, f"{method} {path}"
            tried += 1
    assert tried >= 5


def test_no_address_tells_a_role_for_another_unit_of_the_same_organization_anything(
    scene: Scene, log_in: LogIn
) -> None:
    """domain.md 1.2: each address with ids of another unit's, as each role of the unit next door."""
    norr = norr_at_work(scene)
    cookies = browsers(foreign.next_door(scene), log_in)
    hidden = foreign.hidden_next_door(norr)
    leaks = {}
    for address in addresses():
        url = filled(address, norr.ids)
        form = {name: (guesses(norr).get(name) or (norr.ids["person_id"],))[0] for name in address.fields}
        for role, cookie in cookies.items():
            for method, data in _tries(role, form):
                said = ask(cookie, method, url, data)
                if found := hidden.leaks(said, asked=f"{url} {data}"):
                    leaks[f"{method} /{address.path} as {role.value} with {data}"] = found
    assert leaks == {}


@pytest.mark.parametrize("path", ["people/search/", "journal/"])
def test_nothing_that_is_typed_finds_what_is_another_units(
    scene: Scene, log_in: LogIn, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.pages.desk.people.SEARCHES_PER_MINUTE", 10_000)
    norr = norr_at_work(scene)
    cookies = browsers(foreign.next_door(scene), log_in)
    hidden = foreign.hidden_next_door(norr)
    leaks = {}
    for text in norr.identifiers:
        for role, cookie in cookies.items():
            if found := hidden.leaks(ask(cookie, "post", f"/{path}", {"q": text}), asked=text):
                leaks[f"{text} as {role.value}"] = found
    assert leaks == {}


@pytest.mark.usefixtures("_one_moment")
def test_no_list_figure_or_count_of_a_unit_changes_because_of_what_another_unit_does(
    scene: Scene, log_in: LogIn
) -> None:
    cookies = browsers(foreign.next_door(scene), log_in)
    compared = [one for one in without_ids() if one.path not in PUBLIC_TO_ALL]

    def seen() -> dict[str, str]:
        return {
            f"/{address.path} as {role.value}": _VOLATILE.sub("", ask(cookie, "get", f"/{address.path}"))
            for address in compared
            for role, cookie in cookies.items()
        }

    before = seen()
    norr_at_work(scene)
    after = seen()
    assert {where for where in before if _plain(before[where]) != _plain(after[where])} == set()
