"""The shape of one explanation."""

from dataclasses import dataclass

from portal.words import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """HTTP status, title and text of a code; texts may name the error's facts as ``%(fact)s``."""

    status: int
    title: Text
    text: Text
    fixer: str = ""
