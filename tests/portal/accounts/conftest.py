"""People with roles, browsers, and card clients that answer them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from pytest_django import Settings

from directory.models import Employment, IssuanceArea, Organization, Person, Role, RoleAssignment
from portal.accounts.models import PortalSession
from tests.authn.conftest import _running_status_service, pki, status_service, trusted
from tests.authn.pki import NUMBER, Holder, Pki
from tests.authn.robot import Robot

__all__ = ["_running_status_service", "pki", "status_service", "trusted"]

NOW = datetime.now(UTC)


@dataclass
class Cast:
    """Alva of Region Norr and Doris of Region Syd, with their employments and roles."""

    alva: Person
    norr: Organization
    syd: Organization
    employment: Employment
    assignment: RoleAssignment
    doris: Person
    doris_assignment: RoleAssignment


def organization(name: str, number: str) -> Organization:
    area = IssuanceArea.objects.create(name=name)
    return Organization.objects.create(
        hsa_id=f"SE{number}-ORG",
        organization_number=number,
        name=name,
        locality="Ort",
        kind="region",
        issuance_area=area,
    )


def person(number: str, given_name: str, surname: str) -> Person:
    return Person.objects.create(
        personal_identity_number=number,
        given_name=given_name,
        surname=surname,
        search_key=f" {given_name} {surname}".lower(),
        birth_date=datetime(1980, 1, 1, tzinfo=UTC).date(),
        registration_status="registered",
    )


def employ(someone: Person, where: Organization, suffix: str) -> Employment:
    return Employment.objects.create(
        person=someone, hsa_id=f"SE{where.organization_number}-{suffix}", organization=where
    )


def assign(employment: Employment, role: Role, *, may_see_protected: bool = False) -> RoleAssignment:
    return RoleAssignment.objects.create(
        employment=employment,
        role=role.value,
        organization=employment.organization,
        may_see_protected=may_see_protected,
        valid_from=NOW - timedelta(days=1),
        granted_by="test",
        granted_at=NOW - timedelta(days=1),
    )


@pytest.fixture
def cast(db: None) -> Cast:
    norr, syd = organization("Region Norr", "2329999991"), organization("Region Syd", "2329999983")
    alva, doris = person(NUMBER, "Alva", "Berg"), person("198002029999", "Doris", "Strand")
    employment = employ(alva, norr, "ALVA")
    return Cast(
        alva=alva,
        norr=norr,
        syd=syd,
        employment=employment,
        assignment=assign(employment, Role.ID_ADMINISTRATOR),
        doris=doris,
        doris_assignment=assign(employ(doris, syd, "DORIS"), Role.ID_ADMINISTRATOR),
    )


@dataclass
class Desk:
    """A browser, a card in a reader, and what happens between them."""

    pki: Pki
    browser: Client = field(default_factory=Client)
    holder: Holder = field(default_factory=Holder)
    robot: Robot = field(default_factory=Robot)

    def start(self, **form: str) -> str:
        """Start a login in the browser; return the autostart token."""
        response = self.browser.post("/login/oob/start", form, headers={"Accept": "application/json"})
        assert response.status_code == 200, response.content
        url: str = response.json()["autostartUrl"]
        assert url.startswith("siths://auth/1/")
        return url.rsplit("/", 1)[-1]

    def sign(self, token: str) -> str:
        """Let the card client answer; return the path that it sends the browser to."""
        assert self.robot.claim(token)[0] == 200
        status, answer = self.robot.respond(self.pki.holder(self.holder))
        assert status == 200, answer
        assert answer["returnUrl"] == "http://testserver/login/oob/return"
        return "/login/oob/return?" + urlencode({"d": str(answer["d"]), "u": self.robot.u})

    def log_in(self, **form: str) -> str:
        """Log in; return where the browser is sent."""
        return self.browser.get(self.sign(self.start(**form))).headers["Location"]

    def is_in(self) -> bool:
        """Say whether a page that needs a role opens."""
        return self.browser.get("/").status_code == 200

    def row(self) -> PortalSession:
        return PortalSession.objects.get(pk=self.browser.session["portal_session"])


@pytest.fixture
def desk(trusted: Pki, cast: Cast, settings: Settings) -> Desk:
    settings.ROOT_URLCONF = "tests.portal.accounts.urls"
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "portal.middleware.LanguageMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "portal.accounts.middleware.AccountsMiddleware",
    ]
    settings.SIGILL_CLIENT_URL = "http://127.0.0.1:8100"
    return Desk(trusted)


def failed_with(location: str) -> str:
    return parse_qs(urlsplit(location).query).get("failed", [""])[0]
