"""Katalogtjänst HSA: person objects and administrative authorizations, as typed values."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

from directory import contract_shapes as contract
from directory.bounded_http import Endpoint
from directory.errors import RegisterUnavailable
from directory.soap import Operation

_CONTRACTS = Path(__file__).parent / "contracts" / "hsa"
_EMPLOYEE = "GetEmployeeIncludingProtectedPerson"
_CREDENTIALS = "GetAdminCredentialsForPersonIncludingProtectedPerson"


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinguishedName:
    """Where a person object stands in the tree. ``units`` runs from the organization down."""

    organization: str
    locality: str
    units: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "DistinguishedName":
        """Return the parts of ``cn=…,ou=…,o=…,l=…,c=SE``, most specific first."""
        found: list[tuple[str, str]] = []
        for part in re.split(r"(?<!\\),", text):
            kind, _, value = part.partition("=")
            found.append((kind.strip().lower(), value.strip().replace("\\,", ",")))
        first = dict(reversed(found))
        units = tuple(value for kind, value in reversed(found) if kind == "ou")
        return cls(organization=first.get("o", ""), locality=first.get("l", ""), units=units)


@dataclass(frozen=True, slots=True, kw_only=True)
class HsaEmployee:
    """One person object. HSA never tells the personal identity number; it can only be searched by."""

    hsa_id: str
    given_name: str
    surname: str
    mail: str
    title: str
    place: DistinguishedName
    protected: bool
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminCommission:
    """One authorization of a person object: which property, for which organization and units.

    ``units`` are (HSA-id, whole subtree).
    """

    hsa_id: str
    scope_code: str
    property_code: str
    commission_hsa_id: str
    organization_number: str
    units: tuple[tuple[str, bool], ...]


class HsaClient:
    """Asks HSA. Every method raises ``RegisterUnavailable`` when there is no good answer."""

    def __init__(self, endpoint: Endpoint, *, include_feigned: bool) -> None:
        self._register = endpoint.register
        self._include_feigned = include_feigned
        self._employee = Operation(endpoint=endpoint, contract=_CONTRACTS / "get_employee_4", name=_EMPLOYEE)
        self._credentials = Operation(
            endpoint=endpoint, contract=_CONTRACTS / "get_admin_credentials_2", name=_CREDENTIALS
        )

    def employees(self, personal_identity_number: str) -> tuple[HsaEmployee, ...]:
        """Return every person object with this number: several for a person with several employers."""
        return self._employees(self.employee_question(personal_identity_number=personal_identity_number))

    def employee(self, hsa_id: str) -> HsaEmployee | None:
        """Return the person object with this HSA-id, or None when HSA has none."""
        found = self._employees(self.employee_question(hsa_id=hsa_id))
        if not found:
            return None
        if len(found) > 1 or found[0].hsa_id.upper() != hsa_id.upper():
            raise RegisterUnavailable(register=self._register, reason="mismatched")
        return found[0]

    def admin_commissions(self, hsa_id: str, *, scope_code: str) -> tuple[AdminCommission, ...]:
        """Return the person object's authorizations within one scope (behörighetsområde)."""
        answer = self._credentials.ask(self.credentials_question(hsa_id=hsa_id, scope_code=scope_code))
        return tuple(_commissions(answer, hsa_id))

    def employee_question(self, *, hsa_id: str = "", personal_identity_number: str = "") -> dict[str, object]:
        """Return the question for one of the two keys; HSA answers both at once with a fault."""
        key = {"personHsaId": hsa_id} if hsa_id else {"personalIdentityNumber": personal_identity_number}
        return {**key, "includeFeignedObject": self._include_feigned, "profile": "FULL"}

    def credentials_question(self, *, hsa_id: str, scope_code: str) -> dict[str, object]:
        """Return the question for the authorizations of a person object."""
        return {
            "personHsaId": hsa_id,
            "authorizationScopeCode": scope_code,
            "includeFeignedObject": self._include_feigned,
        }

    def messages(self) -> dict[str, bytes]:
        """Return an example of each message that is sent, for checking against the published contracts."""
        return {
            _EMPLOYEE: self._employee.message(self.employee_question(hsa_id="SE2321009801-1")),
            _CREDENTIALS: self._credentials.message(
                self.credentials_question(hsa_id="SE2321009801-1", scope_code="SITHS")
            ),
        }

    def _employees(self, question: dict[str, object]) -> tuple[HsaEmployee, ...]:
        # Zeep unwraps an answer of one repeated element into the list itself.
        answer = self._employee.ask(question)
        people = cast(
            "Iterable[contract.PersonInformation]", getattr(answer, "personInformation", answer) or ()
        )
        return tuple(
            _employee(person) for person in people if self._include_feigned or not person.feignedPerson
        )


def _employee(person: contract.PersonInformation) -> HsaEmployee:
    return HsaEmployee(
        hsa_id=person.personHsaId.strip(),
        given_name=(person.givenName or "").strip(),
        surname=person.middleAndSurName.strip(),
        mail=(person.mail or "").strip(),
        title=(person.title or "").strip(),
        place=DistinguishedName.parse(person.dn),
        protected=bool(person.protectedPerson),
        starts_on=person.personStartDate.date() if person.personStartDate else None,
        ends_on=person.personEndDate.date() if person.personEndDate else None,
    )


def _commissions(answer: object, hsa_id: str) -> Iterable[AdminCommission]:
    credentials = getattr(answer, "adminCredentialInformation", answer) or ()
    for credential in cast("Iterable[contract.Credential]", credentials):
        if credential.personHsaId.upper() != hsa_id.upper():
            raise RegisterUnavailable(register="hsa", reason="mismatched")
        for scope in credential.authorizationScopeProperties or ():
            for commission in scope.adminCommission:
                yield AdminCommission(
                    hsa_id=credential.personHsaId,
                    scope_code=scope.authorizationScopeCode,
                    property_code=scope.authorizationScopePropertyCode,
                    commission_hsa_id=commission.adminCommissionHsaId,
                    organization_number=commission.adminCommissionResponsibleOrganisation,
                    units=tuple((unit.unitHsaId, bool(unit.sectorFlag)) for unit in commission.sector or ()),
                )
