"""A status service, the trust that goes with it, a registered relying party, and an order to answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pytest_django import Settings

from authn import orders, status_http
from authn.checks import Requirement
from authn.evidence import Flow, Purpose
from authn.models import RelyingParty
from authn.orders import Started, StartRequest
from authn.relying_parties import Registration, register
from authn.trust import LOA3
from journal.actor import Actor
from tests.authn import card_register
from tests.authn.pki import ARC, CARD, Pki
from tests.authn.robot import Robot
from tests.authn.status_service import StatusService

ACTOR = Actor.system("test")
RP = "SE0000000000-TEST"
RETURN_URL = "http://rp.test/login/oob/return"


@pytest.fixture(scope="session")
def _running_status_service() -> Iterator[StatusService]:
    with StatusService() as service:
        yield service


@pytest.fixture
def status_service(_running_status_service: StatusService) -> StatusService:
    _running_status_service.reset()
    return _running_status_service


@pytest.fixture
def pki(status_service: StatusService) -> Pki:
    return status_service.pki


@pytest.fixture
def trusted(
    pki: Pki,
    settings: Settings,
    tmp_path: Path,
    status_service: StatusService,
    monkeypatch: pytest.MonkeyPatch,
) -> Pki:
    """Write the PKI into a public folder and point the settings at it."""
    # It runs in this process: a machine that is slow is no server that hangs.
    monkeypatch.setattr(status_http, "_SECONDS", 60.0)
    folder = tmp_path / "public"
    (folder / "aia").mkdir(parents=True)
    chain = [pki.issuer, pki.root]
    pem = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
    (folder / "chain.pem").write_bytes(pem)
    for stem, certificate in {
        "root": pki.root,
        "personid3": pki.issuer,
        "personid2": pki.other_issuer,
        "function": pki.function_issuer,
    }.items():
        (folder / "aia" / f"{stem}.cer").write_bytes(certificate.public_bytes(Encoding.DER))
    settings.SIGILL_PUBLIC = folder
    settings.SIGILL_POLICY_ARC = ARC
    settings.SIGILL_PORTAL_URL = "http://testserver"
    settings.AUTHN_STATUS_HOSTS = (status_service.netloc,)
    settings.AUTHN_MOBILE_STATE = "tests.authn.card_register.is_mobile_active"
    settings.AUTHN_CARD_STATE = "tests.authn.card_register.is_card_active"
    settings.ROOT_URLCONF = "tests.authn.urls"
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]  # the client API needs no other
    card_register.ACTIVE.clear()
    card_register.ACTIVE.add(CARD)
    return pki


@dataclass
class Service:
    """A relying party's view: start, progress, collect, cancel, with the clock at hand."""

    row: RelyingParty

    def start(self, **changes: object) -> Started:
        wanted: dict[str, object] = {
            "rp_challenge": bytes(64),
            "return_url": RETURN_URL,
            "visible_text": "Logga in i Test",
            "requirement": Requirement(loas=(LOA3,), carriers=("card",)),
            "end_user_address": "127.0.0.1",
        }
        return orders.start(
            RP,
            StartRequest(**{**wanted, **changes}),  # type: ignore[arg-type]
            actor=ACTOR,
            at=datetime.now(UTC),
        )

    def progress(self, started: Started) -> orders.Pending | orders.Failed | orders.Ready:
        return orders.progress(RP, started.order_ref, at=datetime.now(UTC))

    def collect(self, started: Started) -> orders.Pending | orders.Failed | orders.Complete:
        return orders.collect(RP, started.order_ref, actor=ACTOR, at=datetime.now(UTC))

    def claimed(self, **changes: object) -> tuple[Started, Robot]:
        started, robot = self.start(**changes), Robot()
        status, _ = robot.claim(started.autostart_token)
        assert status == 200
        return started, robot


@pytest.fixture
def service(db: None, trusted: Pki) -> Service:
    registration = Registration(
        rp_id=RP,
        name_sv="Test",
        name_en="Test",
        return_origins=("http://rp.test",),
        flows=tuple(Flow),
        purposes=tuple(Purpose),
    )
    return Service(register(registration, actor=ACTOR, at=datetime.now(UTC)))
