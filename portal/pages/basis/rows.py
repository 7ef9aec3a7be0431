"""The rows of the basis lists as people read them: who, why, on which readings, and what a decision does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cards.basis_selectors import CardOnBasis, cards_on_basis
from cards.models import CardOrder
from cards.outdated_selectors import outdated_after, outdated_orders
from cards.products import product
from directory.basis_decisions import Chosen
from directory.basis_models import BasisSubject
from directory.evidence import Evidence
from directory.models import Role
from directory.role_basis_selectors import OutdatedRole, outdated_roles
from journal.actor import Actor
from portal import moments, problems, words
from portal.pages.managers.role_words import shown_name
from portal.pages.parts import grouped
from portal.problems import Problem
from portal.wordings import registers as words_of
from portal.words import Tag, Text

NEVER_MADE: Final = "never_made"


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisRow:
    """One row: with ``why`` it cannot be chosen by this person."""

    id: str
    person: str
    url: str
    place: str
    what: Text
    tag: Tag
    evidence: Sequence[Text]
    effect: Sequence[Text]
    chosen: Chosen
    why: Problem | None = None


def rows_of(
    subject: BasisSubject,
    *,
    actor: Actor,
    at: datetime,
    chosen: list[UUID] | None = None,
    after: str = "",
    limit: int = 50,
) -> list[BasisRow]:
    """Return the rows of a list, within what the actor may see."""
    match subject:
        case BasisSubject.CARD:
            cards = cards_on_basis(actor=actor, at=at, chosen=chosen, after=after, limit=limit)
            return [_card_row(one, now=at) for one in cards]
        case BasisSubject.ROLE:
            roles = outdated_roles(actor=actor, at=at, chosen=chosen, after=after, limit=limit)
            return [_role_row(one, now=at) for one in roles]
        case BasisSubject.ORDER:
            orders = outdated_orders(actor=actor, at=at, chosen=chosen, after=after, limit=limit)
            return [order_row(one, now=at) for one in orders]


def _card_row(one: CardOnBasis, *, now: datetime) -> BasisRow:
    item = product(one.card.product_code)
    name = words.product_name(item) if item else one.card.product_code
    is_named = not one.card.person.protected_identity
    number = grouped(one.card.card_number or "") if is_named else ""
    evidence = _evidence(one.evidence, now=now)
    if one.ended_on is not None:
        evidence = [_("Employment ended %(day)s") % {"day": moments.day(one.ended_on)}, *evidence]
    if one.shipped_at is not None:
        evidence = [_("Sent %(day)s and never activated") % {"day": moments.day(one.shipped_at)}]
    count = len(one.certificates)
    revoked = ngettext("%d certificate is revoked", "%d certificates are revoked", count) % count
    return BasisRow(
        id=str(one.card.pk),
        person=shown_name(one.card.person),
        url=reverse("person", args=[one.card.person_id]),
        place=one.card.organization.name,
        what=f"{name} {number}".strip(),
        tag=words_of.CARD_GROUNDS[one.ground],
        evidence=evidence,
        effect=(
            revoked if count else _("No certificate is revoked: the card has none"),
            *(
                f"{_purpose(held.name)}: {held.serial_hex[:16]}…" if is_named else _purpose(held.name)
                for held in one.certificates
            ),
        ),
        chosen=Chosen(
            subject_id=one.card.pk,
            person_id=one.card.person_id,
            organization_id=one.card.organization_id,
            ground=one.ground.value,
            evidence=one.evidence.as_facts(),
            weight=count,
        ),
        why=problems.explain(one.refusal) if one.refusal is not None else None,
    )


def _role_row(one: OutdatedRole, *, now: datetime) -> BasisRow:
    assignment, person = one.assignment, one.assignment.employment.person
    since = moments.moment_or_day(one.unused_since, now=now)
    use = (
        _("Last used %(when)s") % {"when": since}
        if one.was_used
        else _("Given %(when)s and not used since") % {"when": since}
    )
    return BasisRow(
        id=str(assignment.pk),
        person=shown_name(person),
        url=reverse("person", args=[person.pk]),
        place=assignment.organization.name,
        what=words.ROLES[Role(assignment.role)],
        tag=words_of.ROLE_GROUNDS[one.ground],
        evidence=[*_evidence(one.evidence, now=now), use],
        effect=(_("The role is taken; who uses it is logged out."),),
        chosen=Chosen(
            subject_id=assignment.pk,
            person_id=person.pk,
            organization_id=assignment.organization_id,
            ground=one.ground.value,
            evidence={**one.evidence.as_facts(), "unused_since": one.unused_since.isoformat()},
        ),
        why=problems.explain(one.refusal) if one.refusal is not None else None,
    )


def order_row(order: CardOrder, *, now: datetime) -> BasisRow:
    """Return the row of an order that was never made."""
    item = product(order.product_code)
    removed_at = order.placed_at + outdated_after()
    return BasisRow(
        id=str(order.pk),
        person=shown_name(order.person),
        url=reverse("order", args=[order.pk]),
        place=order.organization.name,
        what=words.product_name(item) if item else order.product_code,
        tag=words_of.ORDER_GROUND,
        evidence=[_("Ordered %(when)s") % {"when": moments.moment_or_day(order.placed_at, now=now)}],
        effect=(_("Outdated %(when)s") % {"when": moments.day(removed_at)},),
        chosen=Chosen(
            subject_id=order.pk,
            person_id=order.person_id,
            organization_id=order.organization_id,
            ground=NEVER_MADE,
            evidence={"placed_at": order.placed_at.isoformat()},
        ),
    )


def _purpose(name: str) -> Text:
    return words.KEY_PURPOSES.get(name, name)


def _evidence(evidence: Evidence, *, now: datetime) -> list[Text]:
    """Return on what a row rests: which register, which readings and when."""
    register = evidence.register.upper()
    lines: list[Text] = []
    if len(evidence.readings) > 1:
        told = ", ".join(moments.moment_or_day(one, now=now) for one in evidence.readings)
        lines.append(
            _("Not found in %(count)d complete readings of %(register)s: %(readings)s")
            % {"count": len(evidence.readings), "register": register, "readings": told}
        )
    elif evidence.readings:
        lines.append(
            _("%(register)s said so in the reading of %(when)s")
            % {"register": register, "when": moments.moment_or_day(evidence.readings[0], now=now)}
        )
    if register and evidence.latest_at is not None:
        lines.append(
            _("%(register)s was last read %(when)s")
            % {"register": register, "when": moments.moment_or_day(evidence.latest_at, now=now)}
        )
    return lines
