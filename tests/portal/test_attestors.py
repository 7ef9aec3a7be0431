"""Somebody vouches at the desk: PU is asked, and what is signed says whose document was seen (CRD-6)."""

from dataclasses import replace

import pytest
from django.urls import reverse
from django.utils import translation

from cards.attestor import Attestor, AttestorRelation
from cards.identity import IdentityCheckFacts
from cards.models import IdentityCheck
from cards.products import DocumentKind, IdentityCheckMethod
from cards.reserve_models import ReserveHandOut
from portal.pages.desk.vouching import identified_by
from tests.cards.stock_violations import a_box, a_place
from tests.directory.conftest import Registers, _running, registers_running
from tests.portal.conftest import LogIn
from tests.portal.test_pages import IDENTITY, _text
from tests.scenarios import CHECK, Scene, card_number

pytestmark = pytest.mark.django_db
__all__ = ["_running", "registers_running"]
ALIVE, DEAD, NOBODY = "19700827-9858", "19490202-9935", "19701023-9809"
FOREIGN = replace(
    CHECK,
    method=IdentityCheckMethod.FOREIGN_DOCUMENT,
    document_kind=DocumentKind.FOREIGN_PASSPORT,
    document_country="NOR",
)


def vouched(relation: AttestorRelation) -> IdentityCheckFacts:
    attestor = Attestor(personal_identity_number=ALIVE, name="Maj Sund", relation=relation)
    return replace(CHECK, method=IdentityCheckMethod.ATTESTOR, attestor=attestor)


@pytest.mark.parametrize(
    ("check", "english", "swedish"),
    [
        (CHECK, "Swedish driving licence", "Svenskt körkort"),
        (FOREIGN, "Foreign passport, NOR", "Utländskt pass, NOR"),
        (
            vouched(AttestorRelation.MANAGER),
            "vouched for by the person's manager, whose document is: Swedish driving licence",
            "intygad av personens chef, vars handling är: Svenskt körkort",
        ),
        (
            vouched(AttestorRelation.STAFF_RESPONSIBLE),
            "vouched for by somebody responsible for staff, whose document is: Swedish driving licence",
            "intygad av en personalansvarig, vars handling är: Svenskt körkort",
        ),
        (
            vouched(AttestorRelation.GUARDIAN),
            "vouched for by a guardian, whose document is: Swedish driving licence",
            "intygad av en vårdnadshavare, vars handling är: Svenskt körkort",
        ),
    ],
)
def test_what_is_signed_says_how_the_person_was_identified_and_whose_document_it_was(
    check: IdentityCheckFacts, english: str, swedish: str
) -> None:
    with translation.override("en"):
        assert identified_by(check) == english
    with translation.override("sv"):
        assert identified_by(check) == swedish


def test_pu_is_asked_about_who_vouches_before_a_card_is_handed_out(
    scene: Scene, log_in: LogIn, registers_running: Registers
) -> None:
    """Issue 7: neither the dead, nor whom PU does not know, nor a register that is away hands out a card."""
    a_box(scene, a_place(scene))
    browser = log_in(scene.cast.alva)
    url = reverse("reserve-hand-out", args=[scene.cast.asa.person_id]) + "?loa=2"
    form = {
        **IDENTITY,
        "card_number": card_number(500),
        "employment": scene.cast.asa.hsa_id,
        "months": "6",
        "loa": "2",
        "method": "attestor",
        "attestor_name": "Maj Sund",
        "attestor_relation": "manager",
    }
    dead = browser.post(url, {**form, "attestor_number": DEAD})
    assert "är avliden" in _text(dead)
    nobody = browser.post(url, {**form, "attestor_number": NOBODY})
    assert "PU känner ingen med intygsgivarens personnummer" in _text(nobody)
    registers_running.show("pu", "503")
    away = browser.post(url, {**form, "attestor_number": ALIVE})
    assert (away.status_code, "Maj Sund" in away.content.decode()) == (503, True)
    assert (IdentityCheck.objects.count(), ReserveHandOut.objects.count()) == (0, 0)
    registers_running.show("pu", "")
    assert browser.post(url, {**form, "attestor_number": ALIVE}).status_code == 302
    assert IdentityCheck.objects.get().attestor_number == "197008279858"
