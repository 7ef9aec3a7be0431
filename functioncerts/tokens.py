"""API tokens: made once, shown once, kept as a digest, and worth what their holder's role is worth now."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from directory.models import Employment, RoleAssignment
from directory.reach import scope_of
from directory.selectors import roles_of
from functioncerts.errors import TokenInvalid, TokenNotGranted
from functioncerts.events import ApiTokenCreated, ApiTokenRevoked
from functioncerts.models import ApiToken, TokenScope
from functioncerts.receipts import ACCEPTED, Receipt
from journal.actor import Actor, ActorKind
from journal.recording import record

PREFIX: Final = "sigill_"
LIFETIME: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedToken:
    """A token at the only moment when its text exists."""

    api_token: ApiToken
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHolder:
    """Who acts by a token, what they may do with it, and the receipt they accepted for what they order."""

    actor: Actor
    scopes: frozenset[TokenScope]
    receipt: Receipt | None


def create_token(
    *,
    hsa_id: str,
    role: str,
    scopes: Collection[TokenScope] = tuple(TokenScope),
    receipt: Receipt | None = ACCEPTED,
    lifetime: timedelta = LIFETIME,
    actor: Actor,
    at: datetime,
) -> CreatedToken:
    """Make a token for an employment in a role that it holds now; raises TokenNotGranted.

    Who makes it accepts the ``receipt`` (FC-4) for all that is ordered with it; with None each order is
    accepted by itself before its certificate is given out.
    """
    assignment = _assignment(hsa_id, role, at=at)
    employment = Employment.objects.filter(hsa_id=hsa_id).first()
    if assignment is None or employment is None:
        raise TokenNotGranted("the role is not held now", facts={"hsa_id": hsa_id, "role": role})
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        api_token = ApiToken.objects.create(
            token_sha256=_digest(text),
            employment=employment,
            role=role,
            organization_id=assignment.organization_id,
            created_at=at,
            created_by=actor.identifier,
            expires_at=at + lifetime,
            scopes=sorted(scope.value for scope in scopes),
            receipt_version=receipt.version if receipt else "",
            receipt_evidence_id=receipt.evidence_id if receipt else "",
        )
        record(
            ApiTokenCreated(
                api_token_id=str(api_token.pk),
                hsa_id=hsa_id,
                role=role,
                person_id=str(employment.person_id),
                organization_id=str(assignment.organization_id),
                expires_at=api_token.expires_at.isoformat(),
                scopes=tuple(api_token.scopes),
                receipt_version=api_token.receipt_version,
            ),
            actor=actor,
            at=at,
        )
    return CreatedToken(api_token=api_token, text=text)


def revoke_token(*, api_token_id: str, actor: Actor, at: datetime) -> None:
    """Take a token out of use; one that is revoked stays so."""
    with transaction.atomic():
        moved = ApiToken.objects.filter(pk=api_token_id, revoked_at__isnull=True).update(revoked_at=at)
        if moved != 1:
            return
        api_token = ApiToken.objects.select_related("employment").get(pk=api_token_id)
        record(
            ApiTokenRevoked(
                api_token_id=str(api_token.pk),
                person_id=str(api_token.employment.person_id),
                organization_id=str(api_token.organization_id),
            ),
            actor=actor,
            at=at,
        )


def holder_of_token(text: str, *, client_address: str, at: datetime) -> TokenHolder:
    """Return who is behind a token: the role and its scope as they are now; raises TokenInvalid."""
    api_token = (
        ApiToken.objects.select_related("employment")
        .filter(token_sha256=_digest(text), revoked_at__isnull=True, expires_at__gt=at)
        .first()
    )
    if api_token is None:
        raise TokenInvalid("unknown, expired or revoked")
    hsa_id = api_token.employment.hsa_id
    assignment = _assignment(hsa_id, api_token.role, at=at)
    if assignment is None or assignment.organization_id != api_token.organization_id:
        raise TokenInvalid("the holder no longer has the role")
    scope = scope_of(assignment, at=at)
    actor = Actor(
        kind=ActorKind.SERVICE,
        identifier=hsa_id,
        role=api_token.role,
        organization_ids=scope.organization_ids,
        organization_id=str(api_token.organization_id),
        unit_id=scope.unit_id,
        unit_ids=scope.unit_ids,
        person_id=str(api_token.employment.person_id),
        client_address=client_address,
        credential=str(api_token.pk),
    )
    receipt = Receipt(
        version=api_token.receipt_version,
        evidence_id=api_token.receipt_evidence_id,
        accepted_by=api_token.created_by,
        accepted_at=api_token.created_at,
    )
    return TokenHolder(
        actor=actor,
        scopes=frozenset(TokenScope(scope) for scope in api_token.scopes),
        receipt=receipt if receipt.version else None,
    )


def _assignment(hsa_id: str, role: str, *, at: datetime) -> RoleAssignment | None:
    return next((held for held in roles_of(hsa_id, at=at) if held.role == role), None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
