"""The rows of an order for several as they are shown: who, which card, what became of it and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from cards.bulk.models import BulkOrder, BulkOrderRow
from cards.bulk.states import BulkRowState
from cards.products import product
from journal.actor import Actor
from journal.errors import Refusal
from portal import problems, words
from portal.pages.managers.role_words import shown_name
from portal.pages.parts import grouped
from portal.problems import Problem
from portal.wordings import bulk as words_of
from portal.words import Tag, Text

_WITHOUT_A_CARD: Final = frozenset({BulkRowState.REFUSED, BulkRowState.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRow:
    """One row; a protected person's names nobody and leads nowhere."""

    line: int
    person: Text
    person_url: str
    place: str
    product: str
    replaces: Text
    tag: Tag
    why: Problem | None
    order_url: str


def bulk_rows(rows: Sequence[BulkOrderRow], bulk: BulkOrder, *, actor: Actor) -> list[BulkRow]:
    """Return rows for the page and the file. What was typed is shown to who typed it alone."""
    is_mine = bool(actor.person_id) and actor.person_id == bulk.started_person_id
    return [_shown(row, is_mine=is_mine) for row in rows]


def _shown(row: BulkOrderRow, *, is_mine: bool) -> BulkRow:
    item = product(row.product_code)
    employment = row.employment
    is_hidden = employment is not None and employment.person.protected_identity
    person: Text = _("Nobody")
    if employment is not None:
        person = shown_name(employment.person)
    elif row.typed:
        person = row.typed if is_mine else _("A line that leads to nobody")
    return BulkRow(
        line=row.line,
        person=person,
        person_url=reverse("person", args=[employment.person_id]) if employment and not is_hidden else "",
        place=_place(row) if not is_hidden else "",
        product=words.product_name(item) if item is not None else row.product_code,
        replaces=_replaced(row, is_hidden=is_hidden),
        tag=words_of.ROW_STATES[BulkRowState(row.state)],
        why=_why(row, is_hidden=is_hidden),
        order_url=reverse("order", args=[row.card_order_id]) if row.card_order_id and not is_hidden else "",
    )


def _place(row: BulkOrderRow) -> str:
    if row.employment is None:
        return ""
    unit = f" · {row.employment.unit.name}" if row.employment.unit is not None else ""
    return f"{row.employment.hsa_id}{unit}"


def _replaced(row: BulkOrderRow, *, is_hidden: bool) -> Text:
    """Return which card the new one takes the place of; of a protected person only that it does."""
    if row.replaces is None or BulkRowState(row.state) in _WITHOUT_A_CARD:
        return ""
    if is_hidden or not row.replaces.card_number:
        return _("Takes the place of the card that ends")
    return _("Takes the place of card %(number)s") % {"number": grouped(row.replaces.card_number)}


def _why(row: BulkOrderRow, *, is_hidden: bool) -> Problem | None:
    if not row.code:
        return None
    facts = tuple((str(name), str(value)) for name, value in row.facts)
    told = problems.explain(Refusal(code=row.code, facts=facts, fixer=row.fixer))
    return replace(told, url="", link="") if is_hidden else told
