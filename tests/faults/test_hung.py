"""Processes that hang instead of dying: others go on, and what waits is done when they go on."""

import pytest

from client.errors import ClientError
from deploy.demo.cast import ALVA, Member
from tests.running.aftermath import Aftermath
from tests.running.desk import Desk, links_of
from tests.running.installation import WITH_BROKER, Installation


def test_a_login_while_the_responder_hangs_is_refused_in_words_and_works_afterwards(
    installation: Installation, aftermath: Aftermath
) -> None:
    """POR-1: no status, no login (silence is never taken for good); a second try works."""
    with installation.stopped("responder"), pytest.raises(ClientError) as refused:
        Desk.of(installation, ALVA)
    assert refused.value.facts["error_code"] == "revocationUnavailable"
    Desk.of(installation, ALVA)


@pytest.mark.parametrize("process", ["worker", *(["consumers"] if WITH_BROKER else [])])
def test_orders_and_blocks_are_taken_while_the_jobs_hang_and_are_carried_out_afterwards(
    process: str, installation: Installation, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """POR-2, REV-1: the desk works on; nothing that was acknowledged is lost."""
    person = alva.makes_active_card(holder)
    with installation.stopped(process):
        address = links_of(alva.browser.open(person), "/block/")[0]
        blocked = alva.block(address)
        assert "är spärrat" in blocked.text("//main//*[@role='status']")
        ordered = alva.order(person)
        assert ordered.path.startswith("/orders/")
    alva.link(person, "/activate/")
    orders = installation.ask("orders", hsa_id=holder.hsa_id)
    first = installation.ask("card", card_id=orders[-2]["card_id"])
    aftermath.revoked(first)
    assert first["events"]["card.blocked"] == 1
