"""The block of a mobile eID and what it has opened, at the same instant: one comes first (POR-6, POR-15)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from cards.errors import Refused
from cards.mobile.models import MobileEid
from cards.models import Card
from cards.states import UnlockState
from cards.unlock_models import Unlock
from tests.ca.test_withdrawal import somebody_waits_for_us
from tests.cards.mobile.phone import an_active_mobile, an_own_unlock
from tests.cards.test_own_unlock import block, claimed, confirm
from tests.cards.test_unlock import answered
from tests.running.installation import eventually
from tests.scenarios import Scene, a_scene, an_active_card

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene(transactional_db: None, settings: Settings, tmp_path: Path) -> Scene:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    settings.SIGILL_SECRETS = tmp_path
    (tmp_path / "card-master.key").write_bytes(b"the factory and we share this\n")
    return a_scene()


@pytest.fixture
def card(scene: Scene) -> Card:
    return an_active_card(scene)


@pytest.fixture
def mobile(scene: Scene, card: Card) -> MobileEid:
    return an_active_mobile(scene, card)


def in_a_thread(act: Callable[[], object]) -> Callable[[], object]:
    def acting() -> object:
        try:
            return act()
        finally:
            connection.close()

    return acting


@pytest.mark.parametrize("step", ["open", "claim", "answer", "confirm"])
def test_a_step_waits_for_a_block_under_way_and_is_refused(
    scene: Scene, card: Card, mobile: MobileEid, step: str
) -> None:
    start = an_own_unlock(scene, card, mobile)
    if step in {"answer", "confirm"}:
        claimed(scene, start)
    if step == "confirm":
        answered(scene, Unlock.objects.get())
    before = Unlock.objects.values().get()
    steps: dict[str, Callable[[], object]] = {
        "open": lambda: an_own_unlock(scene, card, mobile),
        "claim": lambda: claimed(scene, start),
        "answer": lambda: answered(scene, Unlock.objects.get()),
        "confirm": lambda: confirm(scene, Unlock.objects.get()),
    }
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            block(scene, mobile)
            waiting = threads.submit(in_a_thread(steps[step]))
            eventually(somebody_waits_for_us, why="the step waits for the block")
        with pytest.raises(Refused):
            waiting.result(timeout=60)
    assert Unlock.objects.values().get() == before


def test_a_block_waits_for_a_step_under_way(scene: Scene, card: Card, mobile: MobileEid) -> None:
    """Nothing is done after the block; what was done before it is told before it."""
    unlock = claimed(scene, an_own_unlock(scene, card, mobile))
    answered(scene, unlock)
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            assert confirm(scene, unlock).state == UnlockState.UNLOCKED
            waiting = threads.submit(in_a_thread(lambda: block(scene, mobile)))
            eventually(somebody_waits_for_us, why="the block waits for the step")
        waiting.result(timeout=60)
    mobile.refresh_from_db()
    assert (mobile.state, Unlock.objects.get().state) == ("BLOCKED", UnlockState.UNLOCKED)
