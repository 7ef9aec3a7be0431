"""QA-4: until the acceptance test ends, test cards and test functions get certificates by command."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management import CommandError, call_command
from pytest_django import Settings

from ca.environments import Environment
from ca.models import Certificate, CertificateRequest
from ca.selectors import issuers
from cards.card_keys import KeyName
from cards.models import Card
from directory.models import Role
from functioncerts import lifecycle as functions
from functioncerts.models import FunctionKind, FunctionOrder
from functioncerts.validations import validate_names
from journal.models import Entry
from ocsp.signer_certificates import renew_due
from ocsp.store.lmdb_store import LmdbStore
from tests.authority import the_authority
from tests.cast import actor_of
from tests.functioncerts.conftest import SYSTEM, request_for
from tests.ocsp.test_publisher import Token
from tests.scenarios import (
    Scene,
    a_claimed_activation,
    a_scene,
    a_shipped_card,
    a_written_activation,
    an_activation_with_keys,
    an_active_card,
    an_open_activation,
)
from worker import manual_issuance
from worker.manual_issuance import ManualRoutineRefused, Tools, issue_for_card, issue_for_function

pytestmark = pytest.mark.django_db

TEST_CARD = "7T1"
OBJECT_OF_QA = "SE2321000016-QAJOURNAL"
OBJECT_OF_PROD = "SE2321000016-JOURNAL"


@dataclass
class World:
    """A scene with both environments, and what the worker has; the clock is the scene's."""

    scene: Scene
    tools: Tools

    @property
    def alva(self) -> str:
        return self.scene.cast.alva.identifier

    @property
    def bo(self) -> str:
        return self.scene.cast.bo.identifier

    def card(self, product_code: str = TEST_CARD) -> Card:
        return a_shipped_card(self.scene, product_code=product_code)

    def issue(self, card: Card, *, officer: str = "") -> dict[str, Certificate]:
        return issue_for_card(
            card_number=card.card_number or "",
            requests=self.scene.client.requests(),
            officer=officer or self.alva,
            tools=self.tools,
        )


@pytest.fixture
def world(settings: Settings, tmp_path: Path) -> Iterator[World]:
    settings.SIGILL_QA_MANUAL_UNTIL = date(2026, 12, 31)
    scene = a_scene()
    the_authority(Environment.QA)
    for environment, hsa_id in ((Environment.QA, OBJECT_OF_QA), (Environment.PROD, OBJECT_OF_PROD)):
        functions.register_function_object(
            hsa_id=hsa_id, kind=FunctionKind.SERVER, name="Journalsystemet", organization=scene.cast.norr,
            environment=environment, actor=SYSTEM, at=scene.at,
        )  # fmt: skip
        validate_names(hsa_id=hsa_id, names=("qa.regionnorr.test",), actor=SYSTEM, at=scene.at)
    store, token = LmdbStore(tmp_path / "ocsp"), Token(scene.authority)
    for issuer in issuers():
        renew_due(issuer.key, signers=token, at=scene.at)
    yield World(scene, Tools(signers=token, store=store, clock=lambda: scene.at))
    store.close()


def told(type_: str) -> list[dict[str, object]]:
    found = Entry.objects.filter(type=type_).order_by("pk")
    return [json.loads(entry.content)["event"] for entry in found]


def test_a_test_cards_keys_are_certified_by_qas_issuers_and_published(world: World) -> None:
    """QA-4, QA-2, QA-3: the ordinary way, its own event, and names of the officer beside the leaf only."""
    card = world.card()
    made = world.issue(card)
    assert set(made) == {name.value for name in KeyName}
    assert {one.issuer_id for one in made.values()} == {"qa_person_hsa_id_3", "qa_person_id_3"}
    assert all(one.published_at is not None and one.carrier_id == str(card.pk) for one in made.values())
    for one in made.values():
        issuer = x509.load_der_x509_certificate(bytes(one.certificate_der)).issuer
        assert "CN=TEST " in issuer.rfc4514_string()
    (event,) = told("qa.manual_issuance")
    assert event["card_id"] == str(card.pk)
    assert set(event["certificate_request_ids"]) == {str(one.request_id) for one in made.values()}  # type: ignore[call-overload]
    assert world.alva not in json.dumps(event)
    steps = ("certificate.requested", "certificate.intended", "certificate.issued", "certificate.published")
    ours = [
        [entry for entry in told(step) if entry["certificate_request_id"] in event["certificate_request_ids"]]  # type: ignore[operator]
        for step in steps
    ]
    assert [len(entries) for entries in ours] == [2, 2, 2, 2]


def test_the_desk_goes_on_with_the_keys_that_were_certified_by_hand(world: World) -> None:
    """QA-4: the card stays shipped, and its activation asks for no other certificates."""
    card = world.card()
    made = world.issue(card)
    assert Card.objects.get(pk=card.pk).state == "SHIPPED"
    opened = an_open_activation(world.scene, card)
    keys = an_activation_with_keys(world.scene, a_claimed_activation(world.scene, opened))
    active = an_active_card(world.scene, a_written_activation(world.scene, keys))
    assert active.pk == card.pk
    assert {one.pk for one in Certificate.objects.filter(carrier_id=str(card.pk))} == {
        one.pk for one in made.values()
    }


def test_the_same_requests_again_give_the_same_certificates(world: World) -> None:
    card = world.card()
    first = world.issue(card)
    assert {one.pk for one in world.issue(card).values()} == {one.pk for one in first.values()}
    csr = request_for()
    made = [
        issue_for_function(hsa_id=OBJECT_OF_QA, csr=csr, names=(), officer=world.bo, tools=world.tools)
        for _ in range(2)
    ]
    assert made[0].pk == made[1].pk
    assert FunctionOrder.objects.count() == 1


def test_a_test_function_gets_its_certificate_from_a_request(world: World) -> None:
    """QA-4, QA-2: from the CSR only the key; the order is delivered."""
    made = issue_for_function(
        hsa_id=OBJECT_OF_QA, csr=request_for(), names=(), officer=world.bo, tools=world.tools
    )
    assert (made.issuer_id, made.environment) == ("qa_function", "QA")
    assert made.published_at is not None
    assert FunctionOrder.objects.get().state == "DELIVERED"
    (event,) = told("qa.manual_issuance")
    assert event["certificate_request_ids"] == [str(made.request_id)]


def test_of_prod_nothing_is_issued_by_hand(world: World) -> None:
    """QA-4, QA-3: neither to a card of PROD nor to a function of PROD."""
    card = world.card("7C1")
    before = CertificateRequest.objects.count()
    with pytest.raises(ManualRoutineRefused, match="no test card of QA"):
        world.issue(card)
    with pytest.raises(ManualRoutineRefused, match="no function object of QA"):
        issue_for_function(
            hsa_id=OBJECT_OF_PROD, csr=request_for(), names=(), officer=world.bo, tools=world.tools
        )
    assert CertificateRequest.objects.count() == before
    assert not told("qa.manual_issuance")


@pytest.mark.parametrize(
    ("until", "at"),
    [
        (None, "2026-11-21T12:00:00+00:00"),
        (date(2026, 11, 20), "2026-11-21T12:00:00+00:00"),
        (date(2026, 11, 21), "2026-11-21T23:00:00+00:00"),  # midnight in Sweden
    ],
)
def test_it_ends_with_the_acceptance_test(settings: Settings, until: date | None, at: str) -> None:
    """QA-4: temporary; off until a last day is named, and when that day is over in Sweden."""
    settings.SIGILL_QA_MANUAL_UNTIL = until
    with pytest.raises(ManualRoutineRefused):
        manual_issuance.demand_open(at=datetime.fromisoformat(at))


def test_it_lasts_until_the_end_of_its_last_day(settings: Settings) -> None:
    """QA-4."""
    settings.SIGILL_QA_MANUAL_UNTIL = date(2026, 11, 21)
    manual_issuance.demand_open(at=datetime.fromisoformat("2026-11-21T22:59:59+00:00"))


def test_when_it_is_off_nothing_is_asked_of_the_ca(world: World, settings: Settings) -> None:
    """QA-4."""
    card = world.card()
    settings.SIGILL_QA_MANUAL_UNTIL = None
    with pytest.raises(ManualRoutineRefused):
        world.issue(card)
    with pytest.raises(ManualRoutineRefused):
        issue_for_function(
            hsa_id=OBJECT_OF_QA, csr=request_for(), names=(), officer=world.bo, tools=world.tools
        )
    assert not CertificateRequest.objects.exclude(profile="ocsp_signer").exists()


def test_only_who_may_do_it_at_the_desk_is_named_as_officer(world: World) -> None:
    """Doris administers another organization, Bo orders function certificates only, nobody is unknown."""
    card = world.card()
    for officer in (world.scene.cast.doris.identifier, world.bo, "SE2321000016-NOBODY"):
        with pytest.raises(ManualRoutineRefused, match="holds no role"):
            world.issue(card, officer=officer)
    with pytest.raises(ManualRoutineRefused, match="holds no role"):
        issue_for_function(
            hsa_id=OBJECT_OF_QA, csr=request_for(), names=(), officer=world.alva, tools=world.tools
        )
    holder = actor_of(world.scene.cast.asa, Role.ID_ADMINISTRATOR)
    with pytest.raises(ManualRoutineRefused, match="themselves"):
        world.issue(card, officer=holder.identifier)


def test_the_command_writes_the_certificates_and_says_what_it_cannot(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QA-4: as an operator runs it."""
    where = "worker.management.commands.qa_manual"
    monkeypatch.setattr(f"{where}.signers", lambda: world.tools.signers)
    monkeypatch.setattr(f"{where}.status_store", lambda: world.tools.store)
    monkeypatch.setattr(f"{where}.timezone.now", lambda: world.scene.at)
    card = world.card()
    arguments = ["--card", card.card_number or "", "--officer", world.alva, "--out", str(tmp_path / "out")]
    for name, csr in world.scene.client.requests().items():
        (tmp_path / f"{name}.csr").write_bytes(csr)
        arguments += [f"--{name.replace('_', '-')}", str(tmp_path / f"{name}.csr")]
    said = StringIO()
    call_command("qa_manual", "card", *arguments, stdout=said)
    assert "2 issued and published in QA" in said.getvalue()
    for name, key in world.scene.client.chip.items():
        pem = x509.load_pem_x509_certificate((tmp_path / "out" / f"{name.value}.pem").read_bytes())
        assert pem.public_key() == key.public_key()
    (tmp_path / "bad.csr").write_bytes(b"rubbish")
    with pytest.raises(CommandError):
        call_command(
            "qa_manual", "function", "--function-object", OBJECT_OF_QA, "--officer", world.bo,
            "--csr", str(tmp_path / "bad.csr"), "--out", str(tmp_path / "out"), stdout=said,
        )  # fmt: skip
    with pytest.raises(CommandError, match="cannot be read"):
        call_command(
            "qa_manual", "function", "--function-object", OBJECT_OF_QA, "--officer", world.bo,
            "--csr", str(tmp_path / "none.csr"), "--out", str(tmp_path / "out"), stdout=said,
        )  # fmt: skip


def test_a_key_that_the_ca_refuses_leaves_nothing_behind(world: World) -> None:
    """One key for both certificates: refused before anything is asked, no event."""
    key = ec.generate_private_key(ec.SECP256R1())
    world.scene.client.chip = {name: key for name in KeyName}  # noqa: C420 - a type checker reads it
    with pytest.raises(Exception, match="key"):
        world.issue(world.card())
    assert not told("qa.manual_issuance")
