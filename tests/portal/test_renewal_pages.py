"""New certificates on a card in use: by the holder on Mina sidor, and at the desk (POR-2, MIN-2)."""

from datetime import UTC, datetime

from django.urls import reverse

from authn.evidence import client_key_of
from cards import lifecycle
from cards.renewal.models import Renewal, RenewalPurpose
from cards.renewal.states import RenewalState
from journal.models import Entry
from tests.portal.conftest import LogIn
from tests.portal.test_pages import IDENTITY, _text
from tests.scenarios import CLIENT, Scene, an_active_card, an_open_renewal


def test_the_desk_checks_the_identity_and_follows_the_client(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    browser, url = log_in(scene.cast.alva), reverse("renew-card", args=[card.pk])
    assert url in browser.get(reverse("person", args=[card.person_id])).content.decode()
    assert "Förnya certifikaten" in _text(browser.get(url))
    response = browser.post(url, IDENTITY, follow=True)
    renewal = Renewal.objects.get()
    assert response.redirect_chain[-1][0] == reverse("renewal", args=[renewal.pk])
    assert "siths://renew/1/" in response.content.decode()
    token = response.content.decode().split("siths://renew/1/")[1].split('"')[0]
    lifecycle.claim_renewal(
        token=token,
        client_key=client_key_of(scene.client.key),
        client_name="sigill-eid",
        client_version="1.0",
        actor=CLIENT,
        at=datetime.now(UTC),
    )
    status = browser.get(reverse("renewal-status", args=[renewal.pk]))
    assert 'id="begin-again"' in status.content.decode()
    assert "Har kortklienten stängts" in _text(status)
    assert log_in(scene.cast.doris).get(reverse("renewal", args=[renewal.pk])).status_code == 404
    browser.post(reverse("renewal-cancel", args=[renewal.pk]))
    renewal.refresh_from_db()
    assert (renewal.state, renewal.abort_reason) == (RenewalState.ABORTED, "deskCancel")


def test_suspicion_renews_nothing(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    response = log_in(scene.cast.alva).post(reverse("renew-card", args=[card.pk]), {"act": "suspect"})
    assert "Ingenting förnyades" in _text(response)
    assert not Renewal.objects.exists()
    assert Entry.objects.filter(type="identity.suspected").exists()


def test_the_own_pages_show_nobody_elses_renewal(scene: Scene, log_in: LogIn) -> None:
    """Alva administers the holder's region, and still has nothing to do on the holder's own pages."""
    card = an_active_card(scene)
    renewal = an_open_renewal(scene, card, purpose=RenewalPurpose.SIGNATURE).renewal
    for actor in (scene.cast.alva, scene.cast.doris):
        browser = log_in(actor)
        for name in ("own-renewal", "own-renewal-status"):
            assert browser.get(reverse(name, args=[renewal.pk])).status_code == 404
        begun = browser.post(reverse("own-renewal-begin", args=[card.pk]), {"purpose": "signature"})
        assert begun.status_code == 404
        assert browser.post(reverse("own-renewal-cancel", args=[renewal.pk])).status_code == 404
    assert Renewal.objects.get().state == RenewalState.OPENED
