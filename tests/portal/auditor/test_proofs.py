"""An event's page and its proof, the exports, and what verify.py says of them."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from cards.events import CardImported
from cards.models import Card
from directory.models import Person, Role
from journal.correlation import caused_by
from journal.models import Entry, Leaf
from journal.personal import whole_contents
from journal.recording import record
from portal.pages.auditor import export
from portal.pages.auditor.spreadsheet import defused
from tests.cast import actor_of
from tests.portal.auditor.conftest import Notary
from tests.portal.auditor.test_journal import rows_in, text_of
from tests.portal.conftest import LogIn
from tests.scenarios import Scene, a_blocked_card, a_shipped_card

VERIFY = django_settings.BASE_DIR / "journal" / "verify.py"


@pytest.fixture
def card(scene: Scene, notary: Notary) -> Card:
    """Return a blocked card, all of whose events are under a signed head."""
    card = a_blocked_card(scene)
    notary.sign()
    return card


def verified(octets: bytes, notary: Notary, tmp_path: Path) -> str:
    """Return what the stand-alone verifier says of a file."""
    file = tmp_path / "taken-home.jsonl"
    file.write_bytes(octets)
    done = subprocess.run(
        [sys.executable, VERIFY, file, "--key", notary.certificate],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    return f"{done.returncode} {done.stdout}{done.stderr}"


def exported(browser: Client, **fields: str) -> bytes:
    """Return the octets of an export."""
    response = browser.post("/journal/export/", fields)
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)  # type: ignore[attr-defined] # it streams


def test_an_event_shows_its_facts_its_chain_its_actor_and_its_proof(
    scene: Scene, card: Card, log_in: LogIn
) -> None:
    blocked = Entry.objects.get(type="card.blocked")
    page = log_in(scene.cast.cia).get(f"/journal/events/{blocked.pk}/")
    text = text_of(page)
    leaf = Leaf.objects.get(entry=blocked)
    assert "Förlorat eller stulet kort" in text
    assert scene.cast.alva.identifier in text
    assert "ID-administratör" in text
    assert f"rad {leaf.position}" in text
    assert bytes(leaf.leaf_hash).hex() in text
    assert "Alva Berg beställde ett Tjänstekort utan foto till Åsa Lindqvist" not in text, "too far back"
    assert "Åsa Lindqvist skrev under kvittensen" in text
    assert "skrev under" in text
    raw = page.context["page"].raw
    assert raw == blocked.content


def test_what_one_act_set_going_stands_beside_it(scene: Scene, notary: Notary, log_in: LogIn) -> None:
    with caused_by("the-request"):
        a_blocked_card(scene)
    blocked = Entry.objects.get(type="card.blocked")
    page = log_in(scene.cast.cia).get(f"/journal/events/{blocked.pk}/")
    revoked = Entry.objects.filter(type="certificate.revoked").values_list("pk", flat=True)
    assert revoked
    assert set(revoked) <= set(rows_in(page))


def test_an_event_without_a_head_yet_says_that_its_proof_is_on_its_way(
    scene: Scene, notary: Notary, log_in: LogIn
) -> None:
    a_shipped_card(scene)
    entry = Entry.objects.get(type="card.shipped")
    assert "Inget bevis än" in text_of(log_in(scene.cast.cia).get(f"/journal/events/{entry.pk}/"))


def test_the_proof_of_an_event_is_checked_by_the_verifier_alone(
    scene: Scene, card: Card, notary: Notary, log_in: LogIn, tmp_path: Path
) -> None:
    blocked = Entry.objects.get(type="card.blocked")
    response = log_in(scene.cast.cia).get(f"/journal/events/{blocked.pk}/proof.jsonl")
    assert "verify" in response["Content-Disposition"]
    assert verified(response.content, notary, tmp_path).startswith("0 ")
    changed = response.content.replace(b"lost_or_stolen", b"defective_____")
    assert verified(changed, notary, tmp_path).startswith("1 ")


@pytest.mark.parametrize("who", ["of_another_organization", "protected"])
def test_whoever_the_page_does_not_name_is_not_named_by_the_proof_or_an_export(
    scene: Scene, card: Card, notary: Notary, log_in: LogIn, tmp_path: Path, *, who: str
) -> None:
    """An actor of another organization, and one with a protected identity: no HSA-id, and not from where."""
    actor = scene.cast.doris if who != "protected" else actor_of(scene.cast.erik, Role.ID_ADMINISTRATOR)
    event = CardImported(
        card_order_id=str(card.order_id),
        card_id=str(card.pk),
        person_id=str(card.person_id),
        organization_id=str(card.organization_id),
        product_code="7C1",
        loa=3,
        valid_until="2031-05-31",
    )
    with transaction.atomic():
        entry = record(event, actor=replace(actor, client_address="192.0.2.77"), at=scene.at)
    notary.sign()
    cia = log_in(scene.cast.cia)
    page = cia.get(f"/journal/events/{entry.pk}/").content
    proof = cia.get(f"/journal/events/{entry.pk}/proof.jsonl").content
    export = exported(cia, format="jsonl", person=str(card.person_id))
    leaf_hash = bytes(Leaf.objects.get(entry=entry).leaf_hash).hex().encode()
    for told in (page, proof, export):
        assert leaf_hash in told
        assert actor.identifier.encode() not in told
        assert b"192.0.2.77" not in told
    assert verified(proof, notary, tmp_path).startswith("0 ")
    assert verified(export, notary, tmp_path).startswith("0 ")


def test_an_export_as_json_lines_is_checked_by_the_verifier_and_is_an_event(
    scene: Scene, card: Card, notary: Notary, log_in: LogIn, tmp_path: Path
) -> None:
    cia = log_in(scene.cast.cia)
    octets = exported(cia, format="jsonl", person=str(card.person_id))
    lines = octets.decode().splitlines()
    about = Entry.objects.filter(references__kind="person", references__value=str(card.person_id))
    assert len(lines) - 1 == about.filter(leaf__isnull=False).count()
    assert verified(octets, notary, tmp_path).startswith("0 ")
    told = Entry.objects.get(type="journal.exported")
    event = json.loads(told.content)["event"]
    assert event["rows"] == len(lines) - 1
    assert event["criteria"] == f"person={card.person_id}"
    assert told.references.filter(kind="person", value=str(card.person_id)).exists()
    assert told.actor_identifier == scene.cast.cia.person_id


@pytest.fixture
def lines(scene: Scene, card: Card, log_in: LogIn) -> list[str]:
    """Return the lines of an export."""
    return exported(log_in(scene.cast.cia), format="jsonl").decode().splitlines(keepends=True)


@pytest.mark.parametrize("act", ["changed", "removed", "hash"])
def test_the_verifier_finds_what_was_done_to_an_export(
    lines: list[str], notary: Notary, tmp_path: Path, act: str
) -> None:
    row = json.loads(lines[3])
    if act == "changed":
        row["content"] = row["content"].replace('"loa":', '"l0a":', 1)
        lines[3] = json.dumps(row) + "\n"
    elif act == "hash":
        row["leaf_hash"] = "00" * 32
        lines[3] = json.dumps(row) + "\n"
    else:
        del lines[3]
    assert verified("".join(lines).encode(), notary, tmp_path).startswith("1 ")


def test_an_export_as_a_table_opens_in_a_spreadsheet_with_its_proof_beside_it(
    scene: Scene, card: Card, notary: Notary, log_in: LogIn, tmp_path: Path
) -> None:
    Person.objects.filter(pk=card.person_id).update(given_name="=HYPERLINK(1)", calling_name="=HYPERLINK(1)")
    octets = exported(log_in(scene.cast.cia), format="csv", person=str(card.person_id))
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        assert archive.testzip() is None
        named = {name.rpartition("-")[2].rpartition(".")[2]: name for name in archive.namelist()}
        table = archive.read(named["csv"])
        proof = archive.read(named["jsonl"])
        assert archive.read("verify.py") == VERIFY.read_bytes()
        assert b"python verify.py" in archive.read("LAS-MIG.txt")
    assert table.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(table.decode("utf-8-sig")), delimiter=";"))
    assert rows[0][:3] == ["Rad", "När", "Händelse"]
    assert all(len(row) == len(rows[0]) for row in rows)
    assert not [cell for row in rows for cell in row if cell[:1] in "=+-@\t\r" and cell]
    assert any("'=HYPERLINK(1)" in cell for row in rows for cell in row)
    assert verified(proof, notary, tmp_path).startswith("0 ")
    hashes = {json.loads(line)["leaf_hash"] for line in proof.decode().splitlines()[1:]}
    assert {row[-1] for row in rows[1:]} == hashes


@pytest.mark.parametrize("text", ["=1+1", "+46", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert defused(text).startswith("'")


@pytest.mark.parametrize("text", ["Åsa", "2026-11-22", "a=b", ""])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert defused(text) == text


def test_rows_about_protected_people_keep_their_proof_and_lose_their_content(
    scene: Scene, notary: Notary, log_in: LogIn, tmp_path: Path
) -> None:
    card = a_shipped_card(scene, scene.cast.erik)
    notary.sign()
    cia = log_in(scene.cast.cia)
    octets = exported(cia, format="jsonl")
    assert str(card.person_id).encode() not in octets
    assert (card.card_number or "").encode() not in octets
    assert verified(octets, notary, tmp_path).startswith("0 ")
    with zipfile.ZipFile(io.BytesIO(exported(cia, format="csv"))) as archive:
        table = archive.read(archive.namelist()[0]).decode("utf-8-sig")
    assert "Innehållet dolt: skyddade personuppgifter" in table
    assert "Erik" not in table
    assert not Entry.objects.filter(type="person.protected_opened").exists()
    notary.sign()
    entitled = log_in(replace(scene.cast.cia, may_see_protected=True))
    assert str(card.person_id).encode() not in exported(entitled, format="jsonl")
    assert not Entry.objects.filter(type="person.protected_opened").exists()
    entitled.post(f"/people/{card.person_id}/open/", {"reason": "audit"})
    assert str(card.person_id).encode() in exported(entitled, format="jsonl")
    _given, opened = Entry.objects.filter(type="person.protected_opened").order_by("pk")
    told = whole_contents([opened])[opened.pk]["event"]
    assert (told["reason"], told["page"]) == ("audit", "journal-export")


def test_an_export_too_large_is_refused_with_what_to_do(
    scene: Scene, card: Card, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_ROWS", 3)
    response = log_in(scene.cast.cia).post("/journal/export/", {"format": "jsonl"}, follow=True)
    assert "En export rymmer högst 3 händelser" in text_of(response)
    assert not Entry.objects.filter(type="journal.exported").exists()


def test_the_key_and_the_verifier_can_be_fetched(
    scene: Scene, card: Card, notary: Notary, log_in: LogIn, settings: Settings
) -> None:
    browser = log_in(scene.cast.cia)
    assert browser.get("/journal/audit-key.pem").content == notary.certificate.read_bytes()
    assert browser.get("/journal/verify.py").content == VERIFY.read_bytes()
