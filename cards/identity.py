"""The identity check at the desk: what the administrator states, and whether it is enough."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from cards.attestor import LONGEST_NAME, Attestor, asked_of_pu, attestor_refusal, number_of
from cards.events import IdentityAttested, IdentityChecked, IdentitySuspected
from cards.models import Card, IdentityCheck, IdentityCheckOutcome
from cards.products import AssuranceLevel, DocumentKind, IdentityCheckMethod
from directory.models import Organization, Person
from directory.swedish_time import swedish_day
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

_LONGEST_NUMBER: Final = 40
_HOME: Final = "SWE"


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
    document_country: str = ""
    """Who issued a foreign document, by ISO 3166-1 alpha-3 as it stands in the passport."""
    attestor: Attestor | None = None
    """Who vouches, when somebody does: number, kind and last day are then of the attestor's document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspicionFacts:
    """What is known when the check is broken off on suspicion; everything but the method may be missing."""

    method: IdentityCheckMethod = IdentityCheckMethod.VISIT
    document_kind: DocumentKind | None = None
    document_number: str = ""
    document_valid_until: date | None = None
    steps: frozenset[IdentityCheckStep] = frozenset()


def with_attestor_asked(facts: IdentityCheckFacts, *, actor: Actor, at: datetime) -> IdentityCheckFacts:
    """Return the facts with what PU says of the attestor, where there is one: before ``refusal_of``.

    To be called outside any transaction. Raises ``RegisterUnavailable``.
    """
    if facts.method is not IdentityCheckMethod.ATTESTOR or facts.attestor is None:
        return facts
    return replace(facts, attestor=asked_of_pu(facts.attestor, actor=actor, at=at))


def refusal_of(
    facts: IdentityCheckFacts, *, level: AssuranceLevel, holder: Person, actor: Actor, at: datetime
) -> Refusal | None:
    """Return why this check of this person is not enough for the level of assurance, or None if it is."""
    if missing := [step.value for step in IdentityCheckStep if step not in facts.steps]:
        return Refusal(code="identity_check_incomplete", facts=(("missing", ",".join(missing)),), fixer="you")
    if facts.method not in level.identity_check_methods:
        named = (("method", facts.method.value), ("loa", str(level.level)))
        return Refusal(code="identity_check_method_not_allowed", facts=named, fixer="holder")
    if facts.document_kind not in level.document_kinds:
        named = (("document_kind", facts.document_kind.value), ("loa", str(level.level)))
        return Refusal(code="document_kind_not_allowed", facts=named, fixer="holder")
    return _document_refusal(facts, at=at) or (
        attestor_refusal(facts.attestor, holder=holder, actor=actor, at=at)
        if facts.method is IdentityCheckMethod.ATTESTOR
        else None
    )


def _document_refusal(facts: IdentityCheckFacts, *, at: datetime) -> Refusal | None:
    is_foreign = facts.method is IdentityCheckMethod.FOREIGN_DOCUMENT
    if is_foreign != (facts.document_kind is DocumentKind.FOREIGN_PASSPORT):
        named = (("method", facts.method.value), ("document_kind", facts.document_kind.value))
        return Refusal(code="document_of_another_method", facts=named, fixer="you")
    country = facts.document_country
    if is_foreign and (not re.fullmatch(r"[A-Z]{3}", country, re.ASCII) or country == _HOME):
        return Refusal(code="document_country_missing", fixer="you")
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
    check.document_country = facts.document_country
    if facts.method is IdentityCheckMethod.ATTESTOR and facts.attestor is not None:
        check.attestor_name = facts.attestor.name.strip()[:LONGEST_NAME]
        check.attestor_number = number_of(facts.attestor, at=at)
        check.attestor_relation = facts.attestor.relation.value
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
    if check.attestor_relation:
        attested = IdentityAttested(
            card_id=str(card.pk),
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            identity_check_id=str(check.pk),
            relation=check.attestor_relation,
        )
        record(attested, actor=actor, at=at)
    return check


def record_suspected(card: Card, facts: SuspicionFacts, *, actor: Actor, at: datetime) -> IdentityCheck:
    """Store a check broken off on suspicion, with an event of its own, in the caller's transaction."""
    check = _check(card, facts, outcome=IdentityCheckOutcome.SUSPECTED, actor=actor, at=at)
    check.save(force_insert=True)
    _tell_suspected(check, facts, (str(card.pk), str(card.person_id), str(card.organization_id)), actor, at)
    return check


def record_suspected_without_card(
    person: Person,
    facts: SuspicionFacts,
    *,
    organization: Organization,
    hsa_id: str,
    actor: Actor,
    at: datetime,
) -> IdentityCheck:
    """Store a check broken off where no card is kept for it, with its event, in the caller's transaction."""
    check = _check(None, facts, outcome=IdentityCheckOutcome.SUSPECTED, actor=actor, at=at)
    check.person, check.organization, check.hsa_id = person, organization, hsa_id
    check.save(force_insert=True)
    _tell_suspected(check, facts, ("", str(person.pk), str(organization.pk)), actor, at)
    return check


def _tell_suspected(
    check: IdentityCheck, facts: SuspicionFacts, about: tuple[str, str, str], actor: Actor, at: datetime
) -> None:
    card_id, person_id, organization_id = about
    event = IdentitySuspected(
        card_id=card_id,
        person_id=person_id,
        organization_id=organization_id,
        identity_check_id=str(check.pk),
        method=facts.method.value,
        document_kind=facts.document_kind.value if facts.document_kind else "",
        failed_steps=tuple(step.value for step in IdentityCheckStep if step not in facts.steps),
    )
    record(event, actor=actor, at=at)


def _check(
    card: Card | None,
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
