"""Pages of reserve cards as the look tests show them: a place with all that can be there, and the check."""

from datetime import UTC, datetime

from cards.products import assurance_level
from cards.stock_models import StockPlace
from cards.stock_selectors import PlaceStanding
from directory.models import Organization
from portal import problems
from portal.pages.desk.identity_form import IdentityForm
from portal.pages.parts import Act, Chip, Crumb, Fact, Step
from portal.pages.reserve.handing import ReservePage
from portal.pages.stock.acting import ActPage
from portal.pages.stock.forms import ArrivalForm, ReturnForm, ThresholdForm
from portal.pages.stock.overview import place_row
from portal.pages.stock.place import CountRow, EnvelopeRow, PlacePage, TransferRow

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
CRUMBS = (Crumb(label="Reservkort", url="#"), Crumb(label="Receptionen"))


def place() -> dict[str, object]:
    """Return a place with few left, some on their way, missing and come back."""
    organization = Organization(name="Region Norr", hsa_id="SE2321009801-0001")
    kept = StockPlace(name="Receptionen, huvudentrén", organization=organization, threshold=3)
    standing = PlaceStanding(place=kept, in_stock=2, coming=3, missing=1)
    page = PlacePage(
        id=str(kept.pk),
        row=place_row(standing, most=6),
        cards=[_envelope("9752 2789 0000 0000 017"), _envelope("9752 2789 0000 0000 025")],
        missing=[_envelope("9752 2789 0000 0000 033")],
        returned=[_envelope("9752 2789 0000 0000 041")],
        transfers=[TransferRow(text="3 från Vård 3", detail="skickade i går 14:02", url="#", act="Ta emot")],
        counts=[CountRow(at=NOW, text="2 hittades, 3 väntades", detail="1 saknas; föll", differs=True)],
        acts=(
            Act(label="Ta emot en låda", icon="inbox", url="#", style="btn-primary"),
            Act(label="Kort som kommer tillbaka", icon="arrow-repeat", url="#", style="btn-line"),
            Act(label="Anmäl förlust", icon="slash-circle", url="#", style="btn-danger0"),
        ),
        crumbs=CRUMBS,
        may_change=True,
        destroy_url="#",
    )
    return {"page": page, "form": ThresholdForm(initial={"threshold": 3})}


def returned() -> dict[str, object]:
    """Return the form for cards that come back."""
    page = ActPage(
        title="Kort som kommer tillbaka",
        lead="Ett reservkort är en persons: det spärras med sina certifikat och lämnas aldrig ut igen.",
        button="Registrera korten",
        icon="slash-circle",
        style="btn-danger0",
        place_url="#",
        crumbs=CRUMBS,
    )
    return {"page": page, "form": ReturnForm({"act": "take_back", "numbers": "hej"})}


def hand_over() -> dict[str, object]:
    """Return a hand-over where something did not come, and nobody said why yet."""
    page = ActPage(
        title="Överlämning av reservkort",
        lead="Jämför kuverten med numren nedan innan du lägger dem i lagret.",
        button="Lägg i lagret här",
        icon="inbox",
        style="btn-primary",
        place_url="#",
        crumbs=CRUMBS,
        facts=(Fact(name="Från", value="Vård 3"), Fact(name="Skickad", value="i går 14:02, Alva Berg")),
        problem=problems.of_code("stock_reason_missing"),
    )
    numbers = ["9752278900000000017", "9752278900000000025"]
    return {"page": page, "form": ArrivalForm({"missing": numbers[:1]}, numbers=numbers)}


def check() -> dict[str, object]:
    """Return the identity check at level 2, where somebody may vouch, with what was not filled in."""
    page = ReservePage(
        title="Lämna ut ett reservkort",
        name="Åsa Lindqvist",
        button="Lämna ut",
        facts=(Fact(name="Namn", value="Åsa Lindqvist"), Fact(name="Personnummer", value="19830830-9908")),
        steps=(Step(name="Identifiera och lämna ut", progress="now"), Step(name="Innehavaren aktiverar")),
        crumbs=CRUMBS,
        back_url="#",
        chips=[Chip(label=f"Tillitsnivå {loa}", url="#", is_chosen=loa == 2) for loa in (2, 3)],
    )
    form = IdentityForm({"method": "attestor"}, level=assurance_level(2))
    return {"page": page, "form": form, "envelope": None}


def _envelope(number: str) -> EnvelopeRow:
    return EnvelopeRow(number=number, box="R-2611", valid_until="2031-10-31", since=NOW)


SPECIMENS = {
    "stock-place": ("stock_place", place),
    "stock-returned": ("stock_act", returned),
    "stock-hand-over": ("stock_act", hand_over),
    "reserve-check": ("reserve_check", check),
}
