"""What is stored of notices: which step of a certificate or proof was told to whom, its fate, the answer."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import Q


class Recipient(StrEnum):
    """Why somebody gets a notice."""

    ORDERER = "orderer"
    RESPONSIBLE = "responsible"
    MAILBOX = "mailbox"
    DELEGATE = "delegate"
    MANAGER = "manager"
    SPECIALIST = "specialist"


class Fate(StrEnum):
    """What became of a mail; UNSURE is one whose sender died while it was handed over: never sent twice."""

    WAITING = "WAITING"
    SENDING = "SENDING"
    SENT = "SENT"
    REFUSED = "REFUSED"
    BOUNCED = "BOUNCED"
    UNSURE = "UNSURE"


class Answer(StrEnum):
    """What somebody said to the notices of a certificate."""

    TAKEN = "taken"
    DELEGATED = "delegated"
    LEFT = "left"


class ExpiryNotice(models.Model):
    """A step of a certificate's last time: ``days`` before its end, 0 after it; told once and never again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey("functioncerts.FunctionOrder", on_delete=models.PROTECT, related_name="notices")
    days = models.PositiveSmallIntegerField()
    not_after = models.DateTimeField()
    raised_at = models.DateTimeField()
    is_overtaken = models.BooleanField(default=False)
    is_escalated = models.BooleanField(default=False)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "days"], name="a_certificate_is_told_of_once_per_step"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.days}"


class NoticeMail(models.Model):
    """One mail to one address: of a notice, of a weekly digest, or of the proof of a name that runs out."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    notice = models.ForeignKey(ExpiryNotice, on_delete=models.PROTECT, null=True, related_name="mails")
    digest_week = models.CharField(max_length=8, blank=True)
    validation = models.ForeignKey(
        "functioncerts.NameValidation", on_delete=models.PROTECT, null=True, related_name="mails"
    )
    validation_step = models.DateTimeField(null=True)
    """The moment of the step of the proof's last time that it tells of."""
    recipient = models.CharField(max_length=16)
    hsa_id = models.CharField(max_length=32, blank=True)
    address = models.CharField(max_length=254)
    fate = models.CharField(max_length=8)
    tried_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    reply = models.CharField(max_length=200, blank=True)
    bounced_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(
                fields=["tried_at"],
                condition=Q(fate__in=[Fate.WAITING.value, Fate.SENDING.value]),
                name="notice_mail_unsent",
            ),
            models.Index(
                fields=["tried_at"],
                condition=Q(fate__in=[Fate.REFUSED.value, Fate.BOUNCED.value, Fate.UNSURE.value]),
                name="notice_mail_lost",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(fate__in=[one.value for one in Fate]), name="notice_mail_fate_is_known"
            ),
            models.CheckConstraint(
                condition=Q(recipient__in=[one.value for one in Recipient]),
                name="notice_mail_recipient_is_known",
            ),
            models.CheckConstraint(
                condition=Q(notice__isnull=False, digest_week="", validation__isnull=True)
                | Q(notice__isnull=True, validation__isnull=True) & ~Q(digest_week="")
                | Q(notice__isnull=True, digest_week="", validation__isnull=False),
                name="notice_mail_is_of_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(validation__isnull=True, validation_step__isnull=True)
                | Q(validation__isnull=False, validation_step__isnull=False),
                name="notice_mail_of_a_proof_has_its_step",
            ),
            models.UniqueConstraint(fields=["notice", "address"], name="an_address_gets_a_notice_once"),
            models.UniqueConstraint(
                fields=["validation", "validation_step", "address"],
                name="an_address_is_told_of_a_proof_once_per_step",
            ),
            models.UniqueConstraint(
                fields=["digest_week", "address"],
                condition=~Q(digest_week=""),
                name="an_address_gets_one_digest_a_week",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class NoticeAnswer(models.Model):
    """What somebody said to the notices of a certificate; the latest counts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey("functioncerts.FunctionOrder", on_delete=models.PROTECT, related_name="answers")
    answer = models.CharField(max_length=12)
    answered_at = models.DateTimeField()
    answered_by = models.CharField(max_length=64)
    delegated_to = models.CharField(max_length=32, blank=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [models.Index(fields=["order", "-answered_at"], name="notice_answer_by_order")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(answer__in=[one.value for one in Answer]), name="notice_answer_is_known"
            ),
            models.CheckConstraint(
                condition=Q(answer=Answer.DELEGATED.value) & ~Q(delegated_to="")
                | ~Q(answer=Answer.DELEGATED.value) & Q(delegated_to=""),
                name="notice_answer_delegated_iff_to_whom",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
