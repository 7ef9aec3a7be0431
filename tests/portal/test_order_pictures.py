"""A card with a photo is ordered at the desk: taken, looked at, let pass, placed (POR-17)."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from cards.models import CardOrder
from cards.pictures.models import CardPicture
from directory.organization_models import OrganizationSettings
from tests.drawn_face import Face, drawn_face, drawn_signature, jpeg, png
from tests.portal.conftest import LogIn
from tests.scenarios import Scene

SMALL_FACE = jpeg(drawn_face(Face(crown=0.3, chin=0.7), size=(600, 800)))


def send(browser: Client, scene: Scene, product: str, **fields: object) -> HttpResponse:
    asked: dict[str, object] = {"product": product, "employment": scene.cast.asa.hsa_id, **fields}
    return browser.post(reverse("order-card", args=[scene.cast.asa.person_id]), asked)


def a_file(content: bytes, name: str = "x.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_a_photo_is_taken_looked_at_and_ordered_with(scene: Scene, log_in: LogIn) -> None:
    browser = log_in(scene.cast.alva)
    asked = send(browser, scene, "7B1", step="confirm")
    assert "Foto till kortet" in asked.content.decode()
    assert "camera=(self)" in asked["Permissions-Policy"]
    refused = send(browser, scene, "7B1", step="photo", source="file", picture=a_file(b"<svg/>", "x.svg"))
    assert refused.status_code == 422
    assert "ingen hel JPEG- eller PNG-bild" in refused.content.decode()
    assert not CardPicture.objects.exists()
    taken = send(browser, scene, "7B1", step="photo", source="camera", picture=a_file(SMALL_FACE))
    assert "Ansiktet är litet" in taken.content.decode()
    photo = CardPicture.objects.get()
    shown = browser.get(reverse("card-picture", args=[photo.person_id, photo.pk]))
    assert (shown["Content-Type"], shown["Cache-Control"]) == ("image/jpeg", "no-store")
    assert "sandbox" in shown["Content-Security-Policy"]
    assert shown["X-Content-Type-Options"] == "nosniff"
    unjudged = send(browser, scene, "7B1", step="confirm", seen="photo")
    assert (unjudged.status_code, CardOrder.objects.count()) == (422, 0)
    judged = {"seen": "photo", "remark": "face_too_small"}
    confirm = send(browser, scene, "7B1", step="confirm", **judged)
    assert "Stämmer det" in confirm.content.decode()
    assert "camera=()" in confirm["Permissions-Policy"]
    assert send(browser, scene, "7B1", step="place", **judged).status_code == 302
    assert CardOrder.objects.get().pictures.get() == photo


def test_a_signature_is_asked_for_after_the_photo_and_kan_ej_skriva_is_one(
    scene: Scene, log_in: LogIn
) -> None:
    OrganizationSettings.objects.create(organization=scene.cast.norr, issuer_number="4711")
    browser = log_in(scene.cast.alva)
    send(browser, scene, "7A1", step="photo", source="camera", picture=a_file(SMALL_FACE))
    judged = {"seen": "photo", "remark": "face_too_small"}
    asked = send(browser, scene, "7A1", step="confirm", **judged)
    assert "Namnteckning till kortet" in asked.content.decode()
    assert "camera=()" in asked["Permissions-Policy"]
    signed = send(
        browser,
        scene,
        "7A1",
        step="signature",
        source="pad",
        picture=a_file(png(drawn_signature())),
        **judged,
    )
    assert "så här kommer namnteckningen" in signed.content.decode().lower()
    send(browser, scene, "7A1", step="signature", source="unable", **judged)
    seen = {"seen": ["photo", "signature"], "remark": "face_too_small"}
    assert send(browser, scene, "7A1", step="place", **seen).status_code == 302
    used = {one.kind: one.source for one in CardOrder.objects.get().pictures.all()}
    assert used == {"photo": "camera", "signature": "unable"}


def test_the_page_says_for_every_product_why_it_can_or_cannot_be_ordered(scene: Scene, log_in: LogIn) -> None:
    page = log_in(scene.cast.alva).get(reverse("order-card", args=[scene.cast.asa.person_id]))
    text = page.content.decode()
    assert "Organisationen har inget utfärdarnummer" in text
    assert "Det kommer från ert lager" in text
    assert "fotot tas i nästa steg" in text
    assert "har folkbokföringsadress" in text


def test_doris_gets_neither_the_page_nor_the_picture(scene: Scene, log_in: LogIn) -> None:
    send(log_in(scene.cast.alva), scene, "7B1", step="photo", source="camera", picture=a_file(SMALL_FACE))
    photo = CardPicture.objects.get()
    doris = log_in(scene.cast.doris)
    assert doris.get(reverse("card-picture", args=[photo.person_id, photo.pk])).status_code == 404
    assert send(doris, scene, "7B1", step="photo", source="camera").status_code == 404
    assert Client().get(reverse("card-picture", args=[photo.person_id, photo.pk])).status_code == 303


def test_too_large_a_file_is_told_so_and_lies_nowhere(scene: Scene, log_in: LogIn) -> None:
    sent = send(
        log_in(scene.cast.alva), scene, "7B1", step="photo", source="file", picture=a_file(bytes(8_200_000))
    )
    assert sent.status_code == 422
    assert "för stor" in sent.content.decode()
