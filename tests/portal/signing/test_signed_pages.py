"""What authn.md section 9 wants signed is signed by every page that does it, over a text that says what."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from ca.models import Certificate
from cards.attestor import Attestor, AttestorRelation
from cards.block_request_models import BlockRequest
from cards.puk_letter_models import PukLetter
from cards.states import CardState
from directory.appointment_models import RoleAppointment
from directory.models import Role, RoleAssignment
from functioncerts.acme.models import ExternalAccountKey
from functioncerts.approval import set_approval
from functioncerts.lifecycle import order_with_key, register_function_object
from functioncerts.models import ApprovalPolicy, FunctionKind, FunctionObject
from functioncerts.receipts import ACCEPTED, VERSION
from functioncerts.validations import validate_names
from journal.actor import Actor
from portal.pages.desk.identity_form import signed_facts
from tests.cast import actor_of
from tests.functioncerts.conftest import allow_keys
from tests.portal.conftest import LogIn
from tests.portal.test_paper_log import LOG, block_form, digest_in, line, log_of
from tests.scenarios import CHECK, Scene, a_shipped_card, an_active_card

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _step_up(settings: Settings) -> None:
    settings.SIGILL_STEP_UP = True


@pytest.fixture
def server(scene: Scene) -> FunctionObject:
    system = Actor.system("test")
    one = register_function_object(
        hsa_id="SE2321000016-JOURNAL", kind=FunctionKind.SERVER, name="Journalsystemet",
        organization=scene.cast.norr, actor=system, at=scene.at,
    )  # fmt: skip
    return validate_names(hsa_id=one.hsa_id, names=("journal.norr.test",), actor=system, at=scene.at)


def signed_text(browser: Client, response: HttpResponse) -> str:
    """Demand that the page waits for the card, and return what is to be signed."""
    assert response.status_code == 303, response.content
    place = response.headers["Location"]
    assert place.startswith("/sign/")
    return str(browser.session["acts"][place.split("/")[2]]["text"])


def test_giving_taking_and_confirming_roles(scene: Scene, log_in: LogIn) -> None:
    """GOV-1, GOV-2: the text names the person and the role."""
    manager = log_in(actor_of(scene.cast.asa, Role.ISSUANCE_MANAGER))
    before = RoleAssignment.objects.count()
    given = manager.post(
        "/roles/give/",
        {
            "hsa_id": scene.cast.bo.identifier, "role": Role.REVOCATION_OFFICER.value,
            "organization": str(scene.cast.norr.pk), "valid_from": "", "valid_to": "",
            "trained_on": datetime.now(tz=UTC).date().isoformat(), "reason": "börjar", "confirmed": "yes",
        },
    )  # fmt: skip
    text = signed_text(manager, given)
    assert "Bo Ek" in text
    assert "Spärradministratör" in text
    alva = RoleAssignment.objects.get(employment__hsa_id=scene.cast.alva.identifier)
    text = signed_text(manager, manager.post(f"/roles/{alva.pk}/revoke/", {"reason": "har slutat"}))
    assert scene.cast.alva.identifier in text
    confirmed = {"role": [str(alva.pk)], "trained_on": "2026-01-02", "suitable": "on"}
    signed_text(manager, manager.post("/roles/confirm/", confirmed))
    alva.refresh_from_db()
    assert (alva.revoked_at, alva.confirmed_at) == (None, None)
    assert RoleAssignment.objects.count() == before
    assert not RoleAppointment.objects.exists()


def test_blocking_one_is_not_signed_and_blocking_several_is(scene: Scene, log_in: LogIn) -> None:
    """POR-2, POR-15: one block is never held up by a card that fails; two name both, and whose they are."""
    card = an_active_card(scene)
    first, second = Certificate.objects.filter(carrier_id=str(card.pk)).order_by("pk")
    alva = log_in(scene.cast.alva)
    one_place = reverse("block-certificate", args=[first.pk])
    assert alva.post(one_place, block_form(scene)).headers["Location"].startswith("/people/")
    rows = [line(scene, card), line(scene, card, kortnummer="", certifikat=second.serial_hex)]
    looked = alva.post(LOG, {"log": log_of(*rows)})
    answer = alva.post(LOG, {"log": log_of(*rows), "step": "register", "digest": digest_in(looked)})
    text = signed_text(alva, answer)
    number = card.card_number or ""
    assert f"Kort {number[:4]}" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert f"Certifikat {second.serial_hex[:16]}" in text
    assert text.count("Åsa Lindqvist") == 2
    assert "SHA-256" in text
    card.refresh_from_db()
    assert card.state == CardState.ACTIVE.value
    assert BlockRequest.objects.count() == 1


def test_a_puk_letter(scene: Scene, log_in: LogIn) -> None:
    """The text names the card and the person."""
    card = an_active_card(scene)
    alva = log_in(scene.cast.alva)
    text = signed_text(alva, alva.post(reverse("puk-letter", args=[card.pk])))
    assert "Åsa Lindqvist" in text
    assert (card.card_number or "")[-3:] in text
    assert not PukLetter.objects.exists()


def test_letting_a_program_order_certificates(scene: Scene, server: FunctionObject, log_in: LogIn) -> None:
    """FC-2: making an ACME key and approving it; what only takes back is not held up."""
    bo = log_in(scene.cast.bo)
    place = reverse("function-acme", args=[server.pk])
    text = signed_text(bo, bo.post(place, {"act": "make"}))
    assert "Journalsystemet (SE2321000016-JOURNAL)" in text
    assert not ExternalAccountKey.objects.exists()
    ApprovalPolicy.objects.create(
        organization=scene.cast.norr, kind="server", set_at=scene.at, set_by="SE2321000016-A009"
    )
    key = ExternalAccountKey.objects.create(
        function_object=server, organization=scene.cast.norr, created_at=scene.at,
        created_by="SE2321000016-A009", expires_at=datetime(2100, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    text = signed_text(bo, bo.post(place, {"act": "approve", "key": str(key.pk)}))
    assert str(key.pk) in text
    assert bo.post(place, {"act": "revoke", "key": str(key.pk)}).headers["Location"] == place
    key.refresh_from_db()
    assert key.approved_at is None
    assert key.revoked_at is not None


def test_which_orders_take_two_people(scene: Scene, log_in: LogIn) -> None:
    manager = log_in(actor_of(scene.cast.asa, Role.ISSUANCE_MANAGER))
    text = signed_text(manager, manager.post("/functions/approval/", {"kind": ["server", "x"]}))
    assert "Server" in text
    assert not ApprovalPolicy.objects.exists()


def test_a_key_made_here_is_signed_with_the_number_that_gets_its_password(
    scene: Scene, server: FunctionObject, log_in: LogIn, settings: Settings
) -> None:
    """FC-5: who orders and who approves sign the number; another one is another act."""
    settings.SIGILL_SMS_HOST = "127.0.0.1"
    manager = actor_of(scene.cast.asa, Role.ISSUANCE_MANAGER)
    told = {"organization_id": str(scene.cast.norr.pk), "kind": FunctionKind.SERVER, "actor": manager}
    allow_keys(scene.cast, at=scene.at)
    set_approval(**told, takes_two=True, at=scene.at)
    FunctionObject.objects.filter(pk=server.pk).update(mobile="+46701234567")
    bo = log_in(scene.cast.bo)
    form = {"names": "journal.norr.test", "receipt": VERSION}
    ordered = bo.post(reverse("function-order-with-key", args=[server.pk]), form)
    assert "+46701234567" in signed_text(bo, ordered)
    placed = order_with_key(
        hsa_id=server.hsa_id, mobile="+46701234567", receipt=ACCEPTED, actor=scene.cast.bo, at=scene.at
    )
    second = log_in(manager)
    for decision in ("approve", "decline"):
        place = reverse("function-order-decide", args=[placed.pk])
        answer = second.post(place, {"decision": decision, "reason": "nej"})
        assert "+46701234567" in signed_text(second, answer)
        kept = second.session["acts"][answer.headers["Location"].split("/")[2]]
        assert '"mobile":"+46701234567"' in kept["content"]


def test_a_signature_binds_who_vouched_and_which_document_was_shown() -> None:
    """CRD-6: each number, name and country of a check is in what is signed, none of them in words."""
    who = Attestor(personal_identity_number="197010239809", name="Maj", relation=AttestorRelation.MANAGER)
    check = replace(CHECK, attestor=who)
    others = (
        replace(check, document_number="X1"),
        replace(check, document_country="NOR"),
        replace(check, is_verified_with_document_issuer=not check.is_verified_with_document_issuer),
        replace(check, attestor=None),
        replace(check, attestor=replace(who, name="Eva")),
        replace(check, attestor=replace(who, personal_identity_number="197010239817")),
        replace(check, attestor=replace(who, relation=AttestorRelation.GUARDIAN)),
    )
    assert all(signed_facts(one) != signed_facts(check) for one in others)
    assert "Maj" not in str(signed_facts(check))


def test_a_block_of_everything_binds_since_when_and_what_was_noted(scene: Scene, log_in: LogIn) -> None:
    """POR-2: the moment from which the holder answers for nothing more is part of what is signed."""
    card = an_active_card(scene)
    a_shipped_card(scene)
    browser, url = log_in(scene.cast.alva), reverse("block-person", args=[card.person_id])
    form = {**browser.get(url).context["form"].initial, "reason": "employment_ended", "confirmed": "on"}
    told = []
    for note in ("a letter", "a call"):
        answer = browser.post(url, {**form, "note": note})
        signed_text(browser, answer)
        told.append(browser.session["acts"][answer.headers["Location"].split("/")[2]]["content"])
    assert all(f'"requested_at":"{form["requested_day"]}T' in one for one in told)
    assert told[0] != told[1]
