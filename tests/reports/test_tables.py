"""Rows are streamed, and PostgreSQL writes the same octets as Python does (REP-2)."""

import csv
import io
from datetime import datetime, timedelta

import pytest
from django.db import connection

from cards.models import CardOrder
from reports import tables
from reports.catalogue import CATALOGUE
from reports.cells import inert
from reports.columns import PROTECTED, excel_number
from reports.queries import answer_to, texts
from reports.question import Question
from tests.scenarios import Scene, a_blocked_card, a_pending_order, a_scene, an_active_card

HOSTILE = [
    "=1+1", "+46", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "\N{FULLWIDTH EQUALS SIGN}1", "a;b", 'c"d',
    "e\nf", "\N{MINUS SIGN}2", "", "å", "\N{ZERO WIDTH SPACE}=1", "1=1", "\N{NO-BREAK SPACE}@x", "plain",
]  # fmt: skip


pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db: None) -> Scene:
    return a_scene()


def question(scene: Scene, code: str, at: datetime | None = None) -> Question:
    return Question(code=code, as_of=at or scene.at, organization_ids=None, may_see_protected=True)


def written(asked: Question) -> bytes:
    octets = io.BytesIO()
    assert tables.write_csv(asked, handle=octets) == tables.count_rows(asked)
    return octets.getvalue()


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_the_database_writes_the_octets_that_python_writes(scene: Scene, code: str) -> None:
    a_blocked_card(scene)
    asked = question(scene, code, scene.at + timedelta(days=1))
    own = "".join(line.decode() for line in tables._written(answer_to(asked), asked))
    assert written(asked).decode("utf-8-sig").partition("\r\n")[2] == own
    assert written(asked) == written(asked)


def test_what_people_write_is_inert_whoever_writes_the_table(scene: Scene) -> None:
    order = a_pending_order(scene)
    for text in HOSTILE:
        CardOrder.objects.filter(pk=order.pk).update(placed_by=text)
        asked = question(scene, "H1")
        table = list(csv.reader(io.StringIO(written(asked).decode("utf-8-sig"), newline=""), delimiter=";"))
        assert table[1][4] == inert(text)


def test_the_pattern_of_the_database_is_that_of_python() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL's own writing of tables")
    with connection.cursor() as cursor:
        for text in [*HOSTILE, *(chr(number) for number in range(1, 0x3000)), "\N{SMALL PLUS SIGN}1"]:
            cursor.execute("SELECT %s::text ~ %s", [text, tables._computed_pattern()])
            assert cursor.fetchone() == (inert(text) != text,), ascii(text)


def test_cells_are_typed_for_a_spreadsheet(scene: Scene) -> None:
    card = an_active_card(scene)
    card.refresh_from_db()
    (row,) = tables.typed_rows(question(scene, "S1"))
    named = dict(zip((english for _, english in CATALOGUE["S1"].columns), row, strict=True))
    assert named["Ordered"] == pytest.approx(excel_number(card.ordered_at))
    assert named["Valid until"] == excel_number(card.valid_until)
    assert named["Assurance level"] == 3
    assert named["Blocked"] is None
    assert named["Card number"] == card.card_number


def test_a_protected_person_is_counted_and_not_named(scene: Scene) -> None:
    """REP, domain.md 6: masked, unless the role has the right."""
    card = an_active_card(scene)
    type(card.person).objects.filter(pk=card.person_id).update(protected_identity=True, search_key="")
    at = scene.at + timedelta(minutes=1)
    for code in ("S1", "S2", "H1", "H2", "H8"):
        without = Question(code=code, as_of=at, organization_ids=(str(card.organization_id),))
        told = "\n".join(";".join(row) for row in texts(without))
        assert PROTECTED in told
        assert card.hsa_id not in told
        assert str(card.card_number) not in told
        assert tables.count_rows(without) == tables.count_rows(question(scene, code, at))
        assert (
            told
            == "\n".join(
                ";".join(row)
                for row in csv.reader(io.StringIO(written(without).decode("utf-8-sig")), delimiter=";")
            ).partition("\n")[2]
        )


def test_the_first_rows_and_the_count_are_those_of_the_whole(scene: Scene) -> None:
    an_active_card(scene)
    asked = question(scene, "S2")
    everything = list(texts(asked))
    assert tables.first_rows(asked, 1) == everything[:1]
    assert tables.count_rows(asked) == len(everything) > 1
