"""S2 and H7 tell of mobile eIDs, with rows that were really issued."""

import pytest

from reports.question import Question
from reports.tables import count_rows, first_rows
from tests.cards.mobile.phone import an_active_mobile
from tests.scenarios import Scene, a_scene, an_active_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db: None) -> Scene:
    return a_scene()


def test_a_mobile_eid_is_a_certificate_in_a_phone_and_was_issued(scene: Scene) -> None:
    """REP-1, domain.md 6: carrier and level in S2, a row in H7; Doris has neither."""
    card = an_active_card(scene)
    assert count_rows(Question.of("H7", actor=scene.cast.alva, as_of=scene.at)) == 0
    an_active_mobile(scene, card)
    scene.later(minutes=1)
    held = first_rows(Question.of("S2", actor=scene.cast.alva, as_of=scene.at), 9)
    carriers = sorted(str(cell) for row in held for cell in row if cell in {"Kort", "Mobil"})
    assert carriers == ["Kort", "Kort", "Mobil"]
    (issued,) = first_rows(Question.of("H7", actor=scene.cast.alva, as_of=scene.at), 9)
    assert "Mobilt SITHS, legitimering" in issued
    for code in ("S2", "H7"):
        assert count_rows(Question.of(code, actor=scene.cast.doris, as_of=scene.at)) == 0
