"""Personuppgiftstjänsten PU: names, addresses and registration from the population register, typed."""

from collections.abc import Sequence
from pathlib import Path

from directory.bounded_http import Endpoint
from directory.errors import RegisterUnavailable
from directory.identifiers import PersonalIdentityNumber
from directory.pu_records import PuPerson, RecordMismatched, read_records
from directory.soap import Operation

__all__ = ["COORDINATION_ROOT", "MAX_NUMBERS", "PERSONAL_IDENTITY_ROOT", "PuClient", "PuPerson", "root_of"]

MAX_NUMBERS = 500
"""How many numbers one call may ask for (domain.md 4.4)."""
PERSONAL_IDENTITY_ROOT = "1.2.752.129.2.1.3.1"
COORDINATION_ROOT = "1.2.752.129.2.1.3.3"
PROFILE = "P2"
"""Identity, name, address and registration: all that we have use for, and no more."""
_CONTRACTS = Path(__file__).parent / "contracts" / "pu"
_RESTRICTED = "GetPersonsForProfile"
_UNRESTRICTED = "GetPersonsForProfileUnrestricted"


def root_of(number: PersonalIdentityNumber) -> str:
    """Return the OID under which PU knows this kind of number."""
    return COORDINATION_ROOT if number.is_coordination_number else PERSONAL_IDENTITY_ROOT


class PuClient:
    """Asks PU. Raises ``RegisterUnavailable`` when there is no good answer for every number asked for.

    ``is_unrestricted``: by the contract that tells of protected people too, which takes good cause; else
    their records tell identity and name only (``PuPerson.is_withheld``).
    """

    def __init__(
        self, endpoint: Endpoint, *, include_test_people: bool, is_unrestricted: bool = True
    ) -> None:
        self._register = endpoint.register
        self._include_test_people = include_test_people
        contract, name = (
            ("get_persons_for_profile_unrestricted_5", _UNRESTRICTED)
            if is_unrestricted
            else ("get_persons_for_profile_5", _RESTRICTED)
        )
        self._persons = Operation(endpoint=endpoint, contract=_CONTRACTS / contract, name=name)

    def read(self, numbers: Sequence[PersonalIdentityNumber]) -> dict[str, PuPerson | None]:
        """Return what PU says of each of at most 500 numbers (twelve digits): None where it knows nobody."""
        if not numbers:
            return {}
        if len(numbers) > MAX_NUMBERS:
            msg = f"PU takes {MAX_NUMBERS} numbers a call"
            raise ValueError(msg)
        answer = self._persons.read(self.question(numbers))
        records = answer.iterchildren("{*}requestedPersonRecord")
        try:
            found = read_records(records, include_test_people=self._include_test_people)
        except RecordMismatched:
            raise RegisterUnavailable(register=self._register, reason="mismatched") from None
        if found.keys() != {number.value for number in numbers}:
            raise RegisterUnavailable(register=self._register, reason="incomplete")
        return found

    def question(self, numbers: Sequence[PersonalIdentityNumber]) -> dict[str, object]:
        """Return the question for these numbers, each by itself: a number that was replaced says so."""
        ids = [{"root": root_of(number), "extension": number.value} for number in numbers]
        return {"personId": ids, "profile": PROFILE, "ignoreReferredIdentity": True}

    def messages(self) -> dict[str, bytes]:
        """Return an example of each message that is sent, for checking against the published contracts."""
        numbers = [PersonalIdentityNumber("191212121212"), PersonalIdentityNumber("199001619809")]
        return {self._persons.name: self._persons.message(self.question(numbers))}
