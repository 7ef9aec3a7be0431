"""How envelopes move: the place locked first, then a compare-and-swap of every row, all or none."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from cards.card_number import CardNumberInvalid, parse_card_number
from cards.errors import IllegalTransition, Refused
from cards.stock_errors import NoReserveCardsNamed, NotInStock
from cards.stock_models import StockCard, StockPlace, StockTransfer
from cards.stock_policies import may_keep
from cards.stock_states import STOCK_CARD_MOVES, StockCardAction, StockCardState
from journal.actor import Actor


def move_cards(
    cards: Sequence[StockCard],
    action: StockCardAction,
    *,
    at: datetime,
    place: StockPlace | None = None,
    transfer: StockTransfer | None = None,
    loss_reason: str = "",
) -> None:
    """Move all of these envelopes, in the caller's transaction; raises IllegalTransition and NotInStock.

    Those that somebody else moved meanwhile are NotInStock, and nothing has moved.
    """
    by_state: dict[str, list[StockCard]] = {}
    for card in cards:
        by_state.setdefault(card.state, []).append(card)
    for state, held in sorted(by_state.items()):
        following = _after(state, action)
        rows = StockCard.objects.filter(pk__in=[card.pk for card in held], state=state)
        changes: dict[str, object] = {"place": place} if place is not None else {}
        moved = rows.update(
            state=following, transfer=transfer, changed_at=at, loss_reason=loss_reason, **changes
        )
        if moved != len(held):
            raise NotInStock.of([card.card_number for card in held])


def locked_place(place: StockPlace, *, actor: Actor) -> StockPlace:
    """Return the place, locked until the transaction ends, if the actor keeps cards there; raises Refused."""
    if (refusal := may_keep(place, actor=actor)) is not None:
        raise Refused(refusal)
    return lock_places([place.pk])[0]


def lock_places(ids: Iterable[UUID]) -> list[StockPlace]:
    """Lock places in a steady order, so that no two acts wait for each other."""
    rows = StockPlace.objects.select_for_update(of=("self",)).select_related("organization")
    return list(rows.filter(pk__in=list(ids)).order_by("pk"))


def cards_in_stock(place: StockPlace, numbers: Sequence[str]) -> list[StockCard]:
    """Return the envelopes with these numbers that are in stock here; raises NotInStock."""
    cards = list(
        StockCard.objects.filter(
            place=place, state=StockCardState.IN_STOCK.value, card_number__in=list(numbers)
        ).order_by("card_number")
    )
    if lacking := set(numbers) - {card.card_number for card in cards}:
        raise NotInStock.of(sorted(lacking))
    return cards


def ids_of(cards: Sequence[StockCard]) -> tuple[str, ...]:
    """Return what the journal keeps of envelopes: ids, since a card's number becomes somebody's."""
    return tuple(str(card.pk) for card in cards)


def read_numbers(text: str) -> tuple[str, ...]:
    """Return the card numbers of a text as a scanner or a person writes them: one a line, or with commas.

    A number may have spaces in it. Each is returned once. Raises NoReserveCardsNamed for what is none.
    """
    found: dict[str, None] = {}
    for part in text.replace(",", "\n").replace(";", "\n").splitlines():
        if not part.strip():
            continue
        try:
            found[parse_card_number(part.strip()).digits] = None
        except CardNumberInvalid as error:
            raise NoReserveCardsNamed(part, facts={"text": part.strip()[:40]}) from error
    return tuple(found)


def _after(state: str, action: StockCardAction) -> str:
    following = STOCK_CARD_MOVES.get((StockCardState(state), action))
    if following is None:
        raise IllegalTransition.of(thing="stock_card", state=state, action=action.value)
    return following.value
