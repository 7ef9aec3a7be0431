"""What one look at one thing says: right or wrong in a sentence, and what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at. ``is_right`` None: it could not be looked at, and that may be so."""

    what: str
    is_right: bool | None
    said: str
    remedy: str = ""


def right(what: str, said: str) -> Check:
    """Return that a thing is as it should be."""
    return Check(what=what, is_right=True, said=said)


def wrong(what: str, said: str, *, remedy: str = "") -> Check:
    """Return that a thing is not as it should be, and how to mend it."""
    return Check(what=what, is_right=False, said=said, remedy=remedy)


def note(what: str, said: str, *, remedy: str = "") -> Check:
    """Return something that is worth a word and may be so."""
    return Check(what=what, is_right=None, said=said, remedy=remedy)
