"""What is stored of a sealed receipt; the file lies encrypted beside the database."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import Q


class ReceiptKind(StrEnum):
    """What a receipt is of: a finished activation, new certificates on a card in use, or a blocked card."""

    ACTIVATION = "activation"
    RENEWAL = "renewal"
    BLOCK = "block"


class SealedReceipt(models.Model):
    """A receipt that somebody asked for, written from the rows and sealed by the worker, in one language.

    ``subject_id`` is the activation or the card. It is a copy: when its days are over it goes with its key,
    and can be asked for anew; so can one that the worker gave up, which ``failure`` names.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12)
    subject_id = models.CharField(max_length=36)
    card_id = models.CharField(max_length=36)
    organization_id = models.CharField(max_length=36)
    language = models.CharField(max_length=2)
    requested_at = models.DateTimeField()
    wrapped_key = models.BinaryField(default=b"", max_length=60)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    made_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "subject_id", "language"], name="one_sealed_receipt_in_a_language"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[one.value for one in ReceiptKind]), name="sealed_receipt_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(made_at__isnull=True, expires_at__isnull=True, wrapped_key=b"", sha256="")
                | Q(made_at__isnull=False, expires_at__isnull=False) & ~Q(wrapped_key=b"") & ~Q(sha256=""),
                name="sealed_receipt_made_iff_it_has_its_file",
            ),
            models.CheckConstraint(
                condition=Q(failed_at__isnull=True, failure="")
                | Q(failed_at__isnull=False, made_at__isnull=True) & ~Q(failure=""),
                name="sealed_receipt_failed_iff_why_and_not_made",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"

    @property
    def file_name(self) -> str:
        """Return the name of its file in the vault, which is another for each document."""
        return f"{self.pk}.{self.sha256[:16]}"
