"""The bytes of every profile and kind of CRL are what they were when a person last looked at them."""

import pytest

from tests.ca.pki.golden import EVERY_CRL, describe, golden_crl, vector_path
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


@pytest.mark.parametrize(("hierarchy", "kind"), EVERY_CRL)
def test_the_bytes_of_a_crl_are_those_of_the_golden_vector(hierarchy: str, kind: str) -> None:
    prepared, path = golden_crl(hierarchy, kind), vector_path(hierarchy, kind)
    assert prepared.tbs_der == path.read_bytes()
    text = describe(path.read_bytes(), prepared.algorithm.identifier_der, what="crl")
    assert path.with_suffix(".txt").read_text(encoding="utf-8").split() == text.split()
