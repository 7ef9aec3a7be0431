# ruff: noqa: D101, N815 - the names are those of the service contracts
"""The shapes of the answers that HSA and PU give, as far as Sigill reads them (see ``contracts/``)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol


class PersonInformation(Protocol):
    personHsaId: str
    givenName: str | None
    middleAndSurName: str
    mail: str | None
    title: str | None
    dn: str
    protectedPerson: bool | None
    feignedPerson: bool | None
    personStartDate: datetime | None
    personEndDate: datetime | None


class Sector(Protocol):
    unitHsaId: str
    sectorFlag: bool | None


class AdminCommission(Protocol):
    adminCommissionHsaId: str
    adminCommissionResponsibleOrganisation: str
    sector: Iterable[Sector] | None


class ScopeProperty(Protocol):
    authorizationScopeCode: str
    authorizationScopePropertyCode: str
    adminCommission: Iterable[AdminCommission]


class Credential(Protocol):
    personHsaId: str
    authorizationScopeProperties: Iterable[ScopeProperty] | None


class Identity(Protocol):
    extension: str | None


class Name(Protocol):
    givenNameIndicator: int | None
    givenName: str | None
    middleName: str | None
    surname: str | None


class Address(Protocol):
    careOf: str | None
    postalAddress1: str | None
    postalAddress2: str | None
    postalCode: int | None
    city: str | None


class AddressInformation(Protocol):
    residentialAddress: Address | None


class Locality(Protocol):
    municipalityCode: str | None


class Deregistration(Protocol):
    deregistrationReasonCode: str | None


class IdentityStatus(Protocol):
    identityStatus: str | None


class Referred(Protocol):
    referredPersonalIdentity: Identity


class Record(Protocol):
    personalIdentity: Identity
    identityLevel: str | None
    protectedPersonIndicator: bool
    testIndicator: bool
    primaryIdentity: bool
    name: Name | None
    referredPersonalIdentities: Iterable[Referred] | None
    populationRegistrationLocality: Locality | None
    addressInformation: AddressInformation | None
    deregistration: Deregistration | None
    personalIdentityStatus: IdentityStatus | None
    protectedPopulationRecord: bool | None


class RequestedRecord(Protocol):
    requestedPersonalIdentity: Identity
    personRecord: Record | None
