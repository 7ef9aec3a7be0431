"""Issuers, requests, serial numbers, certificates and CRLs: the database is the last guard of their rules."""

import uuid

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Left
from django.db.models.lookups import Exact

from ca.ceremony.models import CeremonyPlan  # noqa: F401 - Django finds models from here
from ca.environments import QA_KEY_PREFIX, Environment
from ca.mass_models import MassRevocation, MassRevocationMember  # noqa: F401 - Django finds models from here
from ca.states import RequestState, SerialState


def _environment_fits(key: str) -> Q:
    """Return the rule that a row is of the environment that the issuer's key in one of its columns says."""
    is_qa = Q(Exact(Left(F(key), Value(len(QA_KEY_PREFIX))), Value(QA_KEY_PREFIX)))
    return (Q(environment=Environment.QA.value) & is_qa) | (Q(environment=Environment.PROD.value) & ~is_qa)


class Issuer(models.Model):
    """A CA of the hierarchy. Planned when its key is made, certified when it has its certificate."""

    key = models.CharField(primary_key=True, max_length=40)
    environment = models.CharField(max_length=8, default=Environment.PROD.value)
    hierarchy = models.CharField(max_length=40)
    hierarchy_sha256 = models.CharField(max_length=64)
    common_name = models.CharField(max_length=64)
    file_stem = models.CharField(max_length=64, unique=True)
    public_key = models.BinaryField()
    certificate_der = models.BinaryField(default=b"")
    planned_at = models.DateTimeField()
    certified_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    """From then on nothing new is asked of it; its CRLs and OCSP answers go on."""
    revoked_at = models.DateTimeField(null=True)
    revocation_reason = models.SmallIntegerField(null=True)

    class Meta:
        """Constraints."""

        constraints = (
            models.CheckConstraint(
                name="issuer_key_is_of_its_environment", condition=_environment_fits("key")
            ),
            models.CheckConstraint(
                name="issuer_retired_was_certified",
                condition=Q(retired_at__isnull=True) | Q(certified_at__isnull=False),
            ),
            models.CheckConstraint(
                name="issuer_revoked_iff_when_and_why_and_retired",
                condition=(Q(revoked_at__isnull=True) & Q(revocation_reason__isnull=True))
                | (
                    Q(revoked_at__isnull=False)
                    & Q(revocation_reason__isnull=False)
                    & Q(retired_at__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="issuer_certified_iff_it_has_a_certificate",
                condition=(Q(certified_at__isnull=True) & Q(certificate_der=b""))
                | (Q(certified_at__isnull=False) & ~Q(certificate_der=b"")),
            ),
        )

    def __str__(self) -> str:
        return self.common_name


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
                name="request_goes_to_an_issuer_of_its_environment", condition=_environment_fits("issuer_id")
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
                condition=_environment_fits("issuer_id"),
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
                name="certificate_ends_after_it_begins", condition=Q(not_after__gt=models.F("not_before"))
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


class Crl(models.Model):
    """One certificate revocation list. Its number is taken before it is signed and never comes back."""

    id = models.BigAutoField(primary_key=True)
    issuer = models.ForeignKey(Issuer, on_delete=models.PROTECT, related_name="crls")
    shard = models.IntegerField(default=-1)
    """-1: the one list that holds everything."""
    crl_number = models.BigIntegerField()
    """One sequence for the whole list and its deltas, one for each shard (RFC 5280 section 5.2.3)."""
    base_crl_number = models.BigIntegerField(null=True)
    """The list that a delta builds on; None: a full list."""
    follows = models.BigIntegerField(null=True)
    """The newest signed number of the sequence when the entries were read; 0: there was none."""
    reserved_at = models.DateTimeField()
    tbs_sha256 = models.CharField(max_length=64, blank=True, default="")
    this_update = models.DateTimeField(null=True)
    next_update = models.DateTimeField(null=True)
    entry_count = models.IntegerField(default=0)
    crl_der = models.BinaryField(default=b"")
    """Emptied when a newer list is published; the digest stays."""
    sha256 = models.CharField(max_length=64, blank=True, default="")
    signed_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        """Constraints."""

        constraints = (
            models.UniqueConstraint(name="crl_number_taken_once", fields=["issuer", "shard", "crl_number"]),
            # Of two workers that read the entries at once, one records its list; the other reads again.
            models.UniqueConstraint(name="crl_follows_one_list", fields=["issuer", "shard", "follows"]),
            models.CheckConstraint(
                name="crl_follows_a_smaller_number",
                condition=Q(follows__isnull=True) | Q(follows__gte=0, follows__lt=models.F("crl_number")),
            ),
            models.CheckConstraint(
                name="crl_delta_builds_on_a_smaller_number",
                condition=Q(base_crl_number__isnull=True)
                | Q(base_crl_number__gte=0, base_crl_number__lt=models.F("crl_number")),
            ),
            models.CheckConstraint(
                name="crl_signed_iff_digest_and_times",
                condition=(Q(signed_at__isnull=True) & Q(sha256=""))
                | (
                    Q(signed_at__isnull=False)
                    & ~Q(sha256="")
                    & Q(this_update__isnull=False)
                    & Q(next_update__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="crl_published_was_signed",
                condition=Q(published_at__isnull=True) | Q(signed_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.issuer_id} CRL {self.crl_number}"


class SignatureAllowance(models.Model):
    """Signatures of a key that have no row here and are accepted: a restored backup, or a cause found."""

    id = models.BigAutoField(primary_key=True)
    label = models.CharField(max_length=64, db_index=True)
    signatures = models.BigIntegerField()
    reason = models.CharField(max_length=64)
    noted_at = models.DateTimeField()

    class Meta:
        """Constraints."""

        constraints = (
            models.CheckConstraint(name="signature_allowance_is_of_some", condition=Q(signatures__gt=0)),
        )

    def __str__(self) -> str:
        return f"{self.label} {self.signatures}"
