"""Every closed set of the domain has a word for each of its members."""

from collections.abc import Mapping
from enum import Enum

import pytest

from authn.hints import FailureHint, PendingHint
from cards.activation import CLIENT_ABORT_REASONS
from cards.identity import IdentityCheckStep
from cards.products import DocumentKind, IdentityCheckMethod
from cards.reasons import BlockReason
from cards.states import ActivationState, CardOrderState, CardState
from directory.models import RegistrationStatus, Role
from functioncerts.states import FunctionOrderState
from journal.events import known_events
from portal import words
from portal.accounts.models import EndReason


@pytest.mark.parametrize(
    ("members", "table"),
    [
        (CardState, words.CARD_STATES),
        (CardState, words.CARD_LOOKS),
        (CardOrderState, words.ORDER_STATES),
        (ActivationState, words.ACTIVATION_STATES),
        (FunctionOrderState, words.FUNCTION_STATES),
        (BlockReason, words.BLOCK_REASONS),
        (DocumentKind, words.DOCUMENT_KINDS),
        (IdentityCheckMethod, words.CHECK_METHODS),
        (RegistrationStatus, words.REGISTRATION),
        (Role, words.ROLES),
        (EndReason, words.SESSION_ENDS),
        (PendingHint, words.LOGIN_HINTS),
        (FailureHint, words.LOGIN_HINTS),
    ],
)
def test_every_member_has_its_words(members: type[Enum], table: Mapping[object, object]) -> None:
    assert [one for one in members if one not in table and one.value not in table] == []


def test_every_reason_a_client_may_give_has_its_words() -> None:
    assert set(words.ABORT_REASONS) >= CLIENT_ABORT_REASONS


def test_the_seven_steps_are_those_of_the_identity_check_in_order() -> None:
    """CRD-6."""
    assert [name for name, _label, _detail in words.SEVEN_STEPS] == [step.value for step in IdentityCheckStep]


def test_every_event_of_cards_people_and_functions_has_its_words() -> None:
    inside = (
        "authn.",
        "session.",
        "certificate.",
        "revocation.",
        "specimen.",
        "crl.",
        "issuer.",
        "key.",
        "ceremony.",
        "api_token.",
    )
    quiet = ("organization.", "directory.", "function_object.", "backup.", "database.", "revocations.")
    shown = {
        name
        for (name, _version), event in known_events().items()
        if not name.startswith((*inside, *quiet)) and not event.__module__.startswith("tests")
    }
    assert shown - set(words.EVENTS) == set()
