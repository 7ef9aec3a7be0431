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
from functioncerts import policies
from functioncerts.errors import Refused, TokenInvalid, TokenNotGranted
from functioncerts.events import ApiTokenCreated, ApiTokenRevoked
from functioncerts.models import ApiToken, TokenScope
from functioncerts.receipts import ACCEPTED, Receipt
from functioncerts.token_models import DEFAULT_SCOPES
from functioncerts.token_selectors import get_token
from journal.actor import Actor, ActorKind
from journal.errors import Refusal
from journal.recording import record

PREFIX: Final = "sigill_"
LIFETIME: Final = timedelta(days=365)
LONGEST_LABEL: Final = 60
SEEN_EVERY: Final = timedelta(minutes=5)
"""How often the use of a token is written down."""


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
    organization_id: str = "",
    scopes: Collection[TokenScope] = DEFAULT_SCOPES,
    label: str = "",
    receipt: Receipt | None = ACCEPTED,
    lifetime: timedelta = LIFETIME,
    actor: Actor,
    at: datetime,
) -> CreatedToken:
    """Make a token for an employment in a role that it holds now, for that organization or its first.

    Who makes it accepts the ``receipt`` (FC-4) for all that is ordered with it; with None each order is
    accepted by itself before its certificate is given out. Raises TokenNotGranted, Refused (people make
    tokens for themselves alone, in the role that they use).
    """
    refusal = policies.may_make_token(hsa_id=hsa_id, role=role, organization_id=organization_id, actor=actor)
    if refusal is not None:
        raise Refused(refusal)
    if not scopes:
        raise Refused(Refusal(code="token_without_scope", fixer="you"))
    assignment = _assignment(hsa_id, role, organization_id, unit_id=actor.unit_id, at=at)
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
            unit_id=assignment.unit_id,
            created_at=at,
            created_by=actor.identifier,
            expires_at=at + min(lifetime, LIFETIME),
            label=" ".join(label.split())[:LONGEST_LABEL],
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
                unit_id=str(assignment.unit_id or ""),
                expires_at=api_token.expires_at.isoformat(),
                scopes=tuple(api_token.scopes),
                receipt_version=api_token.receipt_version,
            ),
            actor=actor,
            at=at,
        )
    return CreatedToken(api_token=api_token, text=text)


def revoke_token(*, api_token_id: str, actor: Actor, at: datetime) -> None:
    """Take a token out of use; one that is revoked stays so. Raises ApiTokenNotFound, Refused."""
    found = get_token(api_token_id, actor=actor)
    if (refusal := policies.may_end_token(found, actor=actor)) is not None:
        raise Refused(refusal)
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
    unit_id = str(api_token.unit_id or "")
    assignment = _assignment(hsa_id, api_token.role, str(api_token.organization_id), unit_id=unit_id, at=at)
    if assignment is None:
        raise TokenInvalid("the holder no longer has the role")
    _note_use(api_token, at=at)
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


def _note_use(api_token: ApiToken, *, at: datetime) -> None:
    """Write down that it was used, now and then; the journal is told once a day (portal/refusals.py)."""
    if api_token.last_used_at is None or at - api_token.last_used_at >= SEEN_EVERY:
        ApiToken.objects.filter(pk=api_token.pk).update(last_used_at=at)


def _assignment(
    hsa_id: str, role: str, organization_id: str, *, unit_id: str, at: datetime
) -> RoleAssignment | None:
    """Return the role held now for that unit or whole organization, or the first if none is named."""
    held = (one for one in roles_of(hsa_id, at=at) if (one.role, str(one.unit_id or "")) == (role, unit_id))
    return next(
        (one for one in held if str(one.organization_id) == (organization_id or str(one.organization_id))),
        None,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
