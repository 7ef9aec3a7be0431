"""Profiles are read strictly: what is not understood refuses to start."""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca.pki.errors import PolicyFileRefused
from ca.pki.profile import Profile, load_profile, load_profiles
from tests.ca.pki.world import CA, PROFILES

FOLDER = CA / "profiles"
NAMES = {
    *("root", "issuer", "ocsp_signer", "audit_signer", "report_seal", "mobile", "mobile_signature"),
    *("order_file_signer", "time_stamp_signer"),
    *(f"person_{identity}_{use}" for identity in ("hsa", "id") for use in ("authentication", "signature")),
    *("function_server", "function_client", "function_email"),
}
WriteAndLoad = Callable[..., Profile]


@pytest.fixture
def load(tmp_path: Path) -> WriteAndLoad:
    """Load a profile of ours with some of its text replaced, or with text added on top."""

    def write_and_load(name: str, *replaced: tuple[str, str], added: str = "") -> Profile:
        text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
        for old, new in replaced:
            assert old in text, old
            text = text.replace(old, new)
        path = tmp_path / f"{name}.toml"
        path.write_text(added + "\n" + text, encoding="utf-8")
        return load_profile(path)

    return write_and_load


def test_all_profiles_are_there() -> None:
    assert set(PROFILES) == NAMES
    assert set(load_profiles(FOLDER)) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_hash_is_that_of_the_file(name: str) -> None:
    """Decision 3: kept with each certificate."""
    assert PROFILES[name].sha256 == sha256((FOLDER / f"{name}.toml").read_bytes()).hexdigest()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_an_unknown_key_refuses(load: WriteAndLoad, name: str) -> None:
    """Decision 3."""
    with pytest.raises(PolicyFileRefused, match="unknown key surprise") as refused:
        load(name, added="surprise = 1")
    assert refused.value.facts == {"file": f"{name}.toml", "key": "surprise"}


@pytest.mark.parametrize("part", ["validity", "subject", "subject_alternative_name"])
def test_an_unknown_key_in_a_part_refuses(load: WriteAndLoad, part: str) -> None:
    with pytest.raises(PolicyFileRefused, match="unknown key surprise"):
        load("function_server", (f"[{part}]", f"[{part}]\nsurprise = 1"))


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12))
def test_no_key_that_nobody_asks_for_is_taken(tmp_path_factory: pytest.TempPathFactory, key: str) -> None:
    text = (FOLDER / "mobile.toml").read_text(encoding="utf-8")
    known = {"ocsp_no_check", "path_length", "card_number", "key_usage_rsa", "crl_distribution_points"}
    known |= {"freshest_crl"}
    if key in known or key in text:
        return
    path = tmp_path_factory.mktemp("p") / "mobile.toml"
    path.write_text(f"{key} = true\n{text}", encoding="utf-8")
    with pytest.raises(PolicyFileRefused):
        load_profile(path)


def test_a_file_that_is_no_toml_or_no_text_refuses(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    for content in (b"= 1", b"a = 1\na = 2", b"\xff"):
        path.write_bytes(content)
        with pytest.raises(PolicyFileRefused, match=r"x\.toml"):
            load_profile(path)


def test_a_profile_calls_itself_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_bytes((FOLDER / "mobile.toml").read_bytes())
    with pytest.raises(PolicyFileRefused, match="calls itself mobile"):
        load_profile(path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('kind = "end_entity"', "", "kind is missing"),
        ('kind = "end_entity"', 'kind = "leaf"', "kind must be one of"),
        ('key_class = "mobile"', "key_class = 1", "key_class must be str"),
        ("default_days = 730", "", "default_days is missing"),
        ("default_days = 730", "default_days = 0", "at least 1"),
        ("default_days = 730", "default_days = true", "must be int"),
        ("default_days = 730", "default_days = 732", "longer than max_days"),
        ('["digitalSignature"]', '["signing"]', "not known"),
        ('["digitalSignature"]', "[]", "key_usage is empty"),
        ('["digitalSignature"]', '["digitalSignature", "digitalSignature"]', "same thing twice"),
        ('["digitalSignature"]', '"digitalSignature"', "list of strings"),
        ('["digitalSignature"]', "[1]", "list of strings"),
        ('key_usage = ["digitalSignature"]', "", "key_usage is missing"),
        ('["digitalSignature"]', '["digitalSignature", "keyEncipherment"]', "RSA keys only"),
        ('["digitalSignature"]', '["digitalSignature", "keyCertSign"]', "nothing else"),
        ('["clientAuth"]', '["anyExtendedKeyUsage"]', "not known"),
        ('["clientAuth"]', '["clientAuth", "OCSPSigning"]', "go together"),
        ('["clientAuth"]', '["smartcardLogon"]', "place for the user principal name"),
        ('["loa3_mobile"]', '["loa4"]', "not known"),
        ('["loa3_mobile"]', '["any"]', "anyPolicy belongs to issuers"),
        ('"common_name", ', "", "needs a common_name"),
        ('optional = ["surname", "given_name"]', 'optional = ["common_name"]', "needs a common_name"),
        ('optional = ["surname", "given_name"]', 'optional = ["title"]', "not among the attributes"),
        ('optional = ["surname", "given_name"]', 'optional = ["serial_number"]', "required serial_number"),
        ('attributes = ["country"', 'attributes = ["county"', "not known"),
        ('identifier = "personal_identity_number"', "", "an identifier"),
        ('identifier = "personal_identity_number"', 'identifier = "passport"', "must be one of"),
        ("natural_person = true", 'natural_person = "yes"', "must be bool"),
        ("[validity]", "path_length = 0\n[validity]", "path_length belongs to CA"),
        ("[validity]", "path_length = -1\n[validity]", "at least 0"),
        ("[validity]", 'key_usage_rsa = ["nonRepudiation"]\n[validity]', "only add"),
        ("[validity]", "ocsp_no_check = true\n[validity]", "go together"),
        ("[validity]", 'authority_information_access = ["ldap"]\n[validity]', "not known"),
        ("[validity]", 'card_number = "maybe"\n[validity]', "must be one of"),
        ("[validity]", "subject_alternative_name = 1\n[validity]", "must be a table"),
        (
            "[subject]",
            "[subject_alternative_name]\ncommon_name_is_dns_name = true\n[subject]",
            "required dns_names",
        ),
    ],
)
def test_what_is_missing_wrong_or_contradictory_refuses(
    load: WriteAndLoad, old: str, new: str, says: str
) -> None:
    with pytest.raises(PolicyFileRefused, match=says):
        load("mobile", (old, new))


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("root", "crl_distribution_points = false", "", "a root points nowhere"),
        ("root", "authority_information_access = []", "", "a root points nowhere"),
        ("root", "[validity]", 'policies = ["any"]\n[validity]', "anyPolicy belongs to issuers"),
        ("root", '["keyCertSign", "cRLSign"]', '["keyCertSign"]', "belong to root and issuers"),
        ("issuer", '["any"]', '["any", "loa3_card"]', "alone"),
        ("issuer", "[validity]", 'extended_key_usage = ["clientAuth"]\n[validity]', "no extended key usage"),
        ("ocsp_signer", "crl_distribution_points = false", "", "an OCSP signer"),
        ("ocsp_signer", '["digitalSignature"]', '["digitalSignature", "nonRepudiation"]', "an OCSP signer"),
        ("ocsp_signer", '["OCSPSigning"]', '["OCSPSigning", "clientAuth"]', "an OCSP signer"),
        (
            "ocsp_signer",
            "[validity]",
            '[subject_alternative_name]\nemail = "optional"\n[validity]',
            "an OCSP signer",
        ),
        ("ocsp_signer", "ocsp_no_check = true", "", "go together"),
        ("time_stamp_signer", '["timeStamping"]', '["timeStamping", "clientAuth"]', "a time-stamp signer"),
        ("time_stamp_signer", '["digitalSignature"]', '["nonRepudiation"]', "a time-stamp signer"),
    ],
)
def test_authorities_and_ocsp_signers_have_rules_of_their_own(
    load: WriteAndLoad, name: str, old: str, new: str, says: str
) -> None:
    """A6; domain.md 3.2."""
    with pytest.raises(PolicyFileRefused, match=says):
        load(name, (old, new))


def test_figures_of_the_domain() -> None:
    """domain.md 3.3 and 5: five years on a card, two for phones and functions, thirty days for OCSP."""
    days = {name: profile.max_validity.days for name, profile in PROFILES.items()}
    assert {days[name] for name in days if name.startswith("person_")} == {1826}
    assert days["mobile"] == days["function_server"] == 731
    assert PROFILES["ocsp_signer"].default_validity == timedelta(days=30)


def test_profiles_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        PROFILES["mobile"].key_usage = ()  # type: ignore[misc]
    assert hash(PROFILES["mobile"]) != hash(PROFILES["root"])
