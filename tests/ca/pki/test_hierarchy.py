"""Hierarchies are read strictly and checked against the profiles they name."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from ca.pki.errors import PolicyFileRefused, ProfileViolation, WeakKey
from ca.pki.hierarchy import Hierarchy, check_hierarchy, file_stem, load_hierarchy
from ca.pki.signer import SignatureAlgorithm
from ca.pki.vocabulary import Kind
from tests.ca.pki.software_signer import stored_public_key
from tests.ca.pki.world import CA, HIERARCHIES, PREFIX, PROFILES, world_of

FOLDER = CA / "hierarchies"
ISSUERS = [
    "root",
    "person_hsa_id_3",
    "person_hsa_id_2",
    "person_id_3",
    "person_id_2",
    "person_id_mobile",
    "function",
]
WriteAndLoad = Callable[..., Hierarchy]


@pytest.fixture
def load(tmp_path: Path) -> WriteAndLoad:
    """Load p384 with some of its text replaced (once), and check it against the profiles."""

    def write_and_load(*replaced: tuple[str, str]) -> Hierarchy:
        text = (FOLDER / "p384.toml").read_text(encoding="utf-8")
        for old, new in replaced:
            assert old in text, old
            text = text.replace(old, new, 1)
        path = tmp_path / "p384.toml"
        path.write_text(text, encoding="utf-8")
        hierarchy = load_hierarchy(path)
        check_hierarchy(hierarchy, PROFILES)
        return hierarchy

    return write_and_load


@pytest.mark.parametrize("name", HIERARCHIES)
def test_both_hierarchies_fit_the_profiles(name: str) -> None:
    hierarchy = load_hierarchy(FOLDER / f"{name}.toml")
    check_hierarchy(hierarchy, PROFILES)
    assert [plan.key for plan in hierarchy.issuers] == ISSUERS
    assert hierarchy.sha256 == sha256((FOLDER / f"{name}.toml").read_bytes()).hexdigest()


def test_algorithms_are_those_of_the_design() -> None:
    """design.md decision 3."""
    algorithm = {
        name: {
            key_class.name: key_class.signature_algorithm
            for key_class in world_of(name).hierarchy.key_classes
        }
        for name in HIERARCHIES
    }
    assert algorithm["p384"]["root"] is algorithm["p384"]["issuer"] is SignatureAlgorithm.ECDSA_SHA384
    assert algorithm["p384"]["service"] is SignatureAlgorithm.ECDSA_SHA256
    assert algorithm["rsa"]["root"] is algorithm["rsa"]["issuer"] is SignatureAlgorithm.RSA_SHA512
    assert algorithm["rsa"]["service"] is SignatureAlgorithm.RSA_SHA256
    made = {
        name: {key_class.name: key_class.generates for key_class in world_of(name).hierarchy.key_classes}
        for name in HIERARCHIES
    }
    assert made["p384"] == {
        **dict.fromkeys(("root", "issuer"), "ec-p384"),
        **dict.fromkeys(("service", "card", "mobile", "function"), "ec-p256"),
    }
    assert made["rsa"] == {
        **dict.fromkeys(("root", "issuer"), "rsa-4096"),
        "service": "rsa-2048",
        "card": "rsa-3072",
        **dict.fromkeys(("mobile", "function"), "ec-p256"),
    }


@pytest.mark.parametrize("name", HIERARCHIES)
def test_files_are_named_after_the_common_name(name: str) -> None:
    """domain.md 3.2."""
    subject = world_of(name).hierarchy.subject_of("person_hsa_id_3", name_prefix=PREFIX)
    assert subject.common_name == "TEST Sigill e-id Person HSA-id 3 CA v1"
    assert file_stem(subject.common_name) == "testsigilleidpersonhsaid3cav1"
    assert file_stem("ÅÄÖ x-Y.9") == "xy9"


def test_crls_come_and_go_as_the_domain_says() -> None:
    """domain.md 3.4: hourly and two days; the root's every six months and seven."""
    hierarchy = world_of("p384").hierarchy
    issuer = hierarchy.issuer("function")
    assert (issuer.crl_interval, issuer.crl_validity) == (timedelta(hours=1), timedelta(hours=48))
    assert (hierarchy.root.crl_interval.days, hierarchy.root.crl_validity.days) == (183, 213)
    assert issuer.crl_shards == 1
    assert (issuer.delta_crl_interval, issuer.announces_deltas) == (timedelta(minutes=30), False)
    assert hierarchy.root.delta_crl_interval == timedelta(0)


def test_level_three_and_two_have_issuers_of_their_own() -> None:
    """PKI-4: the level can be read from the issuer's name too."""
    hierarchy = world_of("p384").hierarchy
    assert [plan.key for plan in hierarchy.issuers_of("person_hsa_authentication")] == [
        "person_hsa_id_3",
        "person_hsa_id_2",
    ]
    assert [plan.key for plan in hierarchy.issuers_of("ocsp_signer")] == ISSUERS
    for plan in hierarchy.issuers[1:]:
        assert all(f"loa{plan.key[-1]}" in policy for policy in plan.policies) or plan.key[-1] not in "23"


def test_unknown_names_are_refused() -> None:
    hierarchy = world_of("p384").hierarchy
    with pytest.raises(ProfileViolation):
        hierarchy.issuer("nobody")
    with pytest.raises(ProfileViolation):
        hierarchy.key_class("nothing")


def test_a_key_class_takes_its_keys_only() -> None:
    function = world_of("p384").hierarchy.key_class("function")
    assert function.takes(stored_public_key("rsa3072-holder"))
    assert not world_of("p384").hierarchy.key_class("card").takes(stored_public_key("p384-root"))
    with pytest.raises(WeakKey):
        function.takes(b"rubbish")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('country = "SE"', 'country = "Sverige"', "two capital letters"),
        ('country = "SE"', 'country = "SE"\nsurprise = 1', "unknown key surprise"),
        ('name = "p384"', 'name = "p256"', "calls itself p256"),
        ("[key_classes.root]", "[key_classes.root]\nsurprise = 1", "unknown key surprise"),
        ('accepts = ["ec-p384"]', "accepts = []", "accepts is empty"),
        ('accepts = ["ec-p384"]', 'accepts = ["ec-p999"]', "not a kind of key"),
        ('accepts = ["ec-p384"]', 'accepts = ["rsa-4096"]', "does not fit the keys"),
        ('"ECDSA_SHA384"', '"ECDSA_MD5"', "unknown signature_algorithm"),
        ('signature_algorithm = "ECDSA_SHA384"', "", "no signature algorithm"),
        ("[issuers.root]", "[issuers.root]\nsurprise = 1", "unknown key surprise"),
        ('issued_by = "root"', 'issued_by = "function"', "issues itself"),
        (
            'issued_by = "root"\nissues = [\n  "person_hsa',
            'issued_by = "function"\nissues = [\n  "person_hsa',
            "stands before",
        ),
        (
            'issued_by = "root"\nissues = [\n  "person_hsa',
            'issued_by = "person_hsa_id_3"\nissues = [\n  "person_hsa',
            "issues itself",
        ),
        ('"loa3_card", ', '"loa9", ', "unknown policy 'loa9'"),
        ("crl_validity_hours = 48", "crl_validity_hours = 1", "must outlive the wait"),
        ("crl_validity_hours = 48", "crl_validity_hours = 241", "longer than BR 7.2"),
        ("crl_validity_hours = 5112", "crl_validity_hours = 8761", "longer than BR 7.2"),
        ("crl_validity_hours = 48", "crl_validity_hours = 48\ncrl_shards = 0", "at least 1"),
        ("Person HSA-id 2 CA", "Person HSA-id 3 CA", "one file name"),
        ('profile = "root"', 'profile = "issuer"', "is not a profile for it"),
        ('profile = "issuer"', 'profile = "nothing"', "is not a profile for it"),
        ('  "issuer",\n', "", "root does not issue issuer"),
        ('  "person_hsa_authentication",\n', '  "nothing",\n', "not a profile that can be issued"),
        ('  "person_hsa_authentication",\n', '  "root",\n', "not a profile that can be issued"),
        (
            "delta_crl_interval_minutes = 30",
            "announces_deltas = true",
            "announces delta CRLs and makes none",
        ),
        ("[key_classes.card]", "[key_classes.cards]", "no key class card"),
        ('["loa3_card", "loa3_reserve"]', '["loa3_mobile"]', "no certificate policy in common"),
        ('  "mobile",\n', "", "no issuer for the profile mobile"),
    ],
)
def test_what_is_wrong_or_contradictory_refuses(load: WriteAndLoad, old: str, new: str, says: str) -> None:
    with pytest.raises(PolicyFileRefused, match=says):
        load((old, new))


def test_a_hierarchy_without_issuers_refuses(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('name = "x"\ndescription = ""\ncountry = "SE"\norganization = "X"\n', encoding="utf-8")
    with pytest.raises(PolicyFileRefused, match="no issuers"):
        load_hierarchy(path)


def test_issuers_and_roots_take_the_classes_that_are_named_after_them() -> None:
    profiles = {**PROFILES, "issuer": replace(PROFILES["issuer"], key_class="service")}
    with pytest.raises(PolicyFileRefused, match="key class"):
        check_hierarchy(world_of("p384").hierarchy, profiles)
    assert PROFILES["root"].kind is Kind.ROOT
