"""What is said about an issuer is read from its own certificate."""

from dataclasses import replace

import pytest

from ca.pki.errors import ProfileViolation
from ca.pki.issuer import issuer_facts, root_facts
from tests.ca.pki.software_signer import stored_public_key
from tests.ca.pki.world import ADDRESSES, PREFIX, world_of

WORLD = world_of("p384")


def test_a_roots_facts_are_the_same_before_and_after_its_certificate() -> None:
    before, after = WORLD.new_root, WORLD.issuer("root")
    assert after.certificate_der
    assert after.not_after
    assert replace(after, certificate_der=None, not_after=None) == before


def test_addresses_follow_the_common_name() -> None:
    """domain.md 3.2."""
    issuer = WORLD.issuer("person_id_mobile")
    assert issuer.key == "person_id_mobile"
    assert issuer.crl_url == "http://status.example.se/crl/testsigilleidpersonidmobilecav1.crl"
    assert issuer.ca_issuers_url == "http://status.example.se/aia/testsigilleidpersonidmobilecav1.cer"
    assert issuer.ocsp_url == ADDRESSES.ocsp


def test_status_can_be_moved_for_new_certificates_without_touching_the_issuer() -> None:
    """PKI-2: revocation sources can be re-pointed."""
    moved = issuer_facts(
        hierarchy=WORLD.hierarchy,
        key="function",
        certificate_der=WORLD.issuer("function").certificate_der or b"",
        addresses=replace(ADDRESSES, ocsp="http://new.example.se/ocsp"),
    )
    assert b"http://new.example.se/ocsp" in WORLD.prepare("function_client", issuer=moved).tbs_der


def test_a_certificate_of_another_issuer_is_refused() -> None:
    """F11: another CA's file under the wrong name."""
    with pytest.raises(ProfileViolation) as refused:
        issuer_facts(
            hierarchy=WORLD.hierarchy,
            key="person_id_3",
            certificate_der=WORLD.issuer("person_id_2").certificate_der or b"",
            addresses=ADDRESSES,
        )
    assert refused.value.facts == {"rule": "issuer", "issuer": "person_id_3"}


def test_an_issuer_of_another_hierarchy_is_refused() -> None:
    with pytest.raises(ProfileViolation) as refused:
        issuer_facts(
            hierarchy=world_of("rsa").hierarchy,
            key="function",
            certificate_der=WORLD.issuer("function").certificate_der or b"",
            addresses=ADDRESSES,
        )
    assert refused.value.facts == {"rule": "key"}


def test_a_roots_key_is_of_the_roots_kind() -> None:
    with pytest.raises(ProfileViolation):
        root_facts(
            hierarchy=WORLD.hierarchy,
            public_key=stored_public_key("p256-holder"),
            name_prefix=PREFIX,
            addresses=ADDRESSES,
        )


def test_a_policy_arc_is_an_object_identifier() -> None:
    with pytest.raises(ValueError, match="object identifier"):
        root_facts(
            hierarchy=WORLD.hierarchy,
            public_key=WORLD.root_signer.public_key,
            name_prefix=PREFIX,
            addresses=ADDRESSES,
            policy_arc="1.2.x",
        )


@pytest.mark.parametrize(
    ("field", "url"),
    [
        ("ocsp", "https://status.example.se/ocsp"),
        ("ocsp", "status.example.se"),
        ("ocsp", "http:///ocsp"),
        ("crl_folder", "http://status.example.se/crl"),
        ("aia_folder", "ldap://status.example.se/"),
        ("crl_folder", "https://status.example.se/crl/"),
        ("cps", "ftp://pki.example.se/"),
        ("cps", "https://påiki.example.se/"),
    ],
)
def test_an_address_that_no_relying_party_could_follow_is_refused(field: str, url: str) -> None:
    """RFC 5280 §8: status over https would need status to be checked."""
    with pytest.raises(ProfileViolation) as refused:
        replace(ADDRESSES, **{field: url})
    assert refused.value.facts == {"rule": "address"}
