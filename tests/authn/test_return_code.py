"""The return code of the same-device flow: eight digits, three tries, for a browser that cannot be opened."""

import hashlib
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from authn import lifecycle, orders
from authn.errors import OrderNotFound, ReturnCodeWrong
from authn.evidence import Flow, return_code
from authn.models import AuthnOrder
from authn.orders import Complete, Failed, Pending, Started
from authn.states import MOST_RETURN_CODE_TRIES
from tests.authn.conftest import ACTOR, RP, Service
from tests.authn.pki import NUMBER, Holder, Pki
from tests.authn.robot import Robot, fresh_frame

GOLDEN_CHALLENGE = "9F3IKnUj0Ul0zqBQ4wKOi_BqjuhVqdYwNOu0-57MIwU"


def typed(started: Started, code: str, *, rp: str = RP) -> Pending | Failed | Complete:
    return orders.collect_by_code(rp, started.order_ref, code, actor=ACTOR, at=datetime.now(UTC))


def answered(service: Service, pki: Pki) -> tuple[Started, str]:
    """Return an order whose card has signed, and the digits that its client may show."""
    started, robot = service.claimed()
    answer = robot.answer(pki.holder(Holder()))
    assert robot.call("/c/v1/respond", answer)[0] == 200
    return started, return_code(str(answer["userChallenge"]))


def test_the_digits_follow_from_line_seven() -> None:
    """authn.md section 11's userChallenge, by hashlib alone."""
    digest = hashlib.sha256(f"siths-oob-rc|{GOLDEN_CHALLENGE}".encode()).hexdigest()
    assert return_code(GOLDEN_CHALLENGE) == str(int(digest, 16))[-8:] == "66054657"


def test_the_right_digits_collect_the_answer_once(service: Service, pki: Pki) -> None:
    started, code = answered(service, pki)
    done = typed(started, f"{code[:4]} {code[4:]}")
    assert isinstance(done, Complete)
    assert done.personal_identity_number == NUMBER
    with pytest.raises(OrderNotFound):
        typed(started, code)


def test_the_third_wrong_code_throws_the_answer_away(service: Service, pki: Pki) -> None:
    started, code = answered(service, pki)
    for left in (2, 1, 0):
        with pytest.raises(ReturnCodeWrong) as refused:
            typed(started, f"{(int(code) + 1) % 10**8:08d}")
        assert refused.value.tries_left == left
    with pytest.raises(OrderNotFound):
        typed(started, code)
    with pytest.raises(OrderNotFound):
        service.collect(started)


def test_a_right_code_at_the_third_try_is_still_right(service: Service, pki: Pki) -> None:
    started, code = answered(service, pki)
    for wrong in ("", "\u0664\u0664\u0664\u0664 åäö"):
        with pytest.raises(ReturnCodeWrong):
            typed(started, wrong)
    assert isinstance(typed(started, code), Complete)


def test_before_the_card_has_signed_no_code_is_tried(service: Service) -> None:
    started, _ = service.claimed()
    assert isinstance(typed(started, "00000000"), Pending)
    assert AuthnOrder.objects.get(pk=started.order_ref).return_code_tries == 0


def test_another_relying_party_types_in_vain(service: Service, pki: Pki) -> None:
    """T11: not told apart from an order that never was, and no try is used up."""
    started, code = answered(service, pki)
    with pytest.raises(OrderNotFound):
        typed(started, code, rp="SE0000000000-OTHER")
    assert isinstance(typed(started, code), Complete)


def test_a_scanned_login_has_no_return_code(service: Service, pki: Pki) -> None:
    started, robot = service.start(flow=Flow.OTHER_DEVICE), Robot()
    frame = fresh_frame(started.order_ref, started.qr_start_token, started.qr_start_secret)
    assert robot.claim(frame, member="qr")[0] == 200
    answer = robot.answer(pki.holder(Holder()))
    assert robot.call("/c/v1/respond", answer)[0] == 200
    with pytest.raises(OrderNotFound):
        typed(started, return_code(str(answer["userChallenge"])))
    assert isinstance(service.collect(started), Complete)


def test_tries_are_counted_by_the_database(service: Service, pki: Pki) -> None:
    """Two who read the same count take two tries; beyond three there is none, whoever counts."""
    started, _ = answered(service, pki)
    order = AuthnOrder.objects.get(pk=started.order_ref)
    assert [lifecycle.count_return_code(order) for _ in range(5)] == [2, 1, 0, -1, -1]
    row = AuthnOrder.objects.filter(pk=order.pk)
    with pytest.raises(IntegrityError, match=r"three_times|CHECK"), transaction.atomic():
        row.update(return_code_tries=F("return_code_tries") + 1)
    assert row.get().return_code_tries == MOST_RETURN_CODE_TRIES
