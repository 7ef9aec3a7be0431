"""What the registers say, in the terms of our own tables, and how it differs from what stands there."""

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Self
from uuid import UUID

from directory import names
from directory.hsa_client import HsaEmployee
from directory.identifiers import PersonalIdentityNumber
from directory.models import Employment, NumberKind, Person, Protection, RegistrationStatus
from directory.places import Places
from directory.pu_client import PuPerson

_DEREGISTERED = {"AV": RegistrationStatus.DECEASED, "UV": RegistrationStatus.EMIGRATED}
_IDENTITY_STATUS_IN_FORCE = frozenset({"", "aktiv"})
_IN_REGISTER = frozenset({RegistrationStatus.REGISTERED.value, RegistrationStatus.WITHOUT_ADDRESS.value})
_NAMES = frozenset({"given_name", "calling_name", "middle_name", "surname"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """What PU says of a person. The field names are those of ``Person``."""

    given_name: str
    calling_name: str
    middle_name: str
    surname: str
    registration_status: str
    protection: str
    address_lines: tuple[str, ...]
    identity_level: str

    @classmethod
    def of(cls, found: PuPerson) -> Self:
        """Return the facts of a PU answer. The address of a protected person is left where it is."""
        protection = _protection(found)
        return cls(
            given_name=found.given_name,
            calling_name=found.calling_name,
            middle_name=found.middle_name,
            surname=found.surname,
            registration_status=_registration_status(found).value,
            protection=protection,
            address_lines=() if protection else found.address_lines,
            identity_level=found.identity_level,
        )

    def without_lost_names(self, person: Person) -> Self:
        """Return the facts with what we have where PU gives none: no name, no status of a protected person.

        Nothing is blanked because a register says less than before.
        """
        told = self
        if self.registration_status == RegistrationStatus.UNKNOWN.value:
            told = replace(told, registration_status=person.registration_status)
        if self.surname or self.given_name:
            return told
        return replace(
            told,
            given_name=person.given_name,
            calling_name=person.calling_name,
            middle_name=person.middle_name,
            surname=person.surname,
        )

    def differences(self, person: Person) -> tuple[str, ...]:
        """Return the names of the fields that differ from what stands here."""
        return tuple(
            field.name for field in fields(self) if getattr(self, field.name) != _standing(person, field.name)
        )


def is_harmful(facts: PersonFacts, person: Person) -> bool:
    """Return whether the change can cost a person a card or a protection, and so counts against the cap.

    A changed name (new card needed), someone leaving the register, a protection that is lifted.
    """
    if person.pu_read_at is None:
        return False
    changed = set(facts.differences(person))
    leaves = person.registration_status in _IN_REGISTER and facts.registration_status not in _IN_REGISTER
    return bool(changed & _NAMES) or leaves or bool(person.protection and not facts.protection)


def number_kind(number: PersonalIdentityNumber) -> str:
    """Return the kind as the table keeps it."""
    kind = (
        NumberKind.COORDINATION_NUMBER
        if number.is_coordination_number
        else NumberKind.PERSONAL_IDENTITY_NUMBER
    )
    return kind.value


def search_key(facts: PersonFacts, *, protected: bool) -> str:
    """Return what a search by name looks in: nothing for a protected person."""
    if protected:
        return ""
    return names.search_key(facts.calling_name, facts.given_name, facts.middle_name, facts.surname)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmploymentFacts:
    """What HSA says of a person object. The field names are those of ``Employment``."""

    organization_id: UUID
    unit_id: UUID | None
    title: str
    email: str
    starts_on: date | None
    ends_on: date | None
    protected_in_hsa: bool

    @classmethod
    def of(cls, found: HsaEmployee, places: Places) -> Self | None:
        """Return the facts of an HSA answer, or None for an organization that is not connected here."""
        organization_id = places.organization(found.hsa_id)
        if organization_id is None:
            return None
        return cls(
            organization_id=organization_id,
            unit_id=places.unit(organization_id, found.place),
            title=found.title,
            email=found.mail,
            starts_on=found.starts_on,
            ends_on=found.ends_on,
            protected_in_hsa=found.protected,
        )

    def differences(self, employment: Employment) -> tuple[str, ...]:
        """Return the names of the fields that differ from what stands here."""
        return tuple(
            field.name
            for field in fields(self)
            if getattr(self, field.name) != getattr(employment, field.name)
        )


def _standing(person: Person, name: str) -> object:
    return tuple(person.address_lines) if name == "address_lines" else getattr(person, name)


def _protection(found: PuPerson) -> str:
    if found.protected_registration:
        return Protection.PROTECTED_REGISTRATION.value
    return Protection.SECRECY_MARKING.value if found.secrecy_marked else ""


def _registration_status(found: PuPerson) -> RegistrationStatus:
    """Return the status: registration ends by a code, or by a coordination number no longer in force."""
    if found.is_withheld:
        return RegistrationStatus.UNKNOWN
    if found.deregistration_code:
        return _DEREGISTERED.get(found.deregistration_code, RegistrationStatus.DEREGISTERED)
    if found.referred_to or found.identity_status.lower() not in _IDENTITY_STATUS_IN_FORCE:
        return RegistrationStatus.DEREGISTERED
    if found.is_registered and (found.address_lines or found.protected_registration):
        return RegistrationStatus.REGISTERED
    return RegistrationStatus.WITHOUT_ADDRESS
