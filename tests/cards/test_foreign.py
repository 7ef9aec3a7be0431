"""Certificates of other issuers on our cards: which cards have them, who is told, and that none is ours."""

from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override

from ca.models import Certificate
from cards import lifecycle
from cards.errors import ImportRefused
from cards.foreign import carries_foreign_certificates, foreign_certificates
from cards.importing import ForeignFacts, OldCard, import_card
from cards.models import Card, CardOrder, ForeignCertificate
from cards.policies import may_activate
from cards.reasons import BlockReason
from cards.selectors import person_cards
from journal.actor import Actor
from journal.models import Entry
from portal.pages.desk.person import foreign_note
from tests.scenarios import Scene, a_shipped_card, card_number

TELIA = ForeignFacts(issuer_name="CN=Telia e-legitimation HW CA v4", serial_hex="1f2e3d")
SYSTEM = Actor.system("import_cards")


def an_old_card(
    scene: Scene, *, issued_on: date = date(2023, 5, 1), product: str = "6C1", **more: object
) -> Card:
    facts: dict[str, object] = {
        "hsa_id": scene.cast.asa.hsa_id,
        "card_number": card_number(700),
        "product_code": product,
        "loa": 3,
        "issued_on": issued_on,
        "valid_until": date(2027, 5, 1),
        **more,
    }
    return import_card(OldCard(**facts), actor=SYSTEM, at=scene.at)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("issued_on", "product", "carries"),
    [
        (date(2024, 1, 23), "6C1", True),
        (date(2024, 1, 24), "6C1", False),
        (date(2023, 5, 1), "773", False),  # reserve cards never had any
        (date(2023, 5, 1), "7C1", True),
    ],
)
def test_ordinary_cards_from_before_the_day_carry_them(
    scene: Scene, issued_on: date, product: str, *, carries: bool
) -> None:
    """PKI-5: ordinary, and issued before 2024-01-24."""
    card = an_old_card(scene, issued_on=issued_on, product=product)
    assert carries_foreign_certificates(card) is carries
    assert (foreign_note(card) is not None) is carries


def test_a_card_of_today_carries_none(scene: Scene) -> None:
    """PKI-5."""
    assert not carries_foreign_certificates(a_shipped_card(scene))


def test_recorded_ones_are_shown_with_issuer_and_number_and_where_to_turn(scene: Scene) -> None:
    """PKI-5: in Swedish and in English."""
    card = an_old_card(scene, foreign=(TELIA,))
    with override("sv"):
        note = foreign_note(card)
        assert note is not None
        assert note.certificates == ("CN=Telia e-legitimation HW CA v4, serienummer 1f2e3d",)
    assert (note.issuer, note.phone) == ("Telia", "020-32 32 62")
    with override("en"):
        english = foreign_note(card)
        assert english is not None
        assert english.certificates == ("CN=Telia e-legitimation HW CA v4, serial number 1f2e3d",)


def test_blocking_such_a_card_touches_nothing_of_the_other_issuer(scene: Scene) -> None:
    """PKI-5: not ours to revoke; what is recorded of them stays."""
    card = an_old_card(scene, foreign=(TELIA,))
    blocked = lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.later(minutes=1),
    )
    assert blocked.state == "BLOCKED"
    assert foreign_certificates(blocked)[0].serial_hex == TELIA.serial_hex
    assert not Certificate.objects.filter(carrier_id=str(card.pk)).exists()


def test_doris_sees_neither_the_card_nor_what_lies_on_it(scene: Scene) -> None:
    card = an_old_card(scene, foreign=(TELIA,))
    assert not person_cards(str(card.person_id), actor=scene.cast.doris, at=scene.at).cards
    assert person_cards(str(card.person_id), actor=scene.cast.alva, at=scene.at).cards


def test_importing_again_changes_nothing(scene: Scene) -> None:
    assert an_old_card(scene, foreign=(TELIA,)) == an_old_card(scene, foreign=(TELIA,))
    assert (Card.objects.count(), ForeignCertificate.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hsa_id": "SE2321000016-NOBODY"},
        {"card_number": "9752278900000000000"},
        {"issued_on": date(2040, 1, 1)},
        {"valid_until": date(2020, 1, 1)},
        {"loa": 4},
    ],
)
def test_what_cannot_be_is_not_taken_over(scene: Scene, wrong: dict[str, object]) -> None:
    with pytest.raises(ImportRefused):
        an_old_card(scene, **wrong)
    assert not Card.objects.exists()


HEADER = "hsa_id,card_number,product_code,loa,issued_on,valid_until,foreign_issuer,foreign_serial"
TWICE = "SE0-X,1,6C1,3,2022-03-01,2027-03-01"


def test_the_command_reads_a_line_for_each_certificate(scene: Scene, tmp_path: Path) -> None:
    file = tmp_path / "cards.csv"
    line = f"{scene.cast.asa.hsa_id},{card_number(1)},6C1,3,2022-03-01,2027-03-01"
    file.write_text(f"{HEADER}\n{line},CN=Telia,0A\n{line},CN=Telia,0B\n", encoding="utf-8")
    told = StringIO()
    call_command("import_cards", str(file), stdout=told)
    assert told.getvalue().startswith("1 cards are in use here")
    assert {one.serial_hex for one in foreign_certificates(Card.objects.get())} == {"0a", "0b"}


def test_a_card_that_was_never_activated_before_the_launch_is_blocked_at_it(
    scene: Scene, tmp_path: Path
) -> None:
    """POR-5: it stands in the record, and nobody can activate it; those in use go on."""
    file = tmp_path / "cards.csv"
    holder = scene.cast.asa.hsa_id
    file.write_text(
        f"{HEADER},activated_on\n"
        f"{holder},{card_number(1)},6C1,3,2022-03-01,2027-03-01,,,2022-03-14\n"
        f"{holder},{card_number(2)},6C1,3,2022-03-01,2027-03-01,CN=Telia,0A,\n",
        encoding="utf-8",
    )
    for _ in range(2):
        told = StringIO()
        call_command("import_cards", str(file), stdout=told)
        assert told.getvalue().startswith("1 cards are in use here")
        assert "1 cards are blocked" in told.getvalue()
    used, unused = (Card.objects.get(card_number=card_number(one)) for one in (1, 2))
    assert used.state == "ACTIVE"
    assert (unused.state, unused.activated_at, unused.order.state) == ("BLOCKED", None, "LAPSED")
    assert unused.block_reason == "not_activated_in_time"
    refusal = may_activate(unused, actor=scene.cast.alva, at=scene.at)
    assert refusal is not None
    assert refusal.code == "card_blocked"
    told_of_it = Entry.objects.filter(content__contains=str(unused.pk)).order_by("pk")
    assert [one.type for one in told_of_it] == ["card.imported", "card_order.lapsed", "card.blocked"]


def test_a_card_never_activated_comes_over_beside_the_order_for_the_one_after_it(scene: Scene) -> None:
    """POR-5: the new card is on its way already; the take-over stops for nobody."""
    new = a_shipped_card(scene)
    assert an_old_card(scene, is_activated=False).state == "BLOCKED"
    assert CardOrder.objects.get(pk=new.order_id).state == "SHIPPED"


def test_a_reserve_card_in_its_envelope_comes_with_its_box(scene: Scene) -> None:
    """POR-5 is of ordinary cards; what nobody fetched from a stock is of the stock."""
    with pytest.raises(ImportRefused, match="stock_box"):
        an_old_card(scene, product="773", is_activated=False)
    assert not Card.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\nx\n", "the columns must be"),
        (f"{HEADER}\nSE0-X,{'9' * 19},6C1,3,2022-03-01,2027-03-01,,\n", "0 before it are in"),
        (f"{HEADER}\nSE0-X,1,6C1,three,2022-03-01,2027-03-01,,\n", "0 before it are in"),
        (f"{HEADER},activated_on\nSE0-X,1,6C1,3,2022-03-01,2027-03-01,,,no\n", "0 before it are in"),
        (f"{HEADER},activated_on\nSE0-X,1,6C1,3,2022-03-01,2027-03-01,,\n", "a column is missing"),
        (f"{HEADER},activated_on\n{TWICE},CN=T,0A,\n{TWICE},CN=T,0B,2022-03-14\n", "do not agree"),
    ],
)
def test_the_command_says_what_is_wrong_with_a_file(
    scene: Scene, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "cards.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=said):
        call_command("import_cards", str(file), stdout=StringIO())
