"""Each report tells what domain.md 6 says of it, as it stood then, to those who may know (REP-1, REP-2)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ca.models import Certificate
from cards import identity
from cards.block_requests import Received, block_certificate
from cards.reasons import BlockReason
from cards.stock_counts import count_place, report_loss
from cards.stock_states import LossReason
from cards.stock_transfers import receive_cards, send_cards
from directory.former_work import keep_former_work
from directory.models import Employment, Person, RegistrationStatus, Role, RoleAssignment, Unit
from functioncerts.lifecycle import order_certificate, settle_order
from functioncerts.models import FunctionKind, FunctionObject
from journal.actor import Actor
from journal.recording import record
from portal.accounts.events import RoleChosen
from reports.catalogue import CATALOGUE
from reports.columns import PROTECTED
from reports.errors import NumbersRefused
from reports.question import Question
from reports.tables import count_rows, first_rows
from tests.cards.stock_violations import a_box, a_place
from tests.functioncerts.conftest import SERVER, function_object, request_for
from tests.reports.telling import told
from tests.scenarios import Scene, a_scene, a_shipped_card, an_active_card, card_number

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


@pytest.fixture
def scene() -> Scene:
    return a_scene()


def test_a_card_is_told_with_the_unit_in_which_its_holder_worked_then(scene: Scene) -> None:
    """REP-1: somebody who moves does not move in the reports of yesterday, nor out of their filter."""
    clinic = Unit.objects.create(organization=scene.cast.norr, name="Kliniken", hsa_id="SE2321000016-K")
    ward = Unit.objects.create(
        organization=scene.cast.norr, name="Avdelning 4", parent=clinic, hsa_id="SE2321000016-W"
    )
    other = Unit.objects.create(organization=scene.cast.norr, name="Akuten", hsa_id="SE2321000016-U")
    work = scene.cast.asa
    Employment.objects.filter(pk=work.pk).update(unit=ward)
    card = an_active_card(scene)
    before, moved_at = scene.at, scene.later(days=3)
    keep_former_work(work, {"unit_id"}, at=moved_at)
    Employment.objects.filter(pk=work.pk).update(unit=other)

    def asked(unit: str, at: datetime) -> list[Mapping[str, str]]:
        filters = {"unit": unit} if unit else {}
        return told(Question.of("S1", actor=scene.cast.alva, as_of=at, filters=filters))

    assert [row["Unit"] for row in asked("", before)] == ["Avdelning 4"]
    assert [row["Unit"] for row in asked("", moved_at)] == ["Akuten"]
    for unit in ("SE2321000016-k", str(clinic.pk), str(ward.pk)):
        assert (len(asked(unit, before)), len(asked(unit, moved_at))) == (1, 0)
    assert (len(asked(str(other.pk), before)), len(asked(str(other.pk), moved_at))) == (0, 1)
    assert asked("SE2321000016-NOBODY", before) == asked("%", before) == []
    certificates = Question.of("S2", actor=scene.cast.alva, as_of=before, filters={"unit": str(clinic.pk)})
    assert count_rows(certificates) > 0 == count_rows(replace(certificates, as_of=moved_at))
    hers = replace(certificates, organization_ids=scene.cast.doris.organization_ids)
    assert count_rows(hers) == 0
    Person.objects.filter(pk=card.person_id).update(protected_identity=True, search_key="")
    assert [row["Unit"] for row in asked("", before)] == [PROTECTED]


def test_certificates_are_told_with_their_level_and_expire_beside_the_cards(scene: Scene) -> None:
    """POR-9, domain.md 6: S2 and S4."""
    card = an_active_card(scene)
    levels = {row["Assurance level"] for row in told(Question(code="S2", as_of=scene.at))}
    assert levels == {"3"}
    assert count_rows(Question(code="S2", as_of=scene.at, filters={"loa": "2"})) == 0
    first = Certificate.objects.order_by("issued_at", "id").first()
    assert first is not None
    Certificate.objects.filter(pk=first.pk).update(not_after=scene.at + timedelta(days=20))
    asked = Question(code="S4", as_of=scene.at, filters={"days": "3660"}, with_numbers=True)
    rows = told(asked)
    assert count_rows(asked) == len(rows) == Certificate.objects.filter(carrier_kind="card").count() + 1
    assert rows[0]["Card or serial number"] == first.serial_hex
    assert (rows[0]["Days left"], rows[0]["HSA-id"]) == ("20", card.hsa_id)
    numbers = {row["Personal identity number"] for row in rows}
    assert numbers == {card.person.personal_identity_number}
    (listed,) = [row for row in rows if row["Kind"] == "Kort"]
    assert listed["Card or serial number"] == card.card_number
    assert [row["Days left"] for row in rows] == sorted((row["Days left"] for row in rows), key=int)
    assert len(told(replace(asked, filters={"days": "30"}))) == 1
    assert [row["Kind"] for row in told(replace(asked, filters={"days": "3660", "product": "7C1"}))] == [
        "Kort"
    ]
    Person.objects.filter(pk=card.person_id).update(protected_identity=True, search_key="")
    for row in told(asked):
        cells = (row["Card or serial number"], row["HSA-id"], row["Personal identity number"])
        assert cells == (PROTECTED, PROTECTED, PROTECTED)


def test_a_single_certificate_that_was_blocked_stands_among_the_blocks(scene: Scene) -> None:
    """POR-2, domain.md 6: H3 tells reason, when it was asked for and done, and by whom."""
    card = an_active_card(scene)
    certificate = Certificate.objects.filter(carrier_id=str(card.pk)).order_by("issued_at", "id")[0]
    block_certificate(
        certificate_id=certificate.pk, reason=BlockReason.WRONGLY_ISSUED, received=Received(at=scene.at),
        actor=scene.cast.alva, at=scene.later(minutes=5),
    )  # fmt: skip
    asked = Question.of("H3", actor=scene.cast.alva, as_of=scene.at)
    (row,) = told(asked)
    assert (row["Reason"], row["Done by"]) == ("Felaktigt utfärdat", scene.cast.alva.identifier)
    assert (row["Card or serial number"], row["HSA-id"]) == (certificate.serial_hex, card.hsa_id)
    assert row["Requested"] < row["Done"]
    assert count_rows(Question.of("H3", actor=scene.cast.doris, as_of=scene.at)) == 0
    assert count_rows(replace(asked, filters={"operator": "SE2321000016-NOBODY"})) == 0


def test_a_function_certificate_is_told_with_function_names_and_orderer(scene: Scene) -> None:
    """POR-9, domain.md 6: S5 and H5."""
    unit = Unit.objects.create(organization=scene.cast.norr, name="Drift", hsa_id="SE2321000016-D")
    function_object(scene.cast, SERVER, FunctionKind.SERVER, "journal.regionnorr.test", at=scene.at)
    FunctionObject.objects.filter(hsa_id=SERVER).update(unit=unit)
    placed = order_certificate(hsa_id=SERVER, csr=request_for(), actor=scene.cast.bo, at=scene.at)
    scene.authority.issue_and_publish(at=scene.at)
    settle_order(order_id=str(placed.pk), actor=SYSTEM, at=scene.at)
    asked = Question.of("S5", actor=scene.cast.bo, as_of=scene.at)
    (row,) = told(asked)
    assert (row["Function's HSA-id"], row["Name"]) == (SERVER, "Journalsystemet")
    assert (row["Names in the certificate"], row["Profile"]) == ("journal.regionnorr.test", "Server")
    assert (row["Ordered by"], row["State"]) == (scene.cast.bo.identifier, "Aktivt")
    (issued,) = told(Question.of("H5", actor=scene.cast.bo, as_of=scene.at))
    assert (issued["Event"], issued["Ordered by"]) == ("Utfärdat", scene.cast.bo.identifier)
    assert count_rows(replace(asked, filters={"unit": str(unit.pk)})) == 1
    assert count_rows(replace(asked, filters={"days": "30"})) == 0
    assert count_rows(replace(asked, filters={"days": "900"})) == 1
    assert count_rows(replace(asked, organization_ids=scene.cast.doris.organization_ids)) == 0


def test_a_role_is_told_with_what_it_is_for_and_why_it_is_outdated(scene: Scene) -> None:
    """POR-13, domain.md 6: S6, told from what was known at the moment."""
    unit = Unit.objects.create(organization=scene.cast.norr, name="Kliniken", hsa_id="SE2321000016-K")
    alva = Employment.objects.get(hsa_id=scene.cast.alva.identifier)
    held = RoleAssignment.objects.get(employment=alva)
    RoleAssignment.objects.filter(pk=held.pk).update(unit=unit, granted_at=scene.at, valid_from=scene.at)

    def outdated(at: datetime) -> str:
        (row,) = [
            row
            for row in told(Question(code="S6", as_of=at, may_see_protected=True))
            if row["HSA-id"] == alva.hsa_id
        ]
        assert row["For unit"] == "Kliniken"
        return row["Outdated"]

    used_at = scene.at + timedelta(days=60)
    chosen = RoleChosen(
        session_id="1", person_id=str(alva.person_id), organization_id=str(scene.cast.norr.pk),
        hsa_id=alva.hsa_id, role=Role.ID_ADMINISTRATOR.value,
    )  # fmt: skip
    record(chosen, actor=scene.cast.alva, at=used_at)
    assert outdated(scene.at + timedelta(days=89)) == ""
    assert outdated(used_at + timedelta(days=89)) == ""
    assert outdated(used_at + timedelta(days=91)) == "Länge inte använd"
    ended_at = used_at + timedelta(days=10)
    keep_former_work(alva, {"ends_on"}, at=ended_at)
    Employment.objects.filter(pk=alva.pk).update(ends_on=used_at.date())
    assert outdated(ended_at - timedelta(days=1)) == ""
    assert outdated(ended_at) == "Har slutat eller saknas i HSA"
    Person.objects.filter(pk=alva.person_id).update(registration_status=RegistrationStatus.DECEASED.value)
    assert outdated(ended_at).startswith("Avliden")


def test_the_stock_of_every_past_moment_is_told_place_by_place(scene: Scene) -> None:
    """CRD-4, domain.md 6: S9, replayed from the journal."""
    place, other = a_place(scene), a_place(scene, "Avdelning 3")
    a_box(scene, place)
    moments = [scene.at]
    transfer = send_cards(
        source_id=str(place.pk), target_id=str(other.pk), card_numbers=[card_number(500), card_number(501)],
        actor=scene.cast.alva, at=scene.later(hours=1),
    )  # fmt: skip
    moments.append(scene.at)
    receive_cards(
        transfer_id=str(transfer.pk), missing=[card_number(501)], note="en saknas",
        actor=scene.cast.alva, at=scene.later(hours=1),
    )  # fmt: skip
    moments.append(scene.at)
    at_place = [card_number(501), card_number(502), card_number(503)]
    count_place(
        place_id=str(place.pk), counted=at_place, reason="fanns i skåpet", actor=scene.cast.alva,
        at=scene.later(hours=1),
    )  # fmt: skip
    moments.append(scene.at)
    report_loss(
        place_id=str(place.pk), card_numbers=[card_number(503)], reason=LossReason.LOST,
        actor=scene.cast.alva, at=scene.later(hours=1),
    )  # fmt: skip
    moments.append(scene.at)

    def lying(at: datetime) -> list[tuple[str, str]]:
        rows = told(Question.of("S9", actor=scene.cast.alva, as_of=at))
        by_number = {row["Card number"]: (row["Place"], row["State"].split()[0]) for row in rows}
        return [by_number.get(card_number(500 + one), ("", "")) for one in range(4)]

    here, there = "Reception", "Avdelning 3"
    assert lying(moments[0] - timedelta(seconds=1)) == [("", "")] * 4
    assert lying(moments[0]) == [(here, "I")] * 4
    assert lying(moments[1]) == [(here, "På"), (here, "På"), (here, "I"), (here, "I")]
    assert lying(moments[2]) == [(there, "I"), (here, "Saknas"), (here, "I"), (here, "I")]
    assert lying(moments[3]) == [(there, "I"), (here, "I"), (here, "I"), (here, "I")]
    assert lying(moments[4]) == [(there, "I"), (here, "I"), (here, "I"), ("", "")]
    assert count_rows(Question.of("S9", actor=scene.cast.doris, as_of=scene.at)) == 0
    assert count_rows(Question(code="S9", as_of=moments[2], filters={"state": "MISSING"})) == 1


def test_a_check_broken_off_before_there_was_a_card_is_told_like_any_other(scene: Scene) -> None:
    """domain.md 6, H8: by whose it is, to those who reach them, and masked where they are protected."""
    asa = scene.cast.asa
    a_shipped_card(scene)
    identity.record_suspected_without_card(
        asa.person,
        identity.SuspicionFacts(),
        organization=asa.organization,
        hsa_id=asa.hsa_id,
        actor=scene.cast.alva,
        at=scene.at,
    )
    asked = Question.of("H8", actor=scene.cast.alva, as_of=scene.at, with_numbers=True)
    (row,) = told(asked)
    told_of = (row["HSA-id"], row["Personal identity number"], row["Organization"], row["Card number"])
    assert told_of == (asa.hsa_id, asa.person.personal_identity_number, asa.organization.name, "")
    assert count_rows(Question.of("H8", actor=scene.cast.doris, as_of=scene.at)) == 0
    assert count_rows(replace(asked, filters={"loa": "3"})) == 0, "of no level yet"
    Person.objects.filter(pk=asa.person_id).update(protected_identity=True, search_key="")
    (row,) = told(asked)
    assert (row["HSA-id"], row["Personal identity number"]) == (PROTECTED, PROTECTED)


def test_personal_numbers_are_a_column_for_those_alone_who_work_by_them(scene: Scene) -> None:
    """REP, domain.md 6: nobody has it unasked, and no auditor, orderer or central administrator at all."""
    card = a_shipped_card(scene)
    number = card.person.personal_identity_number
    for code, kind in CATALOGUE.items():
        if scene.cast.alva.role not in kind.roles:
            continue
        without = Question.of(code, actor=scene.cast.alva, as_of=scene.at)
        assert number not in str(first_rows(without, 99)), code
        if kind.has_numbers:
            rows = told(replace(without, with_numbers=True))
            assert all("Personal identity number" in row for row in rows), code
        else:
            with pytest.raises(NumbersRefused):
                Question.of(code, actor=scene.cast.alva, as_of=scene.at, with_numbers=True)
    asked = Question.of("S3", actor=scene.cast.alva, as_of=scene.at, with_numbers=True)
    assert Question.read(asked.as_stored()) == asked
    assert [row["Personal identity number"] for row in told(asked)] == [number]
    with pytest.raises(NumbersRefused):
        Question.of("S3", actor=scene.cast.cia, as_of=scene.at, with_numbers=True)
    Person.objects.filter(pk=card.person_id).update(protected_identity=True, search_key="")
    assert [row["Personal identity number"] for row in told(asked)] == [PROTECTED]
