"""What the probe saw: revocations on their way, the state of each service, and the test certificates."""

import uuid

from django.db import models
from django.db.models import Q

from ocsp.states import LandingState, SightingState, Source


class Landing(models.Model):
    """One revocation on its way to everybody who asks."""

    certificate = models.OneToOneField(
        "ca.Certificate", primary_key=True, on_delete=models.PROTECT, related_name="landing"
    )
    state = models.CharField(max_length=8, default=LandingState.OPEN.value)
    revoked_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    late_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """Constraints."""

        constraints = (
            models.CheckConstraint(
                name="landing_state_is_known",
                condition=Q(state__in=[state.value for state in LandingState]),
            ),
            models.CheckConstraint(
                name="landing_ended_iff_closed_or_lapsed",
                condition=(
                    Q(state__in=[LandingState.CLOSED.value, LandingState.LAPSED.value])
                    & Q(ended_at__isnull=False)
                )
                | (
                    Q(state__in=[LandingState.OPEN.value, LandingState.LATE.value]) & Q(ended_at__isnull=True)
                ),
            ),
            models.CheckConstraint(
                name="landing_late_says_since_when",
                condition=~Q(state=LandingState.LATE.value) | Q(late_at__isnull=False),
            ),
        )
        indexes = (
            models.Index(
                name="ocsp_landings_under_way",
                fields=["revoked_at"],
                condition=Q(state__in=[LandingState.OPEN.value, LandingState.LATE.value]),
            ),
        )

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.state}"


class Sighting(models.Model):
    """``revoked`` on one source of one node: awaited, or seen and when."""

    id = models.BigAutoField(primary_key=True)
    landing = models.ForeignKey(Landing, on_delete=models.PROTECT, related_name="sightings")
    source = models.CharField(max_length=12)
    node = models.CharField(max_length=200)
    state = models.CharField(max_length=8, default=SightingState.AWAITED.value)
    asked_at = models.DateTimeField(null=True)
    said = models.CharField(max_length=200, blank=True, default="")
    """What came of the last question: ``good``, ``not listed``, a fault."""
    seen_at = models.DateTimeField(null=True)
    crl_number = models.BigIntegerField(null=True)
    """The list on which it was seen."""

    class Meta:
        """Constraints."""

        constraints = (
            models.UniqueConstraint(
                name="sighting_once_per_source_and_node", fields=["landing", "source", "node"]
            ),
            models.CheckConstraint(
                name="sighting_source_is_known", condition=Q(source__in=[one.value for one in Source])
            ),
            models.CheckConstraint(
                name="sighting_seen_iff_when",
                condition=(Q(state=SightingState.SEEN.value) & Q(seen_at__isnull=False))
                | (Q(state=SightingState.AWAITED.value) & Q(seen_at__isnull=True)),
            ),
        )
        indexes = (
            models.Index(
                name="ocsp_sightings_awaited",
                fields=["asked_at"],
                condition=Q(state=SightingState.AWAITED.value),
            ),
        )

    def __str__(self) -> str:
        return f"{self.landing_id} {self.source} {self.node} {self.state}"


class Measurement(models.Model):
    """What the probe last saw of one service of one issuer on one node."""

    id = models.BigAutoField(primary_key=True)
    node = models.CharField(max_length=200)
    issuer_key = models.CharField(max_length=40)
    service = models.CharField(max_length=12)
    """A ``Source``, or ``aia``."""
    asked_at = models.DateTimeField()
    outcome = models.CharField(max_length=200, blank=True, default="")
    fault = models.CharField(max_length=200, blank=True, default="")
    faulty_since = models.DateTimeField(null=True)
    milliseconds = models.FloatField(default=0)
    this_update = models.DateTimeField(null=True)
    """Of the oldest answer in the sample."""
    next_update = models.DateTimeField(null=True)
    """The nearest in the sample."""
    crl_number = models.BigIntegerField(null=True)
    octets = models.BigIntegerField(default=0)
    url = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        """Constraints."""

        constraints = (
            models.UniqueConstraint(
                name="measured_once_per_service_issuer_and_node", fields=["node", "issuer_key", "service"]
            ),
            models.CheckConstraint(
                name="measurement_faulty_iff_since_when",
                condition=(Q(fault="") & Q(faulty_since__isnull=True))
                | (~Q(fault="") & Q(faulty_since__isnull=False)),
            ),
        )

    def __str__(self) -> str:
        return f"{self.service} {self.issuer_key} {self.node}"


class LatencySample(models.Model):
    """How fast one service of one node answered in one round of the probe; kept for two days."""

    id = models.BigAutoField(primary_key=True)
    node = models.CharField(max_length=200)
    service = models.CharField(max_length=12)
    asked_at = models.DateTimeField(db_index=True)
    questions = models.IntegerField()
    faults = models.IntegerField()
    median_ms = models.FloatField()
    worst_ms = models.FloatField()

    def __str__(self) -> str:
        return f"{self.service} {self.asked_at:%H:%M}"


class Specimen(models.Model):
    """A test certificate in a known state, for those who build relying services."""

    id = models.BigAutoField(primary_key=True)
    state = models.CharField(max_length=16, unique=True)
    issuer_key = models.CharField(max_length=40)
    """The issuer of ours with which the certificate is asked about."""
    request = models.ForeignKey(
        "ca.CertificateRequest", null=True, on_delete=models.PROTECT, related_name="specimens"
    )
    """What was asked of the CA; none for what no issuer of ours ever signed."""
    certificate_der = models.BinaryField(default=b"")
    own_issuer_der = models.BinaryField(default=b"")
    """The issuer of a certificate that is none of ours."""
    made_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    """When the certificate was in its state."""

    class Meta:
        """Constraints."""

        constraints = (
            models.CheckConstraint(
                name="specimen_ready_has_a_certificate",
                condition=Q(ready_at__isnull=True) | ~Q(certificate_der=b""),
            ),
        )

    def __str__(self) -> str:
        return self.state


class LandingReceipt(models.Model):
    """A sealed document that says when the revocations of a card were seen, and where."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    carrier_kind = models.CharField(max_length=16)
    carrier_id = models.CharField(max_length=64)
    language = models.CharField(max_length=8)
    requested_at = models.DateTimeField()
    pdf = models.BinaryField(default=b"")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    made_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        """Constraints."""

        constraints = (
            models.UniqueConstraint(
                name="one_landing_receipt_per_carrier_and_language",
                fields=["carrier_kind", "carrier_id", "language"],
            ),
            models.CheckConstraint(
                name="landing_receipt_made_iff_it_has_a_document",
                condition=(Q(made_at__isnull=True) & Q(pdf=b"") & Q(sha256=""))
                | (Q(made_at__isnull=False) & ~Q(pdf=b"") & ~Q(sha256="")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.carrier_kind} {self.carrier_id}"
