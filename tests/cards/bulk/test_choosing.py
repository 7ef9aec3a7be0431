"""Whom an order for several is for, and what is told of whoever it leads to nobody (POR-17)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cards.bulk.choosing import ChosenRow, from_expiring, from_list, from_unit
from cards.bulk.errors import BulkListUnreadable
from cards.bulk.reading import MOST_ROWS, read_list
from cards.models import Card
from cards.products import Environment
from directory.identifiers import luhn_digit
from directory.models import Employment, Unit
from journal.actor import Actor
from tests.cards.bulk.conftest import People, employ
from tests.scenarios import Scene, a_pending_order, an_active_card


def chosen(scene: Scene, text: str, actor: Actor | None = None) -> list[ChosenRow]:
    return from_list(
        read_list(text),
        organization=scene.cast.norr,
        product_code="7C1",
        actor=actor or scene.cast.alva,
        at=scene.at,
    )


def codes(rows: list[ChosenRow]) -> list[str]:
    return [row.refusal.code if row.refusal else "" for row in rows]


def test_a_person_is_meant_by_number_in_every_spelling_or_by_hsa_id_in_any_case(scene: Scene) -> None:
    """POR-17."""
    for typed in (
        "198308309908",
        "19830830-9908",
        "830830-9908",
        "8308309908",
        scene.cast.asa.hsa_id.lower(),
    ):
        (row,) = chosen(scene, f"{typed}\n")
        assert row.employment == scene.cast.asa, typed
        assert row.typed == ""


def test_a_header_says_which_column_is_which_and_a_line_its_product() -> None:
    found = read_list("\ufeffNamn;Personnummer;Produkt\nÅsa;198308309908;7t1\n\nBo;SE1-2;\n")
    assert [(one.line, one.who, one.product) for one in found] == [
        (2, "198308309908", "7T1"),
        (4, "SE1-2", ""),
    ]
    assert [one.who for one in read_list("830830-9908\nSE2321000016-A100")] == [
        "830830-9908",
        "SE2321000016-A100",
    ]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("person;produkt\n", "empty"),
        ("Namn;Titel\nÅsa;Läkare\n", "columns"),
        ("1\n" * (MOST_ROWS + 1), "too_many"),
        ('"' + "x" * 200_000, "no_csv"),
    ],
)
def test_what_is_no_list_is_told_so(text: str, rule: str) -> None:
    with pytest.raises(BulkListUnreadable) as caught:
        read_list(text)
    assert caught.value.facts["rule"] == rule


def test_a_line_shows_nothing_invisible_and_is_not_endless() -> None:
    (one,) = read_list("198308\u202e30\x009908" + "x" * 500)
    assert one.who.startswith("198308309908xxx")
    assert len(one.who) == 64


def test_what_leads_to_nobody_says_so_and_keeps_what_was_typed(scene: Scene) -> None:
    nobody = f"19990101980{luhn_digit('990101980')}"
    rows = chosen(scene, f"Kalle\n198504129803x\n{nobody}\nSE2321000016-N0BODY\n")
    assert codes(rows) == ["bulk_unreadable", "bulk_unreadable", "bulk_unknown", "bulk_unknown"]
    assert [row.typed for row in rows][::2] == ["Kalle", nobody]


def test_whoever_works_elsewhere_is_as_unknown_as_whoever_does_not_exist(scene: Scene) -> None:
    """F16: Doris learns nothing of Region Norr, and Alva nothing of Region Syd."""
    assert codes(chosen(scene, scene.cast.doris.identifier)) == ["bulk_unknown"]
    assert codes(chosen(scene, "198308309908", scene.cast.doris)) == ["bulk_unknown"]
    nearby = replace(scene.cast.alva, organization_ids=(), unit_id="x", unit_ids=())
    assert codes(chosen(scene, "198308309908", nearby)) == ["bulk_unknown"]


def test_the_second_line_of_a_person_is_a_duplicate_unless_it_is_for_another_environment(
    scene: Scene,
) -> None:
    rows = chosen(scene, f"person;produkt\n198308309908;\n{scene.cast.asa.hsa_id};\n198308309908;7T1\n")
    assert codes(rows) == ["", "bulk_duplicate", ""]
    assert rows[1].refusal is not None
    assert dict(rows[1].refusal.facts) == {"line": "2"}


def test_with_several_employments_the_hsa_id_says_which(scene: Scene) -> None:
    other = Employment.objects.create(
        person=scene.cast.asa.person, organization=scene.cast.norr, hsa_id="SE2321000016-A900"
    )
    (row,) = chosen(scene, "198308309908")
    assert codes([row]) == ["bulk_ambiguous"]
    assert chosen(scene, "SE2321000016-A900")[0].employment == other
    Employment.objects.filter(pk=other.pk).update(ends_on=scene.at.date() - timedelta(days=1))
    assert chosen(scene, "198308309908")[0].employment == scene.cast.asa


def test_a_protected_person_of_several_employments_leaves_no_number_behind(scene: Scene) -> None:
    Employment.objects.create(
        person=scene.cast.erik.person, organization=scene.cast.norr, hsa_id="SE2321000016-A901"
    )
    (row,) = chosen(scene, "199002149897")
    assert codes([row]) == ["bulk_unknown"], "as a number of nobody"
    scene.cast = replace(scene.cast, alva=replace(scene.cast.alva, may_see_protected=True))
    (row,) = chosen(scene, "199002149897")
    assert (codes([row]), row.typed) == (["bulk_ambiguous"], "")


def test_a_unit_means_everybody_who_works_there_or_below_now(scene: Scene, people: People) -> None:
    """POR-17: from a unit, with everything below it, within the reach of who asks."""
    ward = Unit.objects.create(organization=scene.cast.norr, name="Avdelning 1", hsa_id="SE2321000016-E1")
    room = Unit.objects.create(
        organization=scene.cast.norr, name="Sal 2", hsa_id="SE2321000016-E2", parent=ward
    )
    people(2, unit=ward)
    people(1, unit=room)
    people(1)
    (gone,) = people(1, unit=room)
    Employment.objects.filter(pk=gone.pk).update(missing_since=scene.at)
    rows = from_unit(ward, product_code="7C1", actor=scene.cast.alva, at=scene.at)
    assert [row.line for row in rows] == [1, 2, 3]
    assert {row.product_code for row in rows} == {"7C1"}
    only = replace(scene.cast.alva, organization_ids=(), unit_id=str(room.pk), unit_ids=(str(room.pk),))
    assert len(from_unit(ward, product_code="7C1", actor=only, at=scene.at)) == 1
    with pytest.raises(BulkListUnreadable):
        from_unit(ward, product_code="7C1", actor=scene.cast.doris, at=scene.at)


def test_cards_that_end_before_a_day_are_those_of_people_without_a_longer_one(scene: Scene) -> None:
    """POR-17: all whose card expires before a date; each gets the product that they have."""
    card = an_active_card(scene)
    before = card.valid_until + timedelta(days=1)

    def found(actor: Actor = scene.cast.alva) -> list[ChosenRow]:
        return from_expiring(before, organization=scene.cast.norr, product_code="", actor=actor, at=scene.at)

    (row,) = found()
    assert (row.employment, row.product_code) == (scene.cast.asa, "7C1")
    for nobody in (
        lambda: found(scene.cast.doris),
        lambda: from_expiring(
            card.valid_until,
            organization=scene.cast.norr,
            product_code="",
            actor=scene.cast.alva,
            at=scene.at,
        ),
    ):
        with pytest.raises(BulkListUnreadable) as caught:
            nobody()
        assert caught.value.facts["rule"] == "nobody"
    scene.later(days=2)
    a_pending_order(scene)  # the next one is on its way
    with pytest.raises(BulkListUnreadable):
        found()


def test_a_test_card_that_ends_is_nobodys_next_card(scene: Scene) -> None:
    """QA-2."""
    card = an_active_card(scene)
    Card.objects.filter(pk=card.pk).update(environment=Environment.QA.value)
    with pytest.raises(BulkListUnreadable):
        from_expiring(
            card.valid_until + timedelta(days=1),
            organization=scene.cast.norr,
            product_code="",
            actor=scene.cast.alva,
            at=scene.at,
        )


def test_too_many_for_one_order_are_told_so(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    ward = Unit.objects.create(organization=scene.cast.norr, name="Avdelning 1", hsa_id="SE2321000016-E1")
    for place in range(3):
        employ(scene.cast.norr, 100 + place, unit=ward)
    monkeypatch.setattr("cards.bulk.choosing.MOST_ROWS", 2)
    with pytest.raises(BulkListUnreadable) as caught:
        from_unit(ward, product_code="7C1", actor=scene.cast.alva, at=scene.at)
    assert caught.value.facts["rule"] == "too_many"
