"""The identity check at the desk: what the administrator states, and whether it is enough."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from cards.events import IdentityChecked, IdentitySuspected
from cards.models import Card, IdentityCheck, IdentityCheckOutcome
from cards.products import AssuranceLevel, DocumentKind, IdentityCheckMethod
from directory.swedish_time import swedish_day
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

_LONGEST_NUMBER: Final = 40


class IdentityCheckStep(StrEnum):
    """The seven steps (domain.md 2.3), in order; each is a column of the identity check."""

    DOCUMENT_TAKEN = "document_taken_from_holder"
    PERSON_MATCHES = "person_matches_photo_and_age"
    DOCUMENT_LOOKS_GENUINE = "document_looks_genuine"
    SECURITY_FEATURES = "security_features_checked"
    NUMBER_CHECKED = "number_checked"
    SIGNATURE_COMPARED = "signature_compared"
    CONTROL_QUESTION = "control_question_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCheckFacts:
    """What the administrator states of an identity check; never a copy of the document."""

    method: IdentityCheckMethod
    document_kind: DocumentKind
    document_number: str
    document_valid_until: date
    steps: frozenset[IdentityCheckStep]
    is_verified_with_document_issuer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspicionFacts:
    """What is known when the check is broken off on suspicion; everything but the method may be missing."""

    method: IdentityCheckMethod = IdentityCheckMethod.VISIT
    document_kind: DocumentKind | None = None
    document_number: str = ""
    document_valid_until: date | None = None
    steps: frozenset[IdentityCheckStep] = frozenset()


def refusal_of(facts: IdentityCheckFacts, *, level: AssuranceLevel, at: datetime) -> Refusal | None:
    """Return why this check is not enough for the level of assurance, or None if it is."""
    if missing := [step.value for step in IdentityCheckStep if step not in facts.steps]:
        return Refusal(code="identity_check_incomplete", facts=(("missing", ",".join(missing)),), fixer="you")
    if facts.method not in level.identity_check_methods:
        named = (("method", facts.method.value), ("loa", str(level.level)))
        return Refusal(code="identity_check_method_not_allowed", facts=named, fixer="holder")
    if facts.document_kind not in level.document_kinds:
        named = (("document_kind", facts.document_kind.value), ("loa", str(level.level)))
        return Refusal(code="document_kind_not_allowed", facts=named, fixer="holder")
    if not facts.document_number.strip() or len(facts.document_number) > _LONGEST_NUMBER:
        return Refusal(code="document_number_missing", fixer="you")
    if facts.document_valid_until < swedish_day(at):
        last_day = facts.document_valid_until.isoformat()
        return Refusal(code="document_expired", facts=(("valid_until", last_day),), fixer="holder")
    return None


def record_passed(card: Card, facts: IdentityCheckFacts, *, actor: Actor, at: datetime) -> IdentityCheck:
    """Store a check that is enough, with its event, in the caller's transaction."""
    check = _check(card, facts, outcome=IdentityCheckOutcome.PASSED, actor=actor, at=at)
    check.is_verified_with_document_issuer = facts.is_verified_with_document_issuer
    check.save(force_insert=True)
    record(
        IdentityChecked(
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            identity_check_id=str(check.pk),
            method=facts.method.value,
            document_kind=facts.document_kind.value,
            is_verified_with_document_issuer=facts.is_verified_with_document_issuer,
        ),
        actor=actor,
        at=at,
    )
    return check


def record_suspected(card: Card, facts: SuspicionFacts, *, actor: Actor, at: datetime) -> IdentityCheck:
    """Store a check broken off on suspicion, with an event of its own, in the caller's transaction."""
    check = _check(card, facts, outcome=IdentityCheckOutcome.SUSPECTED, actor=actor, at=at)
    check.save(force_insert=True)
    record(
        IdentitySuspected(
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            identity_check_id=str(check.pk),
            method=facts.method.value,
            document_kind=facts.document_kind.value if facts.document_kind else "",
            failed_steps=tuple(step.value for step in IdentityCheckStep if step not in facts.steps),
        ),
        actor=actor,
        at=at,
    )
    return check


def _check(
    card: Card,
    facts: IdentityCheckFacts | SuspicionFacts,
    *,
    outcome: IdentityCheckOutcome,
    actor: Actor,
    at: datetime,
) -> IdentityCheck:
    return IdentityCheck(
        card=card,
        outcome=outcome.value,
        method=facts.method.value,
        document_kind=facts.document_kind.value if facts.document_kind else "",
        document_number=facts.document_number.strip()[:_LONGEST_NUMBER],
        document_valid_until=facts.document_valid_until,
        document_taken_from_holder=IdentityCheckStep.DOCUMENT_TAKEN in facts.steps,
        person_matches_photo_and_age=IdentityCheckStep.PERSON_MATCHES in facts.steps,
        document_looks_genuine=IdentityCheckStep.DOCUMENT_LOOKS_GENUINE in facts.steps,
        security_features_checked=IdentityCheckStep.SECURITY_FEATURES in facts.steps,
        number_checked=IdentityCheckStep.NUMBER_CHECKED in facts.steps,
        signature_compared=IdentityCheckStep.SIGNATURE_COMPARED in facts.steps,
        control_question_asked=IdentityCheckStep.CONTROL_QUESTION in facts.steps,
        checked_at=at,
        checked_by=actor.identifier,
    )
