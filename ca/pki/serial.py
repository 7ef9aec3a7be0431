"""Certificate serial numbers: unguessable, positive and never longer than 20 octets."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SERIAL_OCTETS = 16
SERIAL_LIMIT = 1 << 159
"""RFC 5280 §4.1.2.2 and BR 7.1.2: positive and below 2^159."""

_RANDOM_BITS = SERIAL_OCTETS * 8 - 2


def new_serial(random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> int:
    """Return a serial number with 126 bits from the CSPRNG `random_bytes` (BR 7.1.2 asks for 64).

    The top bit is 0, so the INTEGER is positive without padding; the next is 1, so all serial numbers are
    equally long. EJBCA spent one of 64 bits on the sign and a million certificates were revoked; here the
    two fixed bits lie outside the random ones.
    """
    drawn = int.from_bytes(random_bytes(SERIAL_OCTETS)) & ((1 << _RANDOM_BITS) - 1)
    return (1 << _RANDOM_BITS) | drawn


def serial_hex(serial_number: int) -> str:
    """Format a serial number for people, columns and URLs: lower-case hex, whole octets."""
    return serial_number.to_bytes((serial_number.bit_length() + 7) // 8 or 1).hex()


def possible_serials(text: str) -> tuple[str, ...]:
    """Return the serial numbers, as `serial_hex` writes them, that a person may mean; none for another text.

    Understood: hex with or without colons, blanks, `0x` or openssl's `serial=`, and decimal. Digits alone can
    be either, so that two are possible.
    """
    tidy = "".join(letter for letter in text.lower() if letter not in ": \t\u00a0")
    digits = tidy.removeprefix("serial=").removeprefix("0x")
    if not digits or any(letter not in "0123456789abcdef" for letter in digits):
        return ()
    numbers = [int(digits, 16)]
    if digits.isdecimal() and tidy == digits:
        numbers.append(int(digits))
    return tuple(serial_hex(number) for number in numbers if 0 < number < SERIAL_LIMIT)


def serial_content(number_hex: str) -> bytes:
    """Return the content octets of the INTEGER whose hex text `serial_hex` gave: quick, for a million."""
    octets = bytes.fromhex(number_hex)
    return b"\x00" + octets if octets[0] & 0x80 else octets


def hex_of(content: bytes) -> str:
    """Return the hex text of an INTEGER's content octets, the other way round."""
    return (content[1:] if content[0] == 0 and len(content) > 1 else content).hex()
