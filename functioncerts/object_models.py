"""What is stored beside a function object: who answers for it, its tags, and how its orders are approved."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import Q

from directory.models import Organization


class Capacity(StrEnum):
    """What somebody answers for (FC-3); the owner of the mailbox is both unless somebody else is named."""

    ORDER_RESPONSIBLE = "order_responsible"
    RECEIVER = "receiver"


class FunctionResponsible(models.Model):
    """Somebody, by HSA-id, who orders or receives certificates of a function object."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    function_object = models.ForeignKey(
        "functioncerts.FunctionObject", on_delete=models.PROTECT, related_name="responsible"
    )
    hsa_id = models.CharField(max_length=32)
    capacity = models.CharField(max_length=24)
    named_at = models.DateTimeField()
    named_by = models.CharField(max_length=64)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(capacity__in=[one.value for one in Capacity]),
                name="function_responsible_capacity_is_known",
            ),
            models.UniqueConstraint(
                fields=["function_object", "hsa_id", "capacity"],
                name="somebody_is_responsible_once_per_capacity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hsa_id} ({self.capacity})"


class FunctionTag(models.Model):
    """A word that the organization finds its function objects by."""

    id = models.BigAutoField(primary_key=True)
    function_object = models.ForeignKey(
        "functioncerts.FunctionObject", on_delete=models.PROTECT, related_name="tags"
    )
    tag = models.CharField(max_length=40)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [models.Index(fields=["tag"], name="function_tag_by_word")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["function_object", "tag"], name="a_tag_is_set_once_per_object"),
        ]

    def __str__(self) -> str:
        return self.tag


class ApprovalPolicy(models.Model):
    """Orders of one kind of an organization wait for a second person; without a row they do not."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8)
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=64)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "kind"], name="one_approval_policy_per_organization_and_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.kind}"
