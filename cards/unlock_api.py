"""The unlocking channel /c/v1/unlock/: JSON, every call after the claim signed by the client's key."""

from django.http import HttpRequest
from django.urls import path

from cards.client_calls import (
    Body,
    abort_reason,
    claiming_key,
    client_of,
    json_call,
    now,
    pin_rules_of,
    signed_answer,
    signed_row,
    state_of,
    text,
)
from cards.conversation import conversation_of_client
from cards.unlock_answers import answer_for_card, confirm_unlock, question_of_unlock
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
        **state_of(UNLOCKS, unlock),
        "cardNumber": card.card_number,
        "holderName": card.holder_name,
        "organization": card.organization.name,
        "pinRules": pin_rules_of(card),
        "statement": question_of_unlock(unlock).as_json(),
    }


@json_call
def answer(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {unlockId, challenge}: the answer that the card takes once, and that renews its key."""
    unlock = signed_row(UNLOCKS, request, body)
    answered = answer_for_card(
        unlock_id=str(unlock.pk), challenge=text(body, "challenge"), actor=client_of(request), at=now()
    )
    return {**state_of(UNLOCKS, conversation_of_client(UNLOCKS, str(unlock.pk))), "answer": answered}


@json_call
def confirm(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {unlockId, certificate, alg, signature, userChallenge, spki}: the card is open again."""
    unlock = signed_row(UNLOCKS, request, body)
    unlock = confirm_unlock(
        unlock_id=str(unlock.pk), answer=signed_answer(body), actor=client_of(request), at=now()
    )
    return state_of(UNLOCKS, unlock)


@json_call
def abort(request: HttpRequest, body: Body) -> dict[str, object]:
    """POST {unlockId, reason}: give up."""
    unlock = signed_row(UNLOCKS, request, body)
    unlock = abort_unlock(
        unlock_id=str(unlock.pk), reason=abort_reason(body), actor=client_of(request), at=now()
    )
    return state_of(UNLOCKS, unlock)


urlpatterns = [
    path("claim", claim, name="unlock-claim"),
    path("answer", answer, name="unlock-answer"),
    path("confirm", confirm, name="unlock-confirm"),
    path("abort", abort, name="unlock-abort"),
]
