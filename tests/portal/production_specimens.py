"""Production with made-up files and people, in the states that its pages know."""

from datetime import UTC, date, datetime

from cards.manufacturing.reconciliation import Counts, Discrepancy
from cards.manufacturing.states import BatchState
from cards.states import CardOrderState
from portal import words
from portal.pages.desk.production import (
    BatchLine,
    BatchPage,
    DayLine,
    FileLine,
    ProductionPage,
    RowLine,
    rejection_text,
)
from portal.pages.parts import Chip, Crumb, Fact, grouped
from portal.wordings import production as words_of

NOW = datetime(2026, 11, 21, 9, 41, tzinfo=UTC)
SOME = Counts(ordered=100, accepted=97, rejected=2, made=60, dispatched=41)
CRUMBS = (Crumb(label="Beställningar", url="#"), Crumb(label="Tillverkning", url="#"))


def listed(*, is_empty: bool = False) -> ProductionPage:
    return ProductionPage(
        chips=[
            Chip(label="Alla filer", url="#", is_chosen=True),
            Chip(label="Det som inte stämmer (1)", url="#", is_chosen=False),
        ],
        batches=[]
        if is_empty
        else [
            BatchLine(
                number=1041 - place,
                url="#",
                at=NOW,
                tag=words_of.BATCH_STATES[state],
                counts=SOME,
                wrong=[str(words_of.DISCREPANCIES[Discrepancy.UNANSWERED])] if state == "SENT" else [],
            )
            for place, state in enumerate(BatchState)
        ],
        days=[] if is_empty else [DayLine(day=date(2026, 11, 21), counts=SOME)],
        files=[]
        if is_empty
        else [
            FileLine(
                number=77,
                at=NOW,
                problem=words_of.problem_text("signature_invalid"),
                batch=1040,
                batch_url="#",
                settle_url="#s",
            )
        ],
        crumbs=CRUMBS,
        next_url="" if is_empty else "#n",
        first_url="",
    )


def batch() -> BatchPage:
    return BatchPage(
        title="Fil 1040 till producenten",
        tag=words_of.BATCH_STATES[BatchState.SENT],
        counts=SOME,
        wrong=[str(words_of.DISCREPANCIES[Discrepancy.UNANSWERED])],
        facts=[
            Fact(name="Gjord", value="i dag 09:41"),
            Fact(name="Mottagen av producenten", value="i dag 09:41"),
            Fact(name="Innehållets kontrollsumma", value="3a7bd3e2360a3d29eea436fcfb7e44c7" * 2),
        ],
        rows=[
            _row("Åsa Lindqvist", CardOrderState.SHIPPED, number="9752278900000000017"),
            _row("Person med skyddade uppgifter", CardOrderState.IN_PRODUCTION),
            _row("Nils Ek", CardOrderState.REJECTED, detail=rejection_text("photo_quality")),
        ],
        crumbs=(*CRUMBS, Crumb(label="Fil 1040")),
        next_url="#n",
        first_url="",
        ask_url="#a",
    )


def _row(person: str, state: CardOrderState, *, number: str = "", detail: str = "") -> RowLine:
    return RowLine(
        person=person,
        url="#",
        product="Tjänstekort med foto",
        tag=words.ORDER_STATES[state],
        card_number=grouped(number) if number else "",
        made_at=NOW if number else None,
        dispatched_at=NOW if number else None,
        tracking_number="RR123456785SE" if number else "",
        detail=detail,
    )
