"""The DER writer against asn1crypto's reader and writer."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from ca.pki import der

moments = st.integers(min_value=-631_152_000, max_value=253_402_300_799).map(
    lambda seconds: datetime.fromtimestamp(seconds, tz=UTC)  # 1950 to 9999
)


@given(st.integers(min_value=-(2**200), max_value=2**200))
def test_integers_are_written_as_asn1crypto_writes_them(number: int) -> None:
    assert der.integer(number) == core.Integer(number).dump()


@given(
    st.integers(min_value=0, max_value=2).flatmap(
        lambda first: st.tuples(
            st.just(first),
            st.integers(min_value=0, max_value=39 if first < 2 else 2**130),
            st.lists(st.integers(min_value=0, max_value=2**130)),
        )
    )
)
def test_object_identifiers_are_written_as_asn1crypto_writes_them(
    arcs: tuple[int, int, list[int]],
) -> None:
    dotted = ".".join(map(str, (arcs[0], arcs[1], *arcs[2])))
    assert der.object_identifier(dotted) == core.ObjectIdentifier(dotted).dump()


@pytest.mark.parametrize(
    "text", ["", "1", "3.1", "1.40", "0.40", "1.2.", "1..2", "1.2.x", "1.-2", "1.2.²", ".1.2"]
)
def test_what_is_no_object_identifier_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an object identifier"):
        der.object_identifier(text)


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_lengths_are_as_short_as_possible(length: int) -> None:
    content = b"x" * length
    assert der.octet_string(content) == core.OctetString(content).dump()


@given(st.text())
def test_any_text_survives_as_utf8_string(text: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        return
    assert core.UTF8String.load(der.utf8_string(text)).native == text


@given(st.text(max_size=12))
def test_printable_strings_hold_only_their_alphabet(text: str) -> None:
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")
    if set(text) <= allowed:
        assert core.PrintableString.load(der.printable_string(text)).native == text
    else:
        with pytest.raises(ValueError, match="not a PrintableString"):
            der.printable_string(text)


@given(moments)
def test_times_are_read_back_and_change_form_in_2050(moment: datetime) -> None:
    written = der.time(moment)
    kind = core.GeneralizedTime if moment.year >= 2050 else core.UTCTime
    assert kind.load(written).native == moment.replace(microsecond=0)


def test_the_last_second_of_2049_is_utc_time_and_the_next_is_not() -> None:
    """F12: 2049-12-31 to 2050-01-01."""
    last = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert der.time(last) == b"\x17\x0d491231235959Z"
    assert der.time(last + timedelta(seconds=1)) == b"\x18\x0f20500101000000Z"


def test_a_moment_in_another_zone_is_written_in_utc() -> None:
    """F12: half past one in Kiritimati on New Year's Day 2050 is still 2049."""
    moment = datetime(2050, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=14)))
    assert der.time(moment) == b"\x17\x0d491231113000Z"


def test_a_year_before_1950_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="UTCTime"):
        der.time(datetime(1949, 12, 31, tzinfo=UTC))


def test_generalized_time_has_a_four_digit_year() -> None:
    assert der.generalized_time(datetime(987, 1, 2, 3, 4, 5, tzinfo=UTC)) == b"\x18\x0f09870102030405Z"


def test_an_extension_leaves_out_the_default() -> None:
    assert der.extension("2.5.29.15", b"\x05\x00", critical=False).hex() == "30090603551d0f04020500"
    assert der.extension("2.5.29.15", b"\x05\x00", critical=True).hex() == "300c0603551d0f0101ff04020500"


def test_tags_in_context() -> None:
    assert der.explicit(3, der.NULL).hex() == "a3020500"
    assert der.implicit(0, b"\x01").hex() == "800101"
    assert der.set_of_one(der.NULL).hex() == "31020500"
    assert der.enumerated(9).hex() == "0a0109"
    assert der.bit_string(b"\xff").hex() == "030200ff"
