"""What browsers are told on every answer, also on 403, 404 and 500: nothing inline, framed or kept."""

import re
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path, reverse

from portal import problems, urls
from portal.templatetags.sigill import icon
from tests.portal.conftest import LogIn
from tests.scenarios import Scene, a_shipped_card

TEMPLATES = Path(__file__).resolve().parents[2] / "portal" / "templates"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=()",
    "Cache-Control": "no-store",
}


def broken(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the inside of the machine")


urlpatterns = [*urls.urlpatterns, path("status/broken", broken)]
handler404, handler500 = urls.handler404, urls.handler500


@pytest.mark.parametrize("url", ["/login/", "/status/", "/healthz", "/accessibility/", "/c/v1/nothing"])
def test_public_answers_carry_every_header(db: None, url: str) -> None:
    response = Client().get(url)
    for header, part in HEADERS.items():
        assert part in response[header], header


def test_pages_and_refusals_behind_the_login_carry_every_header(scene: Scene, log_in: LogIn) -> None:
    card = a_shipped_card(scene)
    alva, cia = log_in(scene.cast.alva), log_in(scene.cast.cia)
    answers = {
        200: alva.get("/"),
        404: alva.get("/nowhere/"),
        403: cia.get(reverse("block-card", args=[card.pk])),
    }
    for status, response in answers.items():
        assert response.status_code == status
        for header, part in HEADERS.items():
            assert part in response[header], (status, header)
        assert "unsafe" not in response["Content-Security-Policy"]


@override_settings(ROOT_URLCONF="tests.portal.test_headers")
def test_a_fault_shows_a_page_and_never_the_inside(scene: Scene, log_in: LogIn) -> None:
    browser = log_in(scene.cast.alva)
    browser.raise_request_exception = False
    response = browser.get("/status/broken")
    assert response.status_code == 500
    for header, part in HEADERS.items():
        assert part in response[header], header
    assert "Något gick fel hos oss" in response.content.decode()
    assert "inside of the machine" not in response.content.decode()


def test_a_form_without_its_token_is_refused_in_words(scene: Scene) -> None:
    response = Client(enforce_csrf_checks=True).post("/language/", {"language": "en"})
    assert response.status_code == 403
    assert "Formuläret var för gammalt" in response.content.decode()


def test_a_503_says_when_to_come_back(db: None) -> None:
    request = RequestFactory().get("/people/")
    request.portal_session = None
    assert problems.page(request, problems.of_code("signing_unavailable"))["Retry-After"] == "10"


def test_no_template_holds_style_or_script_of_its_own() -> None:
    for template in TEMPLATES.rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        if template.name == "receipt_pdf.html":  # for the PDF maker, never for a browser
            continue
        assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\bsrc=)|https?://", text), (
            template.name
        )


def test_every_icon_that_a_template_names_is_vendored() -> None:
    for template in TEMPLATES.rglob("*.html"):
        for name in re.findall(r'{% icon "([\w-]+)"', template.read_text(encoding="utf-8")):
            assert "<path" in icon(name) or "<circle" in icon(name)


def test_health_is_one_small_question(db: None) -> None:
    response = Client().get("/healthz")
    assert response.json() == {"status": "ok", "journal": "ok"}
