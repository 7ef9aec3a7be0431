"""What each role is offered on its start page and of a person, or why not (domain.md 1.2)."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, expect

from directory.models import Role
from tests.cards.bulk.conftest import employ
from tests.cast import actor_of
from tests.portal.conftest import LogIn
from tests.portal.in_browser import is_refused, sees
from tests.portal.seats import Room, Seat
from tests.portal.test_paper_log_in_browser import posted_cards
from tests.scenarios import Scene, an_active_card

pytestmark = pytest.mark.browser
DESK = ("Today", "People", "Orders", "Reserve cards", "Basis lists", "Requests on paper")
ACTS = ("Unlock", "New certificates", "Replace", "Block")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a role finds: its menu, what the person at the desk waits for, and what may be done with a card.

    ``desk`` is what the start page offers of a card that waits, empty where there is no such page; ``acts``
    what the person view lets them do, None where they see no person.
    """

    menu: tuple[str, ...]
    desk: str = ""
    acts: tuple[str, ...] | None = None
    orders: bool = False
    refused: tuple[str, ...] = ()


MANAGER = Offered(
    menu=(*DESK, "Function objects", "Roles", "Organizations"),
    desk="Look",
    acts=("Block",),
    refused=("/orders/bulk/new/", "/central/registers/"),
)
NO_CARDS = ("/basis/", "/paper-log/", "/orders/bulk/new/", "/stock/")
OFFERED = {
    Role.ID_ADMINISTRATOR: Offered(
        menu=DESK, desk="Activate", acts=ACTS, orders=True, refused=("/roles/", "/central/registers/")
    ),
    Role.ISSUANCE_MANAGER: MANAGER,
    Role.DEPUTY_ISSUANCE_MANAGER: MANAGER,
    Role.REVOCATION_OFFICER: Offered(
        menu=("Today", "People", "Basis lists", "Requests on paper"),
        desk="Look",
        acts=("Block",),
        refused=("/orders/bulk/new/", "/roles/", "/stock/"),
    ),
    Role.CENTRAL_ADMINISTRATOR: Offered(
        menu=(*DESK, "Registers", "Roles", "Issuers", "Services that ask for logins"),
        desk="Look",
        acts=("Block",),
        refused=("/orders/bulk/new/",),
    ),
    Role.AUDITOR: Offered(
        menu=("Journal", "Is the journal intact?", "Compare heads", "Orders"), refused=NO_CARDS
    ),
    Role.FUNCTION_CERT_ORDERER: Offered(menu=("Function certificates", "Function objects"), refused=NO_CARDS),
    Role.VALIDATION_SPECIALIST: Offered(menu=("Today", "Function objects"), refused=NO_CARDS),
}
"""The matrix of domain.md 1.2, written down once more; managers order and activate only as administrators."""


def test_each_role_is_offered_what_it_may_do_and_told_why_not_the_rest(
    room: Room, scene: Scene, log_in: LogIn
) -> None:
    """GOV-1, POR-2: every role on its start page and a person's, and at addresses that are not its own."""
    assert set(OFFERED) == set(Role)
    posted_cards(scene, 1)
    card = an_active_card(scene)
    logins = {
        role: log_in(actor_of(employ(scene.cast.norr, 800 + place), role))
        for place, role in enumerate(OFFERED)
    }
    for role, offered in OFFERED.items():
        with room.seat(logins[role]) as seat:
            seat.go("today")
            menu = seat.page.locator("#menu ul").first.get_by_role("link")
            expect(menu).to_have_text([seat.say(one) for one in offered.menu])
            if offered.desk:
                waiting = seat.page.locator("#waiting li")
                expect(waiting).to_have_count(1)
                expect(waiting).to_contain_text(seat.say(offered.desk))
            _looks_at_the_person(seat, str(card.person_id), offered)
            for address in offered.refused:
                is_refused(seat, address)


def _looks_at_the_person(seat: Seat, person_id: str, offered: Offered) -> None:
    """See which buttons lead somewhere, and which are grey with a reason; others see no person at all."""
    say, page = seat.say, seat.page
    if offered.acts is None:
        if say("Journal") in [say(one) for one in offered.menu]:
            seat.go("person", person_id)
            page.wait_for_url("**/journal/?*")  # an auditor reads of the person there
            return
        is_refused(seat, f"/people/{person_id}/", status=404)
        return
    seat.go("person", person_id)
    order = page.locator("section.person")
    _is_offered(order, say("Order a card"), is_offered=offered.orders)
    card = page.locator("article.kort")
    for act in ACTS:
        _is_offered(card, say(act), is_offered=act in offered.acts)
    if not offered.orders:
        sees(seat, say("Your role does not allow this."))
    seat.look()


def _is_offered(place: Locator, words: str, *, is_offered: bool) -> None:
    """Demand a link, or a button that cannot be pressed and says why."""
    link = place.locator("a.btn", has_text=words)
    button = place.get_by_role("button", name=words, exact=True)
    if is_offered:
        expect(link).to_have_count(1)
        expect(button).to_have_count(0)
        return
    expect(link).to_have_count(0)
    expect(button).to_be_disabled()
    why = button.get_attribute("aria-describedby")
    expect(place.page.locator(f"#{why}")).not_to_be_empty()
