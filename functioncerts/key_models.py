"""What is stored of keys made here (PKCS#12, where policy allows it) and of certificates sent by mail."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from directory.models import Organization
from functioncerts.notice_models import Fate


class KeyPolicy(models.Model):
    """Keys may be made here for one kind of function of an organization, once two people said so.

    Without a row, or while the second has not approved, they may not (domain.md 7.3).
    """

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8)
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=64)
    approved_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=64, blank=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "kind"], name="one_key_policy_per_organization_and_kind"
            ),
            models.CheckConstraint(
                condition=~Q(approved_by=F("set_by")), name="key_policy_is_approved_by_another_person"
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True, approved_by="")
                | Q(approved_at__isnull=False) & ~Q(approved_by=""),
                name="key_policy_approved_has_when_and_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization_id} {self.kind}"


class KeyParcel(models.Model):
    """A private key that only its receiver can open, until it is fetched or has waited too long.

    ``shrouded_key`` is encrypted by a password that went to a mobile and is kept nowhere; ``mac_key`` is
    derived from it and completes the PKCS#12 file when the certificate is there. Both are gone once wiped.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.OneToOneField(
        "functioncerts.FunctionOrder", on_delete=models.PROTECT, related_name="key_parcel"
    )
    shrouded_key = models.BinaryField(default=b"")
    mac_key = models.BinaryField(default=b"")
    mac_salt = models.BinaryField(default=b"")
    mac_iterations = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    message_id = models.CharField(max_length=65, blank=True)
    """What the SMS centre calls the message with the password."""
    fetched_at = models.DateTimeField(null=True)
    fetched_by = models.CharField(max_length=64, blank=True)
    wiped_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(wiped_at__isnull=False, shrouded_key=b"", mac_key=b"")
                | Q(wiped_at__isnull=True) & ~Q(shrouded_key=b"") & ~Q(mac_key=b""),
                name="key_parcel_is_empty_iff_wiped",
            ),
            models.CheckConstraint(
                condition=Q(fetched_at__isnull=True, fetched_by="")
                | Q(fetched_at__isnull=False, wiped_at__isnull=False) & ~Q(fetched_by=""),
                name="key_parcel_fetched_is_wiped_and_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class KeyInMaking(models.Model):
    """A locked key whose password is on its way: in nobody's hand twice, and gone when its order goes on.

    Whoever moves ``free_at`` on holds it until then. The password is kept, encrypted, only until the SMS
    centre has taken it, so that whoever takes over sends the same one again and never a second.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.OneToOneField(
        "functioncerts.FunctionOrder", on_delete=models.PROTECT, related_name="key_in_making"
    )
    public_key = models.BinaryField()
    shrouded_key = models.BinaryField()
    mac_key = models.BinaryField()
    mac_salt = models.BinaryField()
    mac_iterations = models.PositiveIntegerField()
    sealed_password = models.BinaryField(default=b"")
    """Empty once the password has been sent."""
    message_id = models.CharField(max_length=65, blank=True)
    made_at = models.DateTimeField()
    free_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.id)


class Sealing(StrEnum):
    """How a mailed certificate is encrypted (RFC 5652)."""

    CERTIFICATE = "certificate"
    """To keys of the receiver: the mailbox's own certificate, or the RSA key that was certified."""
    PASSWORD = "password"  # noqa: S105 - the name of a way, no password
    """By a password that goes to the function's mobile."""


class CertificateMail(models.Model):
    """A certificate that is sent by mail, encrypted, and what became of it (FC-5)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(
        "functioncerts.FunctionOrder", on_delete=models.PROTECT, related_name="certificate_mails"
    )
    address = models.CharField(max_length=254)
    sealing = models.CharField(max_length=16)
    fate = models.CharField(max_length=16)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=64)
    tried_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    sealed_password = models.BinaryField(default=b"")
    """The password of what is sent, encrypted, until the mail's fate is known: a next try sends no other."""
    password_sent_at = models.DateTimeField(null=True)
    handed_over_at = models.DateTimeField(null=True)
    """When the last try began to hand the mail over: before that, nothing has left us."""
    reply = models.CharField(max_length=200, blank=True)
    bounced_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(fate__in=[one.value for one in Fate]), name="certificate_mail_fate_is_known"
            ),
            models.UniqueConstraint(
                fields=["order", "address"],
                condition=Q(fate__in=[Fate.WAITING.value, Fate.SENDING.value]),
                name="one_certificate_mail_to_an_address_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(sealed_password=b"") | Q(fate__in=[Fate.WAITING.value, Fate.SENDING.value]),
                name="certificate_mail_forgets_its_password",
            ),
            models.CheckConstraint(
                condition=Q(sealing__in=[one.value for one in Sealing]),
                name="certificate_mail_sealing_is_known",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
