"""How organizations are set up: by whom, with which reason, and which picture becomes a logo (POR-16)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from django.db import IntegrityError, transaction
from PIL import Image

from cards import lifecycle, policies
from cards.errors import Refused
from cards.reasons import BlockReason
from directory.errors import LogoRefused, OrganizationNotFound, OrganizationRefused
from directory.logos import BOX, LARGEST_FILE, logo_of
from directory.models import IssuanceArea, Organization, Role
from directory.organization_lifecycle import Setup, set_logo, set_up, setup_of
from directory.organization_models import OrganizationSettings
from directory.organization_selectors import get_organization, list_organizations, people_counted, settings_of
from directory.organization_selectors import logo_of as stored_logo
from journal.actor import Actor
from journal.models import Entry
from journal.personal import whole_contents
from tests.cast import LONG_AGO
from tests.scenarios import Scene, a_scene, an_active_card

AT = datetime(2026, 11, 21, 12, 0, tzinfo=LONG_AGO.tzinfo)


def picture(width: int = 300, height: int = 90, kind: str = "PNG") -> bytes:
    out = BytesIO()
    image = Image.new("RGB", (width, height), "teal")
    image.save(out, format=kind, **({"comment": b"who took it"} if kind == "JPEG" else {}))
    return out.getvalue()


@pytest.fixture
def scene(db: None) -> Scene:
    return a_scene()


@pytest.fixture
def central(scene: Scene) -> Actor:
    everywhere = (str(scene.cast.norr.pk), str(scene.cast.syd.pk))
    return replace(scene.cast.alva, role=Role.CENTRAL_ADMINISTRATOR.value, organization_ids=everywhere)


def setup(scene: Scene, **changed: str | tuple[str, ...]) -> Setup:
    stands = setup_of(scene.cast.norr, settings_of(scene.cast.norr))
    return replace(stands, **changed)  # type: ignore[arg-type]


def test_a_change_is_written_with_its_reason_and_the_same_again_is_nothing(
    scene: Scene, central: Actor
) -> None:
    wanted = setup(
        scene, issuance_area="Norra området", back_text="Åter till oss", issuer_number="9752278",
        products=("7C1",), billing_reference="4711",
    )  # fmt: skip
    norr = str(scene.cast.norr.pk)
    changed = set_up(norr, wanted, reason="new agreement", actor=central, at=AT)
    assert changed == ("issuance_area", "back_text", "issuer_number", "products", "billing_reference")
    assert set_up(norr, wanted, reason="again", actor=central, at=AT) == ()
    stands = Organization.objects.select_related("issuance_area").get(pk=norr)
    assert setup_of(stands, settings_of(stands)) == wanted
    (entry,) = Entry.objects.filter(type="organization.set_up")
    event = whole_contents([entry])[entry.pk]["event"]
    assert (event["organization_id"], event["reason"]) == (norr, "new agreement")
    assert IssuanceArea.objects.filter(name="Norra området").count() == 1


@pytest.mark.parametrize(
    "role", [Role.ISSUANCE_MANAGER, Role.DEPUTY_ISSUANCE_MANAGER, Role.ID_ADMINISTRATOR, Role.AUDITOR]
)
def test_only_the_central_administration_changes_anything(scene: Scene, central: Actor, role: Role) -> None:
    """GOV-1, domain.md 1.2: managers look, the central administration changes."""
    actor = replace(central, role=role.value)
    wanted = setup(scene, back_text="Mitt")
    with pytest.raises(OrganizationRefused):
        set_up(str(scene.cast.norr.pk), wanted, reason="x", actor=actor, at=AT)
    with pytest.raises(OrganizationRefused):
        set_logo(str(scene.cast.norr.pk), logo_of(picture()), reason="x", actor=actor, at=AT)
    with pytest.raises(OrganizationRefused):
        set_up(str(scene.cast.norr.pk), wanted, reason=" ", actor=central, at=AT)
    assert not Entry.objects.filter(type="organization.set_up").exists()


def test_another_organization_does_not_exist(scene: Scene, central: Actor) -> None:
    narrow = replace(central, organization_ids=(str(scene.cast.syd.pk),))
    with pytest.raises(OrganizationNotFound):
        set_up(str(scene.cast.norr.pk), setup(scene, back_text="x"), reason="x", actor=narrow, at=AT)
    manager = replace(narrow, role=Role.ISSUANCE_MANAGER.value)
    assert [one.name for one in list_organizations(actor=manager)] == ["Region Syd"]
    assert set(people_counted(actor=manager)) == {str(scene.cast.syd.pk)}
    with pytest.raises(OrganizationNotFound):
        get_organization(scene.cast.norr.pk, actor=manager)
    for role in (Role.ID_ADMINISTRATOR, Role.AUDITOR, Role.FUNCTION_CERT_ORDERER):
        assert list_organizations(actor=replace(central, role=role.value)) == []
        assert people_counted(actor=replace(central, role=role.value)) == {}


def test_a_logo_is_drawn_anew_and_fits_on_a_card(scene: Scene, central: Actor) -> None:
    logo = logo_of(picture(1500, 1200, "JPEG"))
    drawn = Image.open(BytesIO(logo.png))
    assert drawn.format == "PNG"
    assert drawn.size[0] <= BOX[0]
    assert drawn.size[1] <= BOX[1]
    assert b"who took it" not in logo.png
    set_logo(str(scene.cast.norr.pk), logo, reason="new mark", actor=central, at=AT)
    assert stored_logo(scene.cast.norr) == logo.png
    set_logo(str(scene.cast.norr.pk), None, reason="gone", actor=central, at=AT)
    assert stored_logo(scene.cast.norr) is None
    assert Entry.objects.filter(type="organization.set_up").count() == 2


def _svg() -> bytes:
    return b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (lambda: b"", "no_picture"),
        (lambda: b"hello", "no_picture"),
        (_svg, "no_picture"),
        (lambda: picture(kind="GIF"), "no_picture"),
        (lambda: picture()[:60], "no_picture"),
        (lambda: picture(2001, 2000), "too_many_pixels"),
        (lambda: b"\0" * (LARGEST_FILE + 1), "file_too_large"),
    ],
)
def test_what_is_no_picture_or_too_large_is_refused(content: Callable[[], bytes], rule: str) -> None:
    with pytest.raises(LogoRefused) as caught:
        logo_of(content())
    assert caught.value.facts["rule"] == rule


@pytest.mark.django_db
def test_the_database_refuses_a_logo_without_its_digest(scene: Scene) -> None:
    for columns in ({"logo_png": b"x"}, {"logo_sha256": "x"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            OrganizationSettings.objects.create(organization=scene.cast.norr, **columns)


def why(scene: Scene) -> str:
    work = scene.cast.asa
    refusal = policies.may_order(
        employment=work, product_code="7C1", loa=3, actor=scene.cast.alva, at=scene.at
    )
    return refusal.code if refusal else ""


def test_a_product_that_was_not_chosen_for_the_organization_is_not_ordered(
    scene: Scene, central: Actor
) -> None:
    norr = str(scene.cast.norr.pk)
    set_up(norr, setup(scene, products=("7A1",)), reason="agreement", actor=central, at=scene.at)
    assert why(scene) == "product_not_for_organization"
    set_up(norr, setup(scene, products=("7A1", "7C1")), reason="agreement", actor=central, at=scene.at)
    assert why(scene) == ""


def test_ordering_stops_for_one_organization_while_blocking_works(scene: Scene, central: Actor) -> None:
    """POR-16: from an instant on, of one organization alone; blocking goes on."""
    card = an_active_card(scene)
    syd, norr = str(scene.cast.syd.pk), str(scene.cast.norr.pk)
    instant = scene.at + timedelta(hours=1)
    stop = {"starts_at": instant, "reason": "migration", "actor": central, "at": scene.at}
    lifecycle.stop_ordering(**stop, organization_id=syd)  # type: ignore[arg-type]
    scene.at = instant
    assert why(scene) == ""
    lifecycle.stop_ordering(**stop, organization_id=norr)  # type: ignore[arg-type]
    assert why(scene) == "ordering_stopped"
    lifecycle.block_card(
        card_id=str(card.pk), reason=BlockReason.DEFECTIVE, requested_at=scene.at, actor=scene.cast.alva,
        at=scene.at,
    )  # fmt: skip
    scene.later(hours=1)
    assert lifecycle.resume_ordering(actor=central, at=scene.at) == 0
    assert why(scene) == "ordering_stopped"
    assert lifecycle.resume_ordering(actor=central, at=scene.at, organization_id=norr) == 1
    assert why(scene) == ""
    narrow = replace(central, organization_ids=(syd,))
    with pytest.raises(Refused):
        lifecycle.stop_ordering(
            starts_at=scene.at, reason="x", actor=narrow, at=scene.at, organization_id=norr
        )
