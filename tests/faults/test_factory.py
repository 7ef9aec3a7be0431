"""The card factory down, deaf or repeating itself: orders wait with their reason and go through once."""

from deploy.demo.cast import Member
from tests.running.aftermath import Aftermath
from tests.running.desk import Desk
from tests.running.installation import Installation, eventually


def test_an_order_waits_with_its_reason_while_the_factory_is_down_and_goes_through_by_itself(
    installation: Installation, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """POR-2: the order is kept, the page says what it waits for, nobody has to do anything."""
    person = _ready_to_order(alva, holder)
    orders_before = len(installation.ask("orders", hsa_id=holder.hsa_id))
    installation.order_factory_faults(down=True)
    placed = alva.order(person)
    eventually(lambda: _waits(installation, holder), why="the order has been tried once")
    told = alva.browser.open(placed.path).text("//*[@id='production']")
    assert "Kortproducenten svarar inte" in told
    assert "Inget går förlorat" in told

    def start_page_says_it() -> bool:
        return "Kortproducenten svarar inte" in alva.browser.open("/").text("//main")

    eventually(start_page_says_it, why="the start page says that the producer is away")

    installation.order_factory_faults()
    alva.link(person, "/activate/")
    assert "svarar inte" not in alva.browser.open(placed.path).text("//*[@id='production']")
    aftermath.one_order_and_one_card(holder, orders_before=orders_before)
    events = aftermath.card_of_latest_order(holder)["events"]
    assert events["card_order.sent"] == events["card.shipped"] == 1
    assert events["card_order.delayed"] >= 1


def test_an_order_whose_answer_was_lost_is_made_once(
    installation: Installation, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """POR-2: the factory took it and did not say so; it is asked again and makes one card."""
    person = _ready_to_order(alva, holder)
    orders_before = len(installation.ask("orders", hsa_id=holder.hsa_id))
    installation.order_factory_faults(lose_answers=True, duplicate_reports=True, shuffled_reports=True)
    alva.order(person)
    alva.link(person, "/activate/")
    installation.heal()
    aftermath.one_order_and_one_card(holder, orders_before=orders_before)
    events = aftermath.card_of_latest_order(holder)["events"]
    assert {name: events[name] for name in ("card.ordered", "card.produced", "card.shipped")} == {
        "card.ordered": 1,
        "card.produced": 1,
        "card.shipped": 1,
    }


def test_an_order_that_the_factory_refuses_says_why_and_a_new_one_can_be_placed(
    installation: Installation, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """POR-2: a refusal ends the order with its reason; nothing waits for ever."""
    person = _ready_to_order(alva, holder)
    installation.order_factory_faults(reject="the address is not complete")
    placed = alva.order(person)

    def is_refused() -> bool:
        return "Producenten avvisade" in alva.browser.open(placed.path).text("//*[@id='production']")

    eventually(is_refused, why="the page says that the producer refused")
    installation.order_factory_faults()
    alva.has_ordered(person)
    alva.link(person, "/activate/")


def _ready_to_order(alva: Desk, holder: Member) -> str:
    person = alva.person(holder).path
    alva.has_blocked(person)
    return person


def _waits(installation: Installation, holder: Member) -> bool:
    order = installation.ask("orders", hsa_id=holder.hsa_id)[-1]
    return bool(order["state"] == "PLACED" and order["attempts"])
