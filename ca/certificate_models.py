"""Certificates with their one status, and keys that are never certified again."""

import uuid

from django.db import models
from django.db.models import F, Q

from ca.environments import Environment
from ca.issuer_models import Issuer, environment_fits
from ca.request_models import CertificateRequest


class Certificate(models.Model):
    """A certificate that was signed and recorded. Nothing in it changes but its status, and that once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    issuer = models.ForeignKey(Issuer, on_delete=models.PROTECT, related_name="certificates")
    environment = models.CharField(max_length=8, default=Environment.PROD.value)
    request = models.OneToOneField(
        CertificateRequest, on_delete=models.PROTECT, related_name="issued_certificate"
    )
    serial_hex = models.CharField(max_length=40)
    certificate_der = models.BinaryField()
    sha256 = models.CharField(max_length=64, unique=True)
    public_key_sha256 = models.CharField(max_length=64, db_index=True)
    profile = models.CharField(max_length=40)
    profile_sha256 = models.CharField(max_length=64)
    subject_text = models.CharField(max_length=512)
    person_id = models.CharField(max_length=36, blank=True, default="", db_index=True)
    organization_id = models.CharField(max_length=36, blank=True, default="", db_index=True)
    carrier_kind = models.CharField(max_length=16)
    carrier_id = models.CharField(max_length=64, blank=True, default="")
    name = models.CharField(max_length=64, blank=True, default="")
    not_before = models.DateTimeField()
    not_after = models.DateTimeField(db_index=True)
    issued_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revocation_reason = models.SmallIntegerField(null=True)
    revocation_requested_at = models.DateTimeField(null=True)
    invalidity_at = models.DateTimeField(null=True)
    crl_entry_der = models.BinaryField(default=b"")
    crl_shard = models.SmallIntegerField(default=-1, db_default=-1)
    """The shard whose address the certificate carries; -1: that of the whole list."""
    crl_listed_at = models.DateTimeField(null=True)
    """When the whole list took it up first, and below in which list: later deltas build on that."""
    crl_listed_number = models.BigIntegerField(null=True)
    delta_listed_at = models.DateTimeField(null=True)
    shard_listed_at = models.DateTimeField(null=True)

    class Meta:
        """Constraints."""

        constraints = (
            models.UniqueConstraint(
                name="certificate_serial_used_once_per_issuer", fields=["issuer", "serial_hex"]
            ),
            models.CheckConstraint(
                name="certificate_comes_from_an_issuer_of_its_environment",
                condition=environment_fits("issuer_id"),
            ),
            models.CheckConstraint(
                name="certificate_revoked_iff_when_why_and_asked_when",
                condition=(
                    Q(revoked_at__isnull=True)
                    & Q(revocation_reason__isnull=True)
                    & Q(revocation_requested_at__isnull=True)
                    & Q(invalidity_at__isnull=True)
                    & Q(crl_entry_der=b"")
                    & Q(crl_listed_at__isnull=True)
                )
                | (
                    Q(revoked_at__isnull=False)
                    & Q(revocation_reason__isnull=False)
                    & Q(revocation_requested_at__isnull=False)
                    & ~Q(crl_entry_der=b"")
                ),
            ),
            models.CheckConstraint(
                name="certificate_revocation_reason_is_one_we_record",
                condition=Q(revocation_reason__isnull=True) | Q(revocation_reason__in=[0, 1, 2, 3, 4, 5, 9]),
            ),
            models.CheckConstraint(
                name="certificate_ends_after_it_begins", condition=Q(not_after__gt=F("not_before"))
            ),
        )
        indexes = (
            models.Index(name="ca_certificates_on_a_carrier", fields=["carrier_kind", "carrier_id"]),
            models.Index(
                name="ca_certificates_revoked",
                fields=["issuer", "not_after"],
                condition=Q(revoked_at__isnull=False),
            ),
            models.Index(
                name="ca_certificates_to_list",
                fields=["issuer"],
                condition=Q(revoked_at__isnull=False) & Q(crl_listed_at__isnull=True),
            ),
            models.Index(
                name="ca_certificates_to_shard",
                fields=["issuer", "crl_shard"],
                condition=Q(revoked_at__isnull=False) & Q(crl_shard__gte=0) & Q(shard_listed_at__isnull=True),
            ),
            models.Index(
                name="ca_certificates_since_a_list",
                fields=["issuer", "crl_listed_number"],
                condition=Q(crl_listed_number__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.subject_text


class BlockedKey(models.Model):
    """The digest of a public key that will never be certified again."""

    public_key_sha256 = models.CharField(primary_key=True, max_length=64)
    reason = models.CharField(max_length=64)
    blocked_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.public_key_sha256
