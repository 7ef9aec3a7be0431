"""Our strict reader against asn1crypto's: what one reads the other reads alike."""

import pytest
from asn1crypto import core, parser
from hypothesis import given
from hypothesis import strategies as st

from ca.pki import der, der_reading

values = st.recursive(
    st.builds(der.integer, st.integers())
    | st.builds(der.octet_string, st.binary(max_size=300))
    | st.builds(der.utf8_string, st.text(max_size=40)),
    lambda inner: st.lists(inner, max_size=4).map(lambda parts: der.sequence(*parts)),
    max_leaves=8,
)


def rebuilt(data: bytes, found: der_reading.Element) -> bytes:
    """Write a value again from what was read of it."""
    if found.tag != der_reading.SEQUENCE:
        return der.tagged(found.tag, data[found.content : found.end])
    return der.sequence(*(rebuilt(data, one) for one in der_reading.members(data, found)))


@given(values)
def test_what_was_written_is_read_to_the_last_octet(encoded: bytes) -> None:
    found = der_reading.element(encoded, 0, len(encoded))
    assert rebuilt(encoded, found) == encoded


@given(st.binary(max_size=40))
def test_hostile_octets_are_refused_or_read_as_asn1crypto_reads_them(data: bytes) -> None:
    """F20."""
    try:
        found = der_reading.element(data, 0, len(data))
    except ValueError:
        return
    content: bytes = parser.parse(data[: found.end], strict=True)[4]
    assert content == data[found.content : found.end]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x80\x00\x00",
        b"\x30\x81\x01x",
        b"\x30\x82\x00\x80" + bytes(128),
        b"\x30\x02x",
        b"\x1f\x20\x00",
        b"\x30\x84\x01",
    ],
)
def test_what_is_no_der_is_refused(data: bytes) -> None:
    """X.690 §10.1: definite, and as short as can be."""
    with pytest.raises(ValueError, match=r"\w"):
        der_reading.element(data, 0, len(data))


@given(st.integers())
def test_a_number_is_read_as_it_was_written(number: int) -> None:
    encoded = der.integer(number)
    assert der_reading.integer(encoded[2:] if len(encoded) < 130 else encoded[3:]) == number


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"\xff\xff", b"\x00\x7f"])
def test_a_number_with_octets_to_spare_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="fewest"):
        der_reading.integer(content)


@given(st.lists(st.integers(0, 2**128), min_size=1, max_size=6), st.sampled_from([(0, 39), (1, 5), (2, 999)]))
def test_an_object_identifier_is_read_as_asn1crypto_reads_it(arcs: list[int], first: tuple[int, int]) -> None:
    dotted = ".".join(map(str, (*first, *arcs)))
    encoded = der.object_identifier(dotted)
    assert (
        der_reading.object_identifier(der_reading.expect(encoded, der_reading.whole(encoded, 6), 6)) == dotted
    )
    assert core.ObjectIdentifier.load(encoded).dotted == dotted


@pytest.mark.parametrize("content", [b"", b"\x80\x01", b"\x55\x80\x01", b"\x55\x81"])
def test_an_object_identifier_that_is_cut_or_padded_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"arc|cut"):
        der_reading.object_identifier(content)


def test_another_type_or_more_octets_are_not_what_was_expected() -> None:
    number = der.integer(5)
    with pytest.raises(ValueError, match="exactly one"):
        der_reading.whole(number, der_reading.SEQUENCE)
    with pytest.raises(ValueError, match="exactly one"):
        der_reading.whole(number + b"\x00", der_reading.INTEGER)
    with pytest.raises(ValueError, match="was expected"):
        der_reading.expect(number, der_reading.whole(number, der_reading.INTEGER), der_reading.SET)
