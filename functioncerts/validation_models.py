"""What is stored of name validations: which names an organization has a right to, how, until when."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from directory.models import Organization
from functioncerts.states import NameValidationState


class NameKind(StrEnum):
    """What a validated name is."""

    DOMAIN = "domain"
    EMAIL = "email"


class ValidationMethod(StrEnum):
    """How the right to a name is shown (domain.md 5)."""

    DNS_TXT = "dns_txt"
    HTTP = "http"
    MAIL = "mail"
    DOCUMENT = "document"
    POWER_OF_ATTORNEY = "power_of_attorney"


class NameValidation(models.Model):
    """One try to show the right to a name; names below a valid domain are inside it (`names.is_inside`).

    It counts for every function object of the organization, or for ``function_object`` alone. It is good
    while its state is VALID and ``valid_from`` <= moment < ``valid_to``: what has run out is computed, never
    stored. ``token`` is what DNS or HTTP must show; of a mailed link only the digest is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="name_validations")
    function_object = models.ForeignKey(
        "functioncerts.FunctionObject", on_delete=models.PROTECT, null=True, related_name="name_validations"
    )
    kind = models.CharField(max_length=8)
    name = models.CharField(max_length=254)
    method = models.CharField(max_length=24)
    state = models.CharField(max_length=16)
    token = models.CharField(max_length=64, blank=True)
    sent_to = models.CharField(max_length=254, blank=True)
    evidence_reference = models.CharField(max_length=254, blank=True)
    evidence_sha256 = models.CharField(max_length=64, blank=True)
    requested_at = models.DateTimeField()
    requested_by = models.CharField(max_length=64)
    checked_at = models.DateTimeField(null=True)
    checks = models.PositiveIntegerField(default=0)
    finding = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=64, blank=True)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    reminded_for = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(fields=["organization", "name"], name="name_validation_by_owner"),
            models.Index(
                fields=["checked_at"],
                condition=Q(state=NameValidationState.PENDING.value),
                name="name_validation_waiting",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=[one.value for one in NameKind]), name="name_validation_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(method__in=[one.value for one in ValidationMethod]),
                name="name_validation_method_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[one.value for one in NameValidationState]),
                name="name_validation_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state=NameValidationState.VALID.value)
                | Q(
                    decided_at__isnull=False,
                    valid_from__isnull=False,
                    valid_to__isnull=False,
                    valid_to__gt=F("valid_from"),
                )
                & ~Q(decided_by=""),
                name="name_validation_valid_has_when_by_whom_and_until_when",
            ),
            models.CheckConstraint(
                condition=~Q(
                    method__in=[ValidationMethod.DOCUMENT.value, ValidationMethod.POWER_OF_ATTORNEY.value]
                )
                | ~Q(evidence_reference=""),
                name="name_validation_by_paper_names_the_paper",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.method})"
