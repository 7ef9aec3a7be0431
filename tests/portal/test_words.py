"""Every closed set of the domain has a word for each of its members."""

import importlib
import re
from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from pathlib import Path

import pytest
from django.utils.translation import override

from authn.hints import FailureHint, PendingHint
from cards.conversation import CLIENT_ABORT_REASONS
from cards.identity import IdentityCheckStep
from cards.products import DocumentKind, IdentityCheckMethod
from cards.reasons import BlockReason
from cards.states import ActivationState, CardOrderState, CardState
from directory.models import RegistrationStatus, Role
from functioncerts.states import FunctionOrderState
from journal.events import Event, known_events
from ocsp.states import Source
from portal import words
from portal.accounts.models import EndReason
from portal.wordings.event_fields import EVENT_FIELDS
from portal.wordings.event_values import BY_TYPE
from portal.wordings.events import EVENT_WORDS, GROUPS
from portal.wordings.signing import SIGNING_HINTS

APPS = (
    "authn",
    "ca",
    "cards",
    "directory",
    "functioncerts",
    "journal",
    "ocsp",
    "portal",
    "reports",
    "worker",
)
HOLDING_EVENTS = {
    "archiving", "configuration", "erasure", "erasures", "events", "exports", "restores", "watching",
}  # fmt: skip


def all_events() -> list[type[Event]]:
    """Load every module that may declare events, and return the events."""
    root = Path(__file__).resolve().parents[2]
    for path in (found for app in APPS for found in (root / app).rglob("*.py")):
        if path.stem in HOLDING_EVENTS:
            importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts))
    own = {name: kind for (name, _), kind in known_events().items()}
    return [kind for name, kind in own.items() if not name.startswith(("test.", "bench."))]


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


@pytest.mark.parametrize("hint", sorted({*PendingHint, *FailureHint, *words.LOGIN_HINTS}))
def test_every_hint_is_said_in_both_languages_at_login_and_at_a_signature(hint: str) -> None:
    """authn.md section 6, POR-3: no hint is shown as its code, and none in the wrong language."""
    for table in (words.LOGIN_HINTS, SIGNING_HINTS):
        said = {}
        for language in ("sv", "en"):
            with override(language):
                said[language] = str(table[hint])
        assert all(said.values())
        assert said["sv"] != said["en"]


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
    operation = ("act.", "authorization.", "configuration.", "consumer.", "hsm.", "job.", "journal.", "ocsp.")
    watched = (
        "erasure.",
        "person.erased",
        "rate_limit.",
        "refusals.",
        "revocation.",
        "signer.",
        "environment.",
        "key_ceremony.",
    )
    shown = {
        name
        for (name, _version), event in known_events().items()
        if not name.startswith((*inside, *quiet, *operation, *watched))
        and not event.__module__.startswith("tests")
    }
    assert shown - set(words.EVENTS) == set()


def test_every_event_that_is_recorded_has_a_name_and_a_sentence_for_auditors() -> None:
    assert {kind.TYPE for kind in all_events()} - set(EVENT_WORDS) == set()
    assert {one.group for one in EVENT_WORDS.values()} == set(GROUPS)


def test_every_fact_of_an_event_has_a_name() -> None:
    facts = {field.name: kind.TYPE for kind in all_events() for field in fields(kind)}
    assert {name: told for name, told in facts.items() if name not in EVENT_FIELDS} == {}


def test_a_sentence_names_only_facts_that_its_event_has() -> None:
    derived = {
        "product",
        "who",
        "person",
        "card",
        "function",
        "subject",
        "organization",
        "issuer",
        "document",
        "serial",
    }
    facts = {kind.TYPE: derived | {field.name for field in fields(kind)} for kind in all_events()}
    for name, one in EVENT_WORDS.items():
        with override("en"):
            named = set(re.findall(r"%\((\w+)\)s", str(one.sentence)))
        assert named <= facts.get(name, named), name


def test_where_a_revocation_was_seen_is_told_in_words() -> None:
    assert set(BY_TYPE["revocation.seen", "source"]) >= {source.value for source in Source}
