"""What somebody in front of a page sees of it and presses on it (``tests.portal.seats``)."""

from playwright.sync_api import Locator, expect

from tests.portal.seats import Seat


def link(seat: Seat, words: str) -> Locator:
    """Return the link of this name in the page itself."""
    return seat.page.locator("main").get_by_role("link", name=words, exact=True)


def button(seat: Seat, words: str) -> Locator:
    """Return the button of this name in the page itself."""
    return seat.page.locator("main").get_by_role("button", name=words, exact=True)


def sees(seat: Seat, *words: str) -> None:
    """Wait until the page says all of it."""
    for one in words:
        expect(seat.page.locator("main")).to_contain_text(one)


def is_told(seat: Seat, words: str) -> None:
    """Wait for what the page says of the act that was just done."""
    expect(seat.page.get_by_role("status").first).to_contain_text(words)


def is_refused(seat: Seat, path: str, *, status: int = 403) -> None:
    """Demand that an address says no to this person."""
    answer = seat.page.goto(f"{seat.address}{path}")
    assert answer is not None
    assert answer.status == status, path
