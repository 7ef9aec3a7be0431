"""Names of people and functions: what may stand in a certificate and how it is encoded."""

import unicodedata
from collections.abc import Mapping
from dataclasses import replace

import pytest
from asn1crypto.x509 import Name
from hypothesis import given
from hypothesis import strategies as st

from ca.pki.errors import ProfileViolation
from ca.pki.subject import (
    SubjectFacts,
    check_subject,
    encode_subject,
    has_identifier_form,
    is_card_number,
    is_clean_text,
    is_dns_name,
    is_mailbox,
    short_common_name,
)
from ca.pki.vocabulary import IdentifierForm
from tests.ca.pki.world import FUNCTION, PERSON, PERSON_BY_NUMBER, PROFILES

HSA = PROFILES["person_hsa_authentication"]
SERVER = PROFILES["function_server"]
EMAIL = PROFILES["function_email"]


def refused(profile_name: str, subject: SubjectFacts) -> Mapping[str, str]:
    with pytest.raises(ProfileViolation) as error:
        check_subject(PROFILES[profile_name], subject)
    return error.value.facts


@given(st.text(min_size=1, max_size=80))
def test_a_name_goes_in_and_comes_out_or_is_refused(text: str) -> None:
    """F20: å ä ö, empty, control characters, 64 characters and more."""
    subject = replace(PERSON, common_name=text)
    normal = unicodedata.normalize("NFC", text)
    fits = is_clean_text(text) and len(normal) <= 64
    if not fits:
        assert refused(HSA.name, subject)["rule"] in {"text", "length"}
        return
    check_subject(HSA, subject)
    assert Name.load(encode_subject(HSA, subject)).native["common_name"] == normal


@pytest.mark.parametrize("text", ["Åsa Öberg-Ärlig", "O'Neill", "Nguyễn Thị", "李娜", "a" * 64, "å" * 64])
def test_names_of_all_kinds_are_taken(text: str) -> None:
    check_subject(HSA, replace(PERSON, common_name=text, surname=text, given_name=text))


def test_decomposed_letters_are_composed() -> None:
    encoded = encode_subject(HSA, replace(PERSON, common_name="A\u030asa"))
    assert "Åsa".encode() in encoded


@pytest.mark.parametrize("length", [65, 200])
def test_a_name_longer_than_64_is_refused_with_its_bound(length: int) -> None:
    assert refused(HSA.name, replace(PERSON, common_name="å" * length)) == {
        "rule": "length",
        "fact": "common_name",
        "longest": "64",
    }


@given(st.text(alphabet="abcåäö -'", max_size=200))
def test_a_long_name_is_shortened_to_what_fits(text: str) -> None:
    short = short_common_name(text)
    assert len(short) <= 64
    assert short == short.strip()
    assert " ".join(text.split()).startswith(short)


def test_a_name_is_shortened_by_whole_words() -> None:
    assert short_common_name("Anna  Maria " + "x" * 60) == "Anna Maria"
    assert short_common_name("y" * 70) == "y" * 64


@pytest.mark.parametrize(
    "text", [" Åsa", "Åsa ", "Å\x00sa", "Å\u202esa", "Å\nsa", "Å\u2028sa", "Å\ue000sa", "Å\u200bsa"]
)
def test_characters_that_no_name_has_are_refused(text: str) -> None:
    """F37: names that would show otherwise than they are."""
    assert refused(HSA.name, replace(PERSON, surname=text)) == {"rule": "text", "fact": "surname"}


@pytest.mark.parametrize("fact", ["common_name", "serial_number", "organization", "card_number"])
def test_what_the_profile_demands_must_be_there(fact: str) -> None:
    facts = refused(HSA.name, replace(PERSON, **{fact: ""}))
    assert facts == {"rule": "missing", "fact": fact}


@pytest.mark.parametrize(
    "fact", ["locality", "title", "email", "user_principal_name", "surname", "given_name"]
)
def test_what_is_optional_may_be_absent(fact: str) -> None:
    check_subject(HSA, replace(PERSON, **{fact: ""}))


def test_a_person_without_any_name_is_refused() -> None:
    assert refused(HSA.name, replace(PERSON, surname="", given_name=""))["rule"] == "missing"


@pytest.mark.parametrize(
    ("profile", "fact"),
    [
        ("person_id_authentication", "organization"),
        ("person_id_authentication", "email"),
        ("person_hsa_signature", "user_principal_name"),
        ("function_client", "card_number"),
        ("person_hsa_authentication", "dns_names"),
    ],
)
def test_a_fact_without_a_place_is_refused_and_not_lost(profile: str, fact: str) -> None:
    """F18: nothing gets into a certificate, or out of it, unseen."""
    person = PERSON_BY_NUMBER if profile.startswith("person_id") else PERSON
    everything = replace(person, dns_names=("a.example",))
    kept = PROFILES[profile].subject_from(everything)
    value = getattr(everything, fact)
    assert refused(profile, replace(kept, **{fact: value})) == {"rule": "forbidden", "fact": fact}


def test_one_set_of_facts_serves_every_profile() -> None:
    for profile in ("person_hsa_authentication", "person_hsa_signature"):
        check_subject(PROFILES[profile], PROFILES[profile].subject_from(PERSON))
    kept = PROFILES["person_id_signature"].subject_from(replace(PERSON_BY_NUMBER, policy="loa3_reserve"))
    check_subject(PROFILES["person_id_signature"], kept)
    assert kept.policy == "loa3_reserve"
    assert kept.organization == kept.email == kept.title == ""


@pytest.mark.parametrize("country", ["", "S", "se", "SWE", "S1", "ÅÄ"])
def test_a_country_is_two_capital_letters(country: str) -> None:
    assert refused(HSA.name, replace(PERSON, country=country))["fact"] == "country"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("SE2321000016-A1B2", True),
        ("TSTNMT2321000156-1099", True),
        ("SE5565594230-B9P", True),
        ("SE2321000016-" + "x" * 18, True),
        ("SE2321000016-" + "x" * 19, False),
        ("TSTNMTXX2321000156-" + "x" * 13, False),  # 32 characters
        ("SE2321000016-", False),
        ("SE232100001-A1B2", False),
        ("SE2321000016-Å", False),
        ("SE2321000016-A@B", False),
        ("199001019802", False),
        ("", False),
        ("SE2321000016-A1B2\n", False),
    ],
)
def test_hsa_ids(text: str, fits: bool) -> None:  # noqa: FBT001 - a table
    """domain.md 4.1."""
    assert has_identifier_form(IdentifierForm.HSA_ID, text) is fits
    if not fits and text:
        assert refused(HSA.name, replace(PERSON, serial_number=text))["rule"] in {
            "identifier",
            "text",
            "length",
        }


@pytest.mark.parametrize(
    "text", ["9001019802", "19900101-9802", "SE2321000016-A1B2", "1990010198021", "\u0661" * 12]
)
def test_a_personal_identity_number_is_twelve_digits(text: str) -> None:
    assert not has_identifier_form(IdentifierForm.PERSONAL_IDENTITY_NUMBER, text)
    assert refused("mobile", PROFILES["mobile"].subject_from(replace(PERSON, serial_number=text)))[
        "rule"
    ] == ("identifier")


@given(st.from_regex(r"9752[0-9]{14}", fullmatch=True))
def test_one_check_digit_fits_each_card_number(payload: str) -> None:
    assert sum(is_card_number(payload + digit) for digit in "0123456789") == 1


@pytest.mark.parametrize(
    "text", ["9752278900000000004", "975227890000000000", "8752278900000000003", "x" * 19]
)
def test_wrong_card_numbers_are_refused(text: str) -> None:
    assert refused(HSA.name, replace(PERSON, card_number=text)) == {
        "rule": "card_number",
        "fact": "card_number",
    }


@pytest.mark.parametrize(
    "name",
    ["a.se", "journal.norr.example", "xn--smrgs-pra0j.se", "a" * 63 + ".se", "1.2.se", "a-b.c-d.se"],
)
def test_full_dns_names_are_taken(name: str) -> None:
    assert is_dns_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "se",
        "localhost",
        "*.norr.example",
        "10.0.0.1",
        "norr.example.",
        ".norr.example",
        "norr..example",
        "-a.se",
        "a-.se",
        "a_b.se",
        "Norr.example",
        "smörgås.se",
        "server.local",
        "server.internal",
        "a" * 64 + ".se",
        ("a" * 49 + ".") * 5 + "abcd",
        "norr.example\n",
        "http://norr.example",
        "norr.example\x00.evil.se",
    ],
)
def test_wildcards_addresses_and_internal_names_are_refused(name: str) -> None:
    """F18, F20; domain.md 5: no wildcard, no IP address, no internal name."""
    assert not is_dns_name(name)
    subject = replace(FUNCTION, common_name=name or "x", dns_names=(name,))
    if name:
        assert refused(SERVER.name, subject)["rule"] in {"dns_name", "text", "length"}


@pytest.mark.parametrize("count", range(1, 21))
def test_each_of_many_dns_names_is_checked(count: int) -> None:
    """F19: one name was checked N times; here only the k-th of 20 is bad, for every k."""
    good = [f"x{n}.norr.example" for n in range(20)]
    check_subject(SERVER, replace(FUNCTION, common_name=good[0], dns_names=tuple(good)))
    good[count - 1] = "*.norr.example"
    facts = refused(SERVER.name, replace(FUNCTION, common_name="norr.example", dns_names=tuple(good)))
    assert facts == {"rule": "dns_name", "fact": "dns_names", "name": "*.norr.example"}


def test_twenty_one_names_or_the_same_name_twice_are_refused() -> None:
    many = tuple(f"x{n}.norr.example" for n in range(21))
    assert refused(SERVER.name, replace(FUNCTION, dns_names=many))["rule"] == "dns_name"
    twice = (FUNCTION.dns_names[0],) * 2
    assert refused(SERVER.name, replace(FUNCTION, dns_names=twice))["rule"] == "dns_name"


def test_the_common_name_of_a_server_is_its_first_dns_name() -> None:
    assert refused(SERVER.name, replace(FUNCTION, common_name="api.journal.norr.example")) == {
        "rule": "dns_name",
        "fact": "common_name",
    }


@pytest.mark.parametrize("address", ["asa@norr.example", "a.b+c@x.y.se", "A@Norr.Example"])
def test_mail_addresses_are_taken(address: str) -> None:
    assert is_mailbox(address)


@pytest.mark.parametrize(
    "address",
    [
        *("asa", "@norr.example", "asa@", "asa@localhost", "a..b@x.se", ".a@x.se", "a.@x.se", "å@x.se"),
        *("a b@x.se", "a@b@x.se", "a@x_y.se", "x" * 65 + "@x.se", '"a"@x.se', "a@x.se\n"),
    ],
)
def test_what_is_no_mail_address_is_refused(address: str) -> None:
    assert not is_mailbox(address)
    subject = replace(FUNCTION, dns_names=(), email=address)
    assert refused(EMAIL.name, subject) == {"rule": "email", "fact": "email"}


def test_a_user_principal_name_is_clean_text() -> None:
    assert (
        refused(HSA.name, replace(PERSON, user_principal_name="a@b\u202e"))["fact"] == "user_principal_name"
    )


def test_facts_survive_as_json() -> None:
    for subject in (PERSON, FUNCTION):
        assert SubjectFacts.from_json(subject.to_json()) == subject
    with pytest.raises(TypeError):
        SubjectFacts.from_json({"common_name": "x", "extra": "y"})
