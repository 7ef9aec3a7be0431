"""Production: files of orders to the producer, how far their cards came, and what does not add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cards.errors import ProductionNotFound
from cards.manufacturing.following import ask_again, may_follow, settle_file
from cards.manufacturing.models import FactoryFile, ProductionBatch, ProductionRow
from cards.manufacturing.reconciliation import (
    Counts,
    batches_with,
    counts_by_batch,
    counts_by_day,
    discrepancies,
    rows_in_reach,
    set_aside,
)
from cards.manufacturing.states import BatchState
from cards.products import product
from cards.states import CardOrderState
from journal.actor import Actor
from portal import moments, words
from portal.pages import asking
from portal.pages.managers.role_words import shown_name
from portal.pages.parts import Chip, Crumb, Fact, grouped
from portal.wordings import production as words_of
from portal.words import Tag

_BATCHES: Final = 30
_ROWS: Final = 50
_FILES: Final = 20
_DAYS: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """One file of orders in the list."""

    number: int
    url: str
    at: datetime
    tag: Tag
    counts: Counts
    wrong: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """What was ordered on one day, and how far it came."""

    day: date
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLine:
    """A file from the producer that was set aside."""

    number: int
    at: datetime
    problem: str
    batch_url: str
    batch: int | None
    settle_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionPage:
    """What the list shows."""

    chips: Sequence[Chip]
    batches: Sequence[BatchLine]
    days: Sequence[DayLine]
    files: Sequence[FileLine]
    crumbs: Sequence[Crumb]
    next_url: str
    first_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLine:
    """One order of a file."""

    person: str
    url: str
    product: str
    tag: Tag
    card_number: str
    made_at: datetime | None
    dispatched_at: datetime | None
    tracking_number: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPage:
    """What the view of one file shows."""

    title: str
    tag: Tag
    counts: Counts
    wrong: Sequence[str]
    facts: Sequence[Fact]
    rows: Sequence[RowLine]
    crumbs: Sequence[Crumb]
    next_url: str
    first_url: str
    ask_url: str


@require_safe
def show_files(request: HttpRequest) -> HttpResponse:
    """Show the files of orders, newest first, those of the actor's organizations alone."""
    actor, at = asking.who(request), asking.now()
    page = production_page(
        actor=actor,
        at=at,
        before=_number(request.GET.get("before", "")),
        is_wrong_only=request.GET.get("show") == "wrong",
    )
    return render(request, "portal/production.html", {"page": page})


@require_safe
def show_batch(request: HttpRequest, batch_number: int) -> HttpResponse:
    """Show one file with its rows."""
    actor, at = asking.who(request), asking.now()
    page = batch_page(batch_number, actor=actor, at=at, after=_number(request.GET.get("after", "")))
    return render(request, "portal/production_batch.html", {"page": page})


@require_POST
def ask(request: HttpRequest, batch_number: int) -> HttpResponse:
    """Have the producer asked again about a file."""
    ask_again(batch_number, actor=asking.who(request), at=asking.now())
    messages.success(request, _("The file is sent again at once. The producer makes no card twice."))
    return HttpResponseRedirect(reverse("production-batch", args=[batch_number]))


@require_POST
def settle(request: HttpRequest, file_number: int) -> HttpResponse:
    """Note that a file from the producer is dealt with."""
    settle_file(file_number, actor=asking.who(request), at=asking.now())
    messages.success(request, _("The file is noted as dealt with."))
    return HttpResponseRedirect(reverse("production"))


def production_page(*, actor: Actor, at: datetime, before: int, is_wrong_only: bool) -> ProductionPage:
    """Return what the list shows to this actor at this moment."""
    rows = rows_in_reach(actor)
    wrong = discrepancies(rows, at=at)
    batches = batches_with(rows)
    if is_wrong_only:
        batches = batches.filter(pk__in=list(wrong))
    if before:
        batches = batches.filter(pk__lt=before)
    found = list(batches.order_by("-number")[: _BATCHES + 1])
    shown = found[:_BATCHES]
    counted = counts_by_batch(rows, [batch.pk for batch in shown])
    return ProductionPage(
        chips=[
            Chip(label=_("All files"), url=_address(), is_chosen=not is_wrong_only),
            Chip(
                label=_("What does not add up (%(count)d)") % {"count": len(wrong)},
                url=_address(show="wrong"),
                is_chosen=is_wrong_only,
            ),
        ],
        batches=[
            BatchLine(
                number=batch.pk,
                url=reverse("production-batch", args=[batch.pk]),
                at=batch.assembled_at,
                tag=words_of.BATCH_STATES[BatchState(batch.state)],
                counts=counted.get(batch.pk, Counts()),
                wrong=[str(words_of.DISCREPANCIES[one]) for one in sorted(wrong.get(batch.pk, ()))],
            )
            for batch in shown
        ],
        days=[]
        if before
        else [DayLine(day=day, counts=counts) for day, counts in counts_by_day(rows, since=at - _DAYS)],
        files=_files(actor),
        crumbs=_crumbs(),
        next_url=_address(show="wrong" if is_wrong_only else "", before=shown[-1].pk)
        if len(found) > _BATCHES
        else "",
        first_url=_address(show="wrong" if is_wrong_only else "") if before else "",
    )


def batch_page(number: int, *, actor: Actor, at: datetime, after: int) -> BatchPage:
    """Return what the view of one file shows to this actor; raises ProductionNotFound."""
    rows = rows_in_reach(actor).filter(batch_id=number)
    batch = batches_with(rows).filter(pk=number).first()
    if batch is None:
        raise ProductionNotFound(str(number))
    state = BatchState(batch.state)
    listed = (
        rows.select_related("order__person", "order__card").filter(position__gt=after).order_by("position")
    )
    found = list(listed[: _ROWS + 1])
    address = reverse("production-batch", args=[number])
    can_ask = may_follow(actor) is None and state is not BatchState.WITHDRAWN
    return BatchPage(
        title=_("File %(number)d to the producer") % {"number": number},
        tag=words_of.BATCH_STATES[state],
        counts=counts_by_batch(rows, [number]).get(number, Counts()),
        wrong=[
            str(words_of.DISCREPANCIES[one]) for one in sorted(discrepancies(rows, at=at).get(number, ()))
        ],
        facts=_facts(batch, rows, now=at),
        rows=[_row(row) for row in found[:_ROWS]],
        crumbs=(*_crumbs(), Crumb(label=_("File %(number)d") % {"number": number})),
        next_url=f"{address}?after={found[_ROWS - 1].position}" if len(found) > _ROWS else "",
        first_url=address if after else "",
        ask_url=reverse("production-ask", args=[number]) if can_ask else "",
    )


def _facts(batch: ProductionBatch, rows: QuerySet[ProductionRow], *, now: datetime) -> list[Fact]:
    facts = [Fact(name=_("Made"), value=moments.moment(batch.assembled_at, now=now))]
    for name, moment in (
        (_("Received by the producer"), batch.sent_at),
        (_("Answered"), batch.acknowledged_at),
        (_("Given up"), batch.withdrawn_at),
    ):
        if moment is not None:
            facts.append(Fact(name=name, value=moments.moment(moment, now=now)))
    taken_out = rows.filter(withdrawn_at__isnull=False).count()
    if taken_out:
        facts.append(Fact(name=_("Taken out before it left"), value=str(taken_out)))
    if batch.last_problem:
        facts.append(Fact(name=_("Problem"), value=words_of.problem_text(batch.last_problem)))
    if batch.next_attempt_at is not None:
        facts.append(Fact(name=_("Sent next"), value=moments.moment(batch.next_attempt_at, now=now)))
    if batch.content_hashes:
        facts.append(Fact(name=_("Digest of the content"), value=str(batch.content_hashes[-1])))
    if batch.recipient_serial_hex:
        facts.append(Fact(name=_("Encrypted to certificate"), value=batch.recipient_serial_hex))
    return facts


def _row(row: ProductionRow) -> RowLine:
    order = row.order
    item = product(order.product_code)
    detail = ""
    if row.rejected_at is not None:
        detail = rejection_text(order.rejection_reason)
    elif row.withdrawn_at is not None:
        detail = _("Taken out before the file left")
    # A number leads to its person: of one who is protected it is told on the card's own page, for a reason.
    is_told = bool(row.card_number) and not order.person.protected_identity
    return RowLine(
        person=shown_name(order.person),
        url=reverse("order", args=[order.pk]),
        product=words.product_name(item) if item else order.product_code,
        tag=words.ORDER_STATES[CardOrderState(order.state)],
        card_number=grouped(row.card_number) if is_told else "",
        made_at=row.produced_at,
        dispatched_at=row.dispatched_at,
        tracking_number=row.tracking_number,
        detail=detail,
    )


def rejection_text(reason: str) -> str:
    """Return what the producer's reason means and what to do, or the reason as it came."""
    agreed = words_of.REJECTIONS.get(reason)
    return reason if agreed is None else f"{agreed[0]} {agreed[1]}"


def _files(actor: Actor) -> list[FileLine]:
    """Return the files that were set aside, for those who deal with them."""
    if may_follow(actor) is not None:
        return []
    return [_file(file) for file in set_aside()[:_FILES]]


def _file(file: FactoryFile) -> FileLine:
    return FileLine(
        number=file.pk,
        at=file.received_at,
        problem=words_of.problem_text(file.problem),
        batch=file.batch_number,
        batch_url=reverse("production-batch", args=[file.batch_number]) if file.batch_number else "",
        settle_url=reverse("production-settle", args=[file.pk]),
    )


def _crumbs() -> tuple[Crumb, ...]:
    return (
        Crumb(label=_("Orders"), url=reverse("orders")),
        Crumb(label=_("Production"), url=reverse("production")),
    )


def _address(*, show: str = "", before: int = 0) -> str:
    query = urlencode({key: value for key, value in (("show", show), ("before", before)) if value})
    return f"{reverse('production')}?{query}" if query else reverse("production")


def _number(text: str) -> int:
    """Return a number of a list's address, or 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < len("1000000000000000000") else 0
