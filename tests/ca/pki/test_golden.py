"""The bytes of every profile are what they were when a person last looked at them."""

import pytest

from tests.ca.pki.golden import describe, vector_path
from tests.ca.pki.world import EVERY_PROFILE, world_of


@pytest.mark.parametrize(("hierarchy", "profile"), EVERY_PROFILE)
def test_the_bytes_are_those_of_the_golden_vector(hierarchy: str, profile: str) -> None:
    assert world_of(hierarchy).prepare(profile).tbs_der == vector_path(hierarchy, profile).read_bytes()


@pytest.mark.parametrize(("hierarchy", "profile"), EVERY_PROFILE)
def test_the_text_beside_a_vector_says_what_is_in_it(hierarchy: str, profile: str) -> None:
    path = vector_path(hierarchy, profile)
    prepared = world_of(hierarchy).prepare(profile)
    text = describe(path.read_bytes(), prepared.algorithm.identifier_der)
    assert path.with_suffix(".txt").read_text(encoding="utf-8").split() == text.split()
