"""A locked card unlocked by the real client, by a mobile eID that the real phone made (POR-6, MOB-3)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cards.errors import Refused
from cards.mobile.blocking import block_own_mobile
from cards.mobile.models import MobileEid
from cards.mobile.states import MobileState
from cards.models import Card
from cards.reasons import BlockReason
from cards.states import UnlockState
from cards.unlock_models import Unlock
from cards.unlocking import OpenedUnlock, open_own_unlock
from client import flows
from client.activation import Step
from client.configuration import Configuration
from client.enrolling import Enrolment
from client.errors import ClientError, PinBlocked
from client.links import parse_link
from client.phones import Phones
from tests.cards.mobile.phone import holder, login_with
from tests.cards.mobile.test_with_the_phone import CODE, attending, carrier, opened
from tests.cards.test_with_the_card_client import card, configuration, home, module, origin, scene
from tests.scenarios import Scene

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["card", "carrier", "configuration", "home", "module", "origin", "scene"]


@pytest.fixture
def mobile(scene: Scene, carrier: Card, configuration: Configuration) -> MobileEid:
    """Let the holder's phone make a mobile eID; then they forget the PIN of the card, and lock it."""
    phone = Phones(configuration).get_new("min")
    with attending(scene):
        Enrolment(parse_link(opened(scene, carrier).code_text), phone=phone).complete(CODE)
    with flows.open_hardware(configuration) as hardware:
        for _ in range(5):
            with pytest.raises(ClientError), hardware.card(carrier.card_number or "") as chip:
                chip.log_in("111222")
        with pytest.raises(PinBlocked), hardware.card(carrier.card_number or "") as chip:
            chip.log_in("111222")
    return MobileEid.objects.get(state=MobileState.ACTIVE.value)


def begun(card: Card, mobile: MobileEid) -> OpenedUnlock:
    now = datetime.now(UTC)
    login = login_with(mobile, at=now)
    return open_own_unlock(card_id=str(card.pk), login=login, actor=holder(card), at=now)


def test_a_locked_card_is_opened_by_the_holders_phone_without_pin_or_puk(
    carrier: Card, mobile: MobileEid, configuration: Configuration
) -> None:
    """POR-6: the same client and the same channel as at the desk; and once more, if they forget again."""
    number = carrier.card_number or ""
    for pin in ("918273", "563412"):
        steps: list[Step] = []
        start = begun(carrier, mobile).start_url
        flows.unlock(start, new_pin=pin, report=steps.append, configuration=configuration)
        assert steps == [Step.CARD, Step.UNLOCK, Step.PIN, Step.CONFIRM, Step.DONE]
        with flows.open_hardware(configuration) as hardware, hardware.card(number) as chip:
            chip.log_in(pin)
    rows = Unlock.objects.filter(state=UnlockState.UNLOCKED.value, mobile=mobile)
    assert (rows.count(), rows.filter(identity_check__isnull=False).count()) == (2, 0)


def test_a_phone_told_lost_while_the_client_is_at_work_leaves_the_card_locked(
    carrier: Card, mobile: MobileEid, configuration: Configuration, home: Path
) -> None:
    """MOB-3, POR-15: the client has claimed it and found the card; no answer opens the card any more."""

    def lose(step: Step) -> None:
        if step is Step.CARD:
            block_own_mobile(
                mobile_id=str(mobile.pk), reason=BlockReason.LOST_OR_STOLEN, actor=holder(carrier),
                at=datetime.now(UTC),
            )  # fmt: skip

    with pytest.raises(ClientError):
        flows.unlock(
            begun(carrier, mobile).start_url, new_pin="918273", report=lose, configuration=configuration
        )
    assert Unlock.objects.get().answers == 0
    with (
        flows.open_hardware(configuration) as hardware,
        pytest.raises(PinBlocked),
        hardware.card(carrier.card_number or "") as chip,
    ):
        chip.log_in("918273")
    with pytest.raises(Refused):
        begun(carrier, mobile)
