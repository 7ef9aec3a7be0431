"""Asks the kernel whether this machine's clock is kept in step with a time source (adjtimex, read only)."""

import ctypes
from typing import Final

_UNSYNCHRONIZED: Final = 0x40
_MOST_WRONG: Final = 500_000
"""Microseconds: what a time-stamp promises beyond its whole second."""


class _Timex(ctypes.Structure):
    _fields_ = (
        ("modes", ctypes.c_uint),
        *((name, ctypes.c_long) for name in ("offset", "freq", "maxerror", "esterror")),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


def clock_is_in_step() -> bool:
    """Tell whether a time service disciplines the clock, and it can be at most half a second wrong."""
    told = _Timex()
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(told)) < 0:
        return False
    return not told.status & _UNSYNCHRONIZED and told.maxerror <= _MOST_WRONG
