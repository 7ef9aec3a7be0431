"""Personuppgiftstjänsten PU: names, addresses and registration from the population register, typed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from directory import contract_shapes as contract
from directory.bounded_http import Endpoint
from directory.errors import RegisterUnavailable
from directory.identifiers import PersonalIdentityNumber
from directory.names import calling_name
from directory.soap import Operation

MAX_NUMBERS = 500
"""How many numbers one call may ask for (domain.md 4.4)."""
PERSONAL_IDENTITY_ROOT = "1.2.752.129.2.1.3.1"
COORDINATION_ROOT = "1.2.752.129.2.1.3.3"
_CONTRACT = Path(__file__).parent / "contracts" / "pu" / "get_persons_for_profile_5"
_OPERATION = "GetPersonsForProfile"


@dataclass(frozen=True, slots=True, kw_only=True)
class PuPerson:
    """What PU says of one person.

    ``deregistration_code`` is empty for someone registered; AV is deceased, UV emigrated. ``referred_to`` is
    the number that took this one's place. ``address_lines`` may be given for a protected person too: the
    unrestricted contract trusts us with it.
    """

    personal_identity_number: str
    given_name: str
    calling_name: str
    middle_name: str
    surname: str
    secrecy_marked: bool
    protected_registration: bool
    is_registered: bool
    address_lines: tuple[str, ...]
    deregistration_code: str
    identity_level: str
    identity_status: str
    referred_to: str


class PuClient:
    """Asks PU. Raises ``RegisterUnavailable`` when there is no good answer for every number asked for."""

    def __init__(self, endpoint: Endpoint, *, include_test_people: bool) -> None:
        self._register = endpoint.register
        self._include_test_people = include_test_people
        self._persons = Operation(endpoint=endpoint, contract=_CONTRACT, name=_OPERATION)

    def read(self, numbers: Sequence[PersonalIdentityNumber]) -> dict[str, PuPerson | None]:
        """Return what PU says of each of at most 500 numbers (twelve digits): None where it knows nobody."""
        if not numbers:
            return {}
        if len(numbers) > MAX_NUMBERS:
            msg = f"PU takes {MAX_NUMBERS} numbers a call"
            raise ValueError(msg)
        answer = self._persons.ask(self.question(numbers))
        found: dict[str, PuPerson | None] = {}
        records = getattr(answer, "requestedPersonRecord", answer) or ()
        for record in cast("Iterable[contract.RequestedRecord]", records):
            asked = record.requestedPersonalIdentity.extension or ""
            if asked in found:
                raise RegisterUnavailable(register=self._register, reason="mismatched")
            found[asked] = self._person(asked, record.personRecord)
        if found.keys() != {number.value for number in numbers}:
            raise RegisterUnavailable(register=self._register, reason="incomplete")
        return found

    def question(self, numbers: Sequence[PersonalIdentityNumber]) -> dict[str, object]:
        """Return the question for these numbers, each by itself: a number that was replaced says so."""
        ids = [
            {
                "root": COORDINATION_ROOT if number.is_coordination_number else PERSONAL_IDENTITY_ROOT,
                "extension": number.value,
            }
            for number in numbers
        ]
        return {"personId": ids, "profile": "P2", "ignoreReferredIdentity": True}

    def messages(self) -> dict[str, bytes]:
        """Return an example of each message that is sent, for checking against the published contracts."""
        numbers = [PersonalIdentityNumber("191212121212"), PersonalIdentityNumber("199001619809")]
        return {_OPERATION: self._persons.message(self.question(numbers))}

    def _person(self, asked: str, record: contract.Record | None) -> PuPerson | None:
        if record is None:
            return None
        if record.personalIdentity.extension != asked:
            raise RegisterUnavailable(register=self._register, reason="mismatched")
        if record.testIndicator and not self._include_test_people:
            return None
        name = record.name
        given = (name.givenName or "").strip() if name else ""
        referred = [
            other.referredPersonalIdentity.extension or ""
            for other in record.referredPersonalIdentities or ()
        ]
        locality, address = record.populationRegistrationLocality, record.addressInformation
        return PuPerson(
            personal_identity_number=asked,
            given_name=given,
            calling_name=calling_name(given, name.givenNameIndicator if name else None),
            middle_name=(name.middleName or "").strip() if name else "",
            surname=(name.surname or "").strip() if name else "",
            secrecy_marked=record.protectedPersonIndicator,
            protected_registration=bool(record.protectedPopulationRecord),
            is_registered=locality is not None and bool(locality.municipalityCode),
            address_lines=_lines(address.residentialAddress) if address else (),
            deregistration_code=(record.deregistration.deregistrationReasonCode or "")
            if record.deregistration
            else "",
            identity_level=record.identityLevel or "",
            identity_status=(record.personalIdentityStatus.identityStatus or "")
            if record.personalIdentityStatus
            else "",
            referred_to=referred[0] if referred and not record.primaryIdentity else "",
        )


def _lines(address: contract.Address | None) -> tuple[str, ...]:
    """Return the lines of a letter; the register's numeric postal code gets its leading zeros back."""
    if address is None:
        return ()
    town = ""
    if address.postalCode is not None:
        code = f"{address.postalCode:05d}"
        town = f"{code[:3]} {code[3:]} {address.city or ''}"
    care_of = (address.careOf or "").strip()
    if care_of and not care_of.lower().startswith("c/o"):
        care_of = f"c/o {care_of}"
    lines = (care_of, address.postalAddress1 or "", address.postalAddress2 or "", town)
    return tuple(line.strip() for line in lines if line.strip())
