"""People, organizations, units, employments and role assignments as this installation knows them."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models.functions import Upper

from directory.agency_models import Agency  # noqa: F401 - Django finds models from here
from directory.appointment_models import RoleAppointment  # noqa: F401 - Django finds models from here
from directory.basis_models import (  # noqa: F401 - Django finds models from here
    BasisDecision,
    BasisMember,
    RoleUse,
)
from directory.file_order_models import PuFileOrder  # noqa: F401 - Django finds models from here
from directory.former_models import FormerWork  # noqa: F401 - Django finds models from here
from directory.organization_models import OrganizationSettings  # noqa: F401 - Django finds models from here
from directory.search_models import SearchWord  # noqa: F401 - Django finds models from here
from directory.sync_models import SyncChange, SyncDecision  # noqa: F401 - Django finds models from here

SWEDISH = "sv"
"""The collation of names: å, ä and ö come after z. See ``directory.collation``."""


class RegistrationStatus(StrEnum):
    """What the population register (PU) says of a person."""

    REGISTERED = "registered"
    WITHOUT_ADDRESS = "without_address"
    EMIGRATED = "emigrated"
    DECEASED = "deceased"
    DEREGISTERED = "deregistered"
    UNKNOWN = "unknown"


class NumberKind(StrEnum):
    """Which kind of number a person is known by."""

    PERSONAL_IDENTITY_NUMBER = "personal_identity_number"
    COORDINATION_NUMBER = "coordination_number"


class Role(StrEnum):
    """The roles of domain.md 1.2."""

    CENTRAL_ADMINISTRATOR = "central_administrator"
    VALIDATION_SPECIALIST = "validation_specialist"
    ISSUANCE_MANAGER = "issuance_manager"
    DEPUTY_ISSUANCE_MANAGER = "deputy_issuance_manager"
    ID_ADMINISTRATOR = "id_administrator"
    FUNCTION_CERT_ORDERER = "function_cert_orderer"
    REVOCATION_OFFICER = "revocation_officer"
    AUDITOR = "auditor"


TWO_PERSON_ROLES = (Role.CENTRAL_ADMINISTRATOR.value, Role.ISSUANCE_MANAGER.value)
"""Roles that one person asks for and another one gives: whoever holds them gives roles in turn."""


UNIT_ROLES = (
    Role.DEPUTY_ISSUANCE_MANAGER.value,
    Role.ID_ADMINISTRATOR.value,
    Role.REVOCATION_OFFICER.value,
    Role.AUDITOR.value,
)
"""Roles that may be given for a part of an organization.

An issuance manager answers for all of it, and functions belong to the whole: their orderers do too.
"""


class Protection(StrEnum):
    """Why a person's particulars are protected, according to PU; empty when they are not."""

    SECRECY_MARKING = "secrecy_marking"  # sekretessmarkering
    PROTECTED_REGISTRATION = "protected_registration"  # skyddad folkbokföring, the stronger of the two


class RoleSource(StrEnum):
    """Where a role assignment comes from; a person's rights are the union of both."""

    PORTAL = "portal"
    HSA = "hsa"


class SyncState(StrEnum):
    """How a reading of a register ended, or that it has not."""

    REQUESTED = "requested"
    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    QUARANTINED = "quarantined"


_UNDER_WAY = [SyncState.REQUESTED.value, SyncState.RUNNING.value]


class IssuanceArea(models.Model):
    """The tenant (utgivningsområde): one or several organizations under one issuance manager."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, unique=True)

    def __str__(self) -> str:
        return self.name


class Organization(models.Model):
    """An organization that people work for (HSA).

    ``agent_organization`` (ombud) is the organization that handles cards for this one; a private care
    provider always has one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hsa_id = models.CharField(max_length=32, unique=True)
    organization_number = models.CharField(max_length=10, unique=True)
    name = models.CharField(max_length=120, db_collation=SWEDISH)
    locality = models.CharField(max_length=80)
    kind = models.CharField(max_length=24)
    issuance_area = models.ForeignKey(IssuanceArea, on_delete=models.PROTECT, related_name="organizations")
    agent_organization = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="represented_organizations"
    )
    back_text = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """A part of an organization (HSA unit)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hsa_id = models.CharField(max_length=32, unique=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="units")
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="subunits"
    )
    name = models.CharField(max_length=120, db_collation=SWEDISH)

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """A natural person, by the number of the population register.

    ``search_key`` holds the folded words of the name (see ``directory.names``) and is empty for a protected
    person, whom no search by name may find. ``protection`` is what PU says; ``protected_identity`` is that
    or a protected person object in HSA. A protected person's address is never kept here: letters go by way
    of Skatteverket. ``pu_missed_reads`` counts complete readings of PU in a row without the person.
    ``number_changed_at`` is when PU's new number took the old one's place here (hänvisningsnummer).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    personal_identity_number = models.CharField(max_length=12, unique=True)
    number_kind = models.CharField(max_length=32, default=NumberKind.PERSONAL_IDENTITY_NUMBER.value)
    given_name = models.CharField(max_length=80, blank=True, db_collation=SWEDISH)
    calling_name = models.CharField(max_length=80, blank=True)
    middle_name = models.CharField(max_length=80, blank=True)
    surname = models.CharField(max_length=160, db_collation=SWEDISH)
    search_key = models.CharField(max_length=700, blank=True)
    birth_date = models.DateField()
    registration_status = models.CharField(max_length=24, default=RegistrationStatus.UNKNOWN.value)
    protected_identity = models.BooleanField(default=False)
    protection = models.CharField(max_length=24, blank=True)
    address_lines = models.JSONField(default=list)
    identity_level = models.CharField(max_length=16, blank=True)
    pu_read_at = models.DateTimeField(null=True)
    hsa_read_at = models.DateTimeField(null=True)
    pu_missed_reads = models.PositiveSmallIntegerField(default=0)
    pu_missing_since = models.DateTimeField(null=True, blank=True)
    number_changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """What the database itself refuses, and who is on a basis list: few of very many."""

        indexes: ClassVar = [
            models.Index(
                fields=["registration_status"],
                condition=models.Q(registration_status__in=["deceased", "emigrated", "deregistered"]),
                name="person_gone",
            ),
            models.Index(
                fields=["pu_missing_since"],
                condition=models.Q(pu_missing_since__isnull=False),
                name="person_missing_in_pu",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(registration_status__in=[status.value for status in RegistrationStatus]),
                name="a_registration_status_is_a_known_status",
            ),
            models.CheckConstraint(
                condition=models.Q(number_kind__in=[kind.value for kind in NumberKind]),
                name="a_number_kind_is_a_known_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(protection="") | models.Q(protected_identity=True),
                name="a_person_protected_in_pu_has_a_protected_identity",
            ),
            models.CheckConstraint(
                condition=models.Q(protected_identity=False) | models.Q(search_key=""),
                name="a_protected_person_is_not_searchable_by_name",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def full_name(self) -> str:
        """Return calling name (or given names) and surname."""
        return " ".join(part for part in (self.calling_name or self.given_name, self.surname) if part)


class Employment(models.Model):
    """A person object in HSA: one service identity (tjänste-id) in one organization.

    ``protected_in_hsa`` is HSA's own mark. ``missed_reads`` counts complete readings of HSA in a row without
    this person object; ``missing_since`` is set only after as many as the setting asks for.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="employments")
    hsa_id = models.CharField(max_length=32, unique=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="employments")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="employments")
    title = models.CharField(max_length=120, blank=True)
    email = models.CharField(max_length=254, blank=True)
    user_principal_name = models.CharField(max_length=254, blank=True)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    protected_in_hsa = models.BooleanField(default=False)
    missed_reads = models.PositiveSmallIntegerField(default=0)
    missing_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        """People are listed by organization; HSA-ids are the same in any case."""

        indexes: ClassVar = [
            models.Index(fields=["organization", "person"], name="employment_by_organization"),
            models.Index(
                fields=["missing_since"],
                condition=models.Q(missing_since__isnull=False),
                name="employment_missing_in_hsa",
            ),
            models.Index(
                fields=["ends_on"], condition=models.Q(ends_on__isnull=False), name="employment_by_end"
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(Upper("hsa_id"), name="one_employment_per_hsa_id_in_any_case")
        ]

    def __str__(self) -> str:
        return self.hsa_id


class RoleAssignment(models.Model):
    """A role that a person (by HSA-id) holds for an organization and those it is agent for.

    With ``unit`` it holds for that unit of the organization and those below it alone.

    ``granted_by_person`` is the id of the person who gave it, empty for our own jobs and the first roles;
    ``approved_by_person`` that of the second one, for the roles that two people give. ``confirmed_at`` is
    the yearly confirmation (GOV-2), ``reminded_at`` the last reminder that it is due. ``missed_reads``
    counts complete readings of HSA in a row that did not name a role which HSA gave.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    employment = models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="roles")
    role = models.CharField(max_length=32)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="roles")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="roles")
    may_see_protected = models.BooleanField(default=False)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    source = models.CharField(max_length=8, default=RoleSource.PORTAL.value)
    granted_by = models.CharField(max_length=64)
    granted_by_person = models.CharField(max_length=36, blank=True)
    granted_at = models.DateTimeField()
    approved_by = models.CharField(max_length=64, blank=True)
    approved_by_person = models.CharField(max_length=36, blank=True)
    trained_on = models.DateField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.CharField(max_length=64, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    missed_reads = models.PositiveSmallIntegerField(default=0)
    revoked_by = models.CharField(max_length=64, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="a_role_is_a_known_role"
            ),
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gt=models.F("valid_from")),
                name="a_role_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_at__isnull=True, revoked_by="")
                | (models.Q(revoked_at__isnull=False, valid_to__isnull=False) & ~models.Q(revoked_by="")),
                name="a_role_is_revoked_iff_by_whom_and_when",
            ),
            models.CheckConstraint(
                condition=models.Q(source__in=[source.value for source in RoleSource]),
                name="a_role_source_is_a_known_source",
            ),
            models.CheckConstraint(
                condition=~models.Q(role__in=TWO_PERSON_ROLES)
                | models.Q(granted_by_person="")
                | ~models.Q(approved_by_person=""),
                name="two_people_give_the_roles_that_give_roles",
            ),
            models.CheckConstraint(
                condition=models.Q(approved_by_person="")
                | ~models.Q(approved_by_person=models.F("granted_by_person")),
                name="nobody_approves_a_role_they_gave",
            ),
            models.CheckConstraint(
                condition=~models.Q(source=RoleSource.HSA.value)
                | (~models.Q(role__in=TWO_PERSON_ROLES) & models.Q(may_see_protected=False)),
                name="hsa_gives_no_role_that_two_people_give",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_at__isnull=True, confirmed_by="")
                | (models.Q(confirmed_at__isnull=False) & ~models.Q(confirmed_by="")),
                name="a_role_is_confirmed_iff_by_whom_and_when",
            ),
            models.UniqueConstraint(
                fields=["employment", "role", "organization", "source"],
                condition=models.Q(valid_to__isnull=True, unit__isnull=True),
                name="one_open_assignment_per_role_organization_and_source",
            ),
            models.UniqueConstraint(
                fields=["employment", "role", "unit", "source"],
                condition=models.Q(valid_to__isnull=True, unit__isnull=False),
                name="one_open_assignment_per_role_unit_and_source",
            ),
            models.CheckConstraint(
                condition=models.Q(unit__isnull=True) | models.Q(role__in=UNIT_ROLES),
                name="a_role_for_a_unit_is_one_that_units_have",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employment_id} {self.role}"


class SyncRun(models.Model):
    """One reading of a register: what was read, what changed, and whether it may count as complete.

    Figures are persons (PU) or person objects (HSA). ``failure`` is a code, empty when there was none.
    ``heartbeat_at`` is when the run last said how far it is. ``is_preview``: whoever asked for it wants to
    see every difference that costs somebody a card before it is written.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    register = models.CharField(max_length=8)
    state = models.CharField(max_length=16, default=SyncState.RUNNING.value)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    asked = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    imported = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    absent = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    failure = models.CharField(max_length=64, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    is_preview = models.BooleanField(default=False)
    requested_by = models.CharField(max_length=64, blank=True)

    class Meta:
        """The newest run of a register is looked up often."""

        indexes: ClassVar = [models.Index(fields=["register", "-started_at"], name="sync_run_by_register")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state__in=_UNDER_WAY, ended_at__isnull=True)
                | (~models.Q(state__in=_UNDER_WAY) & models.Q(ended_at__isnull=False)),
                name="a_sync_run_has_ended_iff_it_is_not_running",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in SyncState]),
                name="a_sync_run_state_is_a_known_state",
            ),
            models.UniqueConstraint(
                fields=["register"],
                condition=models.Q(state=SyncState.REQUESTED.value),
                name="one_requested_run_per_register",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.register} {self.state}"


class ErasureState(StrEnum):
    """How far a decision to erase has come."""

    REQUESTED = "requested"
    APPROVED = "approved"


class ErasureRequest(models.Model):
    """A decision to erase what the journal says of a person before its time: one asks, another approves.

    ``requested_by`` and ``approved_by`` are persons' ids.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="erasure_requests")
    legal_ground = models.CharField(max_length=32)
    state = models.CharField(max_length=16, default=ErasureState.REQUESTED.value)
    requested_by = models.CharField(max_length=36)
    requested_at = models.DateTimeField()
    approved_by = models.CharField(max_length=36, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Two persons, or nothing."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    state=ErasureState.REQUESTED.value, approved_by="", approved_at__isnull=True
                )
                | (
                    models.Q(state=ErasureState.APPROVED.value, approved_at__isnull=False)
                    & ~models.Q(approved_by="")
                ),
                name="an_erasure_is_approved_iff_by_whom_and_when",
            ),
            models.CheckConstraint(
                condition=~models.Q(approved_by=models.F("requested_by")),
                name="two_persons_decide_an_erasure",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
