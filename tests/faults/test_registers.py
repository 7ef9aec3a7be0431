"""HSA or PU down, wrong or lying: the desk says so, changes nothing, and works again afterwards."""

import pytest

from deploy.demo.browser import PageRefused
from deploy.demo.cast import Member
from tests.running.aftermath import Aftermath
from tests.running.desk import Desk
from tests.running.installation import Installation

NAMES = {"hsa": "HSA", "pu": "PU"}


FAULTS = {
    "hsa": ("down", "503", "malformed", "soap_fault", "redirect"),
    "pu": ("down", "503", "malformed", "soap_fault", "partial", "swapped"),
}


@pytest.mark.parametrize(
    "fault",
    [(register, kind) for register, kinds in FAULTS.items() for kind in kinds],
    ids="-".join,
)
def test_a_register_that_is_down_or_lies_changes_nothing_and_the_page_says_which(
    fault: tuple[str, str], installation: Installation, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """POR-11, T18: a clear message, nothing changed, and a second try works."""
    register, kind = fault
    person = alva.person(holder)
    before = installation.ask("person", hsa_id=holder.hsa_id)
    entries = installation.ask("journal")["last_entry"]
    installation.order_register_faults(**{register: {"kind": kind}})
    with pytest.raises(PageRefused, match=f"{NAMES[register]} svarar inte") as refused:
        alva.browser.submit(person, action="/refresh/")
    assert "503" in str(refused.value)
    assert "inget ändrades" in str(refused.value)
    assert installation.ask("person", hsa_id=holder.hsa_id) == before
    # What was asked for is recorded, with its outcome; nothing else happened.
    assert len(installation.ask("acts_since", entry=entries)) == 1

    installation.order_register_faults()
    again = alva.browser.submit(person, action="/refresh/")
    assert "är läst från HSA och PU" in again.text("//main//*[@role='status']")
    assert installation.ask("person", hsa_id=holder.hsa_id)["pu_read_at"] > before["pu_read_at"]


def test_the_desk_works_on_while_both_registers_are_down(
    installation: Installation, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """POR-2: cards are ordered, activated and blocked on what was read before."""
    installation.order_register_faults(hsa={"kind": "down"}, pu={"kind": "down"})
    person = alva.makes_active_card(holder)
    aftermath.one_certificate_for_each_key(holder)
    alva.has_blocked(person)
    aftermath.revoked_everywhere(holder)
