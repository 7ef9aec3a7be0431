"""A box of reserve cards: blank cards in sealed envelopes, its serial list, and what is printed in each."""

from datetime import UTC, datetime
from pathlib import Path

from hsm_sim.factory.ledger import Job, OrderState
from hsm_sim.factory.numbers import envelope_code, random_card_number, random_puk
from hsm_sim.factory.workshop import Workshop

PRODUCT = "773"


def make_box(
    number: str, *, quantity: int, valid_until: str, workshop: Workshop, master_key: bytes, folder: Path
) -> Path:
    """Make the cards and write ``serials.csv``, which goes with the box, and ``envelopes.csv``.

    The second is what lies inside the envelopes, and only who opens one reads it. Returns the folder.
    """
    box = folder / number
    box.mkdir(mode=0o700, parents=True)
    serials, envelopes = ["box;product;valid_until;card_number"], ["card_number;code"]
    for place in range(quantity):
        job = _job(f"{number}-{place}", valid_until=valid_until)
        workshop.personalize(job)
        workshop.ship(job)
        card_number = job.card_number or ""
        serials.append(f"{number};{PRODUCT};{valid_until};{card_number}")
        envelopes.append(f"{card_number};{envelope_code(master_key, card_number)}")
    for name, lines in (("serials.csv", serials), ("envelopes.csv", envelopes)):
        path = box / name
        path.touch(mode=0o600)
        path.write_text("".join(f"{line}\r\n" for line in lines), encoding="utf-8")
    return box


def _job(order_id: str, *, valid_until: str) -> Job:
    return Job(
        order_id=order_id,
        state=OrderState.ACCEPTED,
        printed_name="",
        organization_name="",
        back_text="",
        product_code=PRODUCT,
        product_name="Reservkort",
        valid_until=valid_until,
        card_number=random_card_number(),
        puk=random_puk(),
        reason="",
        accepted_at=datetime.now(UTC),
    )
