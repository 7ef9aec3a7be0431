"""The start page alarms those who may act when a check was broken off on suspicion (CRD-6)."""

from django.urls import reverse

from cards import lifecycle
from cards.identity import SuspicionFacts
from tests.portal.conftest import LogIn
from tests.scenarios import Scene, a_shipped_card


def test_the_start_page_names_whom_and_leads_there(scene: Scene, log_in: LogIn) -> None:
    card = a_shipped_card(scene)
    lifecycle.report_suspicion(
        card_id=str(card.pk), facts=SuspicionFacts(), actor=scene.cast.alva, at=scene.at
    )
    page = log_in(scene.cast.alva).get("/").content.decode()
    assert "Misstänkt identitetshandling: Åsa Lindqvist" in page
    assert reverse("person", args=[card.person_id]) in page
    assert "Misstänkt identitetshandling" not in log_in(scene.cast.doris).get("/").content.decode()
