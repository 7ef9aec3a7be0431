"""The account's side of authorizations and challenges: answer one, give one up."""

from datetime import datetime

from django.db import transaction

from functioncerts.acme.errors import malformed
from functioncerts.acme.models import Authorization, Challenge
from functioncerts.acme.moves import answer, end_authorizations
from functioncerts.acme.states import AuthorizationAction, AuthorizationState, ChallengeState
from journal.actor import Actor


def answer_challenge(challenge: Challenge, *, actor: Actor, at: datetime) -> Challenge:
    """Let a worker look whether what the challenge asks for is there (RFC 8555 section 7.5.1).

    Answering twice is harmless. Raises AcmeProblem (malformed) when there is nothing to prove any more.
    """
    if challenge.state != ChallengeState.PENDING.value:
        return challenge
    authorization = challenge.authorization
    is_open = authorization.state == AuthorizationState.PENDING.value and authorization.expires_at > at
    if not is_open:
        raise malformed("the authorization is not pending")
    with transaction.atomic():
        answer(challenge, actor=actor, at=at)
    challenge.refresh_from_db()
    return challenge


def deactivate_authorization(authorization: Authorization, *, actor: Actor, at: datetime) -> Authorization:
    """Give an authorization up, for ever; orders that rest on it fail (RFC 8555 section 7.5.2)."""
    with transaction.atomic():
        end_authorizations([authorization], AuthorizationAction.DEACTIVATE, actor=actor, at=at)
    authorization.refresh_from_db()
    return authorization


def key_authorization(challenge: Challenge) -> str:
    """Return what must be found: the token and the account key's thumbprint (RFC 8555 section 8.1)."""
    return f"{challenge.token}.{challenge.authorization.account.thumbprint}"
