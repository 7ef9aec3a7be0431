"""Two at once, and a process that dies between two steps: nothing is doubled, and nothing is lost."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections

from functioncerts import lifecycle
from functioncerts.acme import finalizing, moves, nonces
from functioncerts.acme.errors import AcmeProblem
from functioncerts.acme.finalizing import settle_orders
from functioncerts.acme.models import Account, AcmeOrder, Challenge, SpentNonce
from functioncerts.acme.states import OrderAction
from functioncerts.acme.validating import validate
from functioncerts.models import FunctionOrder
from tests.functioncerts.acme.conftest import NAME, Acme, csr, probes_of
from tests.functioncerts.acme.program import Program, problem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stage(transactional_db: None, stage: Any) -> Any:
    """The stage in a database that others see too."""
    return stage


def at_once(*works: Callable[[], object]) -> list[object]:
    """Do all at the same time in threads of their own; return what each returned or raised."""
    told: list[object] = [None] * len(works)
    together = threading.Barrier(len(works))

    def run(place: int, work: Callable[[], object]) -> None:
        together.wait(60)
        try:
            told[place] = work()
        except Exception as error:  # noqa: BLE001 - the outcome is what is asked for
            told[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return told


def test_of_those_who_spend_a_nonce_at_once_one_does(acme: Acme) -> None:
    at = datetime.now(UTC)
    nonce = nonces.fresh_nonce(at=at)
    told = at_once(*[lambda: nonces.spend(nonce, at=at)] * 6)
    assert sum(one is None for one in told) == 1
    assert all(one is None or isinstance(one, AcmeProblem) for one in told)
    assert SpentNonce.objects.filter(nonce=nonce).count() == 1


def test_the_last_two_proofs_at_once_make_the_order_ready(acme: Acme) -> None:
    order = acme.program.order(NAME, f"a.{NAME}")
    for place in order.json()["authorizations"]:
        told = acme.program.post(place).json()
        (challenge,) = (one for one in told["challenges"] if one["type"] == "http-01")
        acme.put(challenge, told["identifier"]["value"], acme.program)
        acme.program.post(challenge["url"], {})
    probes = probes_of(acme.world)
    waiting = Challenge.objects.filter(state="processing").values_list("pk", flat=True)
    assert at_once(*[lambda pk=pk: validate(pk, probes=probes) for pk in waiting]) == [True, True]
    assert AcmeOrder.objects.get().state == "ready"


def test_the_same_finalize_twice_at_once_orders_once(acme: Acme) -> None:
    order = acme.program.order(NAME)
    acme.prove(order)
    place, request = order.json()["finalize"], {"csr": csr(NAME)}
    programs = [Program(key=acme.program.key, account=acme.program.account) for _ in range(3)]
    told = at_once(*[lambda one=one: one.post(place, request).status_code for one in programs])
    assert set(told) <= {200, 503}
    assert 200 in told
    assert FunctionOrder.objects.count() == 1
    assert AcmeOrder.objects.get().state == "processing"


def test_one_key_that_opens_an_account_twice_at_once_has_one(acme: Acme) -> None:
    made, key = acme.key_for(), Program().key
    programs = [Program(key=key) for _ in range(3)]
    told = at_once(*[lambda one=one: one.open(made.key_id, made.hmac_key).status_code for one in programs])
    assert set(told) <= {200, 201, 503}
    assert Account.objects.exclude(pk=acme.program.account.rpartition("/")[2]).count() == 1


class Died(BaseException):
    """The process is gone: nobody catches it."""


def test_a_process_that_dies_in_finalize_leaves_it_undone(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Order, function order and the CA's request are one transaction: each arrow in it."""
    order = acme.program.order(NAME)
    acme.prove(order)
    request = {"csr": csr(NAME)}

    def dies(*_args: object, **_more: object) -> None:
        raise Died

    for owner, name in ((lifecycle, "order_certificate"), (finalizing, "move_order"), (finalizing, "record")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, dies)
            with pytest.raises(Died):
                acme.program.post(order.json()["finalize"], request)
        acme.program.nonce = ""
        assert AcmeOrder.objects.get().state == "ready"
        assert not FunctionOrder.objects.exists()
    assert acme.program.post(order.json()["finalize"], request).status_code == 200
    assert FunctionOrder.objects.count() == 1


def test_a_process_that_dies_while_it_settles_leaves_it_to_the_sweep(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = acme.program.order(NAME)
    acme.prove(order)
    acme.program.post(order.json()["finalize"], {"csr": csr(NAME)})
    acme.issue()

    def dies(*_args: object, **_more: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(finalizing, "record", dies)
        with pytest.raises(Died):
            settle_orders(at=datetime.now(UTC))
    found = AcmeOrder.objects.get()
    assert (found.state, FunctionOrder.objects.get().state) == ("processing", "DELIVERED")
    assert settle_orders(at=datetime.now(UTC)) == 1
    assert settle_orders(at=datetime.now(UTC)) == 0
    assert acme.program.post(order["Location"]).json()["status"] == "valid"


def test_an_order_that_the_ca_could_not_issue_is_invalid_and_says_why(acme: Acme) -> None:
    order = acme.program.order(NAME)
    acme.prove(order)
    acme.program.post(order.json()["finalize"], {"csr": csr(NAME)})
    FunctionOrder.objects.update(state="FAILED", failure="lint")
    told = acme.program.post(order["Location"]).json()
    assert told["status"] == "invalid"
    assert told["error"]["type"].endswith("serverInternal")
    early = acme.program.post(f"cert/{order['Location'].rpartition('/')[2]}")
    assert (early.status_code, problem(early)) == (403, "orderNotReady")


def test_a_move_from_a_state_that_somebody_else_changed_does_nothing(acme: Acme) -> None:
    acme.program.order(NAME)
    stale = AcmeOrder.objects.get()
    AcmeOrder.objects.update(state="invalid", error={})
    assert not moves.move_order(stale, OrderAction.AUTHORIZE)
    assert AcmeOrder.objects.get().state == "invalid"
