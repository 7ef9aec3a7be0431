"""What the numbers of PKCS#11 mean to a person with a card."""

import PyKCS11

from client.errors import (
    CardNotActivated,
    CardRemoved,
    ClientError,
    PinBlocked,
    PinFailed,
    PinNotAllowed,
    ReaderError,
    WrongPin,
)

_MEANINGS: dict[int, type[ClientError]] = {
    PyKCS11.CKR_DEVICE_REMOVED: CardRemoved,
    PyKCS11.CKR_TOKEN_NOT_PRESENT: CardRemoved,
    PyKCS11.CKR_PIN_INCORRECT: WrongPin,
    PyKCS11.CKR_PIN_LOCKED: PinBlocked,
    PyKCS11.CKR_USER_PIN_NOT_INITIALIZED: CardNotActivated,
    PyKCS11.CKR_PIN_LEN_RANGE: PinNotAllowed,
    PyKCS11.CKR_PIN_INVALID: PinNotAllowed,
    PyKCS11.CKR_PIN_EXPIRED: PinFailed,
    PyKCS11.CKR_USER_NOT_LOGGED_IN: PinFailed,
}


def translated(error: PyKCS11.PyKCS11Error) -> ClientError:
    """Return the error as the fact it tells; ReaderError for what is nobody's fault here."""
    return _MEANINGS.get(error.value, ReaderError)(str(error))
