"""What the one search box understands and finds, for whom, and what is left of it in the journal."""

import json
from datetime import UTC, datetime

import pytest

from ca.models import Certificate
from directory.models import RoleAssignment, Unit
from functioncerts.lifecycle import register_function_object
from functioncerts.models import FunctionKind
from functioncerts.validations import validate_names
from journal.actor import Actor
from journal.models import Entry
from portal.pages.desk.asked_for import Kind, read
from tests.portal.conftest import LogIn
from tests.scenarios import Scene, an_active_card

URL, LIVE = "/people/search/", "/people/search/live/"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", Kind.NOTHING),
        ("  ", Kind.NOTHING),
        ("åsa lind", Kind.WORDS),
        ("abba", Kind.WORDS),
        ("avdelning 12", Kind.WORDS),
        ("19830830-9908", Kind.PERSONAL_NUMBER),
        ("830830+9908", Kind.PERSONAL_NUMBER),
        ("8308309908", Kind.PERSONAL_NUMBER),
        ("19830830 9908", Kind.PERSONAL_NUMBER),
        ("830830", Kind.UNCLEAR),
        ("830830-9909", Kind.UNCLEAR),
        ("SE2321009801-P005", Kind.HSA_ID),
        ("se2321009801-p005", Kind.HSA_ID),
        ("SE2321", Kind.UNCLEAR),
        ("9752 2789 0312 3456 789", Kind.CARD_NUMBER),
        ("9752278903123456780", Kind.UNCLEAR),
        ("5f:0c:1c:bb:0f:43:4a:7a", Kind.SERIAL_NUMBER),
        ("serial=5F0C1CBB0F434A7A5F0C1CBB0F434A7A", Kind.SERIAL_NUMBER),
        ("0x5f0c1cbb0f434a7a", Kind.SERIAL_NUMBER),
        ("113427455640312821154458202477256070485", Kind.SERIAL_NUMBER),
        ("a.b@norr.test", Kind.EMAIL),
        ("a.b@", Kind.WORDS),
        ("x" * 400, Kind.WORDS),
        ("\x00", Kind.WORDS),
    ],
)
def test_the_box_tells_the_kinds_of_numbers_apart(text: str, kind: Kind) -> None:
    assert read(text).kind is kind


@pytest.fixture
def serial(scene: Scene) -> str:
    an_active_card(scene)
    return Certificate.objects.filter(person_id=str(scene.cast.asa.person_id)).first().serial_hex  # type: ignore[union-attr] # the card has some


@pytest.mark.parametrize("writing", ["hex", "colons", "capitals", "decimal", "openssl"])
def test_a_serial_number_in_any_writing_opens_its_holder(
    scene: Scene, log_in: LogIn, serial: str, writing: str
) -> None:
    text = {
        "hex": serial,
        "colons": ":".join(serial[at : at + 2] for at in range(0, len(serial), 2)),
        "capitals": serial.upper(),
        "decimal": str(int(serial, 16)),
        "openssl": f"serial={serial.upper()}",
    }[writing]
    answer = log_in(scene.cast.alva).post(URL, {"q": text})
    assert answer["Location"] == f"/people/{scene.cast.asa.person_id}/"
    assert log_in(scene.cast.doris).post(URL, {"q": text})["Location"] == URL
    said = [
        json.loads(one.content)["event"]
        for one in Entry.objects.filter(type="directory.person_searched").order_by("id")
    ]
    assert [(one["key"], one["outcome"]) for one in said] == [
        ("serial_number", "found"),
        ("serial_number", "not_found"),
    ]
    assert not any(serial in one.content for one in Entry.objects.filter(type="directory.person_searched"))


def test_an_address_opens_its_owner_and_no_protected_person(scene: Scene, log_in: LogIn) -> None:
    alva = log_in(scene.cast.alva)
    answer = alva.post(URL, {"q": scene.cast.asa.email.upper()})
    assert answer["Location"] == f"/people/{scene.cast.asa.person_id}/"
    assert alva.post(URL, {"q": scene.cast.erik.email})["Location"] == URL
    assert log_in(scene.cast.doris).post(URL, {"q": scene.cast.asa.email})["Location"] == URL


def test_a_protected_person_is_found_by_number_card_and_serial_with_the_right_only(
    scene: Scene, log_in: LogIn
) -> None:
    erik = scene.cast.erik
    card = an_active_card_of(scene)
    serial = Certificate.objects.filter(person_id=str(erik.person_id)).first()
    assert serial is not None
    texts = (erik.person.personal_identity_number, erik.hsa_id, str(card), serial.serial_hex)
    alva = log_in(scene.cast.alva)
    assert [alva.post(URL, {"q": text})["Location"] for text in texts] == [URL] * 4
    RoleAssignment.objects.filter(employment__hsa_id=scene.cast.alva.identifier).update(
        may_see_protected=True
    )
    with_right = Actor(**{**_fields(scene.cast.alva), "may_see_protected": True})
    trusted = log_in(with_right)
    assert {trusted.post(URL, {"q": text})["Location"] for text in texts} == {f"/people/{erik.person_id}/"}
    assert trusted.post(URL, {"q": "erik sund"})["Location"] == URL
    assert "Erik Sund" not in trusted.get(URL).content.decode()


def _fields(actor: Actor) -> dict[str, object]:
    return {name: getattr(actor, name) for name in Actor.__slots__}


def an_active_card_of(scene: Scene) -> str:
    """Give Erik a card and certificates as the scenarios do for Åsa."""
    from tests.scenarios import (  # noqa: PLC0415 - for this test alone
        a_claimed_activation,
        a_shipped_card,
        a_written_activation,
        an_activation_with_keys,
        an_open_activation,
    )

    card = a_shipped_card(scene, scene.cast.erik)
    activation = a_claimed_activation(scene, an_open_activation(scene, card))
    an_active_card(scene, a_written_activation(scene, an_activation_with_keys(scene, activation)))
    return str(card.card_number)


def test_units_and_functions_stand_in_the_same_list_as_people(scene: Scene, log_in: LogIn) -> None:
    """POR-10: functions for those who are authorized for them, people for those who search for people."""
    unit = Unit.objects.create(
        organization=scene.cast.norr, name="Lindens vårdcentral", hsa_id="SE2321000016-E1"
    )
    job, at = Actor.system("test"), datetime.now(tz=UTC)
    for name in ("LIND", "LINDA"):
        register_function_object(
            hsa_id=f"SE2321000016-{name}",
            kind=FunctionKind.SERVER,
            name=f"Lindsystemet {name}",
            organization=scene.cast.norr,
            actor=job,
            at=at,
        )
    validate_names(hsa_id="SE2321000016-LIND", names=("lind.norr.test",), actor=job, at=at)
    alva = log_in(scene.cast.alva)
    alva.post(URL, {"q": "lind"})
    page = alva.get(URL).content.decode()
    assert f"/people/units/{unit.pk}/" in page
    assert "Åsa Lindqvist" in page
    assert "Lindsystemet" not in page
    bo = log_in(scene.cast.bo)
    bo.post(URL, {"q": "lind"})
    page = bo.get(URL).content.decode()
    assert "Lindsystemet LIND<" in page
    assert "Lindsystemet LINDA" not in page  # not validated: for validation specialists
    assert "vårdcentral" not in page
    assert "Lindqvist" not in page


def test_while_one_types_names_alone_are_looked_up(scene: Scene, log_in: LogIn) -> None:
    alva = log_in(scene.cast.alva)
    assert "Åsa Lindqvist" in alva.post(LIVE, {"q": "lindq"}).content.decode()
    for text in (scene.cast.asa.person.personal_identity_number, scene.cast.asa.hsa_id, scene.cast.asa.email):
        said = alva.post(LIVE, {"q": text}).content.decode()
        assert "Åsa" not in said
        assert "Tryck på Retur" in said
    assert not Entry.objects.filter(type="directory.person_searched").exists()
    assert log_in(scene.cast.doris).post(LIVE, {"q": "lindq"}).content.decode().count("<a ") == 0


def test_no_address_holds_what_was_typed(scene: Scene, log_in: LogIn) -> None:
    alva = log_in(scene.cast.alva)
    answer = alva.post(URL, {"q": "lindqvist"})
    assert answer["Location"] == URL
    page = alva.get(URL).content.decode()
    assert 'value="lindqvist"' in page  # the box shows what was searched for
    assert "?q=" not in page


@pytest.mark.usefixtures("in_one_minute")
def test_who_types_too_fast_is_stopped(scene: Scene, log_in: LogIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.pages.desk.people.LIVE_PER_MINUTE", 3)
    alva = log_in(scene.cast.alva)
    answers = [alva.post(LIVE, {"q": "li"}).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
