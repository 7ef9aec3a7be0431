"""What is stored of the old portal's reports: read only, until the day on which they are closed (REP-4)."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q


class OldReport(models.Model):
    """A file that the old portal made, as it was; encrypted beside the database as new ones are.

    ``names_protected`` is whether it may name people with protected data: nobody looked inside.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    made_on = models.DateField()
    organization_id = models.CharField(max_length=36)
    names_protected = models.BooleanField()
    original_name = models.CharField(max_length=120)
    octets = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    wrapped_key = models.BinaryField(default=b"", max_length=60)
    imported_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization_id", "sha256"], name="an_old_report_is_kept_once_for_an_organization"
            ),
            models.CheckConstraint(
                condition=Q(deleted_at__isnull=True) & ~Q(wrapped_key=b"")
                | Q(deleted_at__isnull=False, wrapped_key=b""),
                name="an_old_report_deleted_iff_its_key_is",
            ),
        ]

    def __str__(self) -> str:
        return self.name
