"""People with a protected identity: masked in every list, opened only with the right and a reason."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from cards.lifecycle import place_order
from cards.models import CardOrder
from directory.models import Role, RoleAssignment
from journal.models import Entry
from journal.personal import whole_contents
from portal.pages.desk import opening
from tests.cast import actor_of
from tests.portal.conftest import LogIn, told
from tests.scenarios import Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def entitled(scene: Scene, log_in: LogIn) -> Client:
    """Return Alva's browser, who has the add-on."""
    RoleAssignment.objects.filter(employment=scene.cast.alva_herself).delete()
    alva = actor_of(scene.cast.alva_herself, Role.ID_ADMINISTRATOR, may_see_protected=True)
    place_order(hsa_id=scene.cast.erik.hsa_id, product_code="7C1", actor=alva, at=scene.at)
    return log_in(alva)


def page(browser: Client, scene: Scene) -> str:
    return told(browser.get(reverse("person", args=[scene.cast.erik.person_id])))


def openings() -> list[str]:
    entries = list(Entry.objects.filter(type="person.protected_opened").order_by("id"))
    contents = whole_contents(entries)
    return [str(contents[one.pk]["event"]["reason"]) for one in entries]


def test_a_reason_comes_before_the_look_and_both_are_journalled(scene: Scene, entitled: Client) -> None:
    assert "Sund" not in page(entitled, scene)
    assert openings() == []
    url = reverse("person-open", args=[scene.cast.erik.person_id])
    assert entitled.post(url, {"reason": " "}).status_code == 422
    assert openings() == []
    assert entitled.post(url, {"reason": "orders a card at the desk"}).status_code == 302
    assert "Sund" in page(entitled, scene)
    assert openings() == ["orders a card at the desk"] * 2


def test_the_reason_holds_for_a_quarter_of_an_hour(
    scene: Scene, entitled: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    entitled.post(reverse("person-open", args=[scene.cast.erik.person_id]), {"reason": "visit"})
    assert "Sund" in page(entitled, scene)
    monkeypatch.setattr(opening, "LASTS", timedelta(0))
    assert "Sund" not in page(entitled, scene)


def test_no_other_page_names_them_before_the_reason(scene: Scene, entitled: Client) -> None:
    """What leads to the person does not go around the question."""
    order = CardOrder.objects.get()
    person = scene.cast.erik.person_id
    looked_at = [
        reverse("order-card", args=[person]),
        *(reverse(name, args=[order.pk]) for name in ("order", "order-status")),
        *(reverse(name, args=[order.card.pk]) for name in ("block-card", "activate-card")),
    ]
    for address in looked_at:
        assert "Sund" not in told(entitled.get(address)), address
    form = {"product": "7C1", "employment": scene.cast.erik.hsa_id, "step": "confirm"}
    assert "Sund" not in told(entitled.post(looked_at[0], form))
    assert openings() == []
    entitled.post(reverse("person-open", args=[person]), {"reason": "visit"})
    for address in looked_at[:3]:
        assert "Sund" in told(entitled.get(address)), address


def test_without_the_right_there_is_nobody_to_open(scene: Scene, log_in: LogIn) -> None:
    url = reverse("person-open", args=[scene.cast.erik.person_id])
    for actor in (scene.cast.alva, scene.cast.doris, scene.cast.bo, scene.cast.cia):
        assert log_in(actor).post(url, {"reason": "curious"}).status_code == 404
    assert openings() == []


def test_no_list_names_a_protected_person_not_even_to_the_entitled(scene: Scene, entitled: Client) -> None:
    for name in ("today", "orders"):
        found = told(entitled.get(reverse(name)))
        assert "Sund" not in found


def test_their_card_goes_by_way_of_skatteverket(scene: Scene, entitled: Client) -> None:
    (entry,) = Entry.objects.filter(type="card.ordered")
    assert whole_contents([entry])[entry.pk]["event"]["delivery"] == "skatteverket"
