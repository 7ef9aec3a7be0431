"""What every page shows around its content: who is logged in, the menu, the environment."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.models import Organization, Person, Role, Unit
from directory.policies import JOURNAL_ROLES, SEARCHING_ROLES
from portal import words
from portal.accounts.actor import session_of
from portal.accounts.models import PortalSession
from portal.words import Text
from reports.catalogue import REPORT_ROLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place that a role can go to; ``under`` is where its pages lie when that is not its own address."""

    label: Text
    icon: str
    view: str
    under: str = ""


_TODAY: Final = Place(label=_("Today"), icon="sun", view="today")
_PEOPLE: Final = Place(label=_("People"), icon="people", view="people-search", under="/people/")
_ORDERS: Final = Place(label=_("Orders"), icon="credit-card-2-front", view="orders")
_STATUS: Final = Place(label=_("Status services"), icon="broadcast", view="status")
_JOURNAL: Final = Place(label=_("Journal"), icon="journal-text", view="journal")
_INTACT: Final = Place(label=_("Is the journal intact?"), icon="shield-check", view="journal-intact")
_COMPARE: Final = Place(label=_("Compare heads"), icon="arrow-left-right", view="journal-compare")
_ISSUERS: Final = Place(label=_("Issuers"), icon="shield-lock", view="issuers", under="/central/")
_REPORTS: Final = Place(label=_("Reports"), icon="bar-chart", view="reports")
_FUNCTIONS: Final = Place(label=_("Function certificates"), icon="server", view="today")
_OBJECTS: Final = Place(label=_("Function objects"), icon="server", view="functions", under="/functions/")
_ROLES: Final = Place(label=_("Roles"), icon="person-badge", view="roles", under="/roles/")
_ORGANIZATIONS: Final = Place(
    label=_("Organizations"), icon="building", view="organizations", under="/organizations/"
)
_SERVICES: Final = Place(label=_("Services that ask for logins"), icon="hdd-network", view="relying-parties")
_HELP: Final = Place(label=_("Who can help"), icon="life-preserver", view="help")
_SEARCHING_FUNCTIONS: Final = frozenset({Role.FUNCTION_CERT_ORDERER.value, Role.VALIDATION_SPECIALIST.value})
_BASIS: Final = Place(label=_("Basis lists"), icon="funnel", view="basis-start")
_REGISTERS: Final = Place(label=_("Registers"), icon="arrow-repeat", view="registers")
_PAPER: Final = Place(label=_("Requests on paper"), icon="pencil", view="paper-log")
_STOCK: Final = Place(label=_("Reserve cards"), icon="box-seam", view="stock")
_DESK: Final = (_TODAY, _PEOPLE, _ORDERS, _STOCK, _BASIS, _PAPER)

_WORK: Final[Mapping[Role | None, tuple[Place, ...]]] = {
    Role.ID_ADMINISTRATOR: _DESK,
    Role.ISSUANCE_MANAGER: (*_DESK, _OBJECTS, _ROLES, _ORGANIZATIONS),
    Role.DEPUTY_ISSUANCE_MANAGER: (*_DESK, _OBJECTS, _ROLES, _ORGANIZATIONS),
    Role.REVOCATION_OFFICER: (_TODAY, _PEOPLE, _BASIS, _PAPER),
    Role.CENTRAL_ADMINISTRATOR: (*_DESK, _REGISTERS, _ROLES, _ISSUERS, _SERVICES),
    Role.AUDITOR: (_JOURNAL, _INTACT, _COMPARE, _ORDERS),
    Role.FUNCTION_CERT_ORDERER: (_FUNCTIONS, _OBJECTS),
    Role.VALIDATION_SPECIALIST: (_TODAY, _OBJECTS),
}
_OVERVIEW: Final[Mapping[Role | None, tuple[Place, ...]]] = {
    role: (
        *((_REPORTS,) if role.value in REPORT_ROLES else ()),
        *((_JOURNAL,) if role.value in JOURNAL_ROLES and role is not Role.AUDITOR else ()),
        _STATUS,
        _HELP,
    )
    for role in Role
}


@cache
def _version() -> str:
    """Return the version that the project's own file names."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The person logged in, as the head of the page shows them."""

    name: str
    role: Text
    organization: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the menu."""

    label: Text
    icon: str
    url: str
    is_here: bool
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A group of the menu."""

    title: Text
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Everything around the content."""

    actor: Who | None
    menu: tuple[Section, ...]
    may_search: bool
    may_read_journal: bool = False
    searches_functions_only: bool = False
    environment: str
    version: str
    idle_seconds: int
    absolute_seconds: int


def shell(request: HttpRequest) -> Mapping[str, object]:
    """Return the shell for the templates: Django's context processor."""
    row = session_of(request)
    is_in = row is not None and bool(row.role)
    role = Role(row.role) if row is not None and row.role else None
    return {
        "shell": Shell(
            actor=_who(row, role) if row is not None and role is not None else None,
            menu=_menu(request.path, role) if is_in else (),
            may_search=role is not None and role.value in SEARCHING_ROLES | _SEARCHING_FUNCTIONS,
            searches_functions_only=role is not None and role.value in _SEARCHING_FUNCTIONS,
            may_read_journal=role is not None and role.value in JOURNAL_ROLES,
            environment="" if settings.SIGILL_ENVIRONMENT == "PROD" else settings.SIGILL_ENVIRONMENT,
            version=_version(),
            idle_seconds=settings.SESSION_IDLE_SECONDS,
            absolute_seconds=_left(row),
        )
    }


def _who(row: PortalSession, role: Role) -> Who:
    person = Person.objects.filter(pk=row.person_id).first()
    organization = Organization.objects.filter(pk=row.organization_id).first()
    unit = Unit.objects.filter(pk=row.unit_id).first() if row.unit_id else None
    places = [one.name for one in (unit, organization) if one is not None]
    return Who(
        name=person.full_name if person else row.hsa_id,
        role=words.ROLES[role],
        organization=", ".join(places),
    )


def _left(row: PortalSession | None) -> int:
    """Return how many seconds the login can last at most from now."""
    if row is None:
        return settings.SESSION_ABSOLUTE_SECONDS
    ends_at = row.auth_time + timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS)
    return max(int((ends_at - timezone.now()).total_seconds()), 0)


def _menu(path: str, role: Role | None) -> tuple[Section, ...]:
    work, overview = _WORK.get(role, ()), _OVERVIEW.get(role, ())
    here = _here(path, (*work, *overview))
    sections = (
        Section(title="", entries=tuple(_entry(one, here=here) for one in work)),
        Section(title=_("Overview"), entries=tuple(_entry(one, here=here) for one in overview)),
    )
    return tuple(one for one in sections if one.entries)


def _here(path: str, places: tuple[Place, ...]) -> Place | None:
    """Return the place that the address lies under, the nearest of several."""
    under = {one: one.under or reverse(one.view) for one in places}
    around = [
        one for one in places if path == under[one] or (under[one] != "/" and path.startswith(under[one]))
    ]
    return max(around, key=lambda one: len(under[one]), default=None)


def _entry(place: Place, *, here: Place | None) -> Entry:
    return Entry(label=place.label, icon=place.icon, url=reverse(place.view), is_here=place is here)
