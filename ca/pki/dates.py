"""Moments in certificates: whole seconds of UTC, and a validity that counts its last second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SECOND = timedelta(seconds=1)
UTC_TIME_UNTIL = datetime(2050, 1, 1, tzinfo=UTC)
"""RFC 5280 §4.1.2.5: dates through 2049 are UTCTime, from 2050 on GeneralizedTime."""

_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18

BACKDATING = timedelta(hours=1)
"""How far before the moment of issuing notBefore may lie, for relying parties whose clocks are slow."""


def whole_second(moment: datetime) -> datetime:
    """Return `moment` in UTC without its fraction (never later than it was); naive moments are refused."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone cannot stand in a certificate")
    return moment.astimezone(UTC).replace(microsecond=0)


def is_written_as_its_year_asks(tag: int, content: bytes) -> bool:
    """Tell whether a Time is `YYMMDDHHMMSSZ` through 2049 and `YYYYMMDDHHMMSSZ` from 2050 (§4.1.2.5)."""
    digits, zone = content[:-1], content[-1:]
    if zone != b"Z" or not digits.isdigit():
        return False
    if tag == _UTC_TIME:
        return len(digits) == len("YYMMDDHHMMSS")
    is_late = int(digits[:4]) >= UTC_TIME_UNTIL.year
    return tag == _GENERALIZED_TIME and len(digits) == len("YYYYMMDDHHMMSS") and is_late


def duration(not_before: datetime, not_after: datetime) -> timedelta:
    """Return how long the certificate is valid; notAfter itself is included (RFC 5280 §4.1.2.5)."""
    return not_after - not_before + SECOND


def validity(*, at: datetime, lasting: timedelta, until: datetime | None = None) -> tuple[datetime, datetime]:
    """Return (not_before, not_after) beginning at `at`, lasting at most `lasting` and ending by `until`.

    Both ends are inclusive: a certificate of one day from 10:00:00 ends the next day at 09:59:59.
    """
    not_before = whole_second(at)
    not_after = not_before + lasting - SECOND
    if until is not None:
        not_after = min(not_after, whole_second(until))
    return not_before, not_after
