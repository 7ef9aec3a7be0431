"""What is stored of function objects and of the orders of their certificates."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from ca.environments import Environment
from directory.models import Organization, Unit
from functioncerts.key_models import CertificateMail, KeyInMaking, KeyParcel, KeyPolicy, Sealing
from functioncerts.notice_models import (
    Answer,
    ExpiryNotice,
    Fate,
    NoticeAnswer,
    NoticeMail,
    Recipient,
)
from functioncerts.object_models import (
    ApprovalPolicy,
    Capacity,
    FunctionResponsible,
    FunctionTag,
)
from functioncerts.states import FunctionObjectState, FunctionOrderState
from functioncerts.token_models import ApiToken, TokenScope
from functioncerts.validation_models import (
    NameKind,
    NameValidation,
    ValidationMethod,
)

__all__ = [
    "Answer",
    "ApiToken",
    "ApprovalPolicy",
    "Capacity",
    "CertificateMail",
    "ExpiryNotice",
    "Fate",
    "FunctionKind",
    "FunctionObject",
    "FunctionOrder",
    "FunctionResponsible",
    "FunctionTag",
    "KeyInMaking",
    "KeyParcel",
    "KeyPolicy",
    "NameKind",
    "NameValidation",
    "NoticeAnswer",
    "NoticeMail",
    "Recipient",
    "Sealing",
    "TokenScope",
    "ValidationMethod",
]


_BEFORE_THE_CA = [
    FunctionOrderState.AWAITING_APPROVAL.value,
    FunctionOrderState.AWAITING_KEY.value,
    FunctionOrderState.DECLINED.value,
]


class FunctionKind(StrEnum):
    """What a function certificate identifies (FC-1)."""

    SERVER = "server"
    CLIENT = "client"
    EMAIL = "email"


class FunctionObject(models.Model):
    """A function in HSA: a server, a client or a mailbox of an organization."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hsa_id = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=8)
    name = models.CharField(max_length=120)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="function_objects")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="function_objects")
    environment = models.CharField(max_length=8, default=Environment.PROD.value)
    state = models.CharField(max_length=16)
    registered_at = models.DateTimeField()
    validated_at = models.DateTimeField(null=True)
    validated_by = models.CharField(max_length=64, blank=True)
    hsa_names = models.JSONField(default=list)
    mailbox = models.CharField(max_length=254, blank=True)
    mobile = models.CharField(max_length=20, blank=True)
    last_read_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [models.Index(fields=["organization", "hsa_id"], name="function_object_by_owner")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in FunctionKind]),
                name="function_object_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in FunctionObjectState]),
                name="function_object_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(environment__in=[one.value for one in Environment]),
                name="function_object_environment_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state=FunctionObjectState.VALIDATED.value)
                | Q(validated_at__isnull=False) & ~Q(validated_by=""),
                name="function_object_validated_has_when_and_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return self.hsa_id


class FunctionOrder(models.Model):
    """An order of one function certificate from a PKCS#10 request, of which only the key is used."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=24)
    function_object = models.ForeignKey(FunctionObject, on_delete=models.PROTECT, related_name="orders")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="function_orders")
    environment = models.CharField(max_length=8, default=Environment.PROD.value)
    names = models.JSONField()
    findings = models.JSONField()
    public_key_sha256 = models.CharField(max_length=64, blank=True)
    idempotency_key = models.CharField(max_length=128, null=True, unique=True)  # noqa: DJ001 - unique, so absent is NULL
    public_key = models.BinaryField(null=True)
    makes_key = models.BooleanField(default=False)
    """The key pair is made here and fetched as PKCS#12; until it is there the order has no public key."""
    certificate_request_id = models.CharField(max_length=36, blank=True)
    certificate_id = models.CharField(max_length=36, blank=True)
    ordered_at = models.DateTimeField()
    ordered_by = models.CharField(max_length=64)
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=64, blank=True)
    decline_reason = models.CharField(max_length=200, blank=True)
    receipt_version = models.CharField(max_length=16, blank=True)
    receipt_accepted_at = models.DateTimeField(null=True)
    receipt_accepted_by = models.CharField(max_length=64, blank=True)
    receipt_evidence_id = models.CharField(max_length=36, blank=True)
    delivered_at = models.DateTimeField(null=True)
    not_after = models.DateTimeField(null=True)
    failure = models.CharField(max_length=64, blank=True)
    revoked_at = models.DateTimeField(null=True)
    revocation_requested_at = models.DateTimeField(null=True)
    revocation_reason = models.CharField(max_length=32, blank=True)
    revoked_by = models.CharField(max_length=64, blank=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(
                fields=["organization", "-ordered_at", "-id"], name="function_order_by_organization"
            ),
            models.Index(
                fields=["ordered_at"],
                condition=Q(state=FunctionOrderState.ORDERED.value),
                name="function_order_undelivered",
            ),
            models.Index(
                fields=["not_after"],
                condition=Q(state=FunctionOrderState.DELIVERED.value),
                name="function_order_by_end",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in FunctionOrderState]),
                name="function_order_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(environment__in=[one.value for one in Environment]),
                name="function_order_environment_is_known",
            ),
            models.UniqueConstraint(
                fields=["certificate_request_id"],
                condition=~Q(certificate_request_id=""),
                name="a_certificate_request_is_of_one_function_order",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_BEFORE_THE_CA, certificate_request_id="")
                | Q(state=FunctionOrderState.FAILED.value, certificate_request_id="", makes_key=True)
                | ~Q(state__in=_BEFORE_THE_CA) & ~Q(certificate_request_id=""),
                name="function_order_asks_the_ca_iff_it_may",
            ),
            models.CheckConstraint(
                condition=~Q(state=FunctionOrderState.AWAITING_KEY.value) | Q(makes_key=True),
                name="function_order_waits_for_a_key_only_where_one_is_made",
            ),
            models.CheckConstraint(
                condition=~Q(decided_by=F("ordered_by")),
                name="function_order_is_not_decided_by_who_ordered",
            ),
            models.CheckConstraint(
                condition=Q(
                    receipt_version="",
                    receipt_accepted_at__isnull=True,
                    receipt_accepted_by="",
                )
                | ~Q(receipt_version="") & Q(receipt_accepted_at__isnull=False) & ~Q(receipt_accepted_by=""),
                name="function_order_receipt_has_text_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[FunctionOrderState.DELIVERED.value, FunctionOrderState.REVOKED.value])
                | Q(delivered_at__isnull=False) & ~Q(certificate_id=""),
                name="function_order_delivered_has_a_certificate",
            ),
            models.CheckConstraint(
                condition=Q(state=FunctionOrderState.FAILED.value) & ~Q(failure="")
                | ~Q(state=FunctionOrderState.FAILED.value) & Q(failure=""),
                name="function_order_failed_iff_why",
            ),
            models.CheckConstraint(
                condition=Q(
                    state=FunctionOrderState.REVOKED.value,
                    revoked_at__isnull=False,
                    revocation_requested_at__isnull=False,
                )
                & ~Q(revocation_reason="")
                & ~Q(revoked_by="")
                | ~Q(state=FunctionOrderState.REVOKED.value)
                & Q(
                    revoked_at__isnull=True,
                    revocation_requested_at__isnull=True,
                    revocation_reason="",
                    revoked_by="",
                ),
                name="function_order_revoked_iff_when_why_and_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | Q(revocation_requested_at__lte=F("revoked_at")),
                name="function_order_revocation_was_requested_before_it_was_done",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
