"""An SIS card is ordered in a real browser: camera, crop by keyboard, signature by pointer (POR-17)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer  # noqa: TC002 - as every annotation here

from directory.organization_models import OrganizationSettings
from tests.drawn_face import drawn_face, jpeg
from tests.portal.conftest import LogIn
from tests.running.chromium import launched
from tests.scenarios import Scene

pytestmark = pytest.mark.browser


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A browser whose camera sees a drawn face, four by three as cameras see."""
    seen = drawn_face(size=(720, 960))
    wide = seen.resize((1280, 960))
    wide.paste((205, 210, 214), (0, 0, 1280, 960))
    wide.paste(seen, (280, 0))
    film = tmp_path / "camera.mjpeg"
    film.write_bytes(jpeg(wide) * 3)
    camera = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    with launched(*camera) as chromium:
        yield chromium


def _sign(page: Page) -> None:
    pad = page.locator("[data-pad] canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    points = [(0.1, 0.7), (0.3, 0.2), (0.4, 0.8), (0.6, 0.3), (0.9, 0.5)]
    places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def test_a_photo_from_the_camera_and_a_signature_on_the_pad_make_an_order(
    transactional_db: None, scene: Scene, log_in: LogIn, request: pytest.FixtureRequest
) -> None:
    live_server: LiveServer = request.getfixturevalue("live_server")
    OrganizationSettings.objects.create(organization=scene.cast.norr, issuer_number="4711")
    cookie = log_in(scene.cast.alva).cookies["sigill"].value
    person_id = scene.cast.asa.person_id
    browser: Browser = request.getfixturevalue("browser")
    context = browser.new_context(locale="sv-SE", reduced_motion="reduce")
    context.add_cookies([{"name": "sigill", "value": cookie, "url": live_server.url}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(f"{live_server.url}/people/{person_id}/order/")
    page.get_by_label("SIS-kort med foto").check()
    page.get_by_role("button", name="Fortsätt").click()
    page.get_by_role("button", name="Starta kameran").click()
    page.get_by_role("button", name="Ta fotot").click()
    expect(page.locator("[data-crop]")).to_be_visible()
    expect(page.get_by_label("Närmare")).to_be_focused()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Närmare")).to_have_value("106")
    page.get_by_role("button", name="Kontrollera bilden").click()
    expect(page.get_by_text("Använd fotot")).to_be_visible()
    for remark in page.locator("input[name=remark]").all():
        remark.check()
    page.get_by_role("button", name="Använd fotot").click()
    expect(page.locator("main h2").first).to_have_text("Namnteckning till kortet")
    expect(page.get_by_role("button", name="Kontrollera namnteckningen")).to_be_disabled()
    _sign(page)
    page.get_by_role("button", name="Kontrollera namnteckningen").click()
    page.get_by_role("button", name="Använd namnteckningen").click()
    expect(page.locator("img.taken")).to_have_count(2)
    # decode() waits until the picture is here: an element in the page says nothing of its octets.
    widths = page.locator("img.taken").evaluate_all(
        "all => Promise.all(all.map(async one => { await one.decode(); return one.naturalWidth; }))"
    )
    assert widths[0] >= 480
    assert widths[1] == 900
    page.get_by_role("button", name="Lägg beställningen").click()
    expect(page.locator("[role=status]").first).to_contain_text("Kortet är beställt")
    assert complaints == []
    context.close()
