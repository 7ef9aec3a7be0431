"""The pages of organizations: the tree with counts, the set-up, the logo, and the stop of orders."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from cards.order_ground import order_stop_refusal
from directory.models import Employment, Organization, Role
from directory.organization_selectors import logo_of, settings_of
from journal.actor import Actor
from journal.models import Entry
from tests.cast import actor_of
from tests.portal.conftest import LogIn
from tests.scenarios import Scene, an_active_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def central(scene: Scene) -> Actor:
    """Return a central administrator, whose own organization is Region Syd's row here."""
    Organization.objects.filter(pk=scene.cast.syd.pk).update(kind="central")
    work = Employment.objects.get(hsa_id=scene.cast.doris.identifier)
    everywhere = (str(scene.cast.norr.pk), str(scene.cast.syd.pk))
    return replace(actor_of(work, Role.CENTRAL_ADMINISTRATOR), organization_ids=everywhere)


@pytest.fixture
def manager(scene: Scene) -> Actor:
    return actor_of(scene.cast.asa, Role.ISSUANCE_MANAGER)


def picture() -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (400, 100), "teal").save(out, format="JPEG")
    return SimpleUploadedFile("logo.jpg", out.getvalue(), content_type="image/jpeg")


def setup(scene: Scene, **more: object) -> dict[str, object]:
    area = Organization.objects.select_related("issuance_area").get(pk=scene.cast.norr.pk).issuance_area.name
    return {
        "issuance_area": area, "back_text": "Åter till oss", "issuer_number": "9752278",
        "billing_reference": "4711", "products": ["7C1"], "reason": "agreement", **more,
    }  # fmt: skip


def test_a_manager_sees_the_own_organizations_with_counts_and_changes_nothing(
    scene: Scene, log_in: LogIn, manager: Actor
) -> None:
    an_active_card(scene)
    browser, norr = log_in(manager), scene.cast.norr.pk
    tree = browser.get("/organizations/").content.decode()
    assert "Region Norr" in tree
    assert "Region Syd" not in tree
    assert ">1</td>" in tree
    page = browser.get(f"/organizations/{norr}/").content.decode()
    assert "Upphittat kort" in page
    assert "<form method=" not in page.partition('id="h-facts"')[2].partition("</main>")[0]
    assert browser.post(f"/organizations/{norr}/change/", setup(scene)).status_code == 403
    assert browser.post(f"/organizations/{norr}/stop/", {"reason": "x"}).status_code == 403
    assert browser.post(f"/organizations/{norr}/logo/", {"reason": "x"}).status_code == 403
    assert not Entry.objects.filter(type__in=["organization.set_up", "ordering.stopped"]).exists()


def test_another_organization_is_not_there(scene: Scene, log_in: LogIn, manager: Actor) -> None:
    """Scope: guessing an id says the same as an id that does not exist."""
    browser, syd = log_in(manager), scene.cast.syd.pk
    for path in ("", "logo.png"):
        assert browser.get(f"/organizations/{syd}/{path}").status_code == 404
    for path in ("change/", "logo/", "stop/"):
        assert browser.post(f"/organizations/{syd}/{path}", setup(scene)).status_code == 404


def test_the_central_administration_sets_an_organization_up(
    scene: Scene, log_in: LogIn, central: Actor
) -> None:
    browser, norr = log_in(central), scene.cast.norr
    url = f"/organizations/{norr.pk}/change/"
    assert browser.post(url, setup(scene, reason="")).status_code == 422
    assert browser.post(url, setup(scene, issuer_number="12 34")).status_code == 422
    assert browser.post(url, setup(scene, products=["nothing"])).status_code == 422
    assert settings_of(norr) is None
    assert browser.post(url, setup(scene)).status_code == 302
    stands = settings_of(norr)
    assert stands is not None
    assert (stands.issuer_number, stands.products, stands.billing_reference) == ("9752278", ["7C1"], "4711")
    shown = browser.get(f"/organizations/{norr.pk}/").content.decode()
    assert "Åter till oss" in shown
    assert "Organisation ändrad i portalen" in shown, "the page tells of the change as of a stop"


def test_a_logo_is_uploaded_shown_and_taken_away(scene: Scene, log_in: LogIn, central: Actor) -> None:
    browser, norr = log_in(central), scene.cast.norr
    url = f"/organizations/{norr.pk}/logo/"
    wrong = SimpleUploadedFile("logo.svg", b"<svg/>", content_type="image/svg+xml")
    assert browser.post(url, {"picture": wrong, "reason": "x"}).status_code == 422
    assert browser.get(f"/organizations/{norr.pk}/logo.png").status_code == 404
    assert browser.post(url, {"picture": picture(), "reason": "new mark"}).status_code == 302
    shown = browser.get(f"/organizations/{norr.pk}/logo.png")
    assert (shown["Content-Type"], shown.content[:4]) == ("image/png", b"\x89PNG")
    assert browser.post(url, {"reason": "gone"}).status_code == 302
    assert logo_of(norr) is None


def test_orders_are_stopped_from_an_instant_and_go_on(scene: Scene, log_in: LogIn, central: Actor) -> None:
    """POR-16."""
    browser, norr = log_in(central), str(scene.cast.norr.pk)
    url = f"/organizations/{norr}/stop/"
    assert browser.post(url, {"day": "soon", "clock": "08:00", "reason": "move"}).status_code == 422
    assert browser.post(url, {"day": "", "clock": "", "reason": "move"}).status_code == 302
    now = datetime.now(tz=UTC)
    assert order_stop_refusal(at=now, organization_id=norr) is not None
    assert order_stop_refusal(at=now, organization_id=str(scene.cast.syd.pk)) is None
    assert "move" in browser.get(f"/organizations/{norr}/").content.decode()
    assert browser.post(url, {"resume": "yes"}).status_code == 302
    assert order_stop_refusal(at=datetime.now(tz=UTC), organization_id=norr) is None


def test_other_roles_see_no_organizations(scene: Scene, log_in: LogIn) -> None:
    for actor in (scene.cast.alva, scene.cast.bo, scene.cast.cia):
        browser = log_in(actor)
        assert browser.get("/organizations/").status_code == 403
        assert browser.get(f"/organizations/{scene.cast.norr.pk}/").status_code == 404
