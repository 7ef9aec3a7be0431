"""Sorts what a PKCS#11 module answers (CKR_*) by what helps: a new session, a new start, or nothing."""

from enum import Enum
from typing import Final

from ca.errors import CaError


class Remedy(Enum):
    """What may be done about a fault."""

    NEW_SESSION = "new_session"
    """The session or its handles are gone: open another, log in, find the key, try again."""

    NEW_START = "new_start"
    """The token or the device is gone: load the module anew, wait longer each time."""

    NONE = "none"
    """The request itself is wrong: trying again gives the same answer."""

    NEVER_RETRY = "never_retry"
    """The PIN is wrong or locked: one more try may lock the token for good."""


# PKCS#11 v3.0 section 5.1; the numbers are CKR_* in pkcs11t.h.
CKR_NAMES: Final[dict[int, str]] = {
    0x02: "CKR_HOST_MEMORY",
    0x03: "CKR_SLOT_ID_INVALID",
    0x05: "CKR_GENERAL_ERROR",
    0x06: "CKR_FUNCTION_FAILED",
    0x07: "CKR_ARGUMENTS_BAD",
    0x12: "CKR_ATTRIBUTE_TYPE_INVALID",
    0x13: "CKR_ATTRIBUTE_VALUE_INVALID",
    0x20: "CKR_DATA_INVALID",
    0x21: "CKR_DATA_LEN_RANGE",
    0x30: "CKR_DEVICE_ERROR",
    0x31: "CKR_DEVICE_MEMORY",
    0x32: "CKR_DEVICE_REMOVED",
    0x60: "CKR_KEY_HANDLE_INVALID",
    0x63: "CKR_KEY_TYPE_INCONSISTENT",
    0x68: "CKR_KEY_FUNCTION_NOT_PERMITTED",
    0x70: "CKR_MECHANISM_INVALID",
    0x71: "CKR_MECHANISM_PARAM_INVALID",
    0x82: "CKR_OBJECT_HANDLE_INVALID",
    0x90: "CKR_OPERATION_ACTIVE",
    0x91: "CKR_OPERATION_NOT_INITIALIZED",
    0xA0: "CKR_PIN_INCORRECT",
    0xA1: "CKR_PIN_INVALID",
    0xA2: "CKR_PIN_LEN_RANGE",
    0xA3: "CKR_PIN_EXPIRED",
    0xA4: "CKR_PIN_LOCKED",
    0xB0: "CKR_SESSION_CLOSED",
    0xB1: "CKR_SESSION_COUNT",
    0xB3: "CKR_SESSION_HANDLE_INVALID",
    0xB5: "CKR_SESSION_READ_ONLY",
    0xE0: "CKR_TOKEN_NOT_PRESENT",
    0xE1: "CKR_TOKEN_NOT_RECOGNIZED",
    0xE2: "CKR_TOKEN_WRITE_PROTECTED",
    0x100: "CKR_USER_ALREADY_LOGGED_IN",
    0x101: "CKR_USER_NOT_LOGGED_IN",
    0x102: "CKR_USER_PIN_NOT_INITIALIZED",
    0x103: "CKR_USER_TYPE_INVALID",
    0x104: "CKR_USER_ANOTHER_ALREADY_LOGGED_IN",
    0x190: "CKR_CRYPTOKI_NOT_INITIALIZED",
}

_NEW_SESSION: Final = frozenset({0x60, 0x82, 0x90, 0x91, 0xB0, 0xB1, 0xB3, 0xB5, 0x101})
_NONE: Final = frozenset({0x07, 0x12, 0x13, 0x20, 0x21, 0x63, 0x68, 0x70, 0x71, 0x103})
_NEVER_RETRY: Final = frozenset({0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0x102})


def remedy(ckr: int) -> Remedy:
    """Return what may be done about a return value.

    A value that nobody listed counts as a lost device: a restart with waiting can do no harm, and
    the PIN that is then presented was right before.
    """
    if ckr in _NEW_SESSION:
        return Remedy.NEW_SESSION
    if ckr in _NONE:
        return Remedy.NONE
    if ckr in _NEVER_RETRY:
        return Remedy.NEVER_RETRY
    return Remedy.NEW_START


class TokenFault(CaError):
    """The PKCS#11 module refused or failed; ``remedy`` says what helps, ``name`` is the CKR_* name."""

    code = "token_fault"

    def __init__(self, message: str, *, ckr: int | None = None, remedy_for: Remedy | None = None) -> None:
        self.name = "none" if ckr is None else CKR_NAMES.get(ckr, f"0x{ckr:08X}")
        self.remedy = remedy_for or remedy(ckr if ckr is not None else 0x05)
        super().__init__(message, facts={"fault": self.name})


class PinRefused(TokenFault):
    """The token refuses the PIN. Nobody tries it again until a person has put another in its place."""

    code = "pin_refused"


class PinMissing(TokenFault):
    """The file with the PIN is not there or not for us to read; it is looked for again."""

    code = "pin_missing"


class TokenAbsent(TokenFault):
    """No token with the wanted label is in any slot."""

    code = "token_absent"


class KeyAbsent(TokenFault):
    """The token holds no complete key pair with that label."""

    code = "key_absent"


class TokenDamaged(TokenFault):
    """The token opens but is not the one it should be: a key is gone, or is another key."""

    code = "token_damaged"


class TokenBusy(TokenFault):
    """Another process holds the token lock."""

    code = "token_busy"
