"""Searches by a whole number are recorded and counted, and reading from the registers as well."""

import json
from collections.abc import Mapping

import pytest

from journal.models import Entry
from portal.pages.desk.people import SEARCHES_PER_MINUTE
from tests.portal.conftest import LogIn
from tests.scenarios import Scene, a_shipped_card

URL = "/people/search/"


def recorded() -> list[Mapping[str, str]]:
    entries = Entry.objects.filter(type="directory.person_searched").order_by("id")
    return [json.loads(entry.content)["event"] for entry in entries]


def test_a_search_by_a_whole_number_is_recorded_without_the_number(scene: Scene, log_in: LogIn) -> None:
    """Reliability section 5: who looked, and whether somebody was found; the person only within scope."""
    asa = scene.cast.asa
    number, card = asa.person.personal_identity_number, a_shipped_card(scene)
    for cast, query in (
        (scene.cast.alva, f"{number[2:8]}-{number[8:]}"),
        (scene.cast.alva, asa.hsa_id),
        (scene.cast.alva, card.card_number),
        (scene.cast.doris, number),
        (scene.cast.doris, asa.hsa_id),
        (scene.cast.doris, card.card_number),
        (scene.cast.alva, scene.cast.erik.person.personal_identity_number),
    ):
        log_in(cast).post(URL, {"q": query})
    found = {"outcome": "found", "person_id": str(asa.person_id)}
    none = {"outcome": "not_found", "person_id": ""}
    keys = ("personal_number", "hsa_id", "card_number")
    assert recorded() == [
        *({"key": key, **found} for key in keys),
        *({"key": key, **none} for key in keys),
        {"key": "personal_number", **none},
    ]
    entry = Entry.objects.filter(type="directory.person_searched").first()
    assert entry is not None
    assert entry.actor_identifier == scene.cast.alva.person_id
    # Not the last four digits alone: an entry's ids and its time may have them. The events above are whole.
    for said in (number, number[2:], f"{number[2:8]}-{number[8:]}", str(card.card_number)):
        assert not Entry.objects.filter(type="directory.person_searched", content__contains=said).exists()


@pytest.mark.parametrize("query", ["Åsa", "lindqvist", "", "830830", "19830830-9900", "an 2"])
def test_a_name_or_half_a_number_is_not_recorded(scene: Scene, log_in: LogIn, query: str) -> None:
    log_in(scene.cast.alva).post(URL, {"q": query})
    assert recorded() == []


def test_nobody_walks_through_the_numbers(scene: Scene, log_in: LogIn) -> None:
    """F6: sixty a minute for one person, and the page says when to go on."""
    alva, other = log_in(scene.cast.alva), log_in(scene.cast.another_administrator)
    number = scene.cast.asa.person.personal_identity_number
    answers = [alva.post(URL, {"q": number})]
    # Until a refusal that still holds a while: a minute may begin on the way.
    while answers[-1].status_code != 429 or int(answers[-1]["Retry-After"]) <= 10:
        answers.append(alva.post(URL, {"q": number}))
    refused = answers[-1]
    assert len(answers) > SEARCHES_PER_MINUTE
    assert int(refused["Retry-After"]) <= 60
    text = refused.content.decode()
    assert "För många försök" in text
    assert refused["Retry-After"] in text
    assert alva.post("/people/read/").status_code == 429
    assert other.post(URL, {"q": number}).status_code == 302
    assert len(recorded()) == sum(one.status_code == 302 for one in answers) + 1
