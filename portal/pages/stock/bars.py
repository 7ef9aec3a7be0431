"""How full a place is, as numbers for an SVG template: what is there, what is coming, and the warning."""

from dataclasses import dataclass
from typing import Final

from cards.stock_selectors import PlaceStanding

_WIDTH: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class StockBar:
    """One drawn bar: ``warn_x`` is where too few begins, 0 for no warning."""

    in_stock: int
    coming_x: int
    coming: int
    warn_x: int
    width: int = _WIDTH


def stock_bar(standing: PlaceStanding, *, most: int) -> StockBar:
    """Return the bar of a place beside others, of which the fullest fills its line."""
    full = max(most, 1)
    in_stock = round(_WIDTH * standing.in_stock / full)
    return StockBar(
        in_stock=in_stock,
        coming_x=in_stock,
        coming=round(_WIDTH * standing.coming / full),
        warn_x=min(round(_WIDTH * standing.place.threshold / full), _WIDTH),
    )


def most_of(standings: tuple[PlaceStanding, ...]) -> int:
    """Return the figure that fills a line."""
    return max((max(one.in_stock + one.coming, one.place.threshold) for one in standings), default=1)
