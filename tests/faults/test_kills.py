"""SIGKILL to every process between every two steps of the main job, and in the middle of them (R8, R9)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

import pytest

from client.activation import Step
from deploy.demo.cast import Member
from deploy.demo.main_job import LOST
from tests.running.aftermath import Aftermath
from tests.running.desk import GONE, Desk, links_of
from tests.running.installation import WITH_BROKER, Installation

APART = ("consumers", "beat") if WITH_BROKER else ()
VICTIMS = ("signer", "worker", "responder", "portal", "portal workers", *APART)


def _kill(installation: Installation, victim: str) -> None:
    if victim == "portal workers":
        installation.kill_portal_workers()
    else:
        installation.kill(victim)


@pytest.mark.parametrize("first", range(len(VICTIMS)), ids=[f"{name} first" for name in VICTIMS])
def test_a_kill_between_any_two_steps_loses_and_doubles_nothing(
    first: int, installation: Installation, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """POR-2, R8: a walk for each process, each beginning with another one: every pair is met."""
    arrows = count(first)

    def die() -> None:
        _kill(installation, VICTIMS[next(arrows) % len(VICTIMS)])

    orders_before = len(installation.ask("orders", hsa_id=holder.hsa_id))
    person = alva.person(holder).path
    alva.has_blocked(person)
    alva.has_ordered(person)
    die()
    alva.link(person, "/activate/")
    die()
    alva.activates(person, pin=holder.pin, at_step=_once_each(die))
    die()
    aftermath.one_order_and_one_card(holder, orders_before=orders_before)
    installation.heal()
    aftermath.one_certificate_for_each_key(holder)
    alva.has_blocked(person)
    die()
    aftermath.revoked_everywhere(holder)
    aftermath.everything_once(holder)


def _once_each(die: Callable[[], None]) -> Callable[[Step], None]:
    """Return what kills at each step of an activation the first time it is reached."""
    seen: set[Step] = set()

    def at_step(step: Step) -> None:
        if step not in seen:
            seen.add(step)
            die()

    return at_step


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_kill_in_the_middle_of_a_block_leaves_the_card_blocked_once(
    victim: str, installation: Installation, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """REV-1, R4, R6: the button was pressed; whatever dies then, the card ends blocked, and only once."""
    person = alva.makes_active_card(holder)
    outsiders = aftermath.one_certificate_for_each_key(holder)
    form = alva.browser.open(links_of(alva.browser.open(person), "/block/")[0])

    def press() -> None:
        with suppress(*GONE):
            alva.browser.submit(form, {"reason": LOST, "confirmed": "on"})

    with ThreadPoolExecutor() as threads:
        pressed = threads.submit(press)
        _kill(installation, victim)
        pressed.result()
    alva.has_blocked(person)
    aftermath.revoked_everywhere(holder)
    assert {one.openssl_ocsp() for one in outsiders} == {"revoked"}
    aftermath.everything_once(holder)
