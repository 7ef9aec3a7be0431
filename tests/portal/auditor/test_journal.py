"""The journal as auditors read it: what is found, in which words, and by whom."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from ca.models import Certificate
from cards.models import Card
from directory.lifecycle import record_search
from directory.models import Person, Unit
from journal.models import Entry
from journal.searching import Criteria, search
from portal.pages.auditor.reach import reach_of
from tests.portal.conftest import LogIn, told
from tests.scenarios import Scene, a_blocked_card, a_shipped_card, an_active_card

URL = "/journal/"


def text_of(response: HttpResponse) -> str:
    """Return the words of a page, without what one may choose from."""
    content = response.content.decode()
    main = content[content.index("<main") : content.index("</main>")]
    plain = re.sub(r"<option.*?</option>|<[^>]+>", " ", main, flags=re.DOTALL)
    return re.sub(r"\s+", " ", plain).replace("\u2060", "").replace(" :", ":")


def rows_in(response: HttpResponse) -> list[int]:
    """Return the numbers of the entries that a page lists."""
    return [int(pk) for pk in re.findall(r'href="/journal/events/(\d+)/"', response.content.decode())]


def asked(browser: Client, **fields: str) -> HttpResponse:
    """Search as a person does, and return the page it leads to."""
    response = browser.post(URL, fields)
    assert response.status_code == 302
    for value in (fields.get("q"), fields.get("administrator")):
        assert not value or value not in response["Location"], "what was typed stays out of addresses"
    return browser.get(response["Location"])


@pytest.fixture
def card(scene: Scene) -> Card:
    return a_blocked_card(scene)


def test_the_journal_tells_in_sentences_what_happened_day_by_day(
    scene: Scene, card: Card, log_in: LogIn
) -> None:
    page = log_in(scene.cast.cia).get(URL)
    end = (card.card_number or "")[-4:]
    text = text_of(page)
    assert f"Alva Berg spärrade kort …{end} åt Åsa Lindqvist: förlorat eller stulet kort" in text
    assert "Alva Berg beställde ett Tjänstekort utan foto till Åsa Lindqvist" in text
    assert len(re.findall('class="day"', page.content.decode())) >= 2
    places = [(Entry.objects.get(pk=pk).at, pk) for pk in rows_in(page)]
    assert places == sorted(places, reverse=True)


def test_it_is_told_in_english_too(scene: Scene, card: Card, log_in: LogIn) -> None:
    browser = log_in(scene.cast.cia)
    browser.post("/language/", {"language": "en", "next": "/"})
    assert "Alva Berg blocked card" in text_of(browser.get(URL))


@pytest.mark.parametrize("key", ["personal_number", "hsa_id", "card_number", "name"])
def test_a_person_or_card_is_found_by_any_number_and_by_name(
    scene: Scene, card: Card, log_in: LogIn, key: str
) -> None:
    typed = {
        "personal_number": scene.cast.asa.person.personal_identity_number,
        "hsa_id": scene.cast.asa.hsa_id,
        "card_number": card.card_number or "",
        "name": "lindqvist",
    }[key]
    before = Entry.objects.filter(type="directory.person_searched").count()
    page = asked(log_in(scene.cast.cia), q=typed)
    assert rows_in(page)
    wanted = ("card", str(card.pk)) if key == "card_number" else ("person", str(card.person_id))
    for pk in rows_in(page):
        assert Entry.objects.get(pk=pk).references.filter(kind=wanted[0], value=wanted[1]).exists()
    told = Entry.objects.filter(type="directory.person_searched").count() - before
    assert told == (0 if key == "name" else 1)


def test_a_certificate_is_found_by_its_serial_number(scene: Scene, card: Card, log_in: LogIn) -> None:
    certificate = Certificate.objects.filter(person_id=str(card.person_id)).first()
    assert certificate is not None
    page = asked(log_in(scene.cast.cia), q=certificate.serial_hex.upper())
    types = {Entry.objects.get(pk=pk).type for pk in rows_in(page)}
    assert {"certificate.issued", "certificate.revoked"} <= types


def test_several_of_one_name_are_asked_about_and_nobody_is_said(scene: Scene, log_in: LogIn) -> None:
    browser = log_in(scene.cast.cia)
    unclear = asked(browser, q="e")
    assert "Ingen och inget i dina organisationer heter så" in text_of(unclear)
    Person.objects.filter(pk=scene.cast.alva.person_id).update(search_key=" åsa berg")
    Person.objects.filter(pk=scene.cast.asa.person_id).update(search_key=" åsa lindqvist")
    both = asked(browser, q="åsa")
    assert "Vem eller vad menar du?" in text_of(both)
    chosen = browser.get(f"{URL}?person={scene.cast.asa.person_id}")
    assert "Vem eller vad menar du?" not in text_of(chosen)


def test_who_acted_what_happened_where_and_when_combine(scene: Scene, card: Card, log_in: LogIn) -> None:
    browser = log_in(scene.cast.cia)
    acted = asked(browser, administrator="Berg")
    assert {Entry.objects.get(pk=pk).actor_identifier for pk in rows_in(acted)} == {scene.cast.alva.person_id}
    kind = asked(browser, action="card.blocked")
    assert [Entry.objects.get(pk=pk).type for pk in rows_in(kind)] == ["card.blocked"]
    group = asked(browser, action="cards")
    assert {Entry.objects.get(pk=pk).type.partition(".")[0] for pk in rows_in(group)} == {
        "card",
        "card_order",
    }
    blocked = Entry.objects.get(type="card.blocked")
    day = timezone.localtime(blocked.at).date()
    assert blocked.pk in rows_in(browser.get(URL, {"from": day.isoformat(), "to": day.isoformat()}))
    before = (day - timedelta(days=1)).isoformat()
    assert blocked.pk not in rows_in(browser.get(URL, {"to": before}))
    all_of_it = {
        "person": str(card.person_id),
        "by": scene.cast.alva.person_id,
        "action": "card.blocked",
        "organization": str(scene.cast.norr.pk),
        "from": day.isoformat(),
    }
    assert rows_in(browser.get(URL, all_of_it)) == [blocked.pk]
    assert rows_in(browser.get(URL, all_of_it | {"by": scene.cast.bo.person_id})) == []


def test_a_unit_stands_for_those_who_work_there_or_below(scene: Scene, log_in: LogIn) -> None:
    above = Unit.objects.create(hsa_id="SE2321000016-U1", organization=scene.cast.norr, name="Akuten")
    below = Unit.objects.create(
        hsa_id="SE2321000016-U2", organization=scene.cast.norr, name="Triage", parent=above
    )
    scene.cast.asa.unit = below
    type(scene.cast.asa).objects.filter(pk=scene.cast.asa.pk).update(unit=below)
    a_shipped_card(scene)
    browser = log_in(scene.cast.cia)
    page = asked(browser, place=f"unit:{above.pk}")
    assert rows_in(page)
    assert "Akuten" in text_of(page)
    empty = Unit.objects.create(hsa_id="SE2321000016-U3", organization=scene.cast.norr, name="Arkivet")
    page = asked(browser, place=f"unit:{empty.pk}")
    assert rows_in(page) == []
    assert "Ingen händelse i dina organisationer stämmer med allt detta" in text_of(page)


def test_a_filter_can_be_taken_away(scene: Scene, card: Card, log_in: LogIn) -> None:
    page = log_in(scene.cast.cia).get(URL, {"person": str(card.person_id), "action": "card.blocked"})
    content = page.content.decode()
    assert f'class="tag info" href="/journal/?person={card.person_id}"' in content
    assert 'class="tag info" href="/journal/?action=card.blocked"' in content


def test_a_day_that_is_none_is_said_and_left_out(scene: Scene, log_in: LogIn) -> None:
    page = asked(log_in(scene.cast.cia), **{"from": "21/11"})
    assert "Skriv dagar som ÅÅÅÅ-MM-DD" in text_of(page)


def test_pages_follow_each_other_without_a_gap_or_a_repetition(
    scene: Scene, card: Card, log_in: LogIn
) -> None:
    actor = scene.cast.alva
    for _ in range(60):
        record_search(key="hsa_id", person_id=str(card.person_id), actor=actor, at=scene.at)
    browser = log_in(scene.cast.cia)
    seen: list[int] = []
    url = URL
    while url:
        page = browser.get(url)
        seen += rows_in(page)
        following = re.search(r'href="(/journal/\?[^"]*after=[^"]*)"', page.content.decode())
        url = following.group(1).replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen))
    reach = reach_of(scene.cast.cia)
    every, after = [], ""
    while True:
        found = search(Criteria(), reach=reach, after=after, limit=500)
        every += [one.pk for one in found.entries]
        if not (after := found.next):
            break
    operation = set(Entry.objects.filter(type__in=["key.blocked", "crl.issued"]).values_list("pk", flat=True))
    assert set(seen) == set(every) - operation
    assert len(seen) > 70


def test_searches_of_an_administrator_are_found_though_they_name_no_organization(
    scene: Scene, log_in: LogIn
) -> None:
    number = scene.cast.asa.person.personal_identity_number
    log_in(scene.cast.alva).post("/people/search/", {"q": number})
    log_in(scene.cast.doris).post("/people/search/", {"q": number})
    page = log_in(scene.cast.cia).get(URL, {"action": "directory.person_searched"})
    assert "Alva Berg sökte på personnummer: hittad" in text_of(page)
    assert len(rows_in(page)) == 1


def test_protected_people_are_told_of_without_names(scene: Scene, log_in: LogIn) -> None:
    card = a_shipped_card(scene, scene.cast.erik)
    cia = scene.cast.cia
    page = log_in(cia).get(URL)
    assert "en person med skyddade personuppgifter" in text_of(page)
    ordered = Entry.objects.get(type="card.ordered")
    event = log_in(cia).get(f"/journal/events/{ordered.pk}/")
    for content in (told(page), told(event)):
        assert "Erik" not in content
        assert "Sund" not in content
        assert str(card.card_number) not in content.replace(" ", "")
    assert "Som den noterades" not in text_of(event)
    assert "Vad den säger är dolt" in text_of(event)
    hsa_id, number = scene.cast.erik.hsa_id, scene.cast.erik.person.personal_identity_number
    for typed in (hsa_id, number, card.card_number or ""):
        found = asked(log_in(cia), q=typed)
        assert "Ingen och inget i dina organisationer heter så" in text_of(found)
        assert rows_in(found) == []
    assert log_in(cia).get(URL, {"person": str(card.person_id)}).status_code == 404
    assert not Entry.objects.filter(type="person.protected_opened").exists()


def test_with_the_right_a_protected_person_is_opened_and_that_is_recorded(
    scene: Scene, log_in: LogIn
) -> None:
    a_shipped_card(scene, scene.cast.erik)
    cia = replace(scene.cast.cia, may_see_protected=True)
    ordered = Entry.objects.get(type="card.ordered")
    assert "Erik" not in text_of(log_in(cia).get(URL))
    opened = Entry.objects.filter(type="person.protected_opened")
    browser, event = log_in(cia), f"/journal/events/{ordered.pk}/"
    for page in (browser.get(event), asked(browser, q=scene.cast.erik.hsa_id)):
        assert "Ange skäl innan du tittar" in text_of(page)
        assert "Erik" not in text_of(page)
    assert opened.count() == 0
    given = browser.post(f"/people/{scene.cast.erik.person_id}/open/", {"reason": "audit", "next": event})
    assert given["Location"] == event
    assert "Erik Sund" in text_of(browser.get(event))
    assert opened.count() == 2
    found = asked(browser, q=scene.cast.erik.hsa_id)
    assert "Erik Sund" in text_of(found)
    assert opened.count() == 3


def test_a_search_that_is_cut_goes_on_from_where_it_was(
    scene: Scene, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However sparse what is looked for, a page costs a bounded amount of work."""
    for _ in range(60):
        record_search(key="hsa_id", person_id="", actor=scene.cast.alva, at=scene.at)
    monkeypatch.setattr("journal.searching.MOST_EXAMINED", 50)
    monkeypatch.setattr("journal.searching._CHUNK", 20)
    wanted = Criteria(types=frozenset({"card.ordered"}), actors=(scene.cast.alva.person_id,))
    reach, after, pages, found = reach_of(scene.cast.cia), "", 0, []
    monkeypatch.setattr("journal.searching._sparsest", lambda criteria, **_: _everything(criteria))
    while pages < 50:
        page = search(wanted, reach=reach, after=after, limit=10)
        found += page.entries
        pages += 1
        if not (after := page.next):
            break
    assert pages > 1
    assert [one.type for one in found] == ["card.ordered"]


def _everything(criteria: Criteria) -> object:
    from journal import searching  # noqa: PLC0415 - the walk that no page takes

    return searching._of_everything(criteria)


def test_managers_read_their_own_area_and_administrators_nothing(scene: Scene, log_in: LogIn) -> None:
    """domain.md 1.2."""
    an_active_card(scene)
    assert log_in(scene.cast.alva).get(URL).status_code == 403
    assert log_in(scene.cast.doris).get(URL).status_code == 403
    assert "Din roll läser inte loggen" in text_of(log_in(scene.cast.doris).get(URL))
