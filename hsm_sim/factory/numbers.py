"""Card numbers and codes of the cards the factory makes."""

import hashlib
import hmac
import secrets
from pathlib import Path

CARD_PREFIX = "97522789"
CARD_NUMBER_DIGITS = 19
ADMIN_KEY_DIGITS = 16
PUK_DIGITS = 8
_LUHN_BASE = 10
S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def random_card_number() -> str:
    """Return a 19-digit number in our range with its Luhn digit (ISO/IEC 7812-1 B), unique by chance."""
    payload = CARD_PREFIX + "".join(
        secrets.choice("0123456789") for _ in range(CARD_NUMBER_DIGITS - 1 - len(CARD_PREFIX))
    )
    return payload + luhn_digit(payload)


def luhn_digit(payload: str) -> str:
    """Return the check digit that goes after these digits."""
    total = 0
    for place, digit in enumerate(reversed(payload)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // _LUHN_BASE + value % _LUHN_BASE
    return str(-total % _LUHN_BASE)


def admin_key(master_key: bytes, card_number: str) -> str:
    """Return the card's admin key: the first 16 hex digits of HMAC-SHA256(master key, card number)."""
    return hmac.new(master_key, card_number.encode("ascii"), hashlib.sha256).hexdigest()[:ADMIN_KEY_DIGITS]


def envelope_code(master_key: bytes, card_number: str) -> str:
    """Return the eight digits in a reserve card's envelope: HMAC-SHA256(master key, number + " envelope")."""
    digest = hmac.new(master_key, f"{card_number} envelope".encode("ascii"), hashlib.sha256).digest()
    return f"{int.from_bytes(digest, 'big') % 10**8:08d}"


def random_puk() -> str:
    """Eight digits."""
    return "".join(secrets.choice("0123456789") for _ in range(PUK_DIGITS))


def random_tracking_number() -> str:
    """Return a number as registered letters have (UPU S10): RR, eight digits with their check digit, SE."""
    digits = "".join(secrets.choice("0123456789") for _ in range(8))
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(digits, S10_WEIGHTS, strict=True)) % 11
    check = {10: "0", 11: "5"}.get(rest, str(rest))
    return f"RR{digits}{check}SE"


def read_master_key(path: Path) -> bytes:
    """Return the key that card system and factory share: the file's octets.

    Makes the file on first use (0600), and takes the other's if both do so at once.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(32))
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
