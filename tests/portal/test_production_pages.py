"""Production as those who answer for it meet it: their own orders, what was refused, what does not add up."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from cards import lifecycle
from cards.manufacturing.models import FactoryFile, ProductionBatch, ProductionRow
from cards.models import CardOrder
from directory.models import Role
from journal.models import Entry
from tests.cards.factory_process import receive, row
from tests.cast import actor_of
from tests.portal.conftest import LogIn
from tests.portal.test_pages import _text
from tests.scenarios import Scene, a_pending_order, a_scene, a_sent_order, card_number, send_to_paper


def a_scene_now() -> Scene:
    """Return a stage on which nothing is late: pages look at the clock."""
    return a_scene(at=timezone.now())


def answered(scene: Scene, order: CardOrder, event: str, **more: str) -> FactoryFile:
    """Let the factory answer the newest batch with one row."""
    batch = ProductionBatch.objects.latest("number")
    number = FactoryFile.objects.count() + 1
    told = {**row(number, order, event, **more), "at": scene.at.isoformat()}
    if event in {"accepted", "rejected"}:
        members = {"kind": "acknowledgement", "batch": batch.pk, "content_sha256": batch.content_hashes[-1]}
    else:
        members = {"kind": "status"}
    return receive(scene, number, count=1, rows=[told], **members)


def test_the_files_and_figures_are_those_of_ones_own_orders(db: None, log_in: LogIn) -> None:
    """Every page is scoped: Doris of another organization sees that there is nothing."""
    scene = a_scene_now()
    order = a_pending_order(scene)
    lifecycle.place_order(
        hsa_id=scene.cast.alva_herself.hsa_id,
        product_code="7C1",
        actor=scene.cast.another_administrator,
        at=scene.at,
    )
    assert send_to_paper(scene) == 2
    answered(scene, order, "accepted")
    address = reverse("production-batch", args=[ProductionBatch.objects.get().pk])
    alva = log_in(scene.cast.alva)
    assert f'href="{reverse("production")}"' in alva.get(reverse("orders")).content.decode()
    listed = alva.get(reverse("production"))
    assert f'href="{address}"' in listed.content.decode()
    page = alva.get(address)
    assert "Åsa Lindqvist" in _text(page)
    assert "Alva Berg" in _text(page)
    for other in (scene.cast.doris, scene.cast.bo):
        browser = log_in(other)
        assert "Inga filer här" in _text(browser.get(reverse("production")))
        assert browser.get(address).status_code == 404
    assert log_in(scene.cast.cia).get(address).status_code == 200


def test_a_refused_order_says_why_and_leads_to_a_new_one(db: None, log_in: LogIn) -> None:
    """POR-2: rejects are shown to the orderer with what to do."""
    scene = a_scene_now()
    order = a_sent_order(scene)
    answered(scene, order, "rejected", reason="photo_quality")
    browser = log_in(scene.cast.alva)
    page = browser.get(reverse("order", args=[order.pk]))
    assert "Fotot kan inte tryckas. Ta ett nytt foto och beställ igen." in _text(page)
    assert f'href="{reverse("order-card", args=[order.person_id])}"' in page.content.decode()
    assert "Rätta och beställ igen" in _text(page)
    batch = browser.get(reverse("production-batch", args=[ProductionBatch.objects.get().pk]))
    assert "Fotot kan inte tryckas" in _text(batch)


def test_a_card_that_was_sent_can_be_followed(db: None, log_in: LogIn) -> None:
    scene = a_scene_now()
    order = a_sent_order(scene)
    answered(scene, order, "accepted")
    answered(scene, order, "shipped", card_number=card_number(1), tracking_number="RR123456785SE")
    page = _text(log_in(scene.cast.alva).get(reverse("order", args=[order.pk])))
    assert "RR123456785SE" in page
    assert "Skickat av producenten" in page


def test_what_does_not_add_up_is_an_alarm_until_it_does(db: None, log_in: LogIn) -> None:
    """Counts and numbers per batch and day; a discrepancy stands on the start page."""
    scene = a_scene(at=timezone.now() - timedelta(hours=2))
    order = a_sent_order(scene)
    browser = log_in(scene.cast.alva)
    assert "Produktionen stämmer inte" in _text(browser.get("/"))
    assert "Produktionen stämmer inte" not in _text(log_in(scene.cast.doris).get("/"))
    wrong = reverse("production") + "?show=wrong"
    assert "har inte svarat på alla beställningar" in _text(browser.get(wrong))
    answered(scene, order, "accepted")
    assert "Produktionen stämmer inte" not in _text(browser.get("/"))
    assert "Inga filer här" in _text(browser.get(wrong))


def test_the_centre_deals_with_files_and_has_the_producer_asked_again(db: None, log_in: LogIn) -> None:
    scene = a_scene_now()
    a_sent_order(scene)
    file = receive(scene, 1, kind="poem")
    centre = actor_of(scene.cast.alva_herself, Role.CENTRAL_ADMINISTRATOR)
    alva, browser = log_in(scene.cast.alva), log_in(centre)
    assert "Filer från producenten lades åt sidan" in _text(browser.get("/"))
    listed = _text(browser.get(reverse("production")))
    assert "Den är inte skriven som överenskommet." in listed
    assert "överenskommet" not in _text(alva.get(reverse("production")))
    settle = reverse("production-settle", args=[file.pk])
    ask = reverse("production-ask", args=[ProductionBatch.objects.get().pk])
    assert [alva.post(address).status_code for address in (settle, ask)] == [403, 403]
    assert "noterad som åtgärdad" in _text(browser.post(settle, follow=True))
    assert browser.post(settle).status_code == 409, "once"
    assert browser.post(reverse("production-settle", args=[99])).status_code == 404
    assert "skickas genast igen" in _text(browser.post(ask, follow=True))
    batch = ProductionBatch.objects.get()
    assert batch.next_attempt_at is not None
    assert batch.next_attempt_at <= timezone.now()
    types = set(Entry.objects.values_list("type", flat=True))
    assert {"factory_file.set_aside", "factory_file.settled", "production_batch.asked_again"} <= types


def test_long_lists_go_on_by_keyset(db: None, log_in: LogIn) -> None:
    scene = a_scene_now()
    order = a_sent_order(scene)
    first = ProductionBatch.objects.get()
    for number in range(2, 33):
        batch = ProductionBatch.objects.create(
            number=number, state="SENT", assembled_at=scene.at, sent_at=scene.at
        )
        ProductionRow.objects.create(batch=batch, position=1, order=order, withdrawn_at=scene.at)
    browser = log_in(scene.cast.alva)
    page = browser.get(reverse("production")).content.decode()
    assert f"{reverse('production')}?before=3" in page
    older = browser.get(reverse("production") + "?before=3").content.decode()
    assert reverse("production-batch", args=[first.pk]) in older
    assert reverse("production-batch", args=[3]) not in older
    assert browser.get(reverse("production") + "?before=x").status_code == 200
