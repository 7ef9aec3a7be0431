"""What is done on a page is found in the journal by the id of its request: each act, by whom, as what."""

import json
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from journal.models import Entry, EntryReference
from tests.portal.conftest import LogIn
from tests.portal.test_pages import IDENTITY, _block_form
from tests.scenarios import Scene, a_pending_order, a_shipped_card, an_active_card, an_open_activation

Act = Callable[[Scene, Client], HttpResponse]


def ordering(scene: Scene, browser: Client) -> HttpResponse:
    url = reverse("order-card", args=[scene.cast.asa.person_id])
    return browser.post(url, {"product": "7C1", "employment": scene.cast.asa.hsa_id, "step": "place"})


def cancelling(scene: Scene, browser: Client) -> HttpResponse:
    return browser.post(reverse("order-cancel", args=[a_pending_order(scene).pk]))


def checking(scene: Scene, browser: Client) -> HttpResponse:
    return browser.post(reverse("activate-card", args=[a_shipped_card(scene).pk]), IDENTITY)


def suspecting(scene: Scene, browser: Client) -> HttpResponse:
    url = reverse("activate-card", args=[a_shipped_card(scene).pk])
    return browser.post(url, {**IDENTITY, "steps": IDENTITY["steps"][:5], "act": "suspect"})


def ending(scene: Scene, browser: Client) -> HttpResponse:
    opened = an_open_activation(scene)
    return browser.post(reverse("activation-cancel", args=[opened.activation.pk]))


def blocking(scene: Scene, browser: Client) -> HttpResponse:
    return browser.post(reverse("block-card", args=[an_active_card(scene).pk]), _block_form())


def searching(scene: Scene, browser: Client) -> HttpResponse:
    return browser.post("/people/search/", {"q": scene.cast.asa.hsa_id})


def starting_a_login(_: Scene, __: Client) -> HttpResponse:
    return Client().post("/login/oob/start")


def logging_out(_: Scene, browser: Client) -> HttpResponse:
    return browser.post("/logout/")


@pytest.mark.parametrize(
    ("act", "types"),
    [
        (ordering, {"card.ordered"}),
        (cancelling, {"card_order.cancelled"}),
        (checking, {"identity.checked", "activation.opened"}),
        (suspecting, {"identity.suspected"}),
        (ending, {"activation.aborted"}),
        (blocking, {"card.blocked", "certificate.revoked"}),
        (searching, {"directory.person_searched"}),
        (starting_a_login, {"authn.order_started"}),
        (logging_out, {"session.ended"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_act_leaves_its_events_with_who_and_as_what(
    scene: Scene, log_in: LogIn, act: Act, types: set[str]
) -> None:
    """A15."""
    answer = act(scene, log_in(scene.cast.alva))
    assert answer.status_code < 400
    caused = EntryReference.objects.filter(kind="correlation", value=answer["X-Correlation-Id"])
    entries = Entry.objects.filter(pk__in=caused.values("entry_id"))
    assert types <= set(entries.values_list("type", flat=True))
    if act in {starting_a_login, logging_out}:
        return
    for entry in entries.filter(type__in=types):
        actor = json.loads(entry.content)["actor"]
        assert actor["person"] == scene.cast.alva.person_id
        assert actor["role"] == "id_administrator"
        assert actor["scope"] == str(scene.cast.norr.pk)
        assert actor["loa"] == 3
        assert actor["credential"]
        assert entry.personal_parts.filter(part="actor").exists()  # HSA-id and address, under her key
