"""Names the rows of a list in the text that is signed: all that fit, how many more, and the hash of all."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from authn.evidence import MAX_VISIBLE_CHARACTERS

LONGEST_ROW: Final = 100
"""Octets of one row: two hundred of them still fit into what is signed unseen (authn.md section 2)."""


def listed(lead: str, rows: Sequence[str]) -> str:
    """Return ``lead`` and the rows below it, within what a card client shows (authn.md section 4).

    Rows that do not fit are counted, and bound by the SHA-256 over all of them, which stands there always;
    `facts_of` holds them in full.
    """
    lines = _cut(rows)
    hashed = _("SHA-256 of the list: %(hash)s") % {"hash": sha256("\n".join(lines).encode()).hexdigest()}
    for shown in range(len(lines), -1, -1):
        more = len(lines) - shown
        rest = [ngettext("and %(count)d more", "and %(count)d more", more) % {"count": more}] if more else []
        text = "\n".join([lead, "", *lines[:shown], *rest, "", hashed])
        if len(text) <= MAX_VISIBLE_CHARACTERS:
            return text
    raise ValueError("the lead alone is longer than what can be shown")


def facts_of(rows: Sequence[str]) -> dict[str, str]:
    """Return all rows as one fact, so that the evidence itself says what was meant."""
    return {"rows": "\n".join(_cut(rows))}


def _cut(rows: Sequence[str]) -> list[str]:
    """Return each row on one line, none too long."""
    return [" ".join(row.split()).encode()[:LONGEST_ROW].decode(errors="ignore") for row in rows]
