"""Who vouches for a person without a document of their own: facts of the attestor, and who may be one.

domain.md 2.2: present together with the applicant, a manager or somebody responsible for staff, and no part
of the card organization; for those under 18 a guardian. The document of the check is then the attestor's, and
PU is asked whether there is such a person and whether they live.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from directory.identifiers import PersonalIdentityNumber, parse_personal_identity_number
from directory.models import Person, RegistrationStatus
from directory.role_selectors import roles_held_by
from directory.standing import Standing, ask_standing
from directory.swedish_time import age_on, swedish_day
from journal.actor import Actor
from journal.errors import DomainError, Refusal

OF_AGE: Final = 18
LONGEST_NAME: Final = 120
UNRECORDED: Final = "unrecorded"
"""Of checks from before the attestor's facts were asked for."""


class AttestorRelation(StrEnum):
    """What the attestor is to the applicant, and by what authority they vouch."""

    MANAGER = "manager"
    STAFF_RESPONSIBLE = "staff_responsible"
    GUARDIAN = "guardian"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestor:
    """Who vouched, as their own document says; ``standing`` is what PU says of that number, once asked."""

    personal_identity_number: str
    name: str
    relation: AttestorRelation
    standing: Standing | None = None

    def __repr__(self) -> str:
        return f"Attestor({self.relation})"


def asked_of_pu(attestor: Attestor, *, actor: Actor, at: datetime) -> Attestor:
    """Return the attestor with what PU says of them; a number that is nobody's is not asked for.

    To be called outside any transaction. Raises ``RegisterUnavailable``.
    """
    number = attestor_number(attestor.personal_identity_number, at=at)
    if number is None:
        return attestor
    return replace(attestor, standing=ask_standing(number, actor=actor, at=at))


def attestor_refusal(
    attestor: Attestor | None, *, holder: Person, actor: Actor, at: datetime
) -> Refusal | None:
    """Return why this attestor is not enough for this holder, or None if they are."""
    if attestor is None or not attestor.name.strip():
        return Refusal(code="attestor_missing", fixer="you")
    number = attestor_number(attestor.personal_identity_number, at=at)
    if number is None:
        return Refusal(code="attestor_number_wrong", fixer="you")
    code = _unfit(number, attestor, holder=holder, actor=actor, at=at) or _not_standing(attestor.standing)
    return Refusal(code=code, fixer="holder") if code else None


def attestor_number(text: str, *, at: datetime) -> PersonalIdentityNumber | None:
    """Return the number that was written, or None when it is nobody's."""
    try:
        return parse_personal_identity_number(text, today=swedish_day(at))
    except DomainError:
        return None


def number_of(attestor: Attestor, *, at: datetime) -> str:
    """Return the twelve digits of an attestor whom ``attestor_refusal`` let through."""
    number = attestor_number(attestor.personal_identity_number, at=at)
    return number.value if number is not None else ""


def _not_standing(standing: Standing | None) -> str | None:
    """Return the code of what PU says against an attestor, or None; not to have asked is no yes."""
    if standing is None:
        return "attestor_not_asked_of_pu"
    match standing.status:
        case None:
            return "attestor_not_in_pu"
        case RegistrationStatus.DECEASED:
            return "attestor_deceased"
        case RegistrationStatus.DEREGISTERED:
            return "attestor_number_not_in_force"
        case _:
            return None


def _unfit(
    number: PersonalIdentityNumber, attestor: Attestor, *, holder: Person, actor: Actor, at: datetime
) -> str | None:
    """Return the code of what makes somebody no attestor of this holder, or None."""
    today = swedish_day(at)
    numbers = attestor.standing.numbers if attestor.standing else frozenset({number.value})
    if holder.personal_identity_number in numbers:
        return "attestor_is_the_person"
    if number.age_at(today) < OF_AGE:
        return "attestor_under_age"
    is_child = age_on(holder.birth_date, today) < OF_AGE
    if is_child != (attestor.relation is AttestorRelation.GUARDIAN):
        return "guardian_needed" if is_child else "guardian_of_an_adult"
    for known in Person.objects.filter(personal_identity_number__in=numbers):
        if str(known.pk) == actor.person_id or roles_held_by(str(known.pk), at=at):
            return "attestor_in_card_organization"
    return None
