"""What is stored of a picture for a card: encrypted while it is needed, afterwards only that it was here."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from cards.pictures.kinds import PictureKind, PictureSource, PurgeReason


class CardPicture(models.Model):
    """A photo or signature as the factory gets it; without ``order`` it waits for an order to be placed.

    ``sealed`` is the picture (a photo as JPEG, a signature as PNG), encrypted under a key of its own, which
    ``wrapped_key`` holds (``cards.pictures.vault``). ``sha256``, ``octets``, ``width`` and ``height`` are of
    the picture itself. ``remarks`` are the observations that the administrator looked at and let pass.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12)
    source = models.CharField(max_length=8)
    person = models.ForeignKey("directory.Person", on_delete=models.PROTECT, related_name="card_pictures")
    organization = models.ForeignKey(
        "directory.Organization", on_delete=models.PROTECT, related_name="card_pictures"
    )
    hsa_id = models.CharField(max_length=32)
    order = models.ForeignKey("cards.CardOrder", on_delete=models.PROTECT, null=True, related_name="pictures")
    captured_at = models.DateTimeField()
    captured_by = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    octets = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    remarks = models.JSONField(default=list)
    sealed = models.BinaryField(null=True)
    wrapped_key = models.BinaryField(null=True)
    purged_at = models.DateTimeField(null=True)
    purge_reason = models.CharField(max_length=16, blank=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(
                fields=["captured_at"], condition=Q(purged_at__isnull=True), name="card_picture_kept"
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in PictureKind]),
                name="card_picture_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(source__in=[source.value for source in PictureSource]),
                name="card_picture_source_is_known",
            ),
            models.UniqueConstraint(
                fields=["order", "kind"],
                condition=Q(order__isnull=False),
                name="one_picture_of_a_kind_per_order",
            ),
            models.CheckConstraint(
                condition=Q(width__gt=0, height__gt=0, octets__gt=0),
                name="card_picture_has_a_size",
            ),
            models.CheckConstraint(
                condition=Q(
                    sealed__isnull=False, wrapped_key__isnull=False, purged_at__isnull=True, purge_reason=""
                )
                | Q(
                    sealed__isnull=True,
                    wrapped_key__isnull=True,
                    purged_at__isnull=False,
                    purge_reason__in=[reason.value for reason in PurgeReason],
                ),
                name="card_picture_is_here_iff_not_purged",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
