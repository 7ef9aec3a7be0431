"""Auditors read their own organizations' part and act nowhere: over every address that there is."""

import re
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver

from ca.models import Certificate
from cards.models import Activation, Card
from journal.actor import Actor
from journal.models import Checkpoint, Entry
from journal.recording import record
from tests.portal.auditor.conftest import Notary
from tests.portal.auditor.test_journal import rows_in, text_of
from tests.portal.conftest import LogIn, told
from tests.portal.test_authorization import addresses
from tests.scenarios import Scene, a_blocked_card
from worker.events import BackupMade

ALLOWED_POSTS = {
    "journal/",
    "journal/export/",
    "journal/compare/",
    "language/",
    "logout/",
    "role/",
    "session/extend/",
    "login/oob/start",
    "login/oob/scan",
    "login/oob/finish",
    "login/oob/cancel",
    "login/oob/code",
    "login/mtls/start",
    "mine/reserve/",
    "mine/mobile/new/",
}
"""Where an auditor may send a form: searching, taking out, comparing, their own login, their own card."""
OWN_PROOF = ("c/v1/", "api/v1/", "acme/")


@pytest.fixture
def ids(scene: Scene, notary: Notary) -> dict[str, str]:
    """Return ids of Region Norr's, one for each that an address names."""
    card = a_blocked_card(scene)
    notary.sign()
    return _ids_of(card)


def _ids_of(card: Card) -> dict[str, str]:
    activation = Activation.objects.get(card=card)
    return {
        "person_id": str(card.person_id),
        "order_id": str(card.order_id),
        "card_id": str(card.pk),
        "activation_id": str(activation.pk),
        "entry_id": str(Entry.objects.get(type="card.blocked").pk),
        "size": str(Checkpoint.objects.latest("size").size),
    }


def _urls(ids: dict[str, str]) -> Iterator[tuple[str, str]]:
    for address in addresses(get_resolver("portal.urls")):
        if not address.startswith(OWN_PROOF):
            yield (
                address,
                "/" + re.sub(r"<\w+:(\w+)>", lambda one: ids.get(one.group(1), ids["card_id"]), address),
            )


def _answer(browser: Client, method: str, url: str) -> int:
    with transaction.atomic():
        status: int = getattr(browser, method)(url).status_code
        transaction.set_rollback(True)
    return status


def test_an_auditor_sends_no_form_but_to_search_take_out_compare_and_log_out(
    scene: Scene, ids: dict[str, str], log_in: LogIn
) -> None:
    cookie = log_in(scene.cast.cia).cookies["sigill"].value
    let_in = set()
    for address, url in _urls(ids):
        browser = Client()
        browser.cookies["sigill"] = cookie
        if _answer(browser, "post", url) not in {403, 404, 405}:
            let_in.add(address)
    assert let_in <= ALLOWED_POSTS


def test_an_auditor_of_another_organization_finds_nothing_of_this_one_at_any_address(
    scene: Scene, ids: dict[str, str], auditor_of_syd: Actor, log_in: LogIn
) -> None:
    card = Card.objects.get(pk=ids["card_id"])
    browser = log_in(auditor_of_syd)
    certificate = Certificate.objects.filter(person_id=ids["person_id"]).first()
    assert certificate is not None
    secret = {
        "Lindqvist", "Alva", "Region Norr", card.card_number or "", scene.cast.asa.hsa_id,
        scene.cast.alva.identifier, certificate.serial_hex,
    } | {value for name, value in ids.items() if name.endswith("_id") and len(value) > 20}  # fmt: skip
    searches = [
        f"/journal/?{name}={value}"
        for name, value in (
            ("person", ids["person_id"]),
            ("card", ids["card_id"]),
            ("certificate", str(certificate.pk)),
            ("by", scene.cast.alva.person_id),
            ("organization", str(scene.cast.norr.pk)),
            ("action", "card.blocked"),
        )
    ]
    for url in [*(url for _, url in _urls(ids) if url != "/logout/"), *searches]:
        response = browser.get(url)
        content = "" if response.streaming else told(response)
        asked = {one for one in secret if one in url}
        assert {one for one in secret - asked if one in content} == set(), url
    for name in ("person", "card", "certificate", "organization"):
        assert browser.get(next(one for one in searches if f"?{name}=" in one)).status_code == 404
    assert rows_in(browser.get(searches[3])) == rows_in(browser.get(searches[5])) == []
    assert browser.get(f"/journal/events/{ids['entry_id']}/").status_code == 404
    assert browser.get(f"/journal/events/{ids['entry_id']}/proof.jsonl").status_code == 404


def test_searches_and_exports_of_another_organization_bring_nothing_of_this_one(
    scene: Scene, ids: dict[str, str], auditor_of_syd: Actor, log_in: LogIn
) -> None:
    card = Card.objects.get(pk=ids["card_id"])
    browser = log_in(auditor_of_syd)
    number = scene.cast.asa.person.personal_identity_number
    for typed in (number, scene.cast.asa.hsa_id, card.card_number or "", "lindqvist"):
        found = browser.post("/journal/", {"q": typed}, follow=True)
        assert "Ingen och inget i dina organisationer heter så" in text_of(found)
        assert rows_in(found) == []
    for criteria in ({"action": "cards"}, {"action": "card.blocked"}, {"by": scene.cast.alva.person_id}):
        response = browser.post("/journal/export/", {"format": "jsonl", **criteria})
        assert response.status_code == 302, "there is nothing to take out"
    for criteria in ({"person": ids["person_id"]}, {"organization": str(scene.cast.norr.pk)}):
        response = browser.post("/journal/export/", {"format": "jsonl", **criteria})
        assert response.status_code == 404


def test_what_concerns_everybody_is_read_by_every_auditor_unless_somebody_else_did_it(
    scene: Scene, ids: dict[str, str], auditor_of_syd: Actor, log_in: LogIn
) -> None:
    """The keys of the blocked card are blocked too: an act of Region Norr's."""
    with transaction.atomic():
        record(BackupMade(backup_id="1", sha256="", is_encrypted=True, journal_rows=4, journal_root_hash=""),
               actor=Actor.system("backup"), at=scene.at)  # fmt: skip
    syd = rows_in(log_in(auditor_of_syd).get("/journal/", {"action": "system"}))
    assert [Entry.objects.get(pk=pk).type for pk in syd] == ["backup.made"]
    norr = rows_in(log_in(scene.cast.cia).get("/journal/", {"action": "system"}))
    assert {Entry.objects.get(pk=pk).type for pk in norr} == {"backup.made", "key.blocked"}
