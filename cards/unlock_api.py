"""The unlocking channel /c/v1/unlock/: JSON, every call after the claim signed by the client's key."""

from django.http import HttpRequest
from django.urls import path

from cards import errors, pin_rules
from cards.client_calls import (
    Body,
    claiming_key,
    client_of,
    demand_signed,
    json_call,
    now,
    signed_answer,
    text,
)
from cards.conversation import CLIENT_ABORT_REASONS, client_key_of, conversation_of_client
from cards.unlock_answers import answer_for_card, confirm_unlock, question_of_unlock
from cards.unlock_models import Unlock
from cards.unlocking import UNLOCKS, abort_unlock, claim_unlock


@json_call
def claim(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {token, clientKey, app, version}: take the unlocking; learn card, PIN rules and what to sign."""
    unlock = claim_unlock(
        token=text(body, "token"),
        client_key=claiming_key(body),
        client_name=text(body, "app"),
        client_version=text(body, "version"),
        actor=client_of(request),
        at=now(),
    )
    card = unlock.card
    return {
        **_state(unlock),
        "cardNumber": card.card_number,
        "holderName": card.holder_name,
        "organization": card.organization.name,
        "pinRules": {
            "min": pin_rules.SHORTEST,
            "max": pin_rules.LONGEST,
            "forbidden": list(pin_rules.forbidden_pins(card.person.birth_date)),
        },
        "statement": question_of_unlock(unlock).as_json(),
    }


@json_call
def answer(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {unlockId, challenge}: the answer that the card takes once, and that renews its key."""
    unlock = _signed(request, body)
    answered = answer_for_card(
        unlock_id=str(unlock.pk), challenge=text(body, "challenge"), actor=client_of(request), at=now()
    )
    return {**_state(conversation_of_client(UNLOCKS, str(unlock.pk))), "answer": answered}


@json_call
def confirm(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {unlockId, certificate, alg, signature, userChallenge, spki}: the card is open again."""
    unlock = _signed(request, body)
    return _state(
        confirm_unlock(
            unlock_id=str(unlock.pk), answer=signed_answer(body), actor=client_of(request), at=now()
        )
    )


@json_call
def abort(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {unlockId, reason}: give up."""
    unlock = _signed(request, body)
    reason = text(body, "reason")
    if reason not in CLIENT_ABORT_REASONS:
        raise errors.CallInvalid("unknown reason")
    return _state(abort_unlock(unlock_id=str(unlock.pk), reason=reason, actor=client_of(request), at=now()))


urlpatterns = [
    path("claim", claim, name="unlock-claim"),
    path("answer", answer, name="unlock-answer"),
    path("confirm", confirm, name="unlock-confirm"),
    path("abort", abort, name="unlock-abort"),
]


def _state(unlock: Unlock) -> dict[str, object]:
    return {
        "unlockId": str(unlock.pk),
        "state": unlock.state.lower(),
        "expiresAt": int(unlock.expires_at.timestamp()),
    }


def _signed(request: HttpRequest, body: Body) -> Unlock:
    """Return the unlocking if the claiming client's key signed this very request."""
    unlock = conversation_of_client(UNLOCKS, text(body, "unlockId"))
    demand_signed(request, client_key_of(UNLOCKS, unlock))
    return unlock
