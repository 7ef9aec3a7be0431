"""A conversation with a card, whatever it is about: opened, claimed by one client, ended by either.

What differs between them (an activation, an unlocking, a renewal) stands in their ``Kind``.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction
from django.db.models import Manager

from authn.evidence import ClientKey, parse_client_key
from cards.conversation_models import CardConversation
from cards.errors import CardsError, IllegalTransition, Refused, TokenInvalid
from cards.models import Card
from cards.transitions import demand_moved
from journal.actor import Actor
from journal.errors import Refusal
from journal.events import Event
from journal.recording import record

CLAIM_WITHIN: Final = timedelta(minutes=10)

# What a client may say, and what we say ourselves; anything else becomes "readerError".
CLIENT_ABORT_REASONS: Final = frozenset(
    {"userCancel", "wrongCard", "cardRemoved", "pinLocked", "pinFailed", "readerError", "notMe"},
)
SUPERSEDED: Final = "superseded"
EXPIRED: Final = "expired"
DESK_CANCEL: Final = "deskCancel"
SUSPICION: Final = "suspicion"
"""The document, or who showed it: never told on the own pages."""

Row = TypeVar("Row", bound=CardConversation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[Row]):
    """What a conversation is about: its rows, its table of states, its errors and its events.

    Every table has the states OPENED, CLAIMED and ABORTED and the actions CLAIM and ABORT; ``done`` is the
    state at its end. ``refusal`` is why the card itself lets it not go on, whoever asks, and ``row_refusal``
    why what this one was opened by does not, asked in the transaction of each step; ``undo`` takes back what
    one left that was aborted, and ``given_back`` are columns that end with it.
    """

    rows: Manager[Row]
    thing: str
    open_states: frozenset[str]
    done: str
    after: Callable[[str, str], str]
    finish_within: timedelta
    refusal: Callable[[Card, datetime], Refusal | None]
    not_found: type[CardsError]
    was_aborted: type[CardsError]
    has_expired: type[CardsError]
    claimed: Callable[[Row, ClientKey], Event]
    ended: Callable[[Row, str], tuple[Event, ...]]
    row_refusal: Callable[[Row, datetime], Refusal | None] | None = None
    undo: Callable[[Row, Actor, datetime], None] | None = None
    given_back: Mapping[str, object] = field(default_factory=dict)


def open_conversation(
    kind: Kind[Row],
    card: Card,
    *,
    refusal: Refusal | None,
    begin: Callable[[Card, str], Row],
    actor: Actor,
    at: datetime,
) -> tuple[Row, str]:
    """Open a conversation unless it is refused; return it with its token, which is kept nowhere.

    ``begin`` makes the row and tells the journal, from the locked card and the token's digest. One of the
    same kind about this card that did not finish is ended. Raises Refused, IllegalTransition.
    """
    if refusal is not None:
        raise Refused(refusal)
    token = secrets.token_urlsafe(24)
    try:
        with transaction.atomic():
            locked = lock_card(card)
            if (refusal := kind.refusal(locked, at)) is not None:
                raise Refused(refusal)
            end_conversations(kind, locked, reason=SUPERSEDED, actor=actor, at=at)
            return begin(locked, token_digest(token)), token
    except IntegrityError as error:
        raise IllegalTransition.of(thing=kind.thing, state="OPENED", action="OPEN") from error


def claim_conversation(
    kind: Kind[Row],
    *,
    token: str,
    client_key: ClientKey,
    client_name: str,
    client_version: str,
    actor: Actor,
    at: datetime,
) -> Row:
    """Give the conversation to the first client that shows the token; the token is dead after it.

    Raises TokenInvalid, or Refused when the card lets it no longer go on.
    """
    found = kind.rows.filter(token_sha256=token_digest(token), state="OPENED")
    row = found.first()
    if row is None:
        raise TokenInvalid("unknown or used")
    with transaction.atomic():
        row.card = lock_card(row.card)
        _demand_not_refused(kind, row, at=at)
        moved = found.filter(expires_at__gt=at).update(
            state=kind.after(row.state, "CLAIM"),
            claimed_at=at,
            expires_at=at + kind.finish_within,
            client_key=client_key.as_jwk(),
            client_name=client_name[:64],
            client_version=client_version[:32],
        )
        if moved != 1:
            raise TokenInvalid("too old, or another client was faster")
        claimed = conversation_of_client(kind, str(row.pk))
        record(kind.claimed(claimed, client_key), actor=actor, at=at)
    return claimed


def abort_conversation(
    kind: Kind[Row], conversation_id: str, *, reason: str, actor: Actor, at: datetime
) -> Row:
    """End a conversation from client or desk. Ending one that has ended changes nothing.

    Raises the kind's not_found, and IllegalTransition when it came to its good end.
    """
    with transaction.atomic():
        row = locked_conversation(kind, conversation_id)
        if row.state != "ABORTED":
            _abort(kind, row, reason=reason, actor=actor, at=at)
    return conversation_of_client(kind, conversation_id)


def end_conversations(kind: Kind[Row], card: Card, *, reason: str, actor: Actor, at: datetime) -> None:
    """End what is open of this kind about a card, in the caller's transaction, which has locked the card."""
    for row in kind.rows.filter(card=card, state__in=kind.open_states).select_related("card"):
        _abort(kind, row, reason=reason, actor=actor, at=at)


def expire_conversations(kind: Kind[Row], *, actor: Actor, at: datetime) -> int:
    """End conversations whose time is out, and return how many; the worker calls this now and then."""
    late = kind.rows.filter(state__in=kind.open_states, expires_at__lte=at)
    ended = 0
    for pk in list(late.values_list("pk", flat=True)):
        with transaction.atomic():
            row = locked_conversation(kind, str(pk))
            if row.state in kind.open_states and row.expires_at <= at:
                _abort(kind, row, reason=EXPIRED, actor=actor, at=at)
                ended += 1
    return ended


def conversation_of_client(kind: Kind[Row], conversation_id: str) -> Row:
    """Return it without regard to scope: the caller proves by its key that it is the client."""
    rows = kind.rows.select_related("card__person", "card__organization", "card__order")
    try:
        return rows.get(pk=UUID(str(conversation_id)))
    except (ObjectDoesNotExist, ValueError):
        raise kind.not_found(str(conversation_id)) from None


def locked_conversation(kind: Kind[Row], conversation_id: str) -> Row:
    """Return it with its card's row locked first, as every verb does: so none can deadlock."""
    lock_card(conversation_of_client(kind, conversation_id).card)
    return conversation_of_client(kind, conversation_id)


def client_key_of(kind: Kind[Row], row: Row) -> ClientKey:
    """Return the key by which the claiming client signs its calls; raises not_found if unclaimed."""
    if row.client_key is None:
        raise kind.not_found(str(row.pk))
    return parse_client_key(row.client_key)


def demand_going_on(kind: Kind[Row], row: Row, *, at: datetime) -> None:
    """Raise the kind's was_aborted or has_expired, or Refused, unless the client may go on now.

    One that came to its good end goes on: its last call may be repeated.
    """
    if row.state == "ABORTED":
        raise kind.was_aborted("ended", facts={"reason": row.abort_reason})
    if row.state == kind.done:
        return
    if row.expires_at <= at:
        raise kind.has_expired("not finished in time", facts={"expired_at": row.expires_at.isoformat()})
    _demand_not_refused(kind, row, at=at)


def lock_card(card: Card) -> Card:
    """Return the card's row, locked until the transaction ends."""
    return Card.objects.select_for_update(of=("self",)).select_related("order", "person").get(pk=card.pk)


def token_digest(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8")).hexdigest()


def _demand_not_refused(kind: Kind[Row], row: Row, *, at: datetime) -> None:
    refusal = kind.refusal(row.card, at)
    if refusal is None and kind.row_refusal is not None:
        refusal = kind.row_refusal(row, at)
    if refusal is not None:
        raise Refused(refusal)


def _abort(kind: Kind[Row], row: Row, *, reason: str, actor: Actor, at: datetime) -> None:
    moved = kind.rows.filter(pk=row.pk, state=row.state).update(
        state=kind.after(row.state, "ABORT"), aborted_at=at, abort_reason=reason, **kind.given_back
    )
    demand_moved(moved, thing=kind.thing, state=row.state, action="ABORT")
    for event in kind.ended(row, reason):
        record(event, actor=actor, at=at)
    if kind.undo is not None:
        kind.undo(row, actor, at)
