# ruff: noqa: D101, N815 - the names are those of the service contracts
"""The shapes of the answers that HSA gives, as far as Sigill reads them (see ``contracts/``)."""

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
