"""Who may do what with which card, and if not, why not and who can change it: refusals as values."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from ca.environments import Environment
from ca.models import Certificate
from ca.selectors import issuers
from cards.models import Card, CardOrder
from cards.order_ground import OrderGround, OrganizationTerms, ground_for
from cards.pictures.models import CardPicture
from cards.products import (
    AssuranceLevel,
    CardKind,
    CardProduct,
    Destination,
    IdentityKind,
    assurance_level,
    product,
)
from cards.reserve_models import ReserveHandOut
from cards.states import CardOrderState, CardState
from cards.stock_states import ReserveState
from directory.models import Employment, Person, RegistrationStatus, Role
from directory.reach import reaches_identity
from directory.swedish_time import age_on, swedish_day
from journal.actor import Actor, ActorKind
from journal.errors import Refusal

# Permission matrix of domain.md 1.2; ordering and activating take the ID administrator's role explicitly.
MAY_ORDER: Final = frozenset({Role.ID_ADMINISTRATOR.value})
MAY_ACTIVATE: Final = frozenset({Role.ID_ADMINISTRATOR.value})
MAY_BLOCK: Final = frozenset(
    {
        Role.CENTRAL_ADMINISTRATOR.value,
        Role.ISSUANCE_MANAGER.value,
        Role.DEPUTY_ISSUANCE_MANAGER.value,
        Role.ID_ADMINISTRATOR.value,
        Role.REVOCATION_OFFICER.value,
    },
)
MAY_REMOVE_OUTDATED: Final = frozenset(
    {
        Role.CENTRAL_ADMINISTRATOR.value,
        Role.ISSUANCE_MANAGER.value,
        Role.DEPUTY_ISSUANCE_MANAGER.value,
        Role.ID_ADMINISTRATOR.value,
    },
)
MAY_READ: Final = MAY_BLOCK | {Role.AUDITOR.value}
MAY_STOP_ORDERING: Final = frozenset({Role.CENTRAL_ADMINISTRATOR.value})

REQUIRED_LOA: Final = 3

_GONE: Final = {
    RegistrationStatus.DECEASED.value: "holder_deceased",
    RegistrationStatus.EMIGRATED.value: "holder_emigrated",
    RegistrationStatus.DEREGISTERED.value: "holder_deregistered",
    RegistrationStatus.UNKNOWN.value: "holder_not_read_from_register",
}


def may_order(
    *,
    employment: Employment,
    product_code: str,
    loa: int,
    has_pictures: bool = False,
    ground: OrderGround | None = None,
    actor: Actor,
    at: datetime,
) -> Refusal | None:
    """Return why this actor may not order this product for this employee now, or None if they may.

    ``has_pictures`` says that the pictures which the product carries are there, or are about to be taken;
    ``ground`` is what was looked up for several together.
    """
    return _orderer_refusal(actor, employment) or next(
        _order_refusals(employment, product_code, loa=loa, has_pictures=has_pictures, ground=ground, at=at),
        None,
    )


def refusals_to_order(
    *,
    employment: Employment,
    product_code: str,
    loa: int,
    has_pictures: bool = False,
    ground: OrderGround | None = None,
    actor: Actor,
    at: datetime,
) -> tuple[Refusal, ...]:
    """Return every reason why this actor may not order this product, the first as ``may_order`` says it.

    Who may not order here at all is told that alone.
    """
    if (refusal := _orderer_refusal(actor, employment)) is not None:
        return (refusal,)
    return tuple(
        _order_refusals(employment, product_code, loa=loa, has_pictures=has_pictures, ground=ground, at=at)
    )


def may_capture(employment: Employment, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this actor may not take a picture of this employee for a card, or None if they may."""
    return (
        _orderer_refusal(actor, employment)
        or employment_refusal(employment, at=at)
        or holder_refusal(employment.person)
    )


def may_see_picture(picture: CardPicture, *, actor: Actor) -> Refusal | None:
    """Return why this actor may not see a picture for a card, or None: only who orders cards there."""
    return _actor_refusal(actor, roles=MAY_ORDER, held=picture) or _protected_refusal(actor, picture.person)


def may_hand_out_reserve(
    *, employment: Employment, product_code: str, loa: int, actor: Actor, at: datetime
) -> Refusal | None:
    """Return why this actor may not give this employee a reserve card of the stock, or None if they may.

    An order stop is of what the factory makes; a reserve card exists already (POR-16).
    """
    person, item = employment.person, product(product_code)
    if item is None or item.kind is not CardKind.RESERVE:
        return Refusal(code="product_unknown", facts=(("product", product_code),))
    if loa not in item.loa_allowed:
        return Refusal(code="loa_not_allowed", facts=(("product", product_code), ("loa", str(loa))))
    return (
        _actor_refusal(actor, roles=MAY_ORDER, held=employment)
        or _self_service_refusal(actor, person)
        or _protected_refusal(actor, person)
        or employment_refusal(employment, at=at)
        or holder_refusal(person)
        or _set_up_refusal(ground_for([employment], at=at).terms_of(employment), item)
        or _level_refusal(person, assurance_level(loa), at=at)
        or _reserve_under_way_refusal(employment)
    )


def may_attend_reserve(card: Card, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this actor is no administrator who may identify the holder of this reserve card again."""
    return (
        _actor_refusal(actor, roles=MAY_ORDER, held=card)
        or _self_service_refusal(actor, card.person)
        or _protected_refusal(actor, card.person)
        or holder_refusal(card.person)
        or _age_refusal(card.person, assurance_level(card.loa), at=at)
    )


def may_order_instead_of(card: Card, *, actor: Actor) -> Refusal | None:
    """Return why this actor orders no card in the place of this one, or None: as they order any card."""
    return (
        _actor_refusal(actor, roles=MAY_ORDER, held=card)
        or _self_service_refusal(actor, card.person)
        or _protected_refusal(actor, card.person)
    )


def may_cancel_order(order: CardOrder, *, actor: Actor, at: datetime) -> Refusal | None:  # noqa: ARG001 - same shape
    """Return why this actor may not cancel this order, or None if they may."""
    return (
        _actor_refusal(actor, roles=MAY_ORDER, held=order)
        or _protected_refusal(actor, order.person)
        or _cancellable_refusal(order)
    )


def may_remove_outdated(order: CardOrder, *, actor: Actor) -> Refusal | None:
    """Return why this actor may not remove this order as outdated, or None if they may."""
    return _actor_refusal(actor, roles=MAY_REMOVE_OUTDATED, held=order) or _protected_refusal(
        actor, order.person
    )


def may_activate(card: Card, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this actor may not activate this card now, or None if they may."""
    return (
        _actor_refusal(actor, roles=MAY_ACTIVATE, held=card)
        or _self_service_refusal(actor, card.person)
        or _protected_refusal(actor, card.person)
        or usable_refusal(card, at=at)
        or _from_stock_refusal(card)
        or holder_refusal(card.person)
        or _age_refusal(card.person, assurance_level(card.loa), at=at)
    )


def may_block(card: Card, *, actor: Actor, at: datetime) -> Refusal | None:  # noqa: ARG001 - same shape as the others
    """Return why this actor may not block this card, or None; a holder with the role may block their own."""
    return (
        _actor_refusal(actor, roles=MAY_BLOCK, held=card)
        or _protected_refusal(actor, card.person)
        or blockable_refusal(card)
    )


def may_block_certificate(certificate: Certificate, *, actor: Actor, at: datetime) -> Refusal | None:
    """Return why this actor may not block this certificate, which they can see, or None if they may."""
    if not has_role(actor, MAY_BLOCK):
        facts = (("role", actor.role), ("needed", ",".join(sorted(MAY_BLOCK))))
        return Refusal(code="role_missing", facts=facts, fixer=Role.ISSUANCE_MANAGER.value)
    if actor.kind is ActorKind.PERSON and actor.loa < REQUIRED_LOA:
        facts = (("loa", str(actor.loa)), ("needed", str(REQUIRED_LOA)))
        return Refusal(code="login_too_weak", facts=facts, fixer="you")
    if certificate.revoked_at is not None:
        return Refusal(code="certificate_revoked", facts=_moment("at", certificate.revoked_at))
    if certificate.not_after <= at:
        return Refusal(code="certificate_expired", facts=_moment("at", certificate.not_after))
    return None


def usable_refusal(card: Card, *, at: datetime) -> Refusal | None:
    """Return why the card itself cannot be activated now, whoever asks."""
    if is_expired(card, at=at):
        return Refusal(code="card_expired", facts=(("valid_until", card.valid_until.isoformat()),))
    match CardState(card.state):
        case CardState.SHIPPED:
            return _undecided_refusal(card)
        case CardState.ORDERED:
            return Refusal(code="card_not_shipped", facts=(("order_state", card.order.state),), fixer="time")
        case CardState.ACTIVE:
            return Refusal(code="card_already_active", facts=_moment("at", card.activated_at))
        case CardState.BLOCKED:
            return _blocked(card)
        case CardState.DISCARDED:
            return Refusal(code="card_discarded", facts=(("reason", card.discard_reason),))


def holder_refusal(person: Person) -> Refusal | None:
    """Return why no card may be given to this person, by what the population register says."""
    if code := _GONE.get(person.registration_status):
        return Refusal(code=code, facts=_moment("read_at", person.pu_read_at), fixer="register")
    if person.pu_missing_since is not None:
        return Refusal(
            code="holder_missing_in_register",
            facts=_moment("since", person.pu_missing_since),
            fixer="register",
        )
    return None


def employed_refusal(card: Card, *, at: datetime) -> Refusal | None:
    """Return why nothing new rests on this card: the employment it was ordered for is over or missing."""
    employment = Employment.objects.filter(hsa_id__iexact=card.hsa_id).first()
    return None if employment is None else employment_refusal(employment, at=at)


def person_refusal(person: Person, *, loa: int, at: datetime) -> Refusal | None:
    """Return why nothing of this level is issued to the person: the kind of their number, or their age."""
    level = assurance_level(loa)
    return _identity_refusal(person, level) or _age_refusal(person, level, at=at)


def is_expired(card: Card, *, at: datetime) -> bool:
    """Tell whether the card's last day has passed, in Sweden."""
    return swedish_day(at) > card.valid_until


def in_scope(actor: Actor, organization_id: str) -> bool:
    """Tell whether the actor's role reaches the whole organization; our own jobs have no bounds."""
    return actor.kind is ActorKind.SYSTEM or organization_id in actor.organization_ids


def reaches_employment(actor: Actor, employment: Employment) -> bool:
    """Tell whether the actor's role reaches where somebody works: the organization, or that unit of it."""
    return reaches_identity(actor, str(employment.organization_id), employment.hsa_id)


def has_role(actor: Actor, roles: Iterable[str]) -> bool:
    """Tell whether the actor is one of our own jobs or uses one of the roles."""
    return actor.kind is ActorKind.SYSTEM or actor.role in set(roles)


def _order_refusals(
    employment: Employment,
    product_code: str,
    *,
    loa: int,
    has_pictures: bool,
    ground: OrderGround | None,
    at: datetime,
) -> Iterator[Refusal]:
    """Yield what stands in the way of an order, whoever places it; each rule is asked when it is its turn."""
    person, item = employment.person, product(product_code)
    ground = ground or ground_for([employment], at=at)
    environment = item.environment if item is not None else Environment.PROD
    # A stop is of PROD; QA goes on beside it (requirement QA-1).
    yield from _told(_qa_refusal() if environment is Environment.QA else ground.stop(employment))
    yield from _told(employment_refusal(employment, at=at))
    yield from _told(holder_refusal(person))
    yield from _told(_product_refusal(item, product_code=product_code, loa=loa))
    if item is None or loa not in item.loa_allowed:
        return
    level = assurance_level(loa)
    yield from _told(_set_up_refusal(ground.terms_of(employment), item))
    yield from _told(_identity_refusal(person, level))
    yield from _told(_age_refusal(person, level, at=at))
    yield from _told(_address_refusal(person, level))
    yield from _told(_running_order_refusal(ground.running_order(employment, environment)))
    yield from _told(None if has_pictures else _pictures_refusal(item))


def _told(refusal: Refusal | None) -> tuple[Refusal, ...]:
    return () if refusal is None else (refusal,)


def _orderer_refusal(actor: Actor, employment: Employment) -> Refusal | None:
    return (
        _actor_refusal(actor, roles=MAY_ORDER, held=employment)
        or _self_service_refusal(actor, employment.person)
        or _protected_refusal(actor, employment.person)
    )


def _actor_refusal(
    actor: Actor, *, roles: frozenset[str], held: Employment | CardOrder | Card | CardPicture
) -> Refusal | None:
    if not has_role(actor, roles):
        facts = (("role", actor.role), ("needed", ",".join(sorted(roles))))
        return Refusal(code="role_missing", facts=facts, fixer=Role.ISSUANCE_MANAGER.value)
    if not reaches_identity(actor, str(held.organization_id), held.hsa_id):
        return Refusal(code="outside_scope", fixer=Role.ISSUANCE_MANAGER.value)
    if actor.kind is ActorKind.PERSON and actor.loa < REQUIRED_LOA:
        facts = (("loa", str(actor.loa)), ("needed", str(REQUIRED_LOA)))
        return Refusal(code="login_too_weak", facts=facts, fixer="you")
    return None


def _self_service_refusal(actor: Actor, person: Person) -> Refusal | None:
    if actor.person_id != str(person.pk):
        return None
    return Refusal(code="self_service_forbidden", fixer=Role.ID_ADMINISTRATOR.value)


def _protected_refusal(actor: Actor, person: Person) -> Refusal | None:
    if not person.protected_identity or actor.may_see_protected or actor.kind is ActorKind.SYSTEM:
        return None
    return Refusal(code="protected_identity_right_missing", fixer=Role.ISSUANCE_MANAGER.value)


def employment_refusal(employment: Employment, *, at: datetime) -> Refusal | None:
    """Return why nothing may be issued for this employment now, by what the register says of it."""
    today = swedish_day(at)
    if employment.ends_on is not None and employment.ends_on < today:
        facts = (("ended_on", employment.ends_on.isoformat()),)
        return Refusal(code="employment_ended", facts=facts, fixer="register")
    if employment.missing_since is not None:
        return Refusal(
            code="employment_missing_in_register",
            facts=_moment("since", employment.missing_since),
            fixer="register",
        )
    return None


def _product_refusal(item: CardProduct | None, *, product_code: str, loa: int) -> Refusal | None:
    if item is None:
        return Refusal(code="product_unknown", facts=(("product", product_code),))
    if item.delivered_to is Destination.STOCK:
        return Refusal(code="product_comes_from_stock", facts=(("product", product_code),))
    if not item.orderable:
        return Refusal(
            code="product_not_orderable",
            facts=(("product", product_code),),
            fixer=Role.CENTRAL_ADMINISTRATOR.value,
        )
    if loa not in item.loa_allowed:
        return Refusal(code="loa_not_allowed", facts=(("product", product_code), ("loa", str(loa))))
    return None


def _set_up_refusal(terms: OrganizationTerms, item: CardProduct | None) -> Refusal | None:
    """Return why the organization does not order this product, by how it is set up here."""
    if item is None:
        return None
    named = (("product", item.code),)
    if terms.products and item.code not in terms.products:
        return Refusal(
            code="product_not_for_organization", fixer=Role.CENTRAL_ADMINISTRATOR.value, facts=named
        )
    if item.needs_issuer_number and not terms.issuer_number:
        return Refusal(code="issuer_number_missing", facts=named, fixer=Role.CENTRAL_ADMINISTRATOR.value)
    return None


def _level_refusal(person: Person, level: AssuranceLevel, *, at: datetime) -> Refusal | None:
    return person_refusal(person, loa=level.level, at=at) or _address_refusal(person, level)


def _identity_refusal(person: Person, level: AssuranceLevel) -> Refusal | None:
    """Return why the person's number, or how surely it is theirs, is not enough for the level.

    PU says of a coordination number how surely it is somebody's (``identityLevel``, domain.md 2.2).
    """
    kind = IdentityKind(person.number_kind)
    if kind not in level.identity_kinds:
        facts = (("number_kind", person.number_kind), ("loa", str(level.level)))
        return Refusal(code="identity_kind_not_allowed", facts=facts, fixer="register")
    known = person.identity_level
    if kind is IdentityKind.COORDINATION_NUMBER and known not in level.coordination_number_levels:
        wanted = ("needed", ",".join(level.coordination_number_levels))
        told = (("identity_level", known), wanted, ("loa", str(level.level)))
        return Refusal(code="identity_level_too_low", facts=told, fixer="register")
    return None


def _address_refusal(person: Person, level: AssuranceLevel) -> Refusal | None:
    """Return that there is nowhere to post the card; a protected person's goes by way of Skatteverket."""
    if not level.needs_registered_address or person.protected_identity or person.address_lines:
        return None
    return Refusal(
        code="registered_address_missing",
        facts=(("status", person.registration_status), *_moment("read_at", person.pu_read_at)),
        fixer="register",
    )


def _age_refusal(person: Person, level: AssuranceLevel, *, at: datetime) -> Refusal | None:
    if age_on(person.birth_date, swedish_day(at)) >= level.minimum_age:
        return None
    facts = (("minimum_age", str(level.minimum_age)), ("loa", str(level.level)))
    return Refusal(code="under_age", facts=facts, fixer="time")


def _qa_refusal() -> Refusal | None:
    if issuers(Environment.QA):
        return None
    return Refusal(code="qa_not_set_up", fixer=Role.CENTRAL_ADMINISTRATOR.value)


def _undecided_refusal(card: Card) -> Refusal | None:
    """Return why a reserve card is of no use yet: the second person is to come (DIGG K3.4)."""
    if not card.order.from_stock:
        return None
    if ReserveHandOut.objects.filter(card=card, state=ReserveState.READY.value).exists():
        return None
    return Refusal(code="reserve_card_not_approved", fixer=Role.ID_ADMINISTRATOR.value)


def _from_stock_refusal(card: Card) -> Refusal | None:
    """Return why nobody activates a reserve card at the desk: its holder fetches the certificates."""
    if card.state == CardState.SHIPPED.value and card.order.from_stock:
        return Refusal(code="reserve_card_fetched_by_holder", fixer="holder")
    return None


def _reserve_under_way_refusal(employment: Employment) -> Refusal | None:
    running = CardOrder.objects.filter(
        from_stock=True,
        person_id=employment.person_id,
        organization_id=employment.organization_id,
        state=CardOrderState.SHIPPED.value,
    ).first()
    if running is None:
        return None
    return Refusal(code="reserve_card_under_way", facts=_moment("since", running.placed_at), fixer="holder")


def _running_order_refusal(running: CardOrder | None) -> Refusal | None:
    if running is None:
        return None
    facts = (
        ("card_order_id", str(running.pk)),
        ("state", running.state),
        *_moment("placed_at", running.placed_at),
    )
    return Refusal(code="order_already_running", facts=facts)


def _pictures_refusal(item: CardProduct) -> Refusal | None:
    """Return which pictures must be taken first, at a visit."""
    if not item.has_photo:
        return None
    code = "photo_and_signature_needed" if item.has_signature_image else "photo_needed"
    return Refusal(code=code, facts=(("product", item.code),), fixer="you")


def _cancellable_refusal(order: CardOrder) -> Refusal | None:
    if order.state not in {CardOrderState.DRAFT.value, CardOrderState.PLACED.value}:
        return Refusal(code="order_not_cancellable", facts=(("state", order.state),))
    if order.handover_started_at is not None:
        return Refusal(
            code="order_being_handed_over",
            facts=_moment("since", order.handover_started_at),
            fixer="time",
        )
    return None


def blockable_refusal(card: Card) -> Refusal | None:
    """Return why the card itself cannot be blocked, whoever asks."""
    if card.state == CardState.BLOCKED.value:
        return _blocked(card)
    if card.state == CardState.DISCARDED.value:
        return Refusal(code="card_discarded", facts=(("reason", card.discard_reason),))
    return None


def _blocked(card: Card) -> Refusal:
    facts = (("by", card.blocked_by), *_moment("at", card.blocked_at), ("reason", card.block_reason))
    return Refusal(code="card_blocked", facts=facts)


def _moment(name: str, at: datetime | None) -> tuple[tuple[str, str], ...]:
    return ((name, at.isoformat()),) if at is not None else ()
