"""Login with a mobile eID: by a scanned code, to the holder's own pages (MOB-2, MOB-3, MIN-1, MIN-4)."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from django.test import Client

from authn.models import AuthnOrder
from portal.accounts import sessions
from portal.accounts.errors import RoleNotHeld
from portal.accounts.models import PortalSession
from portal.accounts.people import role_choices
from portal.accounts.providers import OobProvider
from tests.authn import card_register
from tests.authn.conftest import ACTOR
from tests.authn.pki import ARC
from tests.authn.robot import Robot
from tests.portal.accounts.conftest import Cast, Desk, failed_with


def in_phone(desk: Desk, *, is_in_use: bool = True) -> bytes:
    """Return the certificate of a mobile eID of Alva's."""
    certificate_der = desk.pki.holder(replace(desk.holder, policies=(f"{ARC}.3",), card_number=""))
    card_register.ACTIVE_MOBILES.clear()
    if is_in_use:
        card_register.ACTIVE_MOBILES.add(hashlib.sha256(certificate_der).hexdigest())
    return certificate_der


def scanned(desk: Desk, certificate_der: bytes) -> tuple[int, dict[str, object]]:
    """Start by code, and let the phone answer what it scans."""
    desk.browser.post("/login/oob/scan")
    text = OobProvider().frame(desk.browser.session, at=datetime.now(UTC))
    robot = Robot(http=Client())
    assert robot.claim(str(text), member="qr")[0] == 200
    return robot.respond(certificate_der)


def test_a_mobile_eid_opens_the_holders_own_pages_and_no_role(desk: Desk, cast: Cast) -> None:
    """The session says what the key lies in, and by which means; no address leads to a role."""
    assert scanned(desk, in_phone(desk))[0] == 200
    assert desk.browser.post("/login/oob/finish").headers["Location"] == "/mine/"
    row = desk.row()
    assert (row.carrier, row.card_number, row.amr) == ("mobile", "", ["hwk", "pin", "oob", "qr"])
    own = desk.browser.get("/mine/").content.decode()
    assert "med Mobilt SITHS eID" in own
    assert "/mine/test/" not in own
    for path in ("/", "/role/"):
        assert desk.browser.get(path).headers["Location"].startswith("/mine/")
    at = datetime.now(UTC)
    choice = role_choices(cast.alva, certificate_hsa_id="", at=at)[0]
    PortalSession.objects.filter(pk=row.pk).update(amr=["sc", "pin", "oob", "same"])
    row.refresh_from_db()
    with pytest.raises(RoleNotHeld):
        sessions.choose_role(desk.browser.session, row, choice, actor=ACTOR, at=at)


def test_one_that_is_not_in_use_logs_nobody_in(desk: Desk, cast: Cast) -> None:
    """MOB-3: blocked, never confirmed, or past its end: the register says, whatever OCSP does."""
    status, answer = scanned(desk, in_phone(desk, is_in_use=False))
    assert (status, answer["errorCode"]) == (400, "cardNotActive")
    assert not PortalSession.objects.exists()


def test_on_this_device_a_card_is_asked_for(desk: Desk, cast: Cast) -> None:
    """What could open a role, or sign an act, is a card."""
    token = desk.start()
    assert desk.robot.claim(token)[0] == 200
    status, answer = desk.robot.respond(in_phone(desk))
    assert (status, answer["errorCode"]) == (400, "wrongCarrier")


def test_the_portal_looks_at_the_carrier_itself(desk: Desk, cast: Cast) -> None:
    """authn.md section 2: a fault in the service alone lets no phone in where a card is demanded."""
    token = desk.start()
    AuthnOrder.objects.update(wanted_carriers=["card", "mobile"])  # a break-in there
    assert desk.robot.claim(token)[0] == 200
    status, answer = desk.robot.respond(in_phone(desk))
    assert status == 200
    address = "/login/oob/return?" + urlencode({"d": str(answer["d"]), "u": desk.robot.u})
    assert failed_with(desk.browser.get(address).headers["Location"]) == "wrongCarrier"
    assert not PortalSession.objects.exists()
