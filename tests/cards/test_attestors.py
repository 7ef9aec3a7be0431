"""Who vouches for whom, and foreign documents, as facts (domain.md 2.2, 2.3; CRD-6)."""

from dataclasses import replace
from datetime import date

import pytest

from cards import identity
from cards.attestor import Attestor, AttestorRelation
from cards.identity import IdentityCheckFacts, IdentityCheckStep, SuspicionFacts
from cards.models import Card, IdentityCheck
from cards.products import DocumentKind, IdentityCheckMethod, assurance_level
from cards.suspicions import open_suspicions
from directory.models import Person, RegistrationStatus
from directory.standing import Standing
from journal.models import Entry
from tests.scenarios import CHECK, Scene, a_shipped_card

pytestmark = pytest.mark.django_db

STRANGER = "197010239809"
CHILD = "201001019809"
ALIVE = Standing(status=RegistrationStatus.REGISTERED, numbers=frozenset({STRANGER}))
ATTESTED = replace(
    CHECK,
    method=IdentityCheckMethod.ATTESTOR,
    attestor=Attestor(
        personal_identity_number="19701023-9809",
        name="Maj Sund",
        relation=AttestorRelation.MANAGER,
        standing=ALIVE,
    ),
)
FOREIGN = replace(
    CHECK,
    method=IdentityCheckMethod.FOREIGN_DOCUMENT,
    document_kind=DocumentKind.FOREIGN_PASSPORT,
    document_country="NOR",
)


def code_of(scene: Scene, facts: IdentityCheckFacts, *, holder: Person | None = None) -> str | None:
    refusal = identity.refusal_of(
        facts,
        level=assurance_level(2),
        holder=holder or scene.cast.asa.person,
        actor=scene.cast.alva,
        at=scene.at,
    )
    return refusal.code if refusal else None


def vouched_by(number: str, relation: AttestorRelation = AttestorRelation.MANAGER) -> IdentityCheckFacts:
    digits = number.replace("-", "") if len(number) > 12 else number
    attestor = Attestor(
        personal_identity_number=number,
        name="Maj Sund",
        relation=relation,
        standing=replace(ALIVE, numbers=frozenset({digits})),
    )
    return replace(ATTESTED, attestor=attestor)


def standing(status: RegistrationStatus | None, *others: str) -> IdentityCheckFacts:
    """Return the check by somebody of whom PU says so."""
    assert ATTESTED.attestor is not None
    said = Standing(status=status, numbers=frozenset({STRANGER, *others}))
    return replace(ATTESTED, attestor=replace(ATTESTED.attestor, standing=said))


def test_somebody_of_age_outside_the_card_organization_vouches(scene: Scene) -> None:
    herself = scene.cast.asa.person.personal_identity_number
    administrator = scene.cast.alva_herself.person.personal_identity_number
    assert code_of(scene, ATTESTED) is None
    assert code_of(scene, replace(ATTESTED, attestor=None)) == "attestor_missing"
    assert code_of(scene, vouched_by("19701023-9801")) == "attestor_number_wrong"
    assert code_of(scene, vouched_by(herself)) == "attestor_is_the_person"
    assert code_of(scene, vouched_by(CHILD)) == "attestor_under_age"
    assert code_of(scene, vouched_by(administrator)) == "attestor_in_card_organization"
    assert code_of(scene, vouched_by(STRANGER, AttestorRelation.GUARDIAN)) == "guardian_of_an_adult"


def test_pu_knows_who_vouches_and_that_they_live(scene: Scene) -> None:
    """Issue 7: not to have asked is refused; who moved abroad, or whom PU withholds, is not."""
    assert ATTESTED.attestor is not None
    unasked = replace(ATTESTED, attestor=replace(ATTESTED.attestor, standing=None))
    assert code_of(scene, unasked) == "attestor_not_asked_of_pu"
    assert code_of(scene, standing(None)) == "attestor_not_in_pu"
    assert code_of(scene, standing(RegistrationStatus.DECEASED)) == "attestor_deceased"
    assert code_of(scene, standing(RegistrationStatus.DEREGISTERED)) == "attestor_number_not_in_force"
    for status in (RegistrationStatus.EMIGRATED, RegistrationStatus.UNKNOWN):
        assert code_of(scene, standing(status)) is None


def test_another_number_of_the_same_person_is_the_same_person(scene: Scene) -> None:
    """PU links the numbers of one person: nobody vouches for themselves by an old one."""
    herself = scene.cast.asa.person.personal_identity_number
    administrator = scene.cast.alva_herself.person.personal_identity_number
    registered = RegistrationStatus.REGISTERED
    assert code_of(scene, standing(registered, herself)) == "attestor_is_the_person"
    assert code_of(scene, standing(registered, administrator)) == "attestor_in_card_organization"


def test_a_guardian_vouches_for_who_is_under_age_and_nobody_else_does(scene: Scene) -> None:
    child = scene.cast.asa.person
    child.birth_date = date(2010, 1, 1)
    assert code_of(scene, vouched_by(STRANGER), holder=child) == "guardian_needed"
    assert code_of(scene, vouched_by(STRANGER, AttestorRelation.GUARDIAN), holder=child) is None


def test_a_foreign_passport_is_a_method_of_its_own_and_names_its_country(scene: Scene) -> None:
    assert code_of(scene, FOREIGN) is None
    assert code_of(scene, replace(FOREIGN, document_country="")) == "document_country_missing"
    assert code_of(scene, replace(FOREIGN, document_country="SWE")) == "document_country_missing"
    swedish = replace(FOREIGN, document_kind=DocumentKind.PASSPORT)
    visit = replace(FOREIGN, method=IdentityCheckMethod.VISIT)
    assert [code_of(scene, one) for one in (swedish, visit)] == ["document_of_another_method"] * 2


def test_what_is_kept_is_facts_and_the_journal_names_nobody(scene: Scene) -> None:
    card = a_shipped_card(scene)
    check = identity.record_passed(card, ATTESTED, actor=scene.cast.alva, at=scene.at)
    told = (check.attestor_name, check.attestor_number, check.attestor_relation)
    assert told == ("Maj Sund", STRANGER, "manager")
    identity.record_passed(card, FOREIGN, actor=scene.cast.alva, at=scene.at)
    assert IdentityCheck.objects.filter(document_country="NOR", attestor_name="").count() == 1
    (content,) = Entry.objects.filter(type="identity.attested").values_list("content", flat=True)
    assert "manager" in content
    assert not any(word in content for word in ("Maj", STRANGER))


def test_a_suspicion_before_there_is_a_card_alarms_until_the_person_is_identified(scene: Scene) -> None:
    asa, alva = scene.cast.asa, scene.cast.alva
    facts = SuspicionFacts(steps=frozenset({IdentityCheckStep.DOCUMENT_TAKEN}))
    check = identity.record_suspected_without_card(
        asa.person, facts, organization=asa.organization, hsa_id=asa.hsa_id, actor=alva, at=scene.at
    )
    assert check.checked_person == asa.person
    assert [one.pk for one in open_suspicions(actor=alva, at=scene.at)] == [check.pk]
    assert open_suspicions(actor=scene.cast.doris, at=scene.at) == []
    card = a_shipped_card(scene)
    (theirs,) = scene.cast.doris.organization_ids
    Card.objects.filter(pk=card.pk).update(organization_id=theirs)
    identity.record_passed(card, CHECK, actor=alva, at=scene.later(hours=1))
    assert open_suspicions(actor=alva, at=scene.at), "another organization let them through since"
    Card.objects.filter(pk=card.pk).update(organization=asa.organization)
    assert open_suspicions(actor=alva, at=scene.at) == []
