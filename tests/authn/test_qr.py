"""Login by a scanned code: the formula, what a frame is worth, and what a copied picture is not."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authn import orders
from authn.evidence import Flow
from authn.hints import PendingHint
from authn.models import AuthnOrder
from authn.orders import Started
from authn.qr import is_genuine, qr_text, read_frame
from tests.authn.conftest import Service
from tests.authn.pki import Holder, Pki
from tests.authn.robot import Robot, fresh_frame

SECRET = bytes(range(200, 232))
TOKEN = "q7Zt1mS0u6c0m1nQ2r9w8A"


@pytest.mark.parametrize(("second", "mac"), [(0, "iwZaR3PvBGsdYKUzgTK6FQ"), (7, "9FBAFbc6dcX6lKbsB4V0qw")])
def test_the_frames_are_those_of_the_golden_vector(second: int, mac: str) -> None:
    """AUT-3, authn.md section 11."""
    assert qr_text(TOKEN, secret=SECRET, second=second) == f"siths://q/1/{TOKEN}/{second}/{mac}"


@given(second=st.integers(0, 300), elapsed=st.floats(0, 310))
def test_a_frame_is_worth_something_for_five_seconds_and_two_ahead(second: int, elapsed: float) -> None:
    """T3."""
    frame = read_frame(qr_text(TOKEN, secret=SECRET, second=second))
    assert frame is not None
    is_fresh = -2 <= elapsed - second <= 5
    assert is_genuine(frame, secret=SECRET, elapsed=elapsed) is is_fresh
    assert not is_genuine(frame, secret=bytes(32), elapsed=float(second))
    assert not is_genuine(frame, secret=b"", elapsed=float(second))


@pytest.mark.parametrize(
    "text",
    ["", "siths://q/1/x/0/y", f"siths://q/2/{TOKEN}/0/iwZaR3PvBGsdYKUzgTK6FQ", f"siths://q/1/{TOKEN}/00/iwZaR3PvBGsdYKUzgTK6FQ",
     f"siths://q/1/{TOKEN}/٣/iwZaR3PvBGsdYKUzgTK6FQ", f"siths://q/1/{TOKEN}/0/iwZaR3PvBGsdYKUzgTK6FQ\n"],
)  # fmt: skip
def test_what_is_no_frame_is_none(text: str) -> None:
    assert read_frame(text) is None


def scan(
    service: Service, started: Started, *, age: float, second: int, **changed: object
) -> tuple[int, object]:
    """Scan the frame of a second when the order is so many seconds old."""
    order = AuthnOrder.objects.get(pk=started.order_ref)
    moved = order.created_at - timedelta(seconds=age)
    AuthnOrder.objects.filter(pk=order.pk).update(created_at=moved)
    token = str(changed.get("token", started.qr_start_token))
    secret = changed.get("secret", started.qr_start_secret)
    text = qr_text(token, secret=secret, second=second)  # type: ignore[arg-type]
    return Robot().claim(text, member="qr")


def test_a_fresh_frame_is_claimed_once_and_answered(service: Service, pki: Pki) -> None:
    """AUT-3, T2: the first scan wins; the answer binds the flow."""
    started = service.start(flow=Flow.OTHER_DEVICE)
    robot = Robot()
    text = fresh_frame(started.order_ref, started.qr_start_token, started.qr_start_secret)
    assert robot.claim(text, member="qr")[0] == 200
    assert robot.claimed["flow"] == "other-device"
    assert Robot().claim(text, member="qr")[0] == 409
    assert service.progress(started) == orders.Pending(hint=PendingHint.STARTED)
    assert robot.respond(pki.holder(Holder()))[0] == 200
    assert isinstance(service.collect(started), orders.Complete)


def test_an_old_forged_foreign_or_future_frame_is_no_order(service: Service) -> None:
    """T3, T18: six seconds old, another secret, another order's secret, a clock ten minutes ahead."""
    started, other = service.start(flow=Flow.OTHER_DEVICE), service.start(flow=Flow.OTHER_DEVICE)
    assert scan(service, started, age=0, second=600)[0] == 404
    assert scan(service, started, age=0, second=0, secret=bytes(32))[0] == 404
    assert scan(service, started, age=0, second=0, secret=other.qr_start_secret)[0] == 404
    assert scan(service, started, age=0, second=0, token="A" * 22)[0] == 404
    assert scan(service, started, age=7, second=0)[0] == 404
    assert AuthnOrder.objects.get(pk=started.order_ref).state == "created"


def test_a_same_device_order_has_no_code_and_an_other_device_order_no_link(service: Service) -> None:
    """Line 12: how the client is started is part of what is signed, so the two ways never mix."""
    same, other = service.start(), service.start(flow=Flow.OTHER_DEVICE)
    assert scan(service, same, age=0, second=0)[0] == 404
    assert Robot().claim(other.autostart_token)[0] == 404
