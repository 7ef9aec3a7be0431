"""Says in one sentence what stopped a command, where the installation is at fault and not the program."""

from typing import Final

from django.db import InterfaceError, OperationalError, ProgrammingError

from ca.pki.errors import PkiError
from journal.errors import DomainError
from ocsp.store.interface import StoreUnavailable
from portal.config import ConfigurationError

_UNDEFINED: Final = frozenset({"42P01", "42703", "3F000"})
"""PostgreSQL's states for a table, a column or a schema that is not there."""


def in_words(error: BaseException) -> str | None:
    """Return what to tell the operator, or None for what only the traceback explains: a fault of ours."""
    match error:
        case DomainError() | PkiError():
            facts = ", ".join(f"{name} {value}" for name, value in getattr(error, "facts", {}).items())
            return f"{error}" + (f" ({facts})" if facts else "")
        case ConfigurationError():
            return f"a setting cannot be used: {error}"
        case StoreUnavailable():
            return f"the store of OCSP answers cannot be used: {error}"
        case OperationalError() | ProgrammingError() if _is_not_migrated(error):
            return "the database is not set up for this version: run manage.py migrate"
        case OperationalError() | InterfaceError():
            return f"the database cannot be used: {_first_line(error)}; manage.py doctor says more"
        case _:
            return None


def _is_not_migrated(error: OperationalError | ProgrammingError) -> bool:
    state = getattr(error.__cause__, "sqlstate", None)
    return state in _UNDEFINED or str(error).startswith(("no such table", "no such column"))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["it does not answer"])[0]
