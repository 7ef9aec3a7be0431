"""Somebody who works in two organizations: each sees its own half, and nothing of the other's."""

import re
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.urls import reverse

from cards.lifecycle import place_order
from directory.events import PersonChanged
from directory.identifiers import PersonalIdentityNumber
from directory.lifecycle import record_protected_opening
from directory.models import Employment, Organization, Person, RegistrationStatus, RoleAssignment
from journal.actor import Actor
from journal.recording import record
from tests.cast import LONG_AGO
from tests.portal.conftest import LogIn
from tests.scenarios import (
    Scene,
    a_claimed_activation,
    a_shipped_card,
    a_written_activation,
    an_activation_with_keys,
    an_active_card,
    an_open_activation,
)


def text_of(response: object) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture
def linnea(scene: Scene) -> Person:
    """Return Linnéa Öhman, senior physician in Region Norr and consultant in Region Syd."""
    number = "198202289800"
    person = Person.objects.create(
        personal_identity_number=number,
        given_name="Linnéa",
        surname="Öhman",
        search_key=" linnea ohman",
        birth_date=PersonalIdentityNumber(number).birth_date,
        registration_status=RegistrationStatus.REGISTERED.value,
        address_lines=["Ängsstigen 21", "800 01 Norrby"],
        pu_read_at=LONG_AGO,
    )
    for organization, suffix in ((scene.cast.norr, "A150"), (scene.cast.syd, "B150")):
        hsa_id = f"{organization.hsa_id.partition('-')[0]}-{suffix}"
        Employment.objects.create(person=person, organization=organization, hsa_id=hsa_id)
    return person


def employed(person: Person, organization: Organization) -> Employment:
    return Employment.objects.get(person=person, organization=organization)


@pytest.fixture
def in_use(scene: Scene, linnea: Person) -> None:
    """Linnéa has an active card in Region Norr, and one is ordered in Region Syd."""
    card = a_shipped_card(scene, employed(linnea, scene.cast.norr))
    activation = a_claimed_activation(scene, an_open_activation(scene, card))
    an_active_card(scene, a_written_activation(scene, an_activation_with_keys(scene, activation)))
    south = employed(linnea, scene.cast.syd)
    place_order(
        hsa_id=south.hsa_id, product_code="7C1", loa=3, actor=scene.cast.doris, at=scene.later(hours=1)
    )


@pytest.mark.usefixtures("in_use")
def test_doris_reads_nothing_of_region_norr_on_the_page_of_somebody_of_both(
    scene: Scene, linnea: Person, log_in: LogIn
) -> None:
    """POR-13."""
    page = text_of(log_in(scene.cast.doris).get(reverse("person", args=[linnea.pk]) + "?all"))
    assert page.count("Kort beställt") == 1
    for foreign in ("Alva", scene.cast.alva.identifier, "Kort aktiverat", "Kvittens", "Kort skickat"):
        assert foreign not in page, foreign
    own = text_of(log_in(scene.cast.alva).get(reverse("person", args=[linnea.pk]) + "?all"))
    assert "Kort aktiverat" in own
    assert own.count("Kort beställt") == 1
    assert "Alva Berg" in own
    assert "Doris" not in own


@pytest.mark.usefixtures("in_use")
def test_start_page_orders_and_figures_of_doris_hold_nothing_of_region_norr(
    scene: Scene, log_in: LogIn
) -> None:
    doris = log_in(scene.cast.doris)
    today = text_of(doris.get("/"))
    assert "Kort aktiverat" not in today
    assert "Alva" not in today
    assert "Kort beställt" in today
    orders = doris.get("/orders/").content.decode()
    assert len(set(re.findall(r"/orders/[0-9a-f-]{36}/", orders))) == 1


def test_what_the_registers_say_is_told_to_both_but_not_who_of_the_other_asked(
    scene: Scene, linnea: Person, log_in: LogIn
) -> None:
    changed = PersonChanged(person_id=str(linnea.pk), register="pu", fields=("surname",))
    with transaction.atomic():
        record(changed, actor=scene.cast.alva, at=datetime.now(tz=UTC))
    page = text_of(log_in(scene.cast.doris).get(reverse("person", args=[linnea.pk])))
    assert "ändrade i ett register" in page
    assert "Alva" not in page
    assert "Alva Berg" in text_of(log_in(scene.cast.alva).get(reverse("person", args=[linnea.pk])))


def test_who_opened_a_protected_person_is_told_in_the_own_organization_only(
    scene: Scene, linnea: Person, log_in: LogIn
) -> None:
    Person.objects.filter(pk=linnea.pk).update(protected_identity=True, search_key="", address_lines=[])
    linnea.refresh_from_db()
    alva, doris = (_with_right(one) for one in (scene.cast.alva, scene.cast.doris))
    record_protected_opening(linnea, reason="visit", page="person", actor=alva, at=datetime.now(tz=UTC))
    browser = log_in(doris)
    browser.post(reverse("person-open", args=[linnea.pk]), {"reason": "visit"})
    page = text_of(browser.get(reverse("person", args=[linnea.pk])))
    assert page.count("Person med skyddade uppgifter öppnad") == 2  # her own: why, and the look just now
    assert "Alva" not in page


def _with_right(actor: Actor) -> Actor:
    RoleAssignment.objects.filter(employment__hsa_id=actor.identifier).update(may_see_protected=True)
    return Actor(
        kind=actor.kind,
        identifier=actor.identifier,
        role=actor.role,
        organization_ids=actor.organization_ids,
        person_id=actor.person_id,
        loa=actor.loa,
        may_see_protected=True,
    )
