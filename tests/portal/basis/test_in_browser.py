"""Many cards blocked at once in a browser, in both languages: preview, second person, staged run, stop."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, expect

from cards.basis import block_card_on_basis
from cards.models import Card
from cards.ordering_together import Wanted, place_together
from directory.basis_decisions import Result, carry_out
from directory.basis_models import BasisDecision, BasisMember, BasisSubject
from directory.models import Person
from journal.actor import Actor
from tests.cards.bulk.conftest import employ
from tests.portal.conftest import LogIn
from tests.portal.in_browser import button, is_refused, is_told, sees
from tests.portal.seats import Room, Seat
from tests.scenarios import Scene

pytestmark = pytest.mark.browser
JOB = Actor.system("decisions")
MANY = 26
"""One more than a person blocks alone (domain.md 7.3)."""


class Killed(BaseException):
    """The worker is gone, between two rows."""


def work(*, killed_after: int = MANY) -> None:
    """Carry out as the worker does; after so many rows it is killed."""
    rows = 0

    def act(member: BasisMember, reason: str, actor: Actor, at: datetime) -> Result:
        nonlocal rows
        if rows == killed_after:
            raise Killed
        rows += 1
        return block_card_on_basis(member, reason, actor, at)

    try:
        carry_out(BasisSubject.CARD, act, actor=JOB, at=datetime.now(tz=UTC))
    except Killed:
        assert rows == killed_after


def many_whose_holders_died(scene: Scene) -> None:
    people = [employ(scene.cast.norr, 700 + place) for place in range(MANY)]
    wanted = [
        Wanted(employment=one, product_code="7C1", loa=3, idempotency_key=f"key-{one.pk}") for one in people
    ]
    place_together(wanted, actor=scene.cast.alva, at=scene.at)
    Person.objects.filter(pk__in=[one.person_id for one in people]).update(registration_status="deceased")


def test_many_cards_are_blocked_by_two_people_in_a_run_that_can_be_stopped(
    room: Room, scene: Scene, log_in: LogIn
) -> None:
    """POR-2, POR-11, domain.md 7.3: looked at, decided, approved by another, row by row, stopped, gone on."""
    many_whose_holders_died(scene)
    cast, say = scene.cast, room.say
    logins = [log_in(one) for one in (cast.alva, cast.another_administrator, cast.doris, cast.cia, cast.bo)]
    with room.seat(logins[0]) as alva, room.seat(logins[1]) as gun:
        _decides(alva, MANY)
        sees(alva, say("Waits for a second person"), say("Whoever decided cannot approve as well."))
        approve = say("Approve: carry it out")
        expect(button(alva, approve)).to_be_disabled()
        alva.look()
        work()
        assert not Card.objects.filter(state="BLOCKED").exists(), "nothing before the second person"

        gun.go("basis", "card")
        gun.page.locator("section[aria-labelledby=h-decisions] a").click()
        button(gun, approve).click()
        is_told(gun, say("Approved. It is carried out within seconds, row by row."))
        work(killed_after=9)
        sees(gun, say("%(done)d of %(total)d rows done", done=9, total=MANY))  # by itself
        gun.look()
        _presses_slowly(gun, button(gun, say("Stop: leave the rest alone")), part="/progress/")
        is_told(gun, say("Stopped. What was done before stays done."))
        sees(gun, say("Stopped"), say("%(done)d of %(total)d rows done", done=9, total=MANY))
        expect(button(gun, say("Stop: leave the rest alone"))).to_have_count(0)
        gun.look()
        work()
        assert Card.objects.filter(state="BLOCKED").count() == 9

        left = MANY - 9
        _decides(alva, left)
        is_told(alva, say("Decided. It is carried out within seconds, row by row."))
        work()
        sees(alva, say("%(done)d of %(total)d rows done", done=left, total=left), say("Carried out"))
        alva.look()
    assert Card.objects.filter(state="BLOCKED", blocked_by=cast.alva.identifier).count() == MANY
    decision = BasisDecision.objects.earliest("decided_at")
    with room.seat(logins[2]) as doris:
        doris.go("basis", "card")
        sees(doris, say("No card to block"))
        is_refused(doris, f"/basis/decisions/{decision.pk}/", status=404)
    for login in logins[3:]:
        with room.seat(login) as other:
            other.go("today")
            expect(other.page.get_by_role("link", name=say("Basis lists"), exact=True)).to_have_count(0)
            is_refused(other, "/basis/")
            is_refused(other, f"/basis/decisions/{decision.pk}/")


def _presses_slowly(seat: Seat, wanted: Locator, *, part: str) -> None:
    """Let go only after the part around it was asked for anew, as it is every two seconds."""
    wanted.hover()
    seat.page.mouse.down()
    for _ in range(2):
        with seat.page.expect_response(lambda response: part in response.url):
            pass
    seat.page.mouse.up()


def _decides(seat: Seat, count: int) -> None:
    """Choose all that is listed, look at what deciding does, and decide."""
    say = seat.say
    seat.go("today")
    seat.page.get_by_role("navigation").get_by_role("link", name=say("Basis lists"), exact=True).click()
    rows = seat.page.locator("main form table tbody tr")
    expect(rows).to_have_count(count)
    seat.page.get_by_label(say("All on this page")).check()
    expect(rows.last.get_by_role("checkbox")).to_be_checked()
    button(seat, say("Look at what deciding does")).click()
    title = say.several("Block %d card", "Block %d cards", count) % count
    expect(seat.page.get_by_role("heading", level=1)).to_have_text(title)
    two = say(
        "More than %(count)d certificates or cards in a day take two people: somebody else must approve it.",
        count=25,
    )
    if count == MANY:
        sees(seat, two)
    else:
        expect(seat.page.locator("main")).not_to_contain_text(two)
    seat.look()
    seat.page.get_by_label(say("Why?")).fill("Enligt PU, bekräftat av närmaste chef")
    button(seat, title).click()
    expect(seat.page.get_by_label(say("I have looked at the rows and mean it"))).not_to_be_checked()
    seat.page.get_by_label(say("I have looked at the rows and mean it")).check()
    button(seat, title).click()
    seat.page.wait_for_url("**/basis/decisions/*/")
