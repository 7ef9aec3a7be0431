"""The stock of reserve cards in a real browser, in both languages, by those who keep it (CRD-4)."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from cards.card_number import grouped
from cards.serial_lists import SerialList, written
from cards.stock_models import StockCard, StockPlace, StockTransfer
from directory.models import Employment, Role
from journal.models import Entry
from journal.selectors import content_of
from tests.cards.stock_violations import a_list, a_place, a_transfer
from tests.cast import actor_of
from tests.portal.conftest import LogIn
from tests.portal.seats import Room, Seat
from tests.scenarios import Scene, card_number

pytestmark = pytest.mark.browser

ONE, TWO, THREE, FOUR = (card_number(500 + place) for place in range(4))
ACTS = ("Receive a box", "Send to another place", "Count the cards", "Cards that come back", "Report loss")


def test_a_box_is_received_handed_on_counted_reported_lost_and_filled_up(
    scene: Scene, log_in: LogIn, room: Room
) -> None:
    """CRD-4: from an empty shelf to a shelf with enough again, by two administrators."""
    ward = a_place(scene, "Ward 3", threshold=0)
    alva, gun = log_in(scene.cast.alva), log_in(scene.cast.another_administrator)
    with room.seat(alva) as first, room.seat(gun) as second:
        _open_a_place_by_keyboard(first, "Reception")
        place = StockPlace.objects.get(name="Reception")
        _receive_a_box(first)
        assert _states(place) == dict.fromkeys((ONE, TWO, THREE, FOUR), "IN_STOCK")
        _send(first, to="Ward 3", numbers=(ONE, TWO))
        assert _states(place) == {ONE: "IN_TRANSIT", TWO: "IN_TRANSIT", THREE: "IN_STOCK", FOUR: "IN_STOCK"}

        _is_told_of_few(second)
        _receive_what_was_sent(second, missing=TWO)
        assert (_states(ward), _states(place)[TWO]) == ({ONE: "IN_STOCK"}, "MISSING")
        _report_loss_at_the_wrong_place(second, ward, FOUR)
        assert _states(place)[FOUR] == "IN_STOCK"

        _count(first, place, found=(TWO, THREE), not_found=FOUR, found_again=TWO)
        assert _states(place) == {TWO: "IN_STOCK", THREE: "IN_STOCK", FOUR: "MISSING"}
        _report_loss(first, FOUR)
        assert _states(place)[FOUR] == "LOST"
        _fill_up(first, place)
        _is_told_of_few(second, still=False)
    told = Entry.objects.filter(type__startswith="stock.").exclude(type="stock.place_set").order_by("pk")
    assert [(one.type, content_of(one)["actor"]["person"]) for one in told] == [
        ("stock.box_received", scene.cast.alva.person_id),
        ("stock.sent", scene.cast.alva.person_id),
        ("stock.arrived", scene.cast.another_administrator.person_id),
        ("stock.counted", scene.cast.alva.person_id),
        ("stock.lost", scene.cast.alva.person_id),
        ("stock.box_received", scene.cast.alva.person_id),
    ]


def test_managers_and_their_deputies_keep_the_stock_too(scene: Scene, log_in: LogIn, room: Room) -> None:
    """domain.md 1.2."""
    place, say = a_place(scene), room.say
    bo = Employment.objects.get(hsa_id=scene.cast.bo.identifier)
    with room.seat(log_in(actor_of(bo, Role.ISSUANCE_MANAGER))) as manager:
        _go_by_the_menu(manager)
        manager.page.get_by_role("link", name="Reception").click()
        for act in ACTS:
            expect(manager.page.get_by_role("link", name=say(act), exact=True)).to_be_visible()
        _paste_a_box(manager, place, a_list())
    with room.seat(log_in(actor_of(bo, Role.DEPUTY_ISSUANCE_MANAGER))) as deputy:
        deputy.go("stock-loss", place.pk)
        _name_lost(deputy, ONE)
        _says(
            deputy.page, say.several("%(count)d card is blocked.", "%(count)d cards are blocked.", 1, count=1)
        )
    assert [state for _number, state in sorted(_states(place).items())] == ["LOST", *["IN_STOCK"] * 3]


def test_who_only_looks_is_told_why_and_who_has_no_part_in_it_is_offered_nothing(
    scene: Scene, log_in: LogIn, room: Room
) -> None:
    """Central administration looks; Doris sees nothing of Norr; others are not led here, nor let in."""
    transfer, say = a_transfer(scene), room.say
    place = transfer.source
    gun = Employment.objects.get(hsa_id=scene.cast.another_administrator.identifier)
    with room.seat(log_in(actor_of(gun, Role.CENTRAL_ADMINISTRATOR))) as centre:
        _go_by_the_menu(centre)
        expect(centre.page.get_by_role("button", name=say("Open a place"))).to_be_disabled()
        centre.page.get_by_role("link", name="Reception").click()
        for act in ACTS:
            expect(centre.page.get_by_role("button", name=say(act), exact=True)).to_be_disabled()
        expect(centre.page.locator("ul.why").first).to_contain_text(say("Your role does not allow this."))
        centre.look()
    with room.seat(log_in(scene.cast.doris)) as doris:
        _go_by_the_menu(doris)
        expect(doris.page.get_by_text(say("No place keeps reserve cards yet"))).to_be_visible()
        for view in ("stock-place", "stock-receive"):
            doris.go(view, place.pk)
            expect(doris.page.locator("main")).to_contain_text(say("The place was not found"))
        doris.go("stock-transfer", transfer.pk)
        expect(doris.page.locator("main")).to_contain_text(say("The hand-over was not found"))
    outsiders = (
        (scene.cast.bo, Role.FUNCTION_CERT_ORDERER),
        (scene.cast.bo, Role.REVOCATION_OFFICER),
        (scene.cast.cia, Role.AUDITOR),
    )
    for who, role in outsiders:
        person = Employment.objects.get(hsa_id=who.identifier)
        with room.seat(log_in(actor_of(person, role))) as seat:
            seat.go("status")
            expect(seat.page.get_by_role("navigation").first).to_be_visible()
            expect(seat.page.get_by_role("link", name=say("Reserve cards"))).to_have_count(0)
            answer = seat.page.goto(f"{room.address}{reverse('stock')}")
            assert answer is not None
            assert answer.status == 403
    assert set(StockCard.objects.values_list("state", flat=True)) == {"IN_STOCK", "IN_TRANSIT"}


# --- the steps --------------------------------------------------------------------------------------


def _open_a_place_by_keyboard(seat: Seat, name: str) -> None:
    """Open a place with Tab, letters and Enter alone."""
    page, say = seat.page, seat.say
    _go_by_the_menu(seat)
    seat.press(page.get_by_role("link", name=say("Open a place")))
    seat.tab_to(page.get_by_label(say("What the place is called")))
    page.keyboard.type(name)
    threshold = seat.tab_to(page.get_by_label(say("Tell when fewer are left than")))
    threshold.press("Control+a")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    _says(page, say("The place is open. Receive its first box when it comes."))
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_text(say("No reserve cards here"))).to_be_visible()


def _receive_a_box(seat: Seat) -> None:
    """Count one short, be told so, count again."""
    page, say = seat.page, seat.say
    page.get_by_role("link", name=say("Receive a box"), exact=True).click()
    file = {"name": "BOX-1.csv", "mimeType": "text/csv", "buffer": written(a_list()).encode()}
    for counted, said in (("3", say("The box and its list differ")), ("4", "")):
        page.get_by_label(say("The serial list (CSV)")).set_input_files(file)  # type: ignore[arg-type]
        page.get_by_label(say("How many sealed envelopes are in the box?")).fill(counted)
        page.get_by_role("button", name=say("Put in stock")).click()
        if said:
            expect(page.get_by_role("alert")).to_contain_text(said)
            seat.look()
    _says(page, say("Box %(box)s is in stock.", box="BOX-1"))
    expect(page.get_by_role("cell", name="BOX-1")).to_have_count(4)
    expect(page.get_by_text(say("Enough"))).to_be_visible()


def _send(seat: Seat, *, to: str, numbers: tuple[str, ...]) -> None:
    page, say = seat.page, seat.say
    page.get_by_role("link", name=say("Send to another place")).click()
    page.get_by_label(say("To"), exact=True).select_option(label=to)
    page.get_by_label(say("Card numbers")).fill("\n".join(grouped(number) for number in numbers))
    page.get_by_role("button", name=say("Send"), exact=True).click()
    told = say.several("%(count)d card is on its way.", "%(count)d cards are on their way.", 2, count=2)
    _says(page, told)
    expect(page.get_by_text(say("Too few"), exact=True)).to_be_visible()


def _is_told_of_few(seat: Seat, *, still: bool = True) -> None:
    """See on the start page that a place has too few, or no longer."""
    seat.go("today")
    expect(seat.page.get_by_role("heading", name=seat.say("Need your decision"))).to_be_visible()
    line = seat.page.get_by_role("link", name=seat.say("Few reserve cards at %(place)s", place="Reception"))
    expect(line).to_have_count(int(still))


def _receive_what_was_sent(seat: Seat, *, missing: str) -> None:
    """Take into stock what came; for what did not, say what happened."""
    page, say = seat.page, seat.say
    _go_by_the_menu(seat)
    page.get_by_role("link", name="Ward 3").click()
    line = say("%(count)d from %(place)s", count=2, place="Reception")
    page.get_by_role("link", name=line).click()
    expect(page.get_by_role("checkbox")).to_have_count(2)
    page.get_by_label(grouped(missing)).check()
    page.get_by_role("button", name=say("Take into stock")).click()
    expect(page.get_by_role("alert")).to_contain_text(say("It differs: say why"))
    expect(page.get_by_label(grouped(missing))).to_be_checked()
    seat.look()
    page.get_by_label(say("What happened to them?")).fill("the bag was torn")
    page.get_by_role("button", name=say("Take into stock")).click()
    one = say.several("%(count)d card is in stock here.", "%(count)d cards are in stock here.", 1, count=1)
    _says(page, one)
    gone = ("%(count)d card is missing at %(place)s.", "%(count)d cards are missing at %(place)s.")
    _says(page, say.several(*gone, 1, count=1, place="Reception"))
    # Received once: whoever opens it again sees how it ended, and nothing to send.
    seat.go("stock-transfer", StockTransfer.objects.get().pk)
    expect(page.locator("main")).to_contain_text("the bag was torn")
    expect(page.get_by_role("button", name=say("Take into stock"))).to_have_count(0)
    seat.look()


def _report_loss_at_the_wrong_place(seat: Seat, place: StockPlace, number: str) -> None:
    seat.go("stock-loss", place.pk)
    _name_lost(seat, number)
    alert = seat.page.get_by_role("alert")
    expect(alert).to_contain_text(seat.say("Not where they would have to be"))
    expect(alert).to_contain_text(grouped(number))


def _count(
    seat: Seat, place: StockPlace, *, found: tuple[str, ...], not_found: str, found_again: str
) -> None:
    """Count: see what differs, say why, and find it among the counts."""
    page, say = seat.page, seat.say
    seat.go("stock-place", place.pk)
    page.get_by_role("link", name=say("Count the cards"), exact=True).click()
    page.get_by_label(say("Card numbers that are there")).fill("\n".join(found))
    page.get_by_role("button", name=say("Register the count")).click()
    expect(page.get_by_role("alert")).to_contain_text(say("It differs: say why"))
    differences = page.locator("main section li")
    expect(differences).to_have_text(
        [
            say("Not found: %(number)s", number=grouped(not_found)),
            say("Found again: %(number)s", number=grouped(found_again)),
        ]
    )
    seat.look()
    page.get_by_label(say("If it differs: why?")).fill("behind the cupboard")
    page.get_by_role("button", name=say("Register the count")).click()
    _says(page, say("The count is registered: %(found)d found.", found=2))
    expect(page.locator(".timeline")).to_contain_text("behind the cupboard")


def _report_loss(seat: Seat, number: str) -> None:
    page, say = seat.page, seat.say
    page.get_by_role("link", name=say("Report loss"), exact=True).click()
    seat.look()
    _name_lost(seat, number)
    _says(page, say.several("%(count)d card is blocked.", "%(count)d cards are blocked.", 1, count=1))


def _name_lost(seat: Seat, number: str) -> None:
    page, say = seat.page, seat.say
    page.get_by_label(say("What happened?")).select_option("stolen")
    page.get_by_label(say("Card numbers")).fill(number)
    page.get_by_role("button", name=say("Block these cards for ever")).click()


def _fill_up(seat: Seat, place: StockPlace) -> None:
    """Another box, its list pasted: nothing warns any more."""
    page, say = seat.page, seat.say
    _paste_a_box(seat, place, a_list(box="BOX-2", first=600, cards=2))
    expect(page.get_by_text(say("Too few"), exact=True)).to_have_count(0)
    page.get_by_role("link", name=say("Reserve cards")).first.click()
    expect(page.get_by_role("link", name="Reception")).to_contain_text(say("Enough"))
    seat.look()


def _paste_a_box(seat: Seat, place: StockPlace, listed: SerialList) -> None:
    page, say = seat.page, seat.say
    seat.go("stock-receive", place.pk)
    page.get_by_label(say("Or paste the list here")).fill(written(listed))
    page.get_by_label(say("How many sealed envelopes are in the box?")).fill(str(len(listed.card_numbers)))
    page.get_by_role("button", name=say("Put in stock")).click()
    _says(page, say("Box %(box)s is in stock.", box=listed.box))


def _go_by_the_menu(seat: Seat) -> None:
    """Go where the menu leads."""
    seat.go("status")
    seat.page.get_by_role("link", name=seat.say("Reserve cards"), exact=True).click()
    expect(seat.page.get_by_role("heading", level=1)).to_have_text(seat.say("Reserve cards"))


def _says(page: Page, told: str) -> None:
    expect(page.get_by_role("status").first).to_contain_text(told)


def _states(place: StockPlace) -> dict[str, str]:
    return dict(StockCard.objects.filter(place=place).values_list("card_number", "state"))
