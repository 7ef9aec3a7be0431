"""A stage for every test of cards."""

import pytest

from tests.scenarios import Scene, a_scene


@pytest.fixture
def scene(db: None) -> Scene:
    return a_scene()
