"""The stock of reserve cards as those who keep it meet it (CRD-4)."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from cards.serial_lists import written
from cards.stock_models import StockCard, StockCount, StockPlace
from tests.cards.stock_violations import a_box, a_list, a_place, a_transfer
from tests.portal.conftest import LogIn
from tests.portal.test_pages import _text
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
