"""What is stored of API tokens: whose, for what, until when; never the token itself."""

import uuid
from enum import StrEnum
from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q

from directory.models import Employment, Organization, Role, Unit


class TokenScope(StrEnum):
    """What a program may do with a token, within what its holder's role may do."""

    READ = "read"
    ORDER = "order"
    REVOKE = "revoke"
    MANAGE = "manage"
    """Tags, receipts, answers to notices."""
    APPROVE = "approve"
    """The second person's decision over orders: in a program's hand no card is asked for."""


DEFAULT_SCOPES: Final = (TokenScope.READ, TokenScope.ORDER, TokenScope.REVOKE)
"""What a token is for when nobody names anything: what speaks for others is named, or it is not there."""


def default_scopes() -> list[str]:
    """Return the scopes of a row that was written without any."""
    return [one.value for one in DEFAULT_SCOPES]


def all_scopes() -> list[str]:
    """Return what the first migration named as default; nothing else uses it."""
    return [one.value for one in TokenScope]


class ApiToken(models.Model):
    """A bearer token for programs, bound to an employment in a role; only its digest is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_sha256 = models.CharField(max_length=64, unique=True)
    employment = models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="api_tokens")
    role = models.CharField(max_length=32)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="api_tokens")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    """Of a role for a unit: the token reaches that unit and those below it, whatever else is held."""
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    """To within some minutes (`tokens.SEEN_EVERY`)."""
    label = models.CharField(max_length=60, blank=True)
    """What it is for, in its holder's words; never in the journal."""
    scopes = models.JSONField(default=default_scopes)
    receipt_version = models.CharField(max_length=16, blank=True)
    """The receipt (FC-4) that whoever made the token accepted for all that is ordered with it."""
    receipt_evidence_id = models.CharField(max_length=36, blank=True)

    class Meta:
        """What the database itself refuses."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role]),
                name="api_token_role_is_known",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")),
                name="api_token_expires_after_it_was_created",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
