"""Moves of orders, authorizations and challenges by compare-and-swap, each with its event."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from functioncerts.acme.errors import PREFIX
from functioncerts.acme.events import (
    AcmeAuthorizationEnded,
    AcmeChallengeAnswered,
    AcmeChallengeFailed,
    AcmeChallengePassed,
    AcmeOrderFailed,
    AcmeOrderReady,
)
from functioncerts.acme.models import Account, AcmeOrder, Authorization, Challenge
from functioncerts.acme.states import (
    AUTHORIZATION_MOVES,
    CHALLENGE_MOVES,
    ORDER_MOVES,
    AuthorizationAction,
    AuthorizationState,
    ChallengeAction,
    ChallengeState,
    OrderAction,
    OrderState,
)
from journal.actor import Actor
from journal.recording import record

Problem = Mapping[str, object]


def make_ready(order: AcmeOrder, *, at: datetime, actor: Actor) -> bool:
    """Move an order to ready if every authorization of it is good now; in the caller's transaction.

    The row is locked first: of two last proofs at once, the later one sees the earlier.
    """
    locked = AcmeOrder.objects.select_for_update().select_related("account").get(pk=order.pk)
    if locked.state != OrderState.PENDING.value:
        return False
    states = locked.authorizations.values_list("state", "expires_at")
    if not all(state == AuthorizationState.VALID.value and until > at for state, until in states):
        return False
    if not move_order(locked, OrderAction.AUTHORIZE):
        return False
    record(AcmeOrderReady(**about_order(locked)), actor=actor, at=at)
    return True


def fail_order(
    order: AcmeOrder, problem: Problem, *, actor: Actor, at: datetime, expired: bool = False
) -> bool:
    """Move an order to invalid and keep why, in the caller's transaction; return whether it was moved."""
    if not move_order(order, OrderAction.EXPIRE if expired else OrderAction.FAIL, error=problem):
        return False
    event = AcmeOrderFailed(**about_order(order), problem=_word(problem))
    record(event, actor=actor, at=at)
    return True


def move_order(order: AcmeOrder, action: OrderAction, **fields: object) -> bool:
    """Compare and swap; False when the order is in a state from which this cannot be done, or was moved."""
    following = ORDER_MOVES.get((OrderState(order.state), action))
    if following is None:
        return False
    moved = AcmeOrder.objects.filter(pk=order.pk, state=order.state).update(state=following.value, **fields)
    if moved != 1:
        return False
    order.refresh_from_db()
    return True


def end_authorizations(
    authorizations: Sequence[Authorization], action: AuthorizationAction, *, actor: Actor, at: datetime
) -> int:
    """Deactivate or revoke authorizations in the caller's transaction; orders that rest on them fail."""
    ended = 0
    for authorization in authorizations:
        if not _move_authorization(authorization, action):
            continue
        ended += 1
        event = AcmeAuthorizationEnded(
            **_about_authorization(authorization), names=(authorization.name,), state=authorization.state
        )
        record(event, actor=actor, at=at)
        _fail_orders(
            authorization, {"type": PREFIX + "unauthorized", "detail": f"{authorization.name}: given up"},
            actor=actor, at=at,
        )  # fmt: skip
    return ended


def answer(challenge: Challenge, *, actor: Actor, at: datetime) -> bool:
    """Move a challenge to processing: a worker looks at it; in the caller's transaction."""
    moved = _move_challenge(challenge, ChallengeAction.ANSWER, answered_at=at, next_attempt_at=at)
    if moved:
        record(
            AcmeChallengeAnswered(**_about_challenge(challenge), names=(challenge.authorization.name,)),
            actor=actor,
            at=at,
        )
    return moved


def claim(challenge: Challenge, *, until: datetime, at: datetime) -> bool:
    """Take the next attempt at a challenge, until a moment: a worker that dies leaves it to another."""
    due = Challenge.objects.filter(
        pk=challenge.pk,
        state=ChallengeState.PROCESSING.value,
        next_attempt_at__lte=at,
        attempts=challenge.attempts,
    )
    moved = due.update(next_attempt_at=until, attempts=challenge.attempts + 1)
    challenge.refresh_from_db()
    return moved == 1


def retry(challenge: Challenge, problem: Problem, *, at: datetime, pause: timedelta) -> bool:
    """Note why an attempt failed, and when the next one is."""
    return _move_challenge(challenge, ChallengeAction.RETRY, error=problem, next_attempt_at=at + pause)


def confirm(challenge: Challenge, *, until: datetime, actor: Actor, at: datetime) -> bool:
    """Move a challenge and its authorization to valid, and orders to ready; in the caller's transaction."""
    orders = list(AcmeOrder.objects.select_for_update().filter(authorizations=challenge.authorization_id))
    if not _move_challenge(challenge, ChallengeAction.CONFIRM, validated_at=at, error=None):
        return False
    authorization = challenge.authorization
    if not _move_authorization(authorization, AuthorizationAction.CONFIRM, expires_at=until):
        return False
    record(
        AcmeChallengePassed(**_about_challenge(challenge), names=(challenge.authorization.name,)),
        actor=actor,
        at=at,
    )
    for order in orders:
        make_ready(order, actor=actor, at=at)
    return True


def refuse(challenge: Challenge, problem: Problem, *, actor: Actor, at: datetime) -> bool:
    """Move a challenge and its authorization to invalid, and fail orders; in the caller's transaction."""
    if not _move_challenge(challenge, ChallengeAction.REFUSE, error=problem):
        return False
    event = AcmeChallengeFailed(
        **_about_challenge(challenge), names=(challenge.authorization.name,), problem=_word(problem)
    )
    record(event, actor=actor, at=at)
    if _move_authorization(challenge.authorization, AuthorizationAction.REFUSE):
        _fail_orders(challenge.authorization, problem, actor=actor, at=at)
    return True


def about_order(order: AcmeOrder) -> dict[str, str]:
    """Return what every event about an order says."""
    return {**about_account(order.account), "acme_order_id": str(order.pk)}


def about_account(account: Account) -> dict[str, str]:
    """Return what every event about an account says."""
    return {
        "function_object_id": str(account.function_object_id),
        "organization_id": str(account.organization_id),
        "acme_account_id": str(account.pk),
    }


def _fail_orders(authorization: Authorization, problem: Problem, *, actor: Actor, at: datetime) -> None:
    waiting = [OrderState.PENDING.value, OrderState.READY.value]
    for order in authorization.orders.select_related("account").filter(state__in=waiting):
        fail_order(order, problem, actor=actor, at=at)


def _move_authorization(authorization: Authorization, action: AuthorizationAction, **fields: object) -> bool:
    following = AUTHORIZATION_MOVES.get((AuthorizationState(authorization.state), action))
    if following is None:
        return False
    rows = Authorization.objects.filter(pk=authorization.pk, state=authorization.state)
    if rows.update(state=following.value, **fields) != 1:
        return False
    authorization.refresh_from_db()
    return True


def _move_challenge(challenge: Challenge, action: ChallengeAction, **fields: object) -> bool:
    following = CHALLENGE_MOVES.get((ChallengeState(challenge.state), action))
    if following is None:
        return False
    rows = Challenge.objects.filter(pk=challenge.pk, state=challenge.state, attempts=challenge.attempts)
    if rows.update(state=following.value, **fields) != 1:
        return False
    challenge.refresh_from_db()
    return True


def _about_authorization(authorization: Authorization) -> dict[str, str]:
    return {**about_account(authorization.account), "acme_authorization_id": str(authorization.pk)}


def _about_challenge(challenge: Challenge) -> dict[str, str]:
    return {
        **_about_authorization(challenge.authorization),
        "acme_challenge_id": str(challenge.pk),
        "kind": challenge.kind,
    }


def _word(problem: Problem) -> str:
    return str(problem.get("type", "")).removeprefix(PREFIX)[:64]
