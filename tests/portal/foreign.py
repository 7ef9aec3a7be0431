"""What Region Norr owns, and those of Region Syd who reach for it: the specimens of the scope tests.

A new name in an address goes into ``specimens`` of ``test_authorization``; a new parameter of a page into
``PARAMETERS`` here; a new operation of the API that takes a body into ``BODIES``.
"""

import inspect
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.urls import URLPattern, URLResolver, get_resolver

from ca.models import Certificate
from cards.bulk.models import BulkOrder
from cards.models import Activation, Card, CardOrder
from directory.identifiers import PersonalIdentityNumber
from directory.models import UNIT_ROLES, Employment, Person, RegistrationStatus, Role, RoleAssignment, Unit
from functioncerts.lifecycle import order_certificate
from functioncerts.models import FunctionObject, FunctionOrder
from functioncerts.receipts import VERSION
from journal.actor import Actor
from reports.catalogue import report_kind
from reports.lifecycle import order_report
from reports.models import ReportFormat
from reports.periods import Period
from reports.question import Question as ReportQuestion
from reports.schedules import schedule_report
from tests.cast import LONG_AGO, actor_of
from tests.functioncerts.conftest import request_for
from tests.portal.test_authorization import specimens
from tests.scenarios import Scene, a_pending_order, a_shipped_card

_ASKED: Final = re.compile(
    r"(?:request\.GET|query)(?:\.get|\.getlist)?[\(\[]\"([\w-]+)\"|\"([\w-]+)\" in request\.GET"
)
_TYPED: Final = re.compile(r"(?:request\.POST|query)(?:\.get|\.getlist)?[\(\[]\"([\w-]+)\"")
_NUMBERS: Final = {
    Role.ISSUANCE_MANAGER: "196005089806",
    Role.DEPUTY_ISSUANCE_MANAGER: "196107119816",
    Role.REVOCATION_OFFICER: "196209129826",
    Role.FUNCTION_CERT_ORDERER: "196311139846",
    Role.AUDITOR: "196401149856",
}

_NEXT_DOOR: Final = ("197001019806", "197002029812", "197003039828", "197004049834")
BODIES: Final[Mapping[str, Callable[["Norr"], Mapping[str, object]]]] = {
    "function_certificates_order": lambda norr: {
        "function_object": norr.function.hsa_id,
        "csr": request_for().decode(),
    },
    "function_certificates_revoke": lambda _norr: {"reason": "keyCompromise"},
    "function_certificates_renew": lambda _norr: {"csr": request_for().decode()},
    "function_certificates_receipt": lambda _norr: {"version": VERSION},
    "function_certificates_decide": lambda _norr: {"decision": "approve"},
    "function_certificates_answer": lambda _norr: {"answer": "left"},
    "function_objects_tags": lambda _norr: {"tags": ["x"]},
}
"""What an operation is sent, by its id in the OpenAPI document; an operation with a body needs one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Norr:
    """All that is Region Norr's: ids by their names in addresses, and every text that only Norr may read."""

    ids: Mapping[str, str]
    function: FunctionObject
    function_order: FunctionOrder
    identifiers: tuple[str, ...]
    """What one may type to find it."""
    secrets: frozenset[str]

    def leaks(self, answer: str, *, asked: str) -> set[str]:
        """Return Norr's texts in an answer, but for those that the question itself held."""
        return {one for one in self.secrets if one in answer and one not in asked}


def norr_at_work(scene: Scene) -> Norr:
    """Let Region Norr have people, an active card, a unit and a function certificate."""
    ids = specimens(scene) | {"name": "protocol", "form": "txt"}
    asked = ReportQuestion.of("S1", actor=scene.cast.alva, as_of=scene.at)
    report = order_report(asked, format=ReportFormat.CSV, actor=scene.cast.alva, at=scene.at)
    recurring = schedule_report(
        report_kind("S1"), period=Period.WEEKLY, format=ReportFormat.CSV, actor=scene.cast.alva, at=scene.at
    )
    ids |= {"report_id": str(report.pk), "schedule_id": str(recurring.pk)}
    function = FunctionObject.objects.get(pk=ids["function_id"])
    order = order_certificate(
        hsa_id=function.hsa_id,
        csr=request_for(),
        names=(),
        idempotency_key=None,
        actor=scene.cast.bo,
        at=scene.at,
    )
    Employment.objects.filter(pk=scene.cast.asa.pk).update(unit_id=ids["unit_id"])
    card = Card.objects.get(pk=ids["card_id"])
    a_shipped_card(scene, Employment.objects.get(hsa_id=scene.cast.bo.identifier))
    a_pending_order(scene, Employment.objects.get(hsa_id=scene.cast.another_administrator.identifier))
    people = Person.objects.filter(employments__organization=scene.cast.norr)
    rows: tuple[Any, ...] = (Card, CardOrder, BulkOrder, Employment, Unit, FunctionObject, FunctionOrder)
    owned = [row.objects.filter(organization=scene.cast.norr).values_list("pk", flat=True) for row in rows]
    certificates = Certificate.objects.filter(organization_id=str(scene.cast.norr.pk))
    activations = Activation.objects.filter(card__organization=scene.cast.norr)
    numbers = [one.personal_identity_number for one in people]
    identifiers = (
        *numbers,
        *(f"{number[2:8]}-{number[8:]}" for number in numbers),
        *Employment.objects.filter(organization=scene.cast.norr).values_list("hsa_id", flat=True),
        *Employment.objects.filter(organization=scene.cast.norr).values_list("email", flat=True),
        str(card.card_number),
        *certificates.values_list("serial_hex", flat=True),
        *(str(int(serial, 16)) for serial in certificates.values_list("serial_hex", flat=True)),
        "SE2321000016-E001",
        function.hsa_id,
        "Lindqvist",
        "alv ber",
        "Akutmott",
        "Journalsys",
        "journal.norr",
        "Region Norr",
    )
    return Norr(
        ids=ids,
        function=function,
        function_order=order,
        identifiers=identifiers,
        secrets=frozenset(
            {
                *(str(pk) for listed in owned for pk in listed),
                str(report.pk),
                str(recurring.pk),
                *(str(pk) for pk in (*people.values_list("pk", flat=True), scene.cast.norr.pk)),
                *(
                    str(pk)
                    for found in (certificates, activations)
                    for pk in found.values_list("pk", flat=True)
                ),
                *certificates.values_list("serial_hex", flat=True),
                *numbers,
                *(f"{number[:8]}-{number[8:]}" for number in numbers),
                *(f"{one.surname}" for one in people if one.surname not in {"Ek", "Berg", "Lund", "Sund"}),
                "Alva Berg",
                "Erik Sund",
                "Cia Lund",
                "SE2321000016-",
                "regionnorr.test",
                "Region Norr",
                str(card.card_number),
                " ".join(str(card.card_number)[place : place + 4] for place in range(0, 19, 4)),
                "Akutmottagningen Norr",
                "Journalsystemet Norr",
                "API-nyckeln Norr",
                "journal.norr.test",
            }
        ),
    )


def syd(scene: Scene) -> dict[Role, Actor]:
    """Return Doris and her colleagues in Region Syd, one in each role that an organization has."""
    made = {Role.ID_ADMINISTRATOR: scene.cast.doris}
    for role, number in _NUMBERS.items():
        person = Person.objects.create(
            personal_identity_number=number,
            given_name="Siv",
            surname=f"Söder{role.value[:4]}",
            search_key=f" siv söder{role.value[:4]}",
            birth_date=PersonalIdentityNumber(number).birth_date,
            registration_status=RegistrationStatus.REGISTERED.value,
            pu_read_at=LONG_AGO,
        )
        employment = Employment.objects.create(
            person=person, organization=scene.cast.syd, hsa_id=f"SE2321000024-S{number[-4:]}"
        )
        RoleAssignment.objects.filter(employment=employment).delete()
        made[role] = actor_of(employment, role)
    return made


def next_door(scene: Scene) -> dict[Role, Actor]:
    """Return one in each role that units have, for a unit of Region Norr beside what ``norr_at_work`` has."""
    unit = Unit.objects.create(organization=scene.cast.norr, name="Ögonkliniken", hsa_id="SE2321000016-X900")
    made = {}
    for place, role in enumerate(UNIT_ROLES):
        person = Person.objects.create(
            personal_identity_number=_NEXT_DOOR[place],
            given_name="Tor",
            surname=f"Vik{place}",
            search_key=f" tor vik{place}",
            birth_date=PersonalIdentityNumber(_NEXT_DOOR[place]).birth_date,
            registration_status=RegistrationStatus.REGISTERED.value,
            pu_read_at=LONG_AGO,
        )
        work = Employment.objects.create(
            person=person, organization=scene.cast.norr, unit=unit, hsa_id=f"SE2321000016-X90{place + 1}"
        )
        actor = actor_of(work, Role(role))
        RoleAssignment.objects.filter(employment=work).update(unit=unit)
        made[Role(role)] = replace(
            actor,
            organization_ids=(),
            organization_id=str(scene.cast.norr.pk),
            unit_id=str(unit.pk),
            unit_ids=(str(unit.pk),),
        )
    return made


def hidden_next_door(norr: Norr) -> Norr:
    """Return what nobody of another unit learns: all of Region Norr but its name and its helpers."""
    known = {"Region Norr", "SE2321000016-", "regionnorr.test", "Alva Berg"}
    organization = str(Unit.objects.get(pk=norr.ids["unit_id"]).organization_id)
    own = Employment.objects.filter(hsa_id__startswith="SE2321000016-X9")
    theirs = {str(pk) for row in own.values_list("pk", "person_id", "unit_id") for pk in row}
    numbers = set(own.values_list("person__personal_identity_number", flat=True))
    theirs |= numbers | {f"{one[:8]}-{one[8:]}" for one in numbers}
    theirs |= set(own.values_list("person__surname", flat=True)) | {organization}
    return replace(norr, secrets=norr.secrets - known - theirs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address of the portal with the names in it, and the parameters and fields that its view asks for."""

    path: str
    names: tuple[str, ...]
    parameters: tuple[str, ...]
    fields: tuple[str, ...]


def addresses() -> list[Address]:
    """Return every address of the portal, from the URL configuration itself."""
    return list(_addresses(get_resolver("portal.urls"), ""))


def _addresses(resolver: URLResolver, prefix: str) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _addresses(entry, path)
        elif isinstance(entry, URLPattern):
            source = _source_around(entry.callback)
            yield Address(
                path=path,
                names=tuple(re.findall(r"<(?:\w+:)?(\w+)>", path)),
                parameters=tuple(sorted({one or other for one, other in _ASKED.findall(source)})),
                fields=tuple(sorted(set(_TYPED.findall(source)))),
            )


def _source_around(view: Callable[..., object]) -> str:
    """Return the text of the view's module and of the page modules that it takes things from."""
    module = inspect.getmodule(inspect.unwrap(view))
    assert module is not None
    modules = {module}
    for value in vars(module).values():
        other = value if inspect.ismodule(value) else inspect.getmodule(value)
        if other is not None and other.__name__.startswith("portal.pages."):
            modules.add(other)
    return "\n".join(inspect.getsource(one) for one in modules)


def filled(address: Address, ids: Mapping[str, str]) -> str:
    """Return the address with the specimens in it. Fails for a name that has none."""
    missing = [name for name in address.names if name not in ids]
    assert not missing, (
        f"/{address.path} has a name without a specimen: put {missing} into specimens() of "
        "tests/portal/test_authorization.py, an id of something that belongs to Region Norr"
    )
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda one: ids[one.group(1)], address.path)


def guesses(norr: Norr) -> Mapping[str, tuple[str, ...]]:
    """Return what a stranger would try for each parameter of a page."""
    ids, moment = norr.ids, f"2030-01-01T00:00:00+00:00~{uuid.UUID(int=0)}"
    return {
        "action": ("card.activated", "cards"),
        "after": (moment, ids["person_id"], "SE2321000016-", "0"),
        "before": ("999999", ids["entry_id"]),
        "by": (norr.identifiers[0], ids["person_id"]),
        "card": (ids["card_id"],),
        "certificate": tuple(
            str(pk) for pk in Certificate.objects.exclude(person_id="").values_list("pk", flat=True)[:2]
        ),
        "organization": tuple(str(pk) for pk in Unit.objects.values_list("organization_id", flat=True)[:1]),
        "person": (ids["person_id"],),
        "place": (f"unit:{ids['unit_id']}",),
        "unit": (ids["unit_id"],),
        "kind": ("S1", "S2", "card", "hsa", "pu"),
        "state": ("making", "sent", "done"),
        "ends": ("90", "soon"),
        "q": (norr.function.hsa_id, "Journalsys", "journal.norr"),
        "tag": ("journal", norr.function.hsa_id),
        "show": ("all", "ended"),
        "service": ("1", ids["organization_id"]),
        "from": ("2000-01-01",),
        "to": ("2099-01-01",),
        "all": ("1",),
        "qa": ("1",),
        "again": ("1",),
        "reason": ("lost", "name_changed"),
        "replace": ("stolen",),
        "replaces": (ids["card_id"],),
        "loa": ("2", "3"),
        "ended": ("idle",),
        "failed": ("1",),
        "next": ("/people/" + ids["person_id"] + "/",),
    }
