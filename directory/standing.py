"""What PU says of somebody who is not kept here: that they are there, alive, and under which numbers."""

from dataclasses import dataclass
from datetime import datetime

from directory import registers
from directory.errors import RegisterUnavailable
from directory.identifiers import PersonalIdentityNumber
from directory.models import RegistrationStatus
from directory.register_facts import PersonFacts
from directory.synchronization import record_reading
from journal.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One person in PU. ``status`` is None for a number of nobody's.

    ``numbers`` are all by which PU knows them: the one asked for, and those before and after it.
    """

    status: RegistrationStatus | None
    numbers: frozenset[str]

    def __repr__(self) -> str:
        return f"Standing({self.status})"


def ask_standing(number: PersonalIdentityNumber, *, actor: Actor, at: datetime) -> Standing:
    """Ask PU for one number, outside any transaction; all that is kept is that somebody asked.

    Raises ``RegisterUnavailable``.
    """
    try:
        found = registers.pu().read([number])[number.value]
    except RegisterUnavailable:
        record_reading("unavailable", None, actor=actor, at=at)
        raise
    record_reading("read" if found else "not_found", None, actor=actor, at=at)
    if found is None:
        return Standing(status=None, numbers=frozenset({number.value}))
    others = {found.referred_to, *found.referred_from} - {""}
    return Standing(
        status=RegistrationStatus(PersonFacts.of(found).registration_status),
        numbers=frozenset({number.value, *others}),
    )
