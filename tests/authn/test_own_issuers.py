"""What our own CA issues is what our own login accepts, in both hierarchies."""

from datetime import timedelta

import pytest

from authn.certificate import read_certificate
from authn.checks import Requirement, check_assurance, check_issuer, check_path, check_usage
from authn.errors import CheckFailed
from authn.evidence import Purpose
from authn.trust import LOA3, Carrier, Trust, policies_of_arc
from ca.pki.policies import DEFAULT_POLICY_ARC
from tests.ca.pki.world import AT, CARD_NUMBER, HIERARCHIES, ISSUER_OF, World, world_of

LOGIN = Requirement(loas=(LOA3,), carriers=("card",))


def trust_of(world: World, *keys: str) -> Trust:
    def certificate(key: str) -> bytes:
        der = world.issuer(key).certificate_der
        assert der
        return der

    return Trust(
        anchors=(certificate("root"),),
        issuers=tuple(certificate(key) for key in keys),
        policies=policies_of_arc(DEFAULT_POLICY_ARC),
        status_hosts=frozenset(),
    )


@pytest.mark.parametrize("hierarchy", HIERARCHIES)
@pytest.mark.parametrize(
    ("profile", "purpose"),
    [
        ("person_id_authentication", Purpose.AUTH),
        ("person_hsa_authentication", Purpose.AUTH),
        ("person_id_signature", Purpose.SIGN),
        ("person_hsa_signature", Purpose.SIGN),
    ],
)
def test_a_certificate_of_our_profiles_passes(hierarchy: str, profile: str, purpose: Purpose) -> None:
    """PKI-4."""
    world = world_of(hierarchy)
    certificate, trust = read_certificate(world.certificate_der(profile)), trust_of(world, ISSUER_OF[profile])
    check_usage(certificate, purpose=purpose)
    check_issuer(certificate, requirement=LOGIN, trust=trust)
    check_path(certificate, requirement=LOGIN, trust=trust, at=AT + timedelta(days=1))
    meaning = check_assurance(certificate, requirement=LOGIN, trust=trust)
    assert (meaning.loa, meaning.carrier) == (LOA3, Carrier.CARD)
    assert certificate.card_number == CARD_NUMBER
    assert bool(certificate.hsa_id) is ("hsa" in profile)
    assert bool(certificate.personal_identity_number) is ("_id_" in profile)


@pytest.mark.parametrize("hierarchy", HIERARCHIES)
@pytest.mark.parametrize("profile", ["function_client", "function_server", "function_email"])
def test_a_function_is_nobody(hierarchy: str, profile: str) -> None:
    world = world_of(hierarchy)
    certificate = read_certificate(world.certificate_der(profile))
    with pytest.raises(CheckFailed):
        check_issuer(certificate, requirement=LOGIN, trust=trust_of(world, "person_id_3"))
    with pytest.raises(CheckFailed):
        check_assurance(certificate, requirement=Requirement(), trust=trust_of(world, "person_id_3"))
