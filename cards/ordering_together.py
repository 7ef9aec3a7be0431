"""Orders that several rows ask for, placed together: the rules of a single one, few statements for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from cards import policies
from cards.errors import CardsError
from cards.models import CardOrder
from cards.order_ground import OrderGround, ground_for
from cards.ordering import NewOrder, last_day, new_order, place_order, write_orders
from cards.products import catalogue
from cards.replacement_policies import Replacement, refusal_to_replace, replacements_of
from directory.models import Employment
from journal.actor import Actor
from journal.errors import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One card to be ordered, without pictures; the employment comes with person and organization.

    ``replaced_when_active`` is the card in whose place it comes, with its person.
    """

    employment: Employment
    product_code: str
    loa: int
    idempotency_key: str
    replaced_when_active: Replacement | None = None


def place_together(wanted: Sequence[Wanted], *, actor: Actor, at: datetime) -> list[CardOrder | Refusal]:
    """Order what may be ordered and return each one's order or refusal, in the caller's transaction.

    A key that was used before goes alone, as ``place_order`` places it; so do all of them when the database
    refuses one: somebody else was faster.
    """
    ground = ground_for([one.employment for one in wanted], at=at)
    replaced = [one.replaced_when_active.card.pk for one in wanted if one.replaced_when_active]
    standing = replacements_of(replaced)
    results: dict[str, CardOrder | Refusal] = {}
    alone: list[Wanted] = []
    new: dict[str, NewOrder] = {}
    used = _used_keys(wanted, actor=actor)
    for one in wanted:
        if one.idempotency_key in used:
            alone.append(one)
            continue
        found = _new_or_refused(one, ground, standing, actor=actor, at=at)
        if isinstance(found, Refusal):
            results[one.idempotency_key] = found
        else:
            new[one.idempotency_key] = found
    try:
        with transaction.atomic():
            write_orders(list(new.values()), actor=actor, at=at)
        results |= {key: one.order for key, one in new.items()}
    except IntegrityError:
        alone += [one for one in wanted if one.idempotency_key in new]
    for one in alone:
        results[one.idempotency_key] = _placed_alone(one, actor=actor, at=at)
    return [results[one.idempotency_key] for one in wanted]


def _new_or_refused(
    one: Wanted, ground: OrderGround, standing: Mapping[UUID, CardOrder], *, actor: Actor, at: datetime
) -> NewOrder | Refusal:
    if not policies.reaches_employment(actor, one.employment):
        return Refusal(code="outside_scope", fixer="issuance_manager")
    refusal = policies.may_order(
        employment=one.employment,
        product_code=one.product_code,
        loa=one.loa,
        ground=ground,
        actor=actor,
        at=at,
    )
    if refusal is not None:
        return refusal
    item = catalogue().products[one.product_code]
    if one.replaced_when_active is not None:
        refusal = refusal_to_replace(
            one.replaced_when_active,
            one.employment,
            environment=item.environment.value,
            standing=standing,
            actor=actor,
            at=at,
        )
        if refusal is not None:
            return refusal
    return new_order(
        one.employment,
        item,
        loa=one.loa,
        valid_until=last_day(item, months=None, at=at),
        idempotency_key=one.idempotency_key,
        replaced_when_active=one.replaced_when_active,
        actor=actor,
        at=at,
    )


def _placed_alone(one: Wanted, *, actor: Actor, at: datetime) -> CardOrder | Refusal:
    try:
        return place_order(
            hsa_id=one.employment.hsa_id,
            product_code=one.product_code,
            loa=one.loa,
            idempotency_key=one.idempotency_key,
            replacement=one.replaced_when_active,
            actor=actor,
            at=at,
        )
    except CardsError as error:
        refusal = getattr(error, "refusal", None)
        if isinstance(refusal, Refusal):
            return refusal
        return Refusal(code=error.code, facts=tuple(sorted(error.facts.items())))


def _used_keys(wanted: Sequence[Wanted], *, actor: Actor) -> set[str]:
    keys = [one.idempotency_key for one in wanted]
    used = CardOrder.objects.filter(idempotency_key__in=keys, placed_by=actor.identifier)
    return {key for key in used.values_list("idempotency_key", flat=True) if key}
