"""The journal as auditors read it: what is found, in which words, and by whom."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from ca.models import Certificate
from cards.models import Card
from journal.actor import Actor
from journal.models import Entry
from tests.portal.auditor.conftest import Notary
from tests.portal.conftest import LogIn
from tests.scenarios import Scene, a_blocked_card, a_shipped_card

URL = "/journal/"


def _text(response: object) -> str:
    content = response.content.decode()
    main = content[content.index("<main") : content.index("</main>")]
    return re.sub(r"\s+", " ", re.sub(r"<option.*?</option>|<[^>]+>", " ", main)).replace("\u2060", "")


def _asked(browser: Client, **fields: str) -> object:
    """Search as a person does, and return the page it leads to."""
    response = browser.post(URL, fields)
    assert response.status_code == 302
    return browser.get(response["Location"])


@pytest.fixture
def card(scene: Scene) -> Card:
    return a_blocked_card(scene)


def test_the_journal_tells_in_sentences_what_happened_grouped_by_day(
    scene: Scene, card: Card, log_in: LogIn
) -> None:
    text = _text(log_in(scene.cast.cia).get(URL))
    end = (card.card_number or "")[-4:]
    assert (
        f"Alva Berg spärrade kort … {end} åt Åsa Lindqvist : förlorat eller stulet kort".replace("… ", "…")
        in text
    )
    assert "beställde ett" in text
    assert len(re.findall('class="day"', log_in(scene.cast.cia).get(URL).content.decode())) >= 2
