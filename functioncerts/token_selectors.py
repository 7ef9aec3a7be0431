"""Which API tokens an actor sees: those that act as them, or all of their organizations; never the token."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from directory.row_ids import row_id
from functioncerts import policies
from functioncerts.errors import ApiTokenNotFound
from functioncerts.models import ApiToken
from journal.actor import Actor, ActorKind

ON_A_PAGE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPage:
    """One page of tokens, newest first; ``after`` begins the next one, empty at the end."""

    tokens: tuple[ApiToken, ...]
    after: str


def visible_tokens(actor: Actor) -> QuerySet[ApiToken]:
    """Return the tokens in the actor's reach; a role for a unit sees its own alone."""
    tokens = ApiToken.objects.select_related("employment__person", "organization")
    if actor.kind is ActorKind.SYSTEM:
        return tokens
    if policies.may_see_tokens(actor) is not None:
        return tokens.none()
    if policies.sees_all_tokens(actor):
        return tokens.filter(organization_id__in=actor.organization_ids)
    if not actor.person_id or not actor.acting_for:
        return tokens.none()
    return tokens.filter(employment__person_id=actor.person_id, organization_id=actor.acting_for)


def get_token(api_token_id: str, *, actor: Actor) -> ApiToken:
    """Return the token; raise ApiTokenNotFound, also outside the actor's reach."""
    found = visible_tokens(actor).filter(pk=row_id(api_token_id)).first()
    if found is None:
        raise ApiTokenNotFound(str(api_token_id))
    return found


def list_tokens(*, actor: Actor, after: str = "", limit: int = ON_A_PAGE) -> TokenPage:
    """Return tokens in reach from ``after`` on; an unreadable one begins at the start."""
    tokens = visible_tokens(actor)
    if (key := _read_key(after)) is not None:
        created_at, pk = key
        tokens = tokens.filter(Q(created_at__lt=created_at) | Q(created_at=created_at, pk__lt=pk))
    rows = list(tokens.order_by("-created_at", "-pk")[: limit + 1])
    shown = tuple(rows[:limit])
    more = f"{shown[-1].created_at.isoformat()}~{shown[-1].pk}" if len(rows) > limit else ""
    return TokenPage(tokens=shown, after=more)


def _read_key(after: str) -> tuple[datetime, UUID] | None:
    moment_text, _, pk_text = after.partition("~")
    try:
        moment = parse_datetime(moment_text)
        if moment is None or moment.tzinfo is None:
            return None
        return moment.astimezone(UTC), row_id(pk_text)
    except (ValueError, OverflowError):  # no date, or one that is no moment of UTC
        return None
