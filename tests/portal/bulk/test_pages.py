"""The pages of orders for several: chosen, looked at, signed, followed, taken out (POR-17)."""

import csv
import html
import io
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from cards.bulk.models import BulkOrder
from cards.bulk.placing import carry_on, place_rows
from cards.models import CardOrder
from directory.models import Employment, Person, Unit
from journal.actor import Actor
from tests.cards.bulk.conftest import employ
from tests.portal.conftest import LogIn, told
from tests.scenarios import Scene, a_pending_order, an_active_card

NEW = "/orders/bulk/new/"
JOB = Actor.system("bulk_orders")


def said(response: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def prepared(browser: Client, text: str, **more: object) -> BulkOrder:
    answer = browser.post(NEW, {"product": "7C1", "list": text, **more})
    assert answer.status_code == 302, said(answer)
    bulk = BulkOrder.objects.latest("started_at")
    assert answer["Location"] == page_of(bulk)
    return bulk


def page_of(bulk: BulkOrder) -> str:
    return reverse("bulk-order", args=[bulk.pk])


def several(scene: Scene, count: int) -> list[Employment]:
    begin = Person.objects.count()
    return [employ(scene.cast.norr, begin + one) for one in range(count)]


def listed(people: list[Employment]) -> str:
    return "\n".join(one.hsa_id for one in people)


def work(scene: Scene) -> None:
    carry_on(actor=JOB, clock=lambda: scene.at, patience=timedelta(days=1))


def test_a_list_is_pasted_looked_at_ordered_and_followed(scene: Scene, log_in: LogIn) -> None:
    """POR-17: the preview names every row, what would happen, and why not; then each has its result."""
    a_pending_order(scene)
    alva, (one, two) = log_in(scene.cast.alva), several(scene, 2)
    assert "Beställ till flera" in said(alva.get("/orders/"))
    bulk = prepared(alva, f"{one.hsa_id}\n{two.person.personal_identity_number}\n198308309908\nKalle")
    shown = said(alva.get(page_of(bulk)))
    assert "2 kort beställs: 2 Tjänstekort utan foto" in shown
    assert "2 rader lämnas utanför" in shown
    assert "Åsa Lindqvist" in shown
    assert "Kalle" in shown
    assert "Inget personnummer eller HSA-id" in shown
    assert "redan" in shown  # the running order, as the wizard tells of it
    assert CardOrder.objects.count() == 1
    assert alva.post(page_of(bulk), {"act": "place"}).status_code == 302
    under_way = alva.get(page_of(bulk))
    assert "0 av 2 kort beställda" in said(under_way)
    assert 'hx-trigger="every 2s"' in under_way.content.decode()
    work(scene)
    done = alva.get(reverse("bulk-order-progress", args=[bulk.pk]))
    assert "2 av 2 kort beställda" in said(done)
    assert "hx-trigger" not in done.content.decode()
    order = CardOrder.objects.get(person=one.person)
    assert reverse("order", args=[order.pk]) in done.content.decode()
    assert "2 beställda av 4 rader" in said(alva.get("/orders/bulk/"))


def test_it_is_paused_let_go_on_and_the_rest_cancelled(scene: Scene, log_in: LogIn) -> None:
    alva, gun = log_in(scene.cast.alva), log_in(scene.cast.another_administrator)
    bulk = prepared(alva, listed(several(scene, 3)))
    alva.post(page_of(bulk), {"act": "place"})
    assert "Pausad." in said(gun.post(page_of(bulk), {"act": "pause"}, follow=True))
    work(scene)
    assert "0 av 3 kort beställda" in said(alva.get(page_of(bulk)))
    alva.post(page_of(bulk), {"act": "resume"})
    place_rows(bulk.pk, actor=JOB, at=scene.at, limit=1)
    told = said(alva.post(page_of(bulk), {"act": "cancel"}, follow=True))
    assert "Det som redan är beställt förblir beställt." in told
    assert "1 av 3 kort beställda" in told
    assert CardOrder.objects.count() == 1


def test_one_that_was_never_placed_is_discarded_and_says_that_nothing_was_ordered(
    scene: Scene, log_in: LogIn
) -> None:
    alva = log_in(scene.cast.alva)
    bulk = prepared(alva, listed(several(scene, 2)))
    told = said(alva.post(page_of(bulk), {"act": "cancel"}, follow=True))
    assert "Slängd. Inget beställdes." in told
    assert ("Slängd, inget beställdes" in told, "Resten avbruten" in told) == (True, False)


def test_a_file_says_the_product_of_each_line(scene: Scene, log_in: LogIn) -> None:
    alva, (one, two) = log_in(scene.cast.alva), several(scene, 2)
    text = f"\ufeffPersonnummer;Produkt\r\n{one.person.personal_identity_number};7T1\r\n{two.hsa_id};\r\n"
    file = SimpleUploadedFile("lista.csv", text.encode(), "text/csv")
    answer = alva.post(f"{NEW}?from=file", {"product": "7C1", "file": file})
    bulk = BulkOrder.objects.get()
    assert answer["Location"] == page_of(bulk)
    assert list(bulk.rows.order_by("line").values_list("line", "product_code")) == [(2, "7T1"), (3, "7C1")]
    example = alva.get("/orders/bulk/form.csv").content.decode("utf-8-sig")
    assert example.startswith("person;produkt\r\n")


def test_everybody_of_a_unit_and_cards_that_end_are_chosen_by_a_form(scene: Scene, log_in: LogIn) -> None:
    alva = log_in(scene.cast.alva)
    ward = Unit.objects.create(organization=scene.cast.norr, name="Ögonkliniken", hsa_id="SE2321000016-E9")
    employ(scene.cast.norr, 700, unit=ward)
    there = alva.get(reverse("unit", args=[ward.pk])).content.decode()
    assert f"{NEW}?from=unit&amp;unit={ward.pk}" in there
    form = alva.get(f"{NEW}?from=unit&unit={ward.pk}").content.decode()
    assert f'<option value="{ward.pk}" selected>' in form
    alva.post(f"{NEW}?from=unit", {"product": "7C1", "unit": str(ward.pk)})
    assert "Enheten Ögonkliniken med allt under den" in said(alva.get(page_of(BulkOrder.objects.get())))
    card = an_active_card(scene)
    day = card.valid_until + timedelta(days=1)
    alva.post(f"{NEW}?from=expiring", {"product": "", "before": day.isoformat()})
    bulk = BulkOrder.objects.get(source="expiring")
    assert (bulk.about, bulk.total) == (day.isoformat(), 1)
    assert f"Kort som går ut före {day}" in said(alva.get(page_of(bulk)))


@pytest.mark.parametrize(
    ("source", "form", "told"),
    [
        ("list", {"product": "7C1", "list": " "}, "Ingen finns på listan"),
        ("list", {"product": "9X9", "list": "x1"}, "Välj ett kort"),
        ("file", {"product": "7C1"}, "Ingen finns på listan"),
        ("unit", {"product": "7C1", "unit": "no id"}, "Välj en enhet"),
        ("expiring", {"product": "", "before": "2020-01-01"}, "en kommande dag"),
        ("expiring", {"product": "", "before": "snart"}, "en kommande dag"),
        ("expiring", {"product": "", "before": "2199-01-01"}, "Där hittades ingen"),
        ("list", {"product": "7C1", "list": "x1", "organization": "other"}, "Välj en organisation"),
    ],
)
def test_what_cannot_be_used_is_told_and_nothing_is_kept(
    scene: Scene, log_in: LogIn, source: str, form: dict[str, str], told: str
) -> None:
    answer = log_in(scene.cast.alva).post(f"{NEW}?from={source}", form)
    assert answer.status_code == 422
    assert told in said(answer)
    assert not BulkOrder.objects.exists()


def test_doris_gets_nothing_and_orders_for_nobody_of_region_norr(scene: Scene, log_in: LogIn) -> None:
    """F16."""
    (one,) = several(scene, 1)
    bulk = prepared(log_in(scene.cast.alva), one.hsa_id)
    doris = log_in(scene.cast.doris)
    assert page_of(bulk) not in doris.get("/orders/bulk/").content.decode()
    for view in ("bulk-order", "bulk-order-progress", "bulk-order-export"):
        assert doris.get(reverse(view, args=[bulk.pk])).status_code == 404
    for act in ("place", "approve", "pause", "resume", "cancel", ""):
        assert doris.post(page_of(bulk), {"act": act}).status_code == 404
    hers = prepared(doris, f"{one.hsa_id}\n{one.person.personal_identity_number}")
    shown = said(doris.get(page_of(hers)))
    assert "Nummer" not in shown
    assert shown.count("Ingen med detta nummer") == 2
    ward = Unit.objects.create(organization=scene.cast.norr, name="Ögonkliniken", hsa_id="SE2321000016-E9")
    assert doris.post(f"{NEW}?from=unit", {"product": "7C1", "unit": str(ward.pk)}).status_code == 422
    assert "Ögonkliniken" not in said(doris.get(f"{NEW}?from=unit&unit={ward.pk}"))


def test_a_protected_person_is_as_nobody_without_the_right_and_named_nowhere(
    scene: Scene, log_in: LogIn
) -> None:
    """R17: neither on the page nor in the file, whoever looks; with the right the card is ordered."""
    number = scene.cast.erik.person.personal_identity_number
    with_right = replace(scene.cast.alva, may_see_protected=True)
    for actor, code in ((scene.cast.alva, "bulk_unknown"), (with_right, "protected_identity_right_missing")):
        browser = log_in(actor)
        bulk = prepared(browser, number)
        for address in (page_of(bulk), reverse("bulk-order-export", args=[bulk.pk])):
            answer = browser.get(address)
            assert ("Person med skyddade uppgifter" in said(answer)) is (actor is with_right)
            its_own = () if actor is with_right else (number,)  # what its author typed stands there
            for secret in ({number} - set(its_own)) | {
                "Erik",
                "Sund",
                scene.cast.erik.hsa_id,
                str(scene.cast.erik.person_id),
            }:
                assert secret not in told(answer), address
        assert bulk.rows.get().code == code


def test_the_file_holds_every_row_and_nothing_that_a_spreadsheet_computes(
    scene: Scene, log_in: LogIn
) -> None:
    """R19."""
    alva, (one,) = log_in(scene.cast.alva), several(scene, 1)
    Person.objects.filter(pk=one.person_id).update(given_name="=HYPERLINK(1)", surname="@x")
    bulk = prepared(alva, f'{one.hsa_id}\n"=cmd|1"\n+46701234567\n')
    alva.post(page_of(bulk), {"act": "place"})
    work(scene)
    answer = alva.get(reverse("bulk-order-export", args=[bulk.pk]))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0][:3] == ["Rad", "Person", "HSA-id"]
    assert [row[4] for row in rows[1:]] == ["Beställd", "Inte beställt", "Inte beställt"]
    assert [row[2] for row in rows[1:]] == [one.hsa_id, "", ""]
    assert not [cell for row in rows for cell in row if ".." in cell]
    assert rows[1][6] == str(CardOrder.objects.get().pk)
    assert not [cell for row in rows[1:] for cell in row if cell[:1] in "=+-@" and cell]


def test_what_was_typed_is_shown_to_who_typed_it_alone(scene: Scene, log_in: LogIn) -> None:
    bulk = prepared(log_in(scene.cast.alva), "197001019999 Kalle")
    gun = log_in(scene.cast.another_administrator)
    assert "Kalle" not in said(gun.get(page_of(bulk)))
    assert "En rad som inte leder till någon" in said(gun.get(page_of(bulk)))


def test_a_large_one_is_approved_by_somebody_else(scene: Scene, log_in: LogIn, settings: Settings) -> None:
    settings.SIGILL_BULK_ORDER_ALONE = 1
    alva, gun = log_in(scene.cast.alva), log_in(scene.cast.another_administrator)
    bulk = prepared(alva, listed(several(scene, 2)))
    assert "en andra person först måste godkänna" in said(alva.get(page_of(bulk)))
    alva.post(page_of(bulk), {"act": "place"})
    mine = alva.get(page_of(bulk)).content.decode()
    assert re.search(r'value="approve" disabled', mine)
    told = said(alva.post(page_of(bulk), {"act": "approve"}, follow=True))
    assert "kan inte också godkänna" in told
    work(scene)
    assert not CardOrder.objects.exists()
    gun.post(page_of(bulk), {"act": "approve"})
    work(scene)
    assert CardOrder.objects.count() == 2


def test_a_long_list_goes_on_by_keyset_and_can_be_narrowed(scene: Scene, log_in: LogIn) -> None:
    alva = log_in(scene.cast.alva)
    bulk = prepared(alva, listed(several(scene, 52)) + "\nKalle")
    assert bulk.state == "CHECKING"
    assert "0 av 53" not in said(alva.get(page_of(bulk)))
    work(scene)
    first = alva.get(page_of(bulk)).content.decode()
    assert f"{page_of(bulk)}?after=50" in first
    second = said(alva.get(f"{page_of(bulk)}?after=50"))
    assert "Kalle" in second
    assert "Kalle" in said(alva.get(f"{page_of(bulk)}?show=not"))
    assert "Kalle" not in said(alva.get(f"{page_of(bulk)}?show=good&after=x"))


def test_lists_that_follow_too_fast_are_stopped(
    scene: Scene, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody walks through the numbers. Without a bound on the clock: no list at all is allowed here."""
    monkeypatch.setattr("portal.pages.bulk.starting._LISTS_PER_MINUTE", 0)
    assert log_in(scene.cast.alva).post(NEW, {"product": "7C1", "list": "x1"}).status_code == 429
    assert not BulkOrder.objects.exists()


def test_a_page_costs_as_many_queries_for_few_as_for_many(scene: Scene, log_in: LogIn) -> None:
    """performance.md 5."""
    alva = log_in(scene.cast.alva)

    def count(url: str) -> int:
        alva.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert alva.get(url).status_code == 200
        return len(captured)

    few = prepared(alva, listed(several(scene, 1)))
    once = count(page_of(few)), count("/orders/bulk/")
    many = prepared(alva, listed(several(scene, 20)))
    assert (count(page_of(many)), count("/orders/bulk/")) == once


def test_more_than_one_card_is_signed_by_a_text_that_says_how_many_of_what_for_whom(
    scene: Scene, log_in: LogIn, settings: Settings
) -> None:
    """POR-17, authn.md 9: nothing is ordered before the card has signed; one card is ordered as always."""
    settings.SIGILL_STEP_UP, settings.SIGILL_BULK_ORDER_ALONE = True, 2
    alva, gun = log_in(scene.cast.alva), log_in(scene.cast.another_administrator)
    one, two, three, four = several(scene, 4)
    large = prepared(alva, listed([two, three, four]))
    for browser, bulk, act in ((alva, large, "place"), (gun, large, "approve")):
        asked = browser.post(page_of(bulk), {"act": act})
        assert asked.status_code == 303, act
        kept = browser.session["acts"][asked["Location"].split("/")[2]]
        assert kept["kind"] == "cards.order"
        assert "3 kort beställs för Region Norr: 3 Tjänstekort utan foto." in kept["text"]
        assert str(bulk.pk) in kept["content"]
        settings.SIGILL_STEP_UP = False
        assert browser.post(page_of(bulk), {"act": act}).status_code == 302
        settings.SIGILL_STEP_UP = True
    single = prepared(alva, one.hsa_id)
    assert alva.post(page_of(single), {"act": "place"})["Location"] == page_of(single)
