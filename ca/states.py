"""What may happen to a certificate request and to a serial number: two tables, no Django."""

from enum import StrEnum
from typing import Final

from ca.errors import IllegalTransition


class RequestState(StrEnum):
    """Where a certificate request stands. ``published`` is computed: the certificate's status is out."""

    REQUESTED = "requested"
    SIGNING = "signing"
    ISSUED = "issued"
    FAILED = "failed"


class RequestAction(StrEnum):
    """What moves a request."""

    INTEND = "intend"
    """The intent to sign is committed."""
    TAKE_OVER = "take_over"
    """Whoever was signing is gone; another intent, with a fresh serial number, replaces theirs."""
    POSTPONE = "postpone"
    """No signature could be had; somebody will try again."""
    COMPLETE = "complete"
    """The certificate is recorded."""
    REFUSE = "refuse"
    """It breaks a rule, or was withdrawn; it will never be signed."""


REQUEST_TABLE: Final[dict[tuple[RequestState, RequestAction], RequestState]] = {
    (RequestState.REQUESTED, RequestAction.INTEND): RequestState.SIGNING,
    (RequestState.REQUESTED, RequestAction.REFUSE): RequestState.FAILED,
    (RequestState.SIGNING, RequestAction.TAKE_OVER): RequestState.SIGNING,
    (RequestState.SIGNING, RequestAction.POSTPONE): RequestState.REQUESTED,
    (RequestState.SIGNING, RequestAction.COMPLETE): RequestState.ISSUED,
    (RequestState.SIGNING, RequestAction.REFUSE): RequestState.FAILED,
}


class SerialState(StrEnum):
    """What became of a serial number. Nothing ever leads back to RESERVED."""

    RESERVED = "reserved"
    INTENDED = "intended"
    """Bytes with this number are about to be signed, or were."""
    USED = "used"
    BURNT = "burnt"
    """No certificate has it and none ever will."""


class SerialAction(StrEnum):
    """What moves a serial number."""

    INTEND = "intend"
    USE = "use"
    BURN = "burn"


SERIAL_TABLE: Final[dict[tuple[SerialState, SerialAction], SerialState]] = {
    (SerialState.RESERVED, SerialAction.INTEND): SerialState.INTENDED,
    (SerialState.RESERVED, SerialAction.BURN): SerialState.BURNT,
    (SerialState.INTENDED, SerialAction.USE): SerialState.USED,
    (SerialState.INTENDED, SerialAction.BURN): SerialState.BURNT,
}


def next_request_state(state: RequestState, action: RequestAction) -> RequestState:
    """Return the state after an action. Raises ``IllegalTransition``."""
    if (state, action) not in REQUEST_TABLE:
        msg = f"a request that is {state.value} cannot {action.value}"
        raise IllegalTransition(msg, facts={"state": state.value, "action": action.value})
    return REQUEST_TABLE[state, action]


def next_serial_state(state: SerialState, action: SerialAction) -> SerialState:
    """Return the state after an action. Raises ``IllegalTransition``."""
    if (state, action) not in SERIAL_TABLE:
        msg = f"a serial number that is {state.value} cannot {action.value}"
        raise IllegalTransition(msg, facts={"state": state.value, "action": action.value})
    return SERIAL_TABLE[state, action]
