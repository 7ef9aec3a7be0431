"""The fixed cast of the tests (style.md): who they are, where they work, and what they may do."""

from dataclasses import dataclass
from datetime import UTC, datetime

from directory.identifiers import PersonalIdentityNumber
from directory.models import (
    Employment,
    IssuanceArea,
    Organization,
    Person,
    RegistrationStatus,
    Role,
    RoleAssignment,
)
from journal.actor import Actor, ActorKind

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Two organizations and the people in them; actors carry their role and its scope."""

    norr: Organization
    syd: Organization
    alva: Actor
    another_administrator: Actor
    bo: Actor
    cia: Actor
    doris: Actor
    asa: Employment
    erik: Employment
    alva_herself: Employment


def the_cast() -> Cast:
    """Put the cast into the database and return it."""
    norr = _organization("Region Norr", "SE2321000016-0001", "2321000016")
    syd = _organization("Region Syd", "SE2321000024-0001", "2321000024")
    alva = _employee(norr, "Alva", "Berg", "198504129803", "A001")
    other = _employee(norr, "Gun", "Ek", "196803199949", "A002")
    bo = _employee(norr, "Bo", "Ek", "197909039831", "A003")
    cia = _employee(norr, "Cia", "Lund", "197201259848", "A004")
    doris = _employee(syd, "Doris", "Strand", "198806179860", "B001")
    return Cast(
        norr=norr,
        syd=syd,
        alva=actor_of(alva, Role.ID_ADMINISTRATOR),
        another_administrator=actor_of(other, Role.ID_ADMINISTRATOR),
        bo=actor_of(bo, Role.FUNCTION_CERT_ORDERER),
        cia=actor_of(cia, Role.AUDITOR),
        doris=actor_of(doris, Role.ID_ADMINISTRATOR),
        asa=_employee(norr, "Åsa", "Lindqvist", "198308309908", "A100"),
        erik=_protected(_employee(norr, "Erik", "Sund", "199002149897", "A101")),
        alva_herself=alva,
    )


def actor_of(employment: Employment, role: Role, *, may_see_protected: bool = False, loa: int = 3) -> Actor:
    """Give the employment the role where it works, and return the actor that uses it."""
    RoleAssignment.objects.get_or_create(
        employment=employment,
        role=role.value,
        organization=employment.organization,
        defaults={
            "valid_from": LONG_AGO,
            "granted_at": LONG_AGO,
            "granted_by": "SE2321000016-A000",
            "may_see_protected": may_see_protected,
        },
    )
    return Actor(
        kind=ActorKind.PERSON,
        identifier=employment.hsa_id,
        role=role.value,
        organization_ids=(str(employment.organization_id),),
        person_id=str(employment.person_id),
        loa=loa,
        may_see_protected=may_see_protected,
    )


def _organization(name: str, hsa_id: str, number: str) -> Organization:
    return Organization.objects.create(
        name=name,
        hsa_id=hsa_id,
        organization_number=number,
        locality="Norrbottens län",
        kind="region",
        issuance_area=IssuanceArea.objects.create(name=name),
        back_text=f"Upphittat kort lämnas till {name}",
    )


def _employee(
    organization: Organization, given_name: str, surname: str, number: str, suffix: str
) -> Employment:
    person = Person.objects.create(
        personal_identity_number=number,
        given_name=given_name,
        calling_name=given_name,
        surname=surname,
        search_key=f"{given_name} {surname}".lower(),
        birth_date=PersonalIdentityNumber(number).birth_date,
        registration_status=RegistrationStatus.REGISTERED.value,
        address_lines=["Storgatan 1", "972 31 Luleå"],
        pu_read_at=LONG_AGO,
    )
    return Employment.objects.create(
        person=person,
        organization=organization,
        hsa_id=f"{organization.hsa_id.partition('-')[0]}-{suffix}",
        title="Sjuksköterska",
        email=f"{suffix.lower()}@regionnorr.test",
    )


def _protected(employment: Employment) -> Employment:
    Person.objects.filter(pk=employment.person_id).update(
        protected_identity=True, search_key="", address_lines=[]
    )
    employment.person.refresh_from_db()
    return employment
