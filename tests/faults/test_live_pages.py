"""A page that follows something by itself goes on doing so, whatever is started again behind it."""

import pytest
from playwright.sync_api import Browser, expect

from client.activation import Step
from deploy.demo.cast import ALVA, Member
from deploy.demo.main_job import LOST
from tests.running.aftermath import Aftermath
from tests.running.desk import Desk, links_of
from tests.running.installation import Installation
from tests.running.visitor import visiting

pytestmark = pytest.mark.browser


def test_production_activation_and_block_are_followed_through_kills_of_portal_and_worker(
    installation: Installation, chromium: Browser, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """POR-2, R8: nobody reloads a page, and in the end each shows how it ended."""
    person = alva.person(holder).path
    alva.has_blocked(person)
    with visiting(chromium, installation, may_be_cut_off=True) as watching:
        watching.log_in(ALVA)
        page = watching.page
        page.goto(f"{installation.portal}{alva.order(person).path}")
        installation.kill("worker")
        installation.kill("portal")
        activate = page.locator("#next-act")
        activate.wait_for()

        link = alva.open_activation(alva.link(person, "/activate/"))
        opened = alva.installation.ask("card", card_id=_card_id(installation, holder))["activation_ids"][-1]
        page.goto(f"{installation.portal}/activations/{opened}/")

        def die(step: Step) -> None:
            if step is Step.CERTIFICATES:
                installation.kill("portal")
                installation.kill("worker")

        alva.completes(link, pin=holder.pin, at_step=die)
        page.get_by_role("link", name="Visa kvittensen").wait_for()
        expect(page.locator("#visit .steps li.done")).to_have_count(6)

        page.goto(f"{installation.portal}{person}")
        page.locator("main a[href$='/block/']").first.click()
        page.locator("select[name=reason]").select_option(LOST)
        page.locator("input[name=confirmed]").check()
        page.get_by_role("button", name="Spärra kort").click()
        expect(page.get_by_role("status").first).to_contain_text("är spärrat")
        installation.kill("worker")
        installation.kill("portal")
        installation.kill("responder")
        expect(page.locator(".landing").first.locator("li.done")).to_have_count(4)
    aftermath.revoked_everywhere(holder)
    aftermath.everything_once(holder)


def test_the_landing_line_claims_nothing_before_it_was_seen(
    installation: Installation, chromium: Browser, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """REV-1: with the signer hung the block is done and says so, and OCSP and the list are still to come."""
    person = alva.makes_active_card(holder)
    with visiting(chromium, installation) as watching:
        watching.log_in(ALVA)
        page = watching.page
        with installation.stopped("signer"):
            alva.block(links_of(alva.browser.open(person), "/block/")[0])
            page.goto(f"{installation.portal}{person}")
            landing = page.locator(".landing").first
            expect(landing.locator("li.done")).to_have_count(1)
            expect(landing).to_contain_text("inte sedd än")
            watching.look()
        expect(landing.locator("li.done")).to_have_count(4)
    aftermath.revoked_everywhere(holder)


def _card_id(installation: Installation, holder: Member) -> str:
    return str(installation.ask("orders", hsa_id=holder.hsa_id)[-1]["card_id"])
