"""A stage for every test of cards."""

import pytest

from tests.cards.factory_process import factory, process
from tests.scenarios import Scene, a_scene

__all__ = ["factory", "process"]


@pytest.fixture
def scene(db: None) -> Scene:
    return a_scene()
