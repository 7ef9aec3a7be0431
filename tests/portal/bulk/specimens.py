"""Made-up orders for several, so that their pages can be looked at without a database."""

from cards.bulk.models import BulkSource
from cards.bulk.states import BulkOrderState, BulkRowState
from journal.errors import Refusal
from portal import problems
from portal.pages.bulk.acts import BulkAct
from portal.pages.bulk.listing import BulkLine, BulkListPage
from portal.pages.bulk.rows import BulkRow
from portal.pages.bulk.showing import BulkOrderPage
from portal.pages.bulk.starting import EXAMPLE, StartPage
from portal.pages.central.registers import Progress
from portal.pages.parts import Chip, Choice, Crumb, Fact
from portal.wordings import bulk as words_of

_CRUMBS = (Crumb(label="Beställningar", url="/orders/"), Crumb(label="Till flera", url="/orders/bulk/"))
_PRODUCT = "Tjänstekort utan foto"


def start(source: str = "list", *, has_problem: bool = False) -> dict[str, object]:
    """Return the form for one way of choosing."""
    return {
        "page": StartPage(
            source=source,
            chips=[
                Chip(label=label, url=f"/orders/bulk/new/?from={one.value}", is_chosen=one.value == source)
                for one, label in words_of.SOURCES.items()
            ],
            organizations=[Choice(value="1", name="Region Norr"), Choice(value="2", name="Kommun Öst")],
            units=[Choice(value="3", name="Akutmottagningen", is_chosen=True)],
            products=[
                Choice(value="7C1", name=_PRODUCT, is_chosen=True),
                Choice(value="7T1", name="Testkort"),
            ],
            text=EXAMPLE if has_problem else "",
            before="",
            example=EXAMPLE,
            problem=words_of.RULES["columns"] if has_problem else "",
            url="/orders/bulk/new/",
            crumbs=(*_CRUMBS, Crumb(label="Ny")),
        )
    }


def listing(*, is_empty: bool = False) -> dict[str, object]:
    """Return the list."""
    states = [] if is_empty else list(BulkOrderState)
    return {
        "page": BulkListPage(
            rows=[
                BulkLine(
                    url="/orders/bulk/",
                    when="i dag 09:41",
                    source=words_of.SOURCES[BulkSource.UNIT],
                    organization="Region Norr",
                    by="Alva Berg",
                    count="120 beställda av 248 rader",
                    tag=words_of.STATES[state],
                )
                for state in states
            ],
            new_url="/orders/bulk/new/",
            next_url="" if is_empty else "/orders/bulk/?after=x",
            first_url="",
            crumbs=_CRUMBS,
        )
    }


def order(state: BulkOrderState = BulkOrderState.READY) -> dict[str, object]:
    """Return an order with a row of each kind."""
    is_ready = state is BulkOrderState.READY
    return {
        "page": BulkOrderPage(
            title="Beställning till flera",
            tag=words_of.STATES[state],
            facts=(
                Fact(name="Urval", value="Enheten Akutmottagningen med allt under den"),
                Fact(name="Organisation", value="Region Norr"),
                Fact(name="Förberedd", value="i dag 09:41, Alva Berg"),
            ),
            progress=None
            if is_ready
            else Progress(
                key="bulk",
                label="120 av 245 kort beställda",
                done=120,
                total=245,
                detail="3 rader beställdes inte",
                url="/orders/bulk/",
                asks_again=False,
            ),
            toll=("245 kort beställs: 245 Tjänstekort utan foto", "3 rader lämnas utanför")
            if is_ready
            else (),
            acts=(
                BulkAct(value="cancel", label="Släng", icon="x-circle", style="btn-line"),
                BulkAct(
                    value="place",
                    label="Beställ 245 kort",
                    icon="send",
                    style="btn-primary",
                    why="" if is_ready else words_of.RULES["not_yours"],
                ),
            ),
            acts_key="acts-ready",
            chips=(Chip(label="Alla rader", url="/orders/bulk/", is_chosen=True),),
            rows=[_row(line, one) for line, one in enumerate(BulkRowState, start=1)],
            asks_again=False,
            url="/orders/bulk/",
            progress_url="/orders/bulk/",
            export_url="/orders/bulk/",
            next_url="/orders/bulk/?after=50",
            first_url="",
            crumbs=(*_CRUMBS, Crumb(label="i dag 09:41")),
        )
    }


def _row(line: int, state: BulkRowState) -> BulkRow:
    is_refused = state is BulkRowState.REFUSED
    told = problems.explain(Refusal(code="protected_identity_right_missing", fixer="issuance_manager"))
    return BulkRow(
        line=line,
        person="Person med skyddade uppgifter" if is_refused else "Åsa Lindqvist",
        person_url="" if is_refused else "/people/search/",
        place="" if is_refused else "SE2321000016-A100 · Akutmottagningen",
        product=_PRODUCT,
        replaces="" if is_refused else "Ersätter kort 9752 2789 0000 0000 018",
        tag=words_of.ROW_STATES[state],
        why=told if is_refused else None,
        order_url="/orders/" if state is BulkRowState.ORDERED else "",
    )
