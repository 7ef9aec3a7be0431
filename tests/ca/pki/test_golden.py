"""The bytes of every profile and kind of CRL are what they were when a person last looked at them."""

import pytest

from tests.ca.pki.golden import (
    EVERY_CRL,
    EVERY_VECTOR,
    PERSONS,
    VECTORS,
    describe,
    golden_certificate,
    golden_crl,
    vector_path,
)
from tests.ca.pki.world import CA, world_of


@pytest.mark.parametrize(("folder", "name"), EVERY_VECTOR)
def test_the_bytes_are_those_of_the_golden_vector(folder: str, name: str) -> None:
    """PKI-1, PKI-4, QA-3: each profile in both environments and both hierarchies, persons' also at LoA2."""
    assert golden_certificate(folder, name).tbs_der == vector_path(folder, name).read_bytes()


def test_a_profile_or_an_issuer_of_persons_without_a_vector_is_found_out() -> None:
    """Every profile file has its vector in every folder, and no vector is left over."""
    files = {path.stem for path in (CA / "profiles").glob("*.toml")}
    for folder in {folder for folder, _ in EVERY_VECTOR}:
        found = {path.stem for path in (VECTORS / folder).glob("*.tbs") if not path.stem.startswith("crl-")}
        assert {name.removesuffix("-loa2") for name in found} == files
        assert found == {name for place, name in EVERY_VECTOR if place == folder}
        for key in ("person_hsa_id_2", "person_id_2"):
            issued = world_of(folder.removesuffix("-prod")).hierarchy.issuer(key).issues
            assert {f"{name}-loa2" for name in issued if name in PERSONS} <= found


@pytest.mark.parametrize(("folder", "name"), EVERY_VECTOR)
def test_the_text_beside_a_vector_says_what_is_in_it(folder: str, name: str) -> None:
    path = vector_path(folder, name)
    prepared = golden_certificate(folder, name)
    text = describe(path.read_bytes(), prepared.algorithm.identifier_der)
    assert path.with_suffix(".txt").read_text(encoding="utf-8").split() == text.split()


@pytest.mark.parametrize(("hierarchy", "kind"), EVERY_CRL)
def test_the_bytes_of_a_crl_are_those_of_the_golden_vector(hierarchy: str, kind: str) -> None:
    prepared, path = golden_crl(hierarchy, kind), vector_path(hierarchy, kind)
    assert prepared.tbs_der == path.read_bytes()
    text = describe(path.read_bytes(), prepared.algorithm.identifier_der, what="crl")
    assert path.with_suffix(".txt").read_text(encoding="utf-8").split() == text.split()
