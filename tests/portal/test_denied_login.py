"""Who says "this is not mine" in the card client raises an alarm where the central administration begins."""

from datetime import UTC, datetime, timedelta

from authn.hints import FailureHint
from authn.models import AuthnOrder, RelyingParty
from tests.portal.conftest import LogIn
from tests.portal.test_roles_pages import centre
from tests.scenarios import Scene

SAID = "Någon svarade: det är inte jag"


def test_a_login_that_somebody_says_is_not_theirs_is_an_alarm_for_a_day(scene: Scene, log_in: LogIn) -> None:
    """authn.md section 4: notMe raises an alarm; other ends do not, and nobody else's start page has it."""
    journal = RelyingParty.objects.create(
        rp_id="SE2321000016-RP1", name_sv="J", name_en="J", registered_at=scene.at
    )
    now = datetime.now(UTC)
    for hint in (FailureHint.NOT_ME, FailureHint.USER_CANCEL):
        AuthnOrder.objects.create(
            relying_party=journal, rp_name="Journalen", state="failed", failure=hint.value, created_at=now,
            state_since=now, purpose="auth", flow="same-device", autostart_token_sha256=hint.value,
        )  # fmt: skip
    central = log_in(centre(scene, scene.cast.asa))
    page = central.get("/").content.decode()
    assert page.count(SAID) == 1
    assert "när Journalen bad om" in page
    assert "/journal/?action=authn.order_failed" in page
    assert SAID not in log_in(scene.cast.alva).get("/").content.decode()
    AuthnOrder.objects.update(state_since=now - timedelta(days=1, minutes=1))
    assert SAID not in central.get("/").content.decode()
