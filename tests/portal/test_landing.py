"""The landing line claims only what the probe saw, and its receipt is had when everybody saw it (REV-1)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ca.models import Certificate
from ca.selectors import certificates_on_carrier
from cards.models import Card
from journal.actor import Actor
from journal.models import Entry
from ocsp.models import Sighting
from ocsp.probe import landings
from ocsp.probe.landings import Place
from ocsp.receipts import keep_receipt
from ocsp.selectors import landing_receipt
from ocsp.states import Source
from portal.pages.desk import landing
from portal.pages.parts import Landing
from tests.scenarios import Scene, a_blocked_card

LogIn = Callable[..., Client]
NODE, OTHER = "http://one.test", "http://two.test"
PLACES = [Place(source=source, node=node) for source in Source for node in (NODE, OTHER)]

pytestmark = pytest.mark.django_db


@pytest.fixture
def blocked(scene: Scene) -> Card:
    return a_blocked_card(scene)


def revoked_on(card: Card) -> list[Certificate]:
    return certificates_on_carrier("card", str(card.pk))


def watch(card: Card) -> None:
    for one in revoked_on(card):
        assert one.revoked_at
        landings.open_landing(one, PLACES, at=one.revoked_at)


def see(card: Card, source: Source, *, node: str | None = None, after: float = 0.25) -> None:
    """Note that everything on a source was seen, on one node or on all."""
    for one in Sighting.objects.filter(landing_id__in=[row.pk for row in revoked_on(card)]):
        if one.source == source.value and node in {None, one.node}:
            landings.note_seen(one, crl_number=None, at=one.landing.revoked_at + timedelta(seconds=after))
            landings.settle(one.landing, at=one.landing.revoked_at + timedelta(seconds=after))


def shown(card: Card) -> Landing:
    revoked_at = revoked_on(card)[0].revoked_at
    assert revoked_at
    return landing.of_card(card, at=revoked_at + timedelta(seconds=3))


def progress(card: Card) -> list[str]:
    return [stop.progress for stop in shown(card).stops]


def test_nothing_is_claimed_before_it_was_seen_on_every_node_of_every_certificate(blocked: Card) -> None:
    """REV-1, PKI-3: ledger, OCSP, delta, list; the last of all decides."""
    assert progress(blocked) == ["done", "now", "now"]  # not watched yet: a delta is not known of
    watch(blocked)
    assert progress(blocked) == ["done", "now", "now", "now"]
    see(blocked, Source.OCSP, node=NODE)
    assert progress(blocked) == ["done", "now", "now", "now"]
    see(blocked, Source.OCSP)
    assert progress(blocked) == ["done", "done", "now", "now"]
    assert "0,25 s" in str(shown(blocked).stops[1].text)
    assert shown(blocked).asks_again
    see(blocked, Source.DELTA_CRL)
    see(blocked, Source.FULL_CRL)
    assert progress(blocked) == ["done"] * 4
    assert not shown(blocked).asks_again
    assert len(shown(blocked).certificates) == len(revoked_on(blocked)) > 1


def test_what_is_late_is_said(blocked: Card) -> None:
    """R4."""
    watch(blocked)
    see(blocked, Source.OCSP)
    for one in revoked_on(blocked):
        later = one.revoked_at + landings.LIMIT + timedelta(seconds=1)
        landings.settle(one.landing, at=later)
    assert progress(blocked) == ["done", "done", "now", "now"]  # nobody has asked again yet
    for one in revoked_on(blocked):
        later = one.revoked_at + landings.LIMIT + timedelta(seconds=1)
        for awaited in one.landing.sightings.filter(state="awaited"):
            landings.note_unseen(awaited, said="not on list 7", at=later)
        landings.settle(one.landing, at=later)
    assert progress(blocked) == ["done", "done", "failed", "failed"]
    assert shown(blocked).is_late


def test_what_nobody_watched_is_not_given_a_time(blocked: Card) -> None:
    """Seen long after: it is said that it is revoked, not that it took so long."""
    watch(blocked)
    for source in Source:
        see(blocked, source, after=7200)
    assert {str(stop.text) for stop in shown(blocked).stops[1:]} == {"svarar spärrat"}


def test_the_receipt_is_asked_for_once_and_had_when_it_is_made(
    blocked: Card, scene: Scene, log_in: LogIn
) -> None:
    """REV-1: the portal writes a row, the worker makes the document; Doris gets nothing."""
    browser, doris = log_in(scene.cast.alva), log_in(scene.cast.doris)
    ask = reverse("card-landing-receipt", args=[blocked.pk])
    pdf = reverse("card-landing-receipt-pdf", args=[blocked.pk])
    watch(blocked)
    assert browser.post(ask).status_code == 409
    for source in Source:
        see(blocked, source)
    assert ask in browser.get(reverse("card-landing", args=[blocked.pk])).content.decode()
    assert browser.get(pdf).status_code == 409
    for _ in range(2):
        assert browser.post(ask).status_code == 302
    assert Entry.objects.filter(type="revocation.receipt_requested").count() == 1
    fragment = browser.post(ask, headers={"hx-request": "true"}).content.decode()
    assert "sigilleras" in fragment
    assert "hx-get" in fragment
    row = landing_receipt("card", str(blocked.pk), "sv")
    assert row is not None
    worker, at = Actor.system("landing_receipts"), timezone.now()
    for document in (b"%PDF-sealed", b"%PDF-another"):
        keep_receipt(row.pk, document, organization_id=str(blocked.organization_id), actor=worker, at=at)
    answer = browser.get(pdf)
    assert answer.content == b"%PDF-sealed"
    assert answer["Content-Type"] == "application/pdf"
    assert doris.get(pdf).status_code == doris.post(ask).status_code == 404
