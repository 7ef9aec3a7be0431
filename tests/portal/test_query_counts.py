"""A list asks the database the same number of questions for one row as for many."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from directory.models import Employment, Organization, Person, Role, SyncRun, Unit
from directory.names import search_key
from functioncerts.lifecycle import order_certificate, register_function_object
from functioncerts.models import FunctionKind, FunctionObject
from functioncerts.validations import validate_names
from journal.actor import Actor
from reports.lifecycle import order_report
from reports.models import ReportFormat
from reports.question import Question
from tests.cast import actor_of
from tests.functioncerts.conftest import request_for
from tests.portal.conftest import LogIn
from tests.portal.test_authorization import a_token
from tests.scenarios import Scene, a_pending_order

MANY: Final = 12
"""More than a page's smallest part, few enough to be made in a test; what grows, grows already."""
SYSTEM: Final = Actor.system("test")


def _people(scene: Scene, count: int) -> list[Employment]:
    unit, _ = Unit.objects.get_or_create(
        organization=scene.cast.norr, name="Listan", hsa_id="SE2321000016-E7"
    )
    made = []
    for place in range(count):
        number = Person.objects.count()
        person = Person.objects.create(
            personal_identity_number=f"19700101{number:04d}",
            given_name="Tove",
            calling_name="Tove",
            surname=f"Lista{number}",
            search_key=search_key("Tove", f"Lista{number}"),
            birth_date=date(1970, 1, 1),
            registration_status="registered",
            address_lines=["Storgatan 1", "972 31 Luleå"],
            pu_read_at=scene.at,
        )
        made.append(
            Employment.objects.create(
                person=person,
                organization=scene.cast.norr,
                unit=unit,
                hsa_id=f"SE2321000016-L{number}{place}",
            )
        )
    return made


def _orders(scene: Scene, count: int) -> None:
    for employment in _people(scene, count):
        a_pending_order(scene, employment)


def _functions(scene: Scene, count: int) -> None:
    for _ in range(count):
        name = f"L{FunctionObject.objects.count()}"
        register_function_object(
            hsa_id=f"SE2321000016-{name}",
            kind=FunctionKind.SERVER,
            name=f"Lista {name}",
            organization=scene.cast.norr,
            actor=SYSTEM,
            at=scene.at,
        )
        validate_names(hsa_id=f"SE2321000016-{name}", names=(f"{name}.norr.test",), actor=SYSTEM, at=scene.at)
        order_certificate(
            hsa_id=f"SE2321000016-{name}",
            csr=request_for(),
            names=(),
            idempotency_key=None,
            actor=scene.cast.bo,
            at=scene.at,
        )


def _tokens(scene: Scene, count: int) -> None:
    for _ in range(count):
        a_token(scene, label="nyckel för listan")


def _roles(scene: Scene, count: int) -> None:
    for employment in _people(scene, count):
        actor_of(employment, Role.REVOCATION_OFFICER)


def _reports(scene: Scene, count: int) -> None:
    for one in range(count):
        moment = scene.at + timedelta(minutes=one)
        asked = Question.of("S1", actor=scene.cast.alva, as_of=moment)
        order_report(asked, format=ReportFormat.CSV, actor=scene.cast.alva, at=moment)


def _readings(scene: Scene, count: int) -> None:
    for one in range(count):
        SyncRun.objects.create(
            register="pu", state="complete", started_at=scene.at, ended_at=scene.at + timedelta(minutes=one)
        )


def queries(browser: Client, url: str) -> tuple[int, str]:
    with CaptureQueriesContext(connection) as captured:
        answer = browser.get(url)
    assert answer.status_code == 200, url
    return len(captured), answer.content.decode()


def _actor(scene: Scene, who: str) -> Actor:
    """Return one of the cast, or a manager or central administrator beside them."""
    if who == "manager":
        return actor_of(scene.cast.asa, Role.ISSUANCE_MANAGER)
    if who == "central":
        doris = Employment.objects.get(hsa_id=scene.cast.doris.identifier)
        Organization.objects.filter(pk=doris.organization_id).update(kind="central")
        return actor_of(doris, Role.CENTRAL_ADMINISTRATOR)
    found: Actor = getattr(scene.cast, who)
    return found


@pytest.mark.parametrize(
    ("who", "url", "more", "sign"),
    [
        ("alva", "/orders/", _orders, "/orders/"),
        ("alva", "/orders/?state=making", _orders, "/orders/"),
        ("cia", "/orders/", _orders, "/orders/"),
        ("cia", "/journal/", _orders, "/journal/events/"),
        ("bo", "/functions/", _functions, "/functions/"),
        ("bo", "/", _functions, ".norr.test"),
        ("bo", "/functions/tokens/", _tokens, "nyckel för listan"),
        ("cia", "/functions/tokens/", _tokens, "nyckel för listan"),
        ("alva", "/people/search/", _people, "Lista"),
        ("alva", "/people/units/{unit}/", _people, "Lista"),
        ("manager", "/roles/", _roles, "/revoke/"),
        ("alva", "/reports/", _reports, "<tr"),
        ("central", "/central/registers/", _readings, "/runs/"),
    ],
)
def test_a_list_costs_as_many_queries_for_one_row_as_for_many(  # noqa: PLR0917 - pytest fills them in
    scene: Scene,
    log_in: LogIn,
    who: str,
    url: str,
    more: Callable[[Scene, int], object],
    sign: str,
) -> None:
    """POR-10, performance.md 5: no list without an upper bound on its queries."""
    more(scene, 1)
    if "{unit}" in url:
        url = url.format(unit=Unit.objects.get(name="Listan").pk)
    browser = log_in(_actor(scene, who))
    if url == "/people/search/":
        browser.post(url, {"q": "tove"})
    queries(browser, url)  # what is remembered by the process is remembered now
    one, text = queries(browser, url)
    few = text.count(sign)
    more(scene, MANY)
    queries(browser, url)  # a login that has grown twenty seconds old meanwhile is noted now
    many, text = queries(browser, url)
    assert text.count(sign) >= few + 5, "the list did not grow"
    assert many == one
