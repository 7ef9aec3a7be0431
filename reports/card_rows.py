"""The rows of the reports on cards, their orders and identity checks, as they stood at a moment."""

from typing import Any, Final

from django.conf import settings
from django.db.models import Case, CharField, F, Q, QuerySet, When
from django.db.models.functions import Coalesce

from cards.models import Activation, Card, CardOrder, IdentityCheck
from directory.former_work import unit_name_then
from reports.conditions import (
    Answer,
    by_then,
    code,
    happened,
    masked,
    of_product,
    of_state,
    operator,
    placed,
    state,
    who,
    within,
)
from reports.question import Question

_OPEN: Final = ("BESTÄLLD", "SKICKAD_TILL_PRODUKTION", "I_PRODUKTION", "SKICKAD")


def _number(question: Question) -> Any:  # noqa: ANN401 - an expression
    """Return the card's number once the card was made."""
    made = Q(produced_at__lte=question.as_of) | Q(produced_at__isnull=True, shipped_at__lte=question.as_of)
    told = masked("card_number", question)
    return Case(When(made, then=told), output_field=CharField())


def _card_state(question: Question) -> Case:
    """Return how the card stood; what time alone decides is reckoned in Swedish days."""
    at, over = question.as_of, Q(valid_until__lt=question.today)
    return state(
        ("SPÄRRAT", Q(blocked_at__lte=at)),
        ("MAKULERAT", Q(discarded_at__lte=at)),
        ("UTGÅNGET", Q(shipped_at__lte=at) & over),
        ("AKTIVT", Q(activated_at__lte=at)),
        ("SKICKAT", Q(shipped_at__lte=at)),
        otherwise="BESTÄLLT",
    )


def cards_then(question: Question) -> QuerySet[Any, Any]:
    """Return the cards that were ordered by then, and how each stood."""
    cards = Card.objects.filter(within(question), ordered_at__lte=question.as_of)
    return cards.annotate(stood=_card_state(question)).order_by("ordered_at", "id")


def _unit(question: Question) -> Any:  # noqa: ANN401 - an expression
    return masked(unit_name_then(at=question.as_of), question)


def s1(question: Question) -> Answer:
    """Return cards."""
    return of_state(cards_then(question), question).values_list(
        _number(question), "product_code", "stood", "ordered_at", by_then("shipped_at", question),
        by_then("activated_at", question), by_then("blocked_at", question), "valid_until", "loa",
        *who(question), _unit(question), "organization_id", "environment",
    )  # fmt: skip


def s3(question: Question) -> Answer:
    """Return cards that nobody has activated."""
    return cards_then(question).filter(stood="SKICKAT").order_by("shipped_at", "id").values_list(
        masked("card_number", question), "product_code", "shipped_at", F("shipped_at"),
        *who(question), _unit(question), "organization_id", "environment",
    )  # fmt: skip


def _order_state(question: Question) -> Case:
    at = question.as_of
    return state(
        ("AVBRUTEN", Q(cancelled_at__lte=at)),
        ("AVVISAD_AV_PRODUCENT", Q(rejected_at__lte=at)),
        ("FÖRFALLEN", Q(lapsed_at__lte=at)),
        ("AKTIVERAD", Q(activated_at__lte=at)),
        ("SKICKAD", Q(shipped_at__lte=at)),
        ("I_PRODUKTION", Q(production_started_at__lte=at)),
        ("SKICKAD_TILL_PRODUKTION", Q(sent_at__lte=at)),
        otherwise="BESTÄLLD",
    )


def _orders(question: Question) -> QuerySet[Any, Any]:
    orders = CardOrder.objects.filter(
        within(question), operator("placed_by", question), happened("placed_at", question)
    )
    stood = orders.annotate(stood=_order_state(question)).order_by("placed_at", "id")
    return of_state(stood, question)


def s8(question: Question) -> Answer:
    """Return orders of cards that were open."""
    return _orders(question).filter(stood__in=_OPEN).values_list(
        "placed_at", "product_code", "loa", "stood", F("placed_at"), *who(question),
        "placed_by", "organization_id", "environment",
    )  # fmt: skip


def h1(question: Question) -> Answer:
    """Return orders of cards."""
    return _orders(question).values_list(
        "placed_at", "product_code", "loa", *who(question), "placed_by", "stood",
        "organization_id", "environment",
    )  # fmt: skip


def h2(question: Question) -> Answer:
    """Return activations."""
    done = Activation.objects.filter(
        within(question, "card__"), operator("opened_by", question), happened("finished_at", question)
    )
    return done.order_by("finished_at", "id").values_list(
        "finished_at", masked("card__card_number", question, "card__person"), "card__product_code",
        *who(question, "card__"), "opened_by", "card__organization_id", "card__environment",
    )  # fmt: skip


def h8(question: Question) -> Answer:
    """Return identity checks; one that was broken off before there was a card says itself whose it is."""
    reached = Q(card__isnull=False) & within(question, "card__")
    if not of_product(question):
        reached |= Q(card__isnull=True) & placed(question)
    done = IdentityCheck.objects.filter(
        reached, operator("checked_by", question), happened("checked_at", question)
    )
    holders = [
        Case(When(card__isnull=True, then=own), default=of_card, output_field=CharField())
        for own, of_card in zip(who(question), who(question, "card__"), strict=True)
    ]
    return done.order_by("checked_at", "id").values_list(
        "checked_at", Coalesce("document_kind", code("")), "method", "outcome",
        masked("card__card_number", question, "card__person"),
        *holders, "checked_by", Coalesce("card__organization_id", "organization_id"),
        Coalesce("card__environment", code(settings.SIGILL_ENVIRONMENT)),
    )  # fmt: skip
