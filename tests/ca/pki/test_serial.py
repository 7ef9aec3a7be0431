"""Serial numbers: positive, unguessable, all equally long."""

from hypothesis import given
from hypothesis import strategies as st

from ca.pki import der
from ca.pki.serial import SERIAL_LIMIT, SERIAL_OCTETS, new_serial, serial_hex


def test_ten_thousand_serial_numbers_have_126_free_bits_and_no_repeats() -> None:
    """A1, F1: at least 64 bits from a CSPRNG, positive, below 2^159, not sequential."""
    serials = [new_serial() for _ in range(10_000)]
    assert len(set(serials)) == len(serials)
    assert all(0 < serial < SERIAL_LIMIT for serial in serials)
    for bit in range(126):
        ones = sum(serial >> bit & 1 for serial in serials)
        assert 4_600 < ones < 5_400  # eight standard deviations
    assert sorted(serials) != serials


@given(st.binary(min_size=SERIAL_OCTETS, max_size=SERIAL_OCTETS))
def test_whatever_is_drawn_the_encoding_is_sixteen_octets(drawn: bytes) -> None:
    serial = new_serial(lambda octets: drawn[:octets])
    assert len(der.integer(serial)) == 2 + SERIAL_OCTETS
    assert serial & ((1 << 126) - 1) == int.from_bytes(drawn) & ((1 << 126) - 1)


def test_serial_numbers_are_shown_as_whole_octets_in_lower_case() -> None:
    assert serial_hex(0xABC) == "0abc"
    assert serial_hex(0) == "00"
    assert len(serial_hex(new_serial())) == 2 * SERIAL_OCTETS
