"""PROD and QA: two hierarchies side by side in one installation, nothing of one ever in the other."""

from enum import StrEnum
from typing import Final


class Environment(StrEnum):
    """Whose certificates they are: those that people rely on, or those that are there for trying things.

    A fact on each issuer and on everything it issues (requirements QA-1 to QA-3; domain.md chapter 0).
    """

    PROD = "PROD"
    QA = "QA"

    @property
    def key_prefix(self) -> str:
        """Return what the keys of its issuers begin with, on the token and in every table.

        The database reads the environment of an issuer from it, so it is the same for ever.
        """
        return QA_KEY_PREFIX if self is Environment.QA else ""


QA_KEY_PREFIX: Final = "qa_"

QA_NAME_PREFIX: Final = "TEST "
"""What the names of QA's issuers begin with (domain.md 3.1); PROD's names never do."""
