"""People, organizations, units, employments and role assignments as this installation knows them."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models


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


class IssuanceArea(models.Model):
    """The tenant (utgivningsområde): one or several organizations under one issuance manager."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, unique=True)

    def __str__(self) -> str:
        return self.name


class Organization(models.Model):
    """An organization that people work for (HSA)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hsa_id = models.CharField(max_length=32, unique=True)
    organization_number = models.CharField(max_length=10, unique=True)
    name = models.CharField(max_length=120)
    locality = models.CharField(max_length=80)
    kind = models.CharField(max_length=24)
    issuance_area = models.ForeignKey(IssuanceArea, on_delete=models.PROTECT, related_name="organizations")
    back_text = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """A part of an organization (HSA unit)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hsa_id = models.CharField(max_length=32, unique=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="units")
    name = models.CharField(max_length=120)

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    """A natural person, by the number of the population register."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    personal_identity_number = models.CharField(max_length=12, unique=True)
    number_kind = models.CharField(max_length=32, default=NumberKind.PERSONAL_IDENTITY_NUMBER.value)
    given_name = models.CharField(max_length=80, blank=True)
    calling_name = models.CharField(max_length=80, blank=True)
    middle_name = models.CharField(max_length=80, blank=True)
    surname = models.CharField(max_length=80)
    search_key = models.CharField(max_length=260, db_index=True)
    birth_date = models.DateField()
    registration_status = models.CharField(max_length=24, default=RegistrationStatus.UNKNOWN.value)
    protected_identity = models.BooleanField(default=False)
    address_lines = models.JSONField(default=list)
    identity_level = models.CharField(max_length=16, blank=True)
    pu_read_at = models.DateTimeField(null=True)
    hsa_read_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.id)

    @property
    def full_name(self) -> str:
        """Return calling name (or given names) and surname."""
        return " ".join(part for part in (self.calling_name or self.given_name, self.surname) if part)


class Employment(models.Model):
    """A person object in HSA: one service identity (tjänste-id) in one organization."""

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

    class Meta:
        """People are listed by organization."""

        indexes: ClassVar = [
            models.Index(fields=["organization", "person"], name="employment_by_organization")
        ]

    def __str__(self) -> str:
        return self.hsa_id


class RoleAssignment(models.Model):
    """A role that a person (by HSA-id) holds for an organization and those below its issuance area."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    employment = models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="roles")
    role = models.CharField(max_length=32)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="roles")
    may_see_protected = models.BooleanField(default=False)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    granted_by = models.CharField(max_length=64)
    granted_at = models.DateTimeField()

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
            models.UniqueConstraint(
                fields=["employment", "role", "organization"],
                condition=models.Q(valid_to__isnull=True),
                name="one_open_assignment_per_role_and_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employment_id} {self.role}"
