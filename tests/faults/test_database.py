"""The database ends connections in the middle of everything: said in words, nothing lost or doubled (F4)."""

import pytest

from deploy.demo.cast import Member
from tests.running.aftermath import Aftermath
from tests.running.desk import Desk
from tests.running.installation import Installation


def test_the_main_job_goes_through_while_connections_are_cut(
    installation: Installation, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """POR-2, F4: every connection of every process is cut again and again, from order to block."""
    if not installation.database:
        pytest.skip("SQLite has no connections to cut")
    person = alva.person(holder).path
    alva.has_blocked(person)
    orders_before = len(installation.ask("orders", hsa_id=holder.hsa_id))
    with installation.connections_cut():
        alva.has_ordered(person)
        alva.link(person, "/activate/")
        alva.activates(person, pin=holder.pin)
        alva.has_blocked(person)
    installation.heal()
    aftermath.one_order_and_one_card(holder, orders_before=orders_before)
    aftermath.revoked_everywhere(holder)
    aftermath.everything_once(holder)
