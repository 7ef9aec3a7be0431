"""One certificate blocked from the person view, and the log that was kept on paper (POR-2, POR-7, POR-15)."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ca.models import Certificate
from cards import block_request_selectors
from cards.block_request_models import BlockRequest
from cards.models import Card
from cards.paper_log import COLUMNS
from directory.swedish_time import SWEDEN
from tests.portal.conftest import LogIn
from tests.scenarios import Scene, an_active_card

pytestmark = pytest.mark.django_db
LOG = "/paper-log/"


def said(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def block_form(scene: Scene) -> dict[str, str]:
    local = (scene.at + timedelta(minutes=2)).astimezone(SWEDEN)
    return {
        "reason": "codes_known_to_others",
        "requested_day": f"{local:%Y-%m-%d}",
        "requested_clock": f"{local:%H:%M}",
        "note": "ringde",
        "confirmed": "on",
    }


def line(scene: Scene, card: Card, **told: str) -> str:
    local = (scene.at + timedelta(minutes=2)).astimezone(SWEDEN)
    cells = {
        "datum": f"{local:%Y-%m-%d}",
        "tid": f"{local:%H:%M}",
        "innehavare": "Åsa Lindqvist",
        "kortnummer": card.card_number or "",
        "orsak": "förlorat eller stulet kort",
        "mottagare": "Bo Ek",
        "mottagarens id": "SE2321000016-B007",
        **told,
    }
    return ";".join(cells.get(name, "") for name in COLUMNS)


def log_of(*lines: str) -> str:
    return "\n".join((";".join(COLUMNS), *lines))


def digest_in(response: Any) -> str:
    return said(response).split('name="digest" value="', 1)[1].partition('"')[0]


def test_a_certificate_is_blocked_from_the_person_view_with_and_without_a_card(
    scene: Scene, log_in: LogIn
) -> None:
    """POR-2, POR-7."""
    card = an_active_card(scene)
    first, second = Certificate.objects.filter(carrier_id=str(card.pk)).order_by("pk")
    Certificate.objects.filter(pk=second.pk).update(carrier_id="", carrier_kind="")
    browser = log_in(scene.cast.alva)
    person = reverse("person", args=[card.person_id])
    shown = said(browser.get(person))
    assert "Inget känt kort" in shown
    for certificate in (first, second):
        url = reverse("block-certificate", args=[certificate.pk])
        assert url in shown
        assert certificate.serial_hex in said(browser.get(url))
        assert browser.post(url, {"reason": ""}).status_code == 422
        assert browser.post(url, block_form(scene))["Location"] == person
        assert browser.get(url).status_code == 409
        certificate.refresh_from_db()
        assert certificate.revoked_at is not None
        assert browser.post(url, block_form(scene)).status_code == 302
    card.refresh_from_db()
    assert card.state == "ACTIVE"
    assert [row.note for row in BlockRequest.objects.all()] == ["ringde", "ringde"]


def test_doris_and_an_auditor_block_no_certificate_and_register_no_paper(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    certificate = Certificate.objects.filter(carrier_id=str(card.pk)).order_by("pk")[0]
    url = reverse("block-certificate", args=[certificate.pk])
    doris = log_in(scene.cast.doris)
    assert doris.get(url).status_code == 404
    assert doris.post(url, block_form(scene)).status_code == 404
    text = said(doris.post(LOG, {"log": log_of(line(scene, card))}))
    assert "Inget sådant kort i dina organisationer" in text
    assert 'value="register"' not in text
    auditor = log_in(scene.cast.cia)
    assert auditor.get(LOG).status_code == 403
    assert auditor.post(LOG, {"log": log_of(line(scene, card))}).status_code == 403
    assert auditor.post(url, block_form(scene)).status_code == 403
    certificate.refresh_from_db()
    assert certificate.revoked_at is None


def test_the_log_is_looked_at_before_it_is_registered(scene: Scene, log_in: LogIn) -> None:
    """POR-15: good lines are blocked as of their true time, the others say what is wrong."""
    card = an_active_card(scene)
    text = log_of(line(scene, card), line(scene, card, orsak="tja"))
    browser = log_in(scene.cast.alva)
    looked = browser.post(LOG, {"log": text})
    assert "Spärras" in said(looked)
    assert "Skriv en av orsakerna" in said(looked)
    assert not BlockRequest.objects.exists()
    wrong = browser.post(LOG, {"log": text, "step": "register", "digest": "0" * 64})
    assert wrong.status_code == 422
    assert "har ändrats" in said(wrong)
    done = browser.post(LOG, {"log": text, "step": "register", "digest": digest_in(looked)}, follow=True)
    assert "1 begäran är registrerad" in said(done)
    assert "Bo Ek" in said(done)
    card.refresh_from_db()
    assert card.state == "BLOCKED"
    assert card.block_requested_at is not None
    assert card.block_requested_at.second == 0


def test_a_file_is_read_and_what_is_no_log_is_told(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    browser = log_in(scene.cast.alva)
    file = SimpleUploadedFile("logg.csv", ("\ufeff" + log_of(line(scene, card))).encode())
    assert "Registrera 1 begäran" in said(browser.post(LOG, {"file": file}))
    for wrong in ("", "\xff\xfe\x00", "a;b\n1;2", log_of()):
        answer = browser.post(LOG, {"log": wrong})
        assert answer.status_code == 422
        assert "Inget registrerades" in said(answer)
    form = browser.get(reverse("paper-log-form"))
    assert form.content.decode("utf-8-sig").splitlines()[0] == ";".join(COLUMNS)


def test_more_than_one_person_may_block_in_a_day_take_a_second(
    scene: Scene, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = an_active_card(scene)
    monkeypatch.setattr(block_request_selectors, "MOST_A_DAY", 0)
    browser = log_in(scene.cast.alva)
    text = log_of(line(scene, card))
    looked = said(browser.post(LOG, {"log": text}))
    assert "Låt en kollega registrera resten" in looked
    assert 'value="register"' not in looked
    card.refresh_from_db()
    assert card.state == "ACTIVE"
