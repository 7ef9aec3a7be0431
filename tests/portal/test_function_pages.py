"""The pages of those who order and validate function certificates (POR-10, FC-2, FC-4)."""

import io
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import openpyxl
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from directory.models import Employment, Role
from functioncerts import pkcs12
from functioncerts.key_making import make_due_keys
from functioncerts.lifecycle import settle_order
from functioncerts.models import (
    CertificateMail,
    ExpiryNotice,
    FunctionKind,
    FunctionObject,
    FunctionOrder,
    FunctionTag,
    NameValidation,
    NoticeAnswer,
    NoticeMail,
)
from functioncerts.receipts import VERSION
from functioncerts.simulators import smsc
from functioncerts.smpp import gateway
from functioncerts.states import FunctionOrderState, NameValidationState
from journal.actor import Actor
from tests.cast import actor_of
from tests.functioncerts.conftest import SERVER, function_object, request_for, second_manager
from tests.portal.conftest import LogIn
from tests.scenarios import Scene

NAME = "journal.regionnorr.test"


@pytest.fixture
def server(scene: Scene) -> FunctionObject:
    return function_object(scene.cast, SERVER, FunctionKind.SERVER, NAME, at=scene.at)


def form(csr: bytes | None = None, *, names: str = NAME, **more: str) -> Mapping[str, str]:
    return {"names": names, "csr": (csr or request_for()).decode(), "step": "check", **more}


def placed(browser: Client, server: FunctionObject, **more: str) -> FunctionOrder:
    answer = browser.post(f"/functions/{server.pk}/order/", form(step="place", receipt=VERSION, **more))
    assert answer.status_code == 302, answer.content.decode()
    return FunctionOrder.objects.get(pk=answer["Location"].split("/")[-2])


def delivered(scene: Scene, browser: Client, server: FunctionObject, **more: str) -> FunctionOrder:
    order = placed(browser, server, **more)
    scene.authority.issue_and_publish(at=scene.at)
    return settle_order(order_id=str(order.pk), actor=Actor.system("test"), at=scene.at)


def test_the_form_explains_what_it_found_and_orders_nothing_yet(
    scene: Scene, server: FunctionObject, log_in: LogIn
) -> None:
    """FC-2: of the request only the key is used, and the form says so."""
    csr = request_for(rsa.generate_private_key(65537, 2048), names=("evil.test",), common_name="evil.test")
    text = log_in(scene.cast.bo).post(f"/functions/{server.pk}/order/", form(csr)).content.decode()
    assert "CN=evil.test" in text
    assert "rsa-2048" in text
    assert "Jag kvitterar funktionscertifikatet" in text
    assert not FunctionOrder.objects.exists()


def test_a_private_key_that_was_pasted_is_told_of_and_not_shown_again(
    scene: Scene, server: FunctionObject, log_in: LogIn
) -> None:
    pasted = b"-----BEGIN PRIVATE KEY-----\nMIIEvHemligt\n-----END PRIVATE KEY-----\n"
    answer = log_in(scene.cast.bo).post(f"/functions/{server.pk}/order/", form(pasted))
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Det här är en privat nyckel" in text
    assert "Hemligt" not in text
    assert NAME in text


def test_nothing_is_ordered_without_the_receipt(scene: Scene, server: FunctionObject, log_in: LogIn) -> None:
    """FC-4."""
    answer = log_in(scene.cast.bo).post(f"/functions/{server.pk}/order/", form(step="place"))
    assert answer.status_code == 422
    assert not FunctionOrder.objects.exists()


@pytest.mark.parametrize(
    ("names", "csr"),
    [
        ("journal.regionsyd.test", None),
        ("*.journal.regionnorr.test", None),
        (NAME, b"no request"),
        (NAME, request_for(ec.generate_private_key(ec.SECP521R1()))),
    ],
)
def test_what_cannot_be_ordered_is_said_in_the_form(
    scene: Scene, server: FunctionObject, log_in: LogIn, names: str, csr: bytes | None
) -> None:
    """FC-2."""
    answer = log_in(scene.cast.bo).post(f"/functions/{server.pk}/order/", form(csr, names=names))
    assert answer.status_code in {403, 422}
    assert 'role="alert"' in answer.content.decode()
    assert names.split(".")[-2] in answer.content.decode()


def test_a_certificate_is_ordered_fetched_renewed_and_revoked(
    scene: Scene, server: FunctionObject, log_in: LogIn
) -> None:
    """FC-2, FC-4."""
    browser = log_in(scene.cast.bo)
    old = delivered(scene, browser, server)
    page = browser.get(f"/functions/orders/{old.pk}/").content.decode()
    assert old.receipt_version == VERSION
    assert f"?replaces={old.pk}" in page
    assert browser.get(f"/functions/orders/{old.pk}/pem.file").content.startswith(b"-----BEGIN CERT")
    assert browser.get(f"/functions/orders/{old.pk}/cer.file").content.startswith(b"0\x82")
    assert browser.get(f"/functions/orders/{old.pk}/chain.file").content.count(b"BEGIN") > 1
    assert browser.get(f"/functions/orders/{old.pk}/key.file").status_code == 404
    new = delivered(scene, browser, server, replaces=str(old.pk))
    assert new.replaces_id == old.pk
    assert browser.post(f"/functions/orders/{old.pk}/revoke/", {"reason": "superseded"}).status_code == 422
    browser.post(f"/functions/orders/{old.pk}/revoke/", {"reason": "superseded", "understood": "on"})
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state) == (FunctionOrderState.REVOKED.value, FunctionOrderState.DELIVERED.value)


def test_a_certificate_that_came_without_receipt_is_fetched_only_after_it(
    scene: Scene, server: FunctionObject, log_in: LogIn
) -> None:
    """FC-4: by API or ACME."""
    browser = log_in(scene.cast.bo)
    order = delivered(scene, browser, server)
    FunctionOrder.objects.update(receipt_version="", receipt_accepted_at=None, receipt_accepted_by="")
    assert browser.get(f"/functions/orders/{order.pk}/pem.file").status_code == 404
    assert browser.post(f"/functions/orders/{order.pk}/receipt/", {}).status_code == 422
    browser.post(f"/functions/orders/{order.pk}/receipt/", {"receipt": VERSION})
    assert browser.get(f"/functions/orders/{order.pk}/pem.file").status_code == 200


def test_a_manager_asks_for_a_second_person_who_is_never_the_first(
    scene: Scene, server: FunctionObject, log_in: LogIn
) -> None:
    manager = log_in(actor_of(scene.cast.asa, Role.ISSUANCE_MANAGER))
    manager.post("/functions/approval/", {"kind": ["server"]})
    bo = log_in(scene.cast.bo)
    order = placed(bo, server)
    assert order.state == FunctionOrderState.AWAITING_APPROVAL.value
    assert bo.post(f"/functions/orders/{order.pk}/decide/", {"decision": "approve"}).status_code == 403
    assert 'aria-describedby="why-decide"' in bo.get(f"/functions/orders/{order.pk}/").content.decode()
    manager.post(f"/functions/orders/{order.pk}/decide/", {"decision": "approve"})
    order.refresh_from_db()
    assert order.state == FunctionOrderState.ORDERED.value
    assert bo.post("/functions/approval/", {}).status_code == 403


def test_notices_are_answered_on_the_page(scene: Scene, server: FunctionObject, log_in: LogIn) -> None:
    """POR-9."""
    browser = log_in(scene.cast.bo)
    order = delivered(scene, browser, server)
    browser.post(f"/functions/orders/{order.pk}/answer/", {"answer": "taken"})
    assert NoticeAnswer.objects.get().answered_by == scene.cast.bo.identifier
    assert browser.post(f"/functions/orders/{order.pk}/answer/", {"answer": "maybe"}).status_code == 422


def test_who_is_responsible_and_tags_are_written_and_searched(
    scene: Scene, server: FunctionObject, log_in: LogIn
) -> None:
    """FC-3, POR-10."""
    browser, place = log_in(scene.cast.bo), f"/functions/{server.pk}/set-up/"
    good = {"tags": "drift, norr", "mobile": "+46 70-123 45 67", "order_responsible": scene.cast.asa.hsa_id}
    assert browser.post(place, good).status_code == 302
    for wrong in ({"mobile": "0701234567"}, {"tags": "<b>"}, {"receivers": "SE2321000024-B001"}):
        assert browser.post(place, wrong).status_code == 422
    assert set(FunctionTag.objects.values_list("tag", flat=True)) == {"drift", "norr"}
    assert SERVER in browser.get("/functions/?tag=drift").content.decode()
    assert SERVER not in browser.get("/functions/?tag=syd").content.decode()


def test_the_inventory_is_searched_filtered_drawn_and_taken_out(
    scene: Scene, server: FunctionObject, log_in: LogIn
) -> None:
    """POR-10."""
    browser = log_in(scene.cast.bo)
    assert SERVER in browser.get("/functions/?ends=none").content.decode()
    delivered(scene, browser, server)
    text = browser.get("/functions/").content.decode()
    assert "<svg" in text
    assert "<details" in text
    for query, is_there in (
        ("q=journal.regionnorr", True),
        ("q=SE2321000016-J", True),
        ("q=elsewhere", False),
        ("kind=server", True),
        ("kind=email", False),
        ("ends=none", False),
        ("ends=expired", False),
    ):
        assert (SERVER in browser.get(f"/functions/?{query}").content.decode()) is is_there, query
    FunctionOrder.objects.update(not_after=scene.at)
    assert SERVER in browser.get("/functions/?ends=expired").content.decode()
    FunctionObject.objects.update(name="=cmd()")
    export = b"".join(browser.get("/functions/export.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert "'=cmd()" in export
    assert SERVER in export


def test_the_inventory_is_a_workbook_too_with_text_numbers_and_days(
    scene: Scene, server: FunctionObject, log_in: LogIn
) -> None:
    """POR-10: and another organization's workbook holds nothing of it."""
    browser = log_in(scene.cast.bo)
    order = delivered(scene, browser, server)
    FunctionObject.objects.update(name="=cmd()")
    heading, row = _rows(browser.get("/functions/export.xlsx?kind=server"))
    cells = dict(zip(heading, row, strict=True))
    assert cells["HSA-id"] == SERVER
    assert cells["Namn"] == "=cmd()"
    assert cells["Aktiva certifikat"] == 1
    assert isinstance(ends := cells["Första går ut"], datetime)
    assert order.not_after is not None
    assert abs((ends.date() - order.not_after.date()).days) <= 1
    doris = log_in(replace(scene.cast.doris, role=_granted(scene)))
    assert len(_rows(doris.get("/functions/export.xlsx"))) == 1


def _rows(answer: HttpResponse) -> list[tuple[object, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    return [tuple(row) for row in book.active.iter_rows(values_only=True)]


def test_another_organization_gets_nothing(scene: Scene, server: FunctionObject, log_in: LogIn) -> None:
    """POR-10: Doris of Region Syd, as an orderer."""
    order = delivered(scene, log_in(scene.cast.bo), server)
    doris = log_in(replace(scene.cast.doris, role=_granted(scene)))
    assert SERVER not in doris.get("/functions/").content.decode()
    assert SERVER not in b"".join(doris.get("/functions/export.csv").streaming_content).decode()  # type: ignore[attr-defined]
    for place in (
        f"/functions/{server.pk}/",
        f"/functions/{server.pk}/order/",
        f"/functions/orders/{order.pk}/",
        f"/functions/orders/{order.pk}/pem.file",
    ):
        assert doris.get(place).status_code == 404, place
    for place in ("decide", "receipt", "revoke", "answer"):
        answer = doris.post(f"/functions/orders/{order.pk}/{place}/", {"receipt": VERSION})
        assert answer.status_code == 404, place
    assert doris.get("/functions/validations/").status_code == 403


def _granted(scene: Scene) -> str:
    doris = Employment.objects.get(hsa_id=scene.cast.doris.identifier)
    return actor_of(doris, Role.FUNCTION_CERT_ORDERER).role


def test_a_specialist_validates_by_paper_and_by_mail(
    scene: Scene, server: FunctionObject, log_in: LogIn, settings: Settings
) -> None:
    """POR-10: a mailed link is confirmed by a press of its owner, without login."""
    settings.EMAIL_HOST = "127.0.0.1"
    browser = log_in(actor_of(scene.cast.asa, Role.VALIDATION_SPECIALIST))
    told = {"organization": str(scene.cast.norr.pk), "name": "ny.test"}
    paper = {**told, "method": "document", "reference": "DNR 1", "valid_to": "1999-01-01"}
    assert browser.post("/functions/validations/", paper).status_code == 422
    browser.post("/functions/validations/", {**paper, "valid_to": ""})
    assert NameValidation.objects.get(name="ny.test").state == NameValidationState.VALID.value
    mailed = {**told, "name": "post.test", "method": "mail", "send_to": "hostmaster@post.test"}
    browser.post("/functions/validations/", mailed)
    (message,) = mail.outbox
    assert message.to == ["hostmaster@post.test"]
    found = re.search(r"/functions/confirm/[\w-]+/", str(message.body))
    assert found is not None
    stranger = Client()
    assert "post.test" in stranger.get(found[0]).content.decode()
    waiting = NameValidation.objects.get(name="post.test")
    assert waiting.state == NameValidationState.PENDING.value
    stranger.post(found[0])
    waiting.refresh_from_db()
    assert waiting.state == NameValidationState.VALID.value
    assert stranger.get("/functions/confirm/" + "x" * 43 + "/").status_code == 404
    browser.post(f"/functions/validations/{waiting.pk}/", {"action": "withdraw"})
    waiting.refresh_from_db()
    assert waiting.state == NameValidationState.WITHDRAWN.value


def test_a_dns_proof_says_which_record_to_write(scene: Scene, server: FunctionObject, log_in: LogIn) -> None:
    browser = log_in(actor_of(scene.cast.asa, Role.VALIDATION_SPECIALIST))
    told = {"organization": str(scene.cast.norr.pk), "name": "ny.test", "method": "dns_txt"}
    text = browser.post("/functions/validations/", told, follow=True).content.decode()
    assert "_sigill-validation.ny.test" in text
    assert f"sigill-validation={NameValidation.objects.get(name='ny.test').token}" in text


def test_what_hsa_and_our_own_jobs_did_stands_in_the_history(
    scene: Scene, server: FunctionObject, log_in: LogIn
) -> None:
    text = log_in(scene.cast.bo).get(f"/functions/{server.pk}/").content.decode()
    assert "Funktionsobjekt upplagt" in text
    assert "Funktionsobjekt validerat" in text


def test_a_key_made_here_is_allowed_ordered_and_fetched_once(
    scene: Scene, server: FunctionObject, log_in: LogIn, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FC-5: a manager allows it; Doris of another organization gets nothing of it."""
    monkeypatch.setattr(pkcs12, "ITERATIONS", 1000)
    FunctionObject.objects.filter(pk=server.pk).update(mobile="+46701234567")
    bo = log_in(scene.cast.bo)
    place = f"/functions/{server.pk}/order-key/"
    assert place not in bo.get(f"/functions/{server.pk}/").content.decode()
    assert bo.get(place).status_code == 409
    asa = log_in(actor_of(scene.cast.asa, Role.ISSUANCE_MANAGER))
    asa.post("/functions/keys/", {"kind": ["server"]})
    assert bo.get(place).status_code == 409
    approve = 'name="approve" value="server"'
    assert approve not in asa.get("/functions/").content.decode()
    assert asa.post("/functions/keys/", {"approve": "server"}).status_code == 403
    second = log_in(second_manager(scene.cast))
    assert approve in second.get("/functions/").content.decode()
    assert second.post("/functions/keys/", {"approve": "server"}).status_code == 302
    assert approve not in second.get("/functions/").content.decode()
    assert "why-function" in bo.get(f"/functions/{server.pk}/").content.decode()
    with smsc.serving() as centre:
        settings.SIGILL_SMS_HOST, settings.SIGILL_SMS_PORT = "127.0.0.1", centre.port
        settings.SIGILL_SMS_SYSTEM_ID, settings.SIGILL_SMS_PASSWORD = centre.system_id, centre.password
        settings.SIGILL_SMS_TLS = False
        assert "+46701234567" in bo.get(place).content.decode()
        assert bo.post(place, {"names": NAME}).status_code == 422
        assert bo.post(place, {"names": "x.regionsyd.test", "receipt": VERSION}).status_code in {403, 422}
        answer = bo.post(place, {"names": NAME, "receipt": VERSION})
        order = FunctionOrder.objects.get()
        assert answer["Location"] == f"/functions/orders/{order.pk}/"
        make_due_keys(gateway=gateway(), actor=Actor.system("test"), at=scene.at)
        password = centre.taken[0][2].rpartition(" ")[2]
    scene.authority.issue_and_publish(at=scene.at)
    page = bo.get(answer["Location"]).content.decode()
    assert f"/functions/orders/{order.pk}/key/" in page
    doris = log_in(replace(scene.cast.doris, role=_granted(scene)))
    assert doris.get(place).status_code == 404
    for verb in ("key", "mail"):
        assert doris.post(f"/functions/orders/{order.pk}/{verb}/").status_code == 404
    file = bo.post(f"/functions/orders/{order.pk}/key/")
    assert file["Content-Type"] == "application/x-pkcs12"
    assert "no-store" in file["Cache-Control"]
    assert load_pkcs12(file.content, password.encode()).key is not None
    assert bo.post(f"/functions/orders/{order.pk}/key/").status_code == 409


def test_a_certificate_is_sent_by_mail_from_its_page(
    scene: Scene, server: FunctionObject, log_in: LogIn
) -> None:
    """FC-5."""
    browser = log_in(scene.cast.bo)
    csr = request_for(rsa.generate_private_key(65537, 2048))
    browser.post(f"/functions/{server.pk}/order/", {**form(csr), "step": "place", "receipt": VERSION})
    order = FunctionOrder.objects.get()
    scene.authority.issue_and_publish(at=scene.at)
    assert 'aria-describedby="why-mail"' in browser.get(f"/functions/orders/{order.pk}/").content.decode()
    assert browser.post(f"/functions/orders/{order.pk}/mail/").status_code == 409
    FunctionObject.objects.filter(pk=server.pk).update(mailbox="drift@regionnorr.test")
    assert browser.post(f"/functions/orders/{order.pk}/mail/").status_code == 302
    assert CertificateMail.objects.get().address == "drift@regionnorr.test"
    page = browser.get(f"/functions/orders/{order.pk}/").content.decode()
    assert "drift@regionnorr.test" in page
    assert (lost := "Adresserna kunde inte nås") not in page
    CertificateMail.objects.update(fate="BOUNCED", reply="5.1.1 no such user")
    page = browser.get(f"/functions/orders/{order.pk}/").content.decode()
    assert lost in page
    assert "5.1.1 no such user" in page
    assert browser.post(f"/functions/orders/{order.pk}/mail/").status_code == 302
    assert lost not in browser.get(f"/functions/orders/{order.pk}/").content.decode()


def test_every_mail_about_certificates_and_its_fate_is_listed_within_reach(
    scene: Scene, server: FunctionObject, log_in: LogIn, settings: Settings
) -> None:
    """POR-9: notices and digests; what did not arrive is said where one works, with who can mend it."""
    browser = log_in(scene.cast.bo)
    order = delivered(scene, browser, server)
    at = scene.at
    notice = ExpiryNotice.objects.create(order=order, days=30, not_after=at, raised_at=at)
    common = {"recipient": "mailbox", "fate": "SENT", "tried_at": at}
    for number in range(55):
        NoticeMail.objects.create(notice=notice, address=f"n{number}@regionnorr.test", **common)
    person = Employment.objects.get(hsa_id=scene.cast.bo.identifier)
    NoticeMail.objects.create(
        digest_week="2026-W40", recipient="orderer", hsa_id=person.hsa_id, address="bo@regionnorr.test",
        fate="BOUNCED", reply="5.1.1 no such user", tried_at=at,
    )  # fmt: skip
    NoticeMail.objects.create(
        notice=notice, address="later@regionnorr.test", recipient="delegate", fate="WAITING"
    )
    place = "/functions/notices/"
    first = browser.get(place).content.decode()
    following = re.search(r'href="(/functions/notices/\?show=&amp;after=[^"]+)"', first)
    assert following is not None
    second = browser.get(following[1].replace("&amp;", "&")).content.decode()
    listed = re.findall(r"\b(?:n\d+|bo|later)@regionnorr\.test", first + second)
    assert (len(listed), len(set(listed))) == (57, 57)
    lost = browser.get(f"{place}?show=lost").content.decode()
    assert "bo@regionnorr.test" in lost
    assert "5.1.1 no such user" in lost
    assert "2026-W40" in lost
    assert "n1@regionnorr.test" not in lost
    assert "later@" in browser.get(f"{place}?show=waiting").content.decode()
    assert f"{place}?show=lost" in browser.get("/functions/").content.decode()
    for crafted in ("~", "x~y", f"~{order.pk}", f"2026-13-01T00:00:00Z~{order.pk}"):
        assert browser.get(place, {"after": crafted}).status_code == 200
    doris = log_in(replace(scene.cast.doris, role=_granted(scene)))
    told = doris.get(place).content.decode()
    assert "@regionnorr.test" not in told
    assert f"{place}?show=lost" not in doris.get("/functions/").content.decode()
