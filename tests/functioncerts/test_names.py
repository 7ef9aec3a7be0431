"""Names in function certificates: their form, and inside means label by label."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functioncerts.names import NameInvalid, is_inside, parse_dns_name, parse_mail_address


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty"),
        ("*.regionnorr.test", "wildcard"),
        ("192.0.2.7", "address"),
        ("2001:db8::1", "address"),
        ("localhost", "internal"),
        ("server.local", "internal"),
        ("a.internal", "internal"),
        ("a..b.test", "form"),
        ("-a.test", "form"),
        ("a_b.test", "form"),
        ("å.test", "form"),
        ("a.test.", "form"),
        ("a" * 64 + ".test", "form"),
        (".".join(["abcdefgh"] * 32) + ".test", "form"),
        ("a b.test", "form"),
        ("a.test\x00.evil", "form"),
        ("xn--zz.regionnorr.test", "idn"),
        ("www.xn--zz.test", "idn"),
        ("xn--a.regionnorr.test", "idn"),
        ("xn--abc-.regionnorr.test", "form"),
        ("xn--n3h.regionnorr.test", "idn"),  # a snowman: IDNA 2003 took symbols
        ("ab--cd.regionnorr.test", "idn"),
    ],
)
def test_a_name_that_no_certificate_may_hold_is_refused_with_the_rule(text: str, rule: str) -> None:
    with pytest.raises(NameInvalid, match=rule):
        parse_dns_name(text)


@pytest.mark.parametrize("text", ["xn--vrd-qla.test", "xn--smrgs-pra0j.regionnorr.test", "a-b--c.test"])
def test_a_swedish_name_in_its_coded_form_is_taken(text: str) -> None:
    assert parse_dns_name(text) == text


def test_a_mailbox_below_an_impossible_name_is_refused() -> None:
    with pytest.raises(NameInvalid, match="idn"):
        parse_mail_address("akuten@xn--zz.test")


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("regionnorr.test", True),
        ("journal.regionnorr.test", True),
        ("a.b.regionnorr.test", True),
        ("xregionnorr.test", False),
        ("regionnorr.test.evil.test", False),
        ("test", False),
        ("evil.test", False),
    ],
)
def test_inside_means_the_name_or_one_below_it(name: str, inside: bool) -> None:  # noqa: FBT001
    assert is_inside(name, ["regionnorr.test"]) is inside


def test_a_validated_mailbox_is_that_mailbox_only_and_a_domain_covers_its_mailboxes() -> None:
    assert is_inside("akuten@regionnorr.test", ["akuten@regionnorr.test"])
    assert not is_inside("annan@regionnorr.test", ["akuten@regionnorr.test"])
    assert is_inside("annan@regionnorr.test", ["regionnorr.test"])
    assert not is_inside("regionnorr.test", ["akuten@regionnorr.test"])


@pytest.mark.parametrize(
    "text", ["", "@a.test", "a@", "a@b", "a b@c.test", "a..b@c.test", ".a@c.test", "å@c.test"]
)
def test_a_mail_address_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(NameInvalid):
        parse_mail_address(text)


@given(st.text())
def test_a_name_is_read_or_refused_and_reads_the_same_again(text: str) -> None:
    try:
        name = parse_dns_name(text)
    except NameInvalid:
        return
    assert parse_dns_name(name) == name
    assert is_inside(name, [name])
