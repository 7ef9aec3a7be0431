"""What was asked for, and the serial numbers that were taken for it."""

import uuid

from django.db import models
from django.db.models import Q

from ca.environments import Environment
from ca.issuer_models import Issuer, environment_fits
from ca.states import RequestState, SerialState


class CertificateRequest(models.Model):
    """What was asked for. Exactly one certificate, or none, ever comes of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    issuer = models.ForeignKey(Issuer, on_delete=models.PROTECT, related_name="requests")
    environment = models.CharField(max_length=8, default=Environment.PROD.value)
    profile = models.CharField(max_length=40)
    subject = models.JSONField()
    public_key = models.BinaryField()
    not_after = models.DateTimeField(null=True)
    person_id = models.CharField(max_length=36, blank=True, default="")
    organization_id = models.CharField(max_length=36, blank=True, default="")
    carrier_kind = models.CharField(max_length=16)
    carrier_id = models.CharField(max_length=64, blank=True, default="")
    name = models.CharField(max_length=64, blank=True, default="")
    idempotency_key = models.CharField(max_length=128, unique=True)
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=16, default=RequestState.REQUESTED.value)
    failure = models.CharField(max_length=64, blank=True, default="")
    requested_at = models.DateTimeField()
    serial = models.ForeignKey(
        "SerialReservation", null=True, on_delete=models.PROTECT, related_name="current_requests"
    )
    leased_until = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.SmallIntegerField(null=True)
    certificate = models.OneToOneField(
        "Certificate", null=True, on_delete=models.PROTECT, related_name="fulfilled_request"
    )

    class Meta:
        """Constraints."""

        constraints = (
            models.CheckConstraint(
                name="request_goes_to_an_issuer_of_its_environment", condition=environment_fits("issuer_id")
            ),
            models.CheckConstraint(
                name="request_state_is_known",
                condition=Q(state__in=[state.value for state in RequestState]),
            ),
            models.CheckConstraint(
                name="request_issued_iff_it_has_a_certificate",
                condition=(Q(state=RequestState.ISSUED.value) & Q(certificate__isnull=False))
                | (~Q(state=RequestState.ISSUED.value) & Q(certificate__isnull=True)),
            ),
            models.CheckConstraint(
                name="request_failed_has_a_failure",
                condition=~Q(state=RequestState.FAILED.value) | ~Q(failure=""),
            ),
            models.CheckConstraint(
                name="request_signing_iff_leased_with_a_serial",
                condition=(
                    Q(state=RequestState.SIGNING.value)
                    & Q(leased_until__isnull=False)
                    & Q(serial__isnull=False)
                )
                | (~Q(state=RequestState.SIGNING.value) & Q(leased_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="request_withdrawn_iff_when_and_why",
                condition=(Q(withdrawn_at__isnull=True) & Q(withdrawn_reason__isnull=True))
                | (Q(withdrawn_at__isnull=False) & Q(withdrawn_reason__isnull=False)),
            ),
        )
        indexes = (
            models.Index(
                name="ca_requests_to_work_on",
                fields=["requested_at"],
                condition=Q(state__in=[RequestState.REQUESTED.value, RequestState.SIGNING.value]),
            ),
            models.Index(name="ca_requests_of_a_carrier", fields=["carrier_kind", "carrier_id"]),
        )

    def __str__(self) -> str:
        return f"{self.profile} {self.state}"


class SerialReservation(models.Model):
    """One serial number of one issuer, from the moment before anything is signed with it."""

    id = models.BigAutoField(primary_key=True)
    issuer = models.ForeignKey(Issuer, on_delete=models.PROTECT, related_name="serials")
    serial_hex = models.CharField(max_length=40)
    request = models.ForeignKey(
        CertificateRequest, null=True, on_delete=models.PROTECT, related_name="serials"
    )
    state = models.CharField(max_length=16, default=SerialState.RESERVED.value)
    reserved_at = models.DateTimeField()
    intended_at = models.DateTimeField(null=True)
    tbs_der = models.BinaryField(default=b"")
    tbs_sha256 = models.CharField(max_length=64, blank=True, default="")
    not_after = models.DateTimeField(null=True)
    burnt_at = models.DateTimeField(null=True)
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
            models.UniqueConstraint(name="serial_reserved_once_per_issuer", fields=["issuer", "serial_hex"]),
            models.CheckConstraint(
                name="serial_state_is_known", condition=Q(state__in=[state.value for state in SerialState])
            ),
            models.CheckConstraint(
                name="serial_intended_has_bytes_and_a_time",
                condition=~Q(state__in=[SerialState.INTENDED.value, SerialState.USED.value])
                | (Q(intended_at__isnull=False) & ~Q(tbs_sha256="") & Q(not_after__isnull=False)),
            ),
            models.CheckConstraint(
                name="serial_burnt_iff_it_has_a_time",
                condition=(Q(state=SerialState.BURNT.value) & Q(burnt_at__isnull=False))
                | (~Q(state=SerialState.BURNT.value) & Q(burnt_at__isnull=True)),
            ),
        )
        indexes = (
            models.Index(
                name="ca_serials_burnt", fields=["issuer"], condition=Q(state=SerialState.BURNT.value)
            ),
        )

    def __str__(self) -> str:
        return f"{self.issuer_id} {self.serial_hex} {self.state}"
