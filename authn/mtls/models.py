"""Attempts to log in by two-way TLS, and what was checked of the certificate that was shown."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from authn.hints import FailureHint
from authn.mtls.states import MOST_TRIES, AttemptState


class MtlsAttempt(models.Model):
    """One request of a relying party that somebody show a certificate, from start to the one redemption.

    `tx` is the browser's word for it, `code` what the browser brings back; of both only SHA-256 is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    relying_party = models.ForeignKey(
        "authn.RelyingParty", on_delete=models.PROTECT, related_name="mtls_attempts"
    )
    state = models.CharField(max_length=16, default=AttemptState.OPEN.value)
    state_since = models.DateTimeField()
    failure = models.CharField(max_length=32, blank=True)

    tx_sha256 = models.CharField(max_length=64, unique=True)
    code_sha256 = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001 - unique or none
    return_url = models.CharField(max_length=500)
    language = models.CharField(max_length=8)
    wanted_loa = models.JSONField(default=list)
    wanted_carriers = models.JSONField(default=list)
    wanted_issuers = models.JSONField(default=list)
    wanted_subject_hashes = models.JSONField(default=list)
    end_user_address = models.CharField(max_length=45, blank=True)
    created_at = models.DateTimeField()

    tries = models.PositiveSmallIntegerField(default=0)
    refusal = models.CharField(max_length=32, blank=True)
    """The hint of the last certificate that was refused; empty before one was."""
    refused_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(
                    Q(state=AttemptState.OPEN.value, failure="", code_sha256__isnull=True)
                    | Q(
                        state__in=[AttemptState.PROVED.value, AttemptState.REDEEMED.value],
                        failure="",
                        code_sha256__isnull=False,
                    )
                    | Q(
                        state=AttemptState.FAILED.value,
                        failure__in=[hint.value for hint in FailureHint],
                    )
                ),
                name="an_mtls_attempt_has_a_code_iff_proved_and_a_reason_iff_failed",
            ),
            models.CheckConstraint(
                condition=Q(tries__lte=MOST_TRIES)
                & (Q(refusal="") | Q(refusal__in=[hint.value for hint in FailureHint])),
                name="an_mtls_attempt_is_tried_so_often_and_refused_in_known_words",
            ),
        ]
        # What periodic jobs still look at, however many there have been.
        indexes: ClassVar = [
            models.Index(fields=["state_since"], condition=~Q(return_url=""), name="mtls_attempt_not_reduced")
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"


class MtlsEvidence(models.Model):
    """A certificate whose key nginx saw in a TLS handshake, and the status answers by which it stood.

    Append-only, by a trigger; the digest of each row is in the journal (`authn.mtls_evidence_stored`). The
    handshake itself is not kept: who was there is nginx's word, what the certificate was worth is proved.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.OneToOneField(MtlsAttempt, on_delete=models.PROTECT, related_name="evidence")
    slot = models.PositiveSmallIntegerField()
    """The number of the name that it was shown to."""
    certificate_der = models.BinaryField()
    certificate_sha256 = models.CharField(max_length=64, db_index=True)
    chain_der = models.JSONField()
    ocsp_der = models.BinaryField()
    crls_der = models.JSONField()
    policy_oids = models.JSONField()
    loa = models.CharField(max_length=80)
    carrier = models.CharField(max_length=16)
    card_number = models.CharField(max_length=19, blank=True)
    checked_at = models.DateTimeField()

    class Meta:
        """Evidence says something."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(loa="") & ~Q(certificate_sha256=""),
                name="mtls_evidence_names_certificate_and_loa",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
