"""Ends accounts: what they were authorized for and had not got yet ends with them."""

from collections.abc import Sequence
from datetime import datetime

from functioncerts.acme.errors import AcmeProblem, ProblemType
from functioncerts.acme.events import AcmeAccountEnded
from functioncerts.acme.models import Account, AcmeOrder, Authorization
from functioncerts.acme.moves import end_authorizations, fail_order
from functioncerts.acme.states import (
    ACCOUNT_MOVES,
    AccountAction,
    AccountState,
    AuthorizationAction,
    AuthorizationState,
    OrderState,
)
from journal.actor import Actor
from journal.recording import record


def end_accounts(accounts: Sequence[Account], action: AccountAction, *, actor: Actor, at: datetime) -> int:
    """Deactivate or revoke accounts that are valid, in the caller's transaction; return how many were.

    Contacts are forgotten. Orders that wait for proofs fail, authorizations end; what is being issued is.
    """
    ended = 0
    following = ACCOUNT_MOVES[AccountState.VALID, action]
    for account in accounts:
        moved = Account.objects.filter(pk=account.pk, state=AccountState.VALID.value).update(
            state=following.value, ended_at=at, contact=[]
        )
        if moved != 1:
            continue
        ended += 1
        record(
            AcmeAccountEnded(
                function_object_id=str(account.function_object_id),
                organization_id=str(account.organization_id),
                acme_account_id=str(account.pk),
                state=following.value,
            ),
            actor=actor,
            at=at,
        )
        why = AcmeProblem(ProblemType.UNAUTHORIZED, f"the account was {following.value}").document()
        waiting = [OrderState.PENDING.value, OrderState.READY.value]
        for order in AcmeOrder.objects.filter(account=account, state__in=waiting):
            fail_order(order, why, actor=actor, at=at)
        live = [AuthorizationState.PENDING.value, AuthorizationState.VALID.value]
        end_authorizations(
            list(Authorization.objects.filter(account=account, state__in=live)),
            AuthorizationAction.REVOKE if action is AccountAction.REVOKE else AuthorizationAction.DEACTIVATE,
            actor=actor,
            at=at,
        )
    return ended
