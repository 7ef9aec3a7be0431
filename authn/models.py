"""Relying parties, orders, the evidence that outlives them, used nonces and request counts."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from authn.evidence import Flow, Purpose
from authn.hints import FailureHint
from authn.levels import LOA3
from authn.mtls.models import MtlsAttempt, MtlsEvidence
from authn.states import MOST_RETURN_CODE_TRIES, OrderState

__all__ = [
    "AuthnOrder",
    "Evidence",
    "MtlsAttempt",  # Django finds models from here
    "MtlsEvidence",
    "RelyingParty",
    "RequestCount",
    "UsedNonce",
]

_CLAIMED_OR_LATER = [
    OrderState.CLAIMED.value,
    OrderState.VERIFYING.value,
    OrderState.COMPLETE.value,
    OrderState.CONSUMED.value,
]


class RelyingParty(models.Model):
    """A service that may ask who a card holder is. Its name is shown from here, never from a request."""

    rp_id = models.CharField(max_length=64, unique=True)
    name_sv = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    return_origins = models.JSONField(default=list)
    flows = models.JSONField(default=list)
    purposes = models.JSONField(default=list)
    most_loa = models.CharField(max_length=64, default=LOA3)
    """The highest level of assurance that it may demand."""
    allows_mtls = models.BooleanField(default=False)
    """Whether it may let people log in by two-way TLS too, where this installation has it."""
    orders_per_minute = models.PositiveIntegerField(default=600)
    registered_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.rp_id

    def name_in(self, language: str) -> str:
        """Return the name that people are shown, sv or en."""
        return self.name_en if language == "en" else self.name_sv


class AuthnOrder(models.Model):
    """One request for one signature, from start to the one collection of its answer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    relying_party = models.ForeignKey(RelyingParty, on_delete=models.PROTECT, related_name="orders")
    state = models.CharField(max_length=16, default=OrderState.CREATED.value)
    state_since = models.DateTimeField()
    failure = models.CharField(max_length=32, blank=True)

    purpose = models.CharField(max_length=16)
    flow = models.CharField(max_length=16)
    rp_challenge = models.BinaryField(max_length=64)
    server_random = models.BinaryField(max_length=32)
    autostart_token_sha256 = models.CharField(max_length=64, unique=True)
    qr_token_sha256 = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001 - unique or none
    qr_secret = models.BinaryField(default=b"")
    return_proof = models.CharField(max_length=43)
    rp_name = models.CharField(max_length=80)
    return_url = models.CharField(max_length=500)
    rp_origin = models.CharField(max_length=300)
    visible_text = models.TextField()
    visible_language = models.CharField(max_length=8)
    non_visible = models.BinaryField(default=b"")
    wanted_loa = models.JSONField(default=list)
    wanted_carriers = models.JSONField(default=list)
    wanted_issuers = models.JSONField(default=list)
    wanted_subject_hashes = models.JSONField(default=list)
    end_user_address = models.CharField(max_length=45, blank=True)
    created_at = models.DateTimeField()

    return_code_tries = models.PositiveSmallIntegerField(default=0)

    claimed_at = models.DateTimeField(null=True)
    client_key_x = models.CharField(max_length=43, blank=True)
    client_key_y = models.CharField(max_length=43, blank=True)
    client_app = models.CharField(max_length=100, blank=True)
    client_address = models.CharField(max_length=45, blank=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in OrderState]),
                name="an_authn_order_is_in_a_known_state",
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=[purpose.value for purpose in Purpose])
                & Q(flow__in=[flow.value for flow in Flow]),
                name="an_authn_order_has_a_known_purpose_and_flow",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state=OrderState.FAILED.value, failure__in=[hint.value for hint in FailureHint])
                    | (~Q(state=OrderState.FAILED.value) & Q(failure=""))
                ),
                name="an_authn_order_failed_iff_it_says_why",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state=OrderState.CREATED.value, claimed_at__isnull=True, client_key_x="")
                    | (Q(state__in=_CLAIMED_OR_LATER, claimed_at__isnull=False) & ~Q(client_key_x=""))
                    | Q(state=OrderState.FAILED.value)
                ),
                name="an_authn_order_is_claimed_iff_a_client_key_says_so",
            ),
            models.CheckConstraint(
                condition=Q(return_code_tries__lte=MOST_RETURN_CODE_TRIES),
                name="a_return_code_is_tried_three_times_at_most",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="authn_order_by_time")]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"


class Evidence(models.Model):
    """A signature that passed every check, with all that is needed to verify it again years later.

    Append-only, by a trigger. The digest of each row is in the journal (`authn.evidence_stored`), whose
    Merkle tree chains it. `question` holds the signed values as the server knew them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.OneToOneField(AuthnOrder, on_delete=models.PROTECT, related_name="evidence")
    question = models.JSONField()
    tbs = models.BinaryField()
    algorithm = models.CharField(max_length=8)
    signature = models.BinaryField()
    user_challenge = models.CharField(max_length=43)
    server_spki = models.CharField(max_length=44)
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
                condition=~Q(loa="") & ~Q(certificate_sha256=""), name="evidence_names_certificate_and_loa"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class UsedNonce(models.Model):
    """The nonce ledger: SHA-256 over serverRandom and rpChallenge of every accepted signature."""

    digest = models.CharField(max_length=64, primary_key=True)
    order = models.ForeignKey(AuthnOrder, on_delete=models.PROTECT, related_name="+")
    used_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest


class RequestCount(models.Model):
    """How many requests of a kind came from one source in one minute."""

    source = models.CharField(max_length=120)
    minute = models.BigIntegerField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        """One row per source and minute."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "minute"], name="one_request_count_per_source_and_minute"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.count}"
