"""Requests to block a card or one certificate, kept as evidence for ten years (POR-15)."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from cards.reasons import BlockReason


class BlockRequest(models.Model):
    """Who received which request and when, and when it was registered here.

    ``certificate_id`` is empty when the whole card was to be blocked, ``card`` when the certificate has no
    card that is known (POR-7). ``received_by`` and ``received_by_id`` are an ID administrator's name and
    HSA-id or personal number as the paper says them; both are empty for a request at the desk, which
    ``registered_by`` received. ``holder_as_written`` is what the paper says of the holder.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey("directory.Person", on_delete=models.PROTECT, related_name="block_requests")
    organization = models.ForeignKey(
        "directory.Organization", on_delete=models.PROTECT, related_name="block_requests"
    )
    card = models.ForeignKey("cards.Card", on_delete=models.PROTECT, null=True, related_name="block_requests")
    certificate_id = models.CharField(max_length=36, blank=True)
    reason = models.CharField(max_length=32)
    note = models.CharField(max_length=500, blank=True)
    holder_as_written = models.CharField(max_length=200, blank=True)
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=120, blank=True)
    received_by_id = models.CharField(max_length=40, blank=True)
    registered_at = models.DateTimeField()
    registered_by = models.CharField(max_length=64)
    had_effect = models.BooleanField()

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [models.Index(fields=["registered_at"], name="block_request_by_time")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "certificate_id", "card", "received_at"],
                name="a_block_request_is_registered_once",
            ),
            models.CheckConstraint(
                condition=Q(card__isnull=False) | ~Q(certificate_id=""),
                name="a_block_request_names_a_card_or_a_certificate",
            ),
            models.CheckConstraint(
                condition=Q(reason__in=[reason.value for reason in BlockReason]),
                name="a_block_request_has_a_known_reason",
            ),
            models.CheckConstraint(
                condition=Q(received_at__lte=F("registered_at")) & ~Q(registered_by=""),
                name="a_block_request_was_received_before_somebody_registered_it",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
