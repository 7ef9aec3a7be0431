"""What is stored of ACME: external account keys, accounts, orders, authorizations, challenges, nonces."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from directory.models import Organization
from functioncerts.acme.states import AccountState, AuthorizationState, ChallengeState, OrderState
from functioncerts.models import FunctionObject


class ExternalAccountKey(models.Model):
    """Lets programs open accounts for one function object (RFC 8555 section 7.3.4).

    The HMAC key itself is not stored: it is derived from this row's id and the installation's secret.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    function_object = models.ForeignKey(
        FunctionObject, on_delete=models.PROTECT, related_name="external_account_keys"
    )
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    """Until when new accounts may be opened with it; those that are open go on."""
    approved_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=64, blank=True)
    """Where the organization wants two people, the second is asked once: for the key, not each renewal."""
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=64, blank=True)
    receipt_version = models.CharField(max_length=16, blank=True)
    """The receipt (FC-4) that whoever made the key accepted for all that its accounts order."""
    receipt_evidence_id = models.CharField(max_length=36, blank=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True, approved_by="")
                | Q(approved_at__isnull=False) & ~Q(approved_by=""),
                name="acme_external_key_approved_iff_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=~Q(approved_by=F("created_by")),
                name="acme_external_key_is_not_approved_by_who_made_it",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")),
                name="acme_external_key_expires_after_it_was_made",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by="")
                | Q(revoked_at__isnull=False) & ~Q(revoked_by=""),
                name="acme_external_key_revoked_iff_when_and_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Account(models.Model):
    """A public key that may order for one function object."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=16)
    external_key = models.ForeignKey(ExternalAccountKey, on_delete=models.PROTECT, related_name="accounts")
    function_object = models.ForeignKey(
        FunctionObject, on_delete=models.PROTECT, related_name="acme_accounts"
    )
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    jwk = models.JSONField()
    thumbprint = models.CharField(max_length=43, unique=True)
    """base64url(SHA-256) of the key (RFC 7638): one account for each key, for ever."""
    contact = models.JSONField(default=list)
    binding = models.JSONField()
    """The externalAccountBinding as it was sent: what shows that the holder of the key asked for it."""
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [models.Index(fields=["external_key", "created_at"], name="acme_accounts_of_key")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[one.value for one in AccountState]),
                name="acme_account_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state=AccountState.VALID.value, ended_at__isnull=True)
                | ~Q(state=AccountState.VALID.value) & Q(ended_at__isnull=False),
                name="acme_account_ended_iff_when",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Authorization(models.Model):
    """That an account controls a name: asked for, shown or refused."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="authorizations")
    name = models.CharField(max_length=253)
    state = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(fields=["account", "name", "-created_at"], name="acme_authorizations_of_a_name")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[one.value for one in AuthorizationState]),
                name="acme_authorization_state_is_known",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Challenge(models.Model):
    """One way to show that an account controls a name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    authorization = models.ForeignKey(Authorization, on_delete=models.PROTECT, related_name="challenges")
    kind = models.CharField(max_length=16)
    token = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=16)
    answered_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    """When a worker may look (again); moved ahead by the one that looks, so that two do not."""
    validated_at = models.DateTimeField(null=True)
    error = models.JSONField(null=True)
    """The problem document of the last attempt that failed."""

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(state=ChallengeState.PROCESSING.value),
                name="acme_challenges_to_look_at",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["authorization", "kind"], name="acme_one_challenge_of_a_kind_per_authorization"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[one.value for one in ChallengeState]),
                name="acme_challenge_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state=ChallengeState.VALID.value, validated_at__isnull=False)
                | ~Q(state=ChallengeState.VALID.value) & Q(validated_at__isnull=True),
                name="acme_challenge_valid_iff_when",
            ),
            models.CheckConstraint(
                condition=~Q(state=ChallengeState.PROCESSING.value)
                | Q(answered_at__isnull=False, next_attempt_at__isnull=False),
                name="acme_challenge_processing_is_looked_at",
            ),
            models.CheckConstraint(
                condition=~Q(state=ChallengeState.INVALID.value) | Q(error__isnull=False),
                name="acme_challenge_invalid_says_why",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class AcmeOrder(models.Model):
    """What an account asked for: names, and in the end the order of a function certificate."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="orders")
    state = models.CharField(max_length=16)
    names = models.JSONField()
    """Sorted, in lower case."""
    profile = models.CharField(max_length=16)
    replaces = models.CharField(max_length=128, blank=True)
    """The certificate that this one replaces (RFC 9773 section 5)."""
    authorizations = models.ManyToManyField(Authorization, related_name="orders")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    public_key_sha256 = models.CharField(max_length=64, blank=True)
    function_order_id = models.CharField(max_length=36, blank=True)
    certificate_id = models.CharField(max_length=36, blank=True)
    error = models.JSONField(null=True)

    class Meta:
        """What the database itself refuses."""

        indexes: ClassVar = [
            models.Index(fields=["account", "-created_at", "-id"], name="acme_orders_of_an_account"),
            models.Index(
                fields=["expires_at"],
                condition=Q(state__in=[OrderState.PENDING.value, OrderState.READY.value]),
                name="acme_orders_that_expire",
            ),
            models.Index(
                fields=["created_at"],
                condition=Q(state=OrderState.PROCESSING.value),
                name="acme_orders_being_issued",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[one.value for one in OrderState]),
                name="acme_order_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[OrderState.PROCESSING.value, OrderState.VALID.value])
                | ~Q(function_order_id="") & ~Q(public_key_sha256=""),
                name="acme_order_finalized_has_a_function_order",
            ),
            models.CheckConstraint(
                condition=Q(state=OrderState.VALID.value) & ~Q(certificate_id="")
                | ~Q(state=OrderState.VALID.value) & Q(certificate_id=""),
                name="acme_order_valid_iff_it_has_a_certificate",
            ),
            models.CheckConstraint(
                condition=Q(state=OrderState.INVALID.value, error__isnull=False)
                | ~Q(state=OrderState.INVALID.value) & Q(error__isnull=True),
                name="acme_order_invalid_iff_why",
            ),
            models.UniqueConstraint(
                fields=["function_order_id"],
                condition=~Q(function_order_id=""),
                name="acme_one_order_per_function_order",
            ),
            models.UniqueConstraint(
                fields=["replaces"],
                condition=~Q(replaces="") & ~Q(state=OrderState.INVALID.value),
                name="acme_a_certificate_is_replaced_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class SpentNonce(models.Model):
    """A nonce that was used; kept until it would be too old anyway."""

    nonce = models.CharField(primary_key=True, max_length=64)
    good_until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.nonce
