"""The stock of reserve cards as those who keep it meet it (CRD-4)."""

from datetime import UTC, datetime

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django import Settings

from cards.card_number import grouped
from cards.models import Card
from cards.serial_lists import written
from cards.stock_models import StockCard, StockCount, StockPlace
from cards.stock_places import open_place
from directory.models import Employment
from journal.models import Entry
from reports.question import Question
from tests.cards.stock_violations import (
    a_box,
    a_hand_out,
    a_list,
    a_place,
    a_transfer,
    an_approved_hand_out,
)
from tests.portal.conftest import LogIn
from tests.portal.test_pages import _text
from tests.reports.telling import told
from tests.scenarios import Scene, card_number

ONE, TWO, THREE, FOUR = (card_number(500 + place) for place in range(4))


def test_the_overview_shows_how_full_each_place_is_with_a_table_behind(scene: Scene, log_in: LogIn) -> None:
    transfer = a_transfer(scene)
    page = log_in(scene.cast.alva).get(reverse("stock"))
    text = _text(page)
    assert "Reception: 3 i lagret, för få under 3" in text
    assert "Ward 3: 0 i lagret, 1 på väg, för få under 3" in text
    assert text.index("Ward 3") < text.index("Reception"), "what has too few comes first"
    assert page.content.decode().count('<svg class="plot stock"') == 2
    assert reverse("stock-place", args=[transfer.target_id]) in page.content.decode()
    assert "Ward 3" not in _text(log_in(scene.cast.doris).get(reverse("stock")))


def test_a_place_is_opened_and_a_box_received_from_its_file(scene: Scene, log_in: LogIn) -> None:
    browser = log_in(scene.cast.alva)
    opened = browser.post(
        reverse("stock-new"), {"name": "Reception", "where": str(scene.cast.norr.pk), "threshold": "3"}
    )
    place = StockPlace.objects.get()
    assert opened.headers["Location"] == reverse("stock-place", args=[place.pk])
    url = reverse("stock-receive", args=[place.pk])
    wrong = SimpleUploadedFile("list.csv", b"box;product\n")
    refused = browser.post(url, {"file": wrong, "counted": "4"})
    assert refused.status_code == 422
    assert "Rad 1: rubrikraden" in _text(refused)
    right = SimpleUploadedFile("list.csv", written(a_list()).encode())
    received = browser.post(url, {"file": right, "counted": "4"}, follow=True)
    assert "Låda BOX-1 finns i lagret" in _text(received)
    assert "4 reservkort i lagret" in _text(received)
    again = browser.post(url, {"text": written(a_list()), "counted": "4"})
    assert again.status_code == 409
    assert "redan mottagen" in _text(again)


def test_a_count_shows_the_difference_and_asks_why(scene: Scene, log_in: LogIn) -> None:
    place = a_place(scene)
    a_box(scene, place)
    browser, url = log_in(scene.cast.alva), reverse("stock-count", args=[place.pk])
    asked = browser.post(url, {"numbers": f"{ONE}\n{TWO}\n{THREE}"})
    assert asked.status_code == 422
    assert "Hittades inte: 9752" in _text(asked)
    assert not StockCount.objects.exists()
    done = browser.post(url, {"numbers": f"{ONE}\n{TWO}\n{THREE}", "reason": "fell behind"}, follow=True)
    assert "3 hittades, 4 väntades" in _text(done)
    assert "fell behind" in _text(done)
    assert "no card number" not in _text(done)
    garbled = browser.post(url, {"numbers": "hej"})
    assert "hej är inget kortnummer" in _text(garbled)


def test_cards_are_sent_received_and_reported_lost(scene: Scene, log_in: LogIn) -> None:
    place, other = a_place(scene), a_place(scene, "Ward 3")
    a_box(scene, place)
    browser = log_in(scene.cast.alva)
    sent = browser.post(
        reverse("stock-send", args=[place.pk]),
        {"target": str(other.pk), "numbers": f"{ONE}\n{TWO}"},
        follow=True,
    )
    assert "2 kort är på väg" in _text(sent)
    transfer = place.sent_transfers.get()
    url = reverse("stock-transfer", args=[transfer.pk])
    colleague = log_in(scene.cast.another_administrator)
    assert colleague.post(url, {"missing": TWO}).status_code == 422
    received = colleague.post(url, {"missing": TWO, "note": "torn bag"}, follow=True)
    assert "1 kort finns nu i lagret här" in _text(received)
    lost = browser.post(
        reverse("stock-loss", args=[place.pk]), {"reason": "lost", "numbers": TWO}, follow=True
    )
    assert "1 kort är spärrat" in _text(lost)
    states = dict(StockCard.objects.values_list("card_number", "state"))
    assert (states[ONE], states[TWO], states[THREE]) == ("IN_STOCK", "LOST", "IN_STOCK")


def test_a_card_that_comes_back_is_blocked_kept_apart_and_destroyed(scene: Scene, log_in: LogIn) -> None:
    """Never handed out again: a reserve card is one person's (domain.md 2.1)."""
    hand_out = an_approved_hand_out(scene)
    place, number = hand_out.stock_card.place, hand_out.stock_card.card_number
    browser, url = log_in(scene.cast.alva), reverse("stock-returned", args=[place.pk])
    assert browser.post(url, {"act": "destroy", "numbers": number}).status_code == 409
    back = browser.post(url, {"act": "take_back", "numbers": number}, follow=True)
    assert "1 kort är återtaget" in _text(back)
    assert "Kort som kom tillbaka" in _text(back)
    card = Card.objects.get()
    assert (card.state, card.block_reason, card.order.state) == ("BLOCKED", "replaced", "LAPSED")
    assert StockCard.objects.get(card_number=number).state == "RETURNED"
    assert _told_of(number, scene) == ["Tillbaka, ska förstöras"]
    assert browser.post(url, {"act": "take_back", "numbers": number}).status_code == 409
    gone = browser.post(url, {"act": "destroy", "numbers": number}, follow=True)
    assert "1 kort är förstört" in _text(gone)
    assert StockCard.objects.get(card_number=number).state == "DESTROYED"
    assert _told_of(number, scene) == []
    assert Entry.objects.filter(type__in=["stock.returned", "stock.destroyed"]).count() == 2
    assert log_in(scene.cast.doris).get(url).status_code == 404


def _told_of(number: str, scene: Scene) -> list[str]:
    """Return what the report on the stock says of a card just now."""
    rows = told(Question.of("S9", actor=scene.cast.alva, as_of=datetime.now(UTC)))
    return [row["State"] for row in rows if row["Card number"] == number]


def test_nobody_learns_here_which_cards_other_organizations_handed_out(scene: Scene, log_in: LogIn) -> None:
    """The same answer for a card of theirs as for one that nobody was handed."""
    number, doris = an_approved_hand_out(scene).stock_card.card_number, scene.cast.doris
    (theirs,) = doris.organization_ids
    place = open_place(name="Elsewhere", threshold=0, organization_id=theirs, actor=doris, at=scene.at)
    browser, url = log_in(doris), reverse("stock-returned", args=[place.pk])
    told = []
    for one in (number, FOUR):
        answer = browser.post(url, {"act": "take_back", "numbers": one})
        told.append((answer.status_code, str(answer.context["page"].problem).replace(grouped(one), "…")))
    assert told[0] == told[1]


def test_several_cards_that_come_back_are_blocked_by_a_signature(
    scene: Scene, log_in: LogIn, settings: Settings
) -> None:
    """AUT-4, POR-7: blocking is signed from the second card on, by whatever page it is done."""
    bo = Employment.objects.get(hsa_id=scene.cast.bo.identifier)
    hand_outs = [a_hand_out(scene), a_hand_out(scene, employment=bo, first=700)]
    numbers = [one.stock_card.card_number for one in hand_outs]
    settings.SIGILL_STEP_UP = True
    browser = log_in(scene.cast.alva)
    url = reverse("stock-returned", args=[hand_outs[0].stock_card.place_id])
    asked = browser.post(url, {"act": "take_back", "numbers": "\n".join(numbers)})
    assert asked.status_code == 303
    kept = browser.session["acts"][asked.headers["Location"].split("/")[2]]
    assert all(grouped(number) in kept["text"] and number in kept["content"] for number in numbers)
    assert not Card.objects.filter(state="BLOCKED").exists()
    assert browser.post(url, {"act": "take_back", "numbers": numbers[0]}).status_code == 302


def test_the_number_that_warns_is_changed_at_the_place(scene: Scene, log_in: LogIn) -> None:
    place = a_place(scene)
    browser, url = log_in(scene.cast.alva), reverse("stock-threshold", args=[place.pk])
    assert browser.post(url, {"threshold": "-1"}).status_code == 422
    browser.post(url, {"threshold": "7"})
    place.refresh_from_db()
    assert place.threshold == 7


def test_few_left_stands_on_the_start_page_of_who_keeps_them(scene: Scene, log_in: LogIn) -> None:
    place = a_place(scene)
    shown = log_in(scene.cast.alva).get(reverse("today"))
    assert "Få reservkort på Reception 0 kvar, varnas under 3" in _text(shown)
    assert reverse("stock-place", args=[place.pk]) in shown.content.decode()
    assert "Få reservkort" not in _text(log_in(scene.cast.doris).get(reverse("today")))
