"""Reserve cards in sealed envelopes, made by the factory of a running installation and put in stock there."""

import csv
import subprocess
import sys
from dataclasses import dataclass
from uuid import uuid4

from deploy.demo.cast import ALVA
from tests.running.installation import PATIENCE, REPOSITORY, Installation, environment_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A reserve card in its sealed envelope: its number, and the code that lies inside."""

    card_number: str
    code: str
    box: str
    """The box that it came in, and the place where it is kept."""


def envelope_in_stock(installation: Installation) -> Envelope:
    """Let the factory make a box of one card and put it in stock at a place of its own."""
    box = f"R-{uuid4().hex[:8]}"
    environment = environment_of(home=installation.home, run=installation.run, ports=installation.ports)
    subprocess.run(
        [sys.executable, "-m", "hsm_sim.factory", "box", box, "--quantity", "1"],
        cwd=REPOSITORY, env=environment, check=True, timeout=PATIENCE,
    )  # fmt: skip
    folder = installation.home / "factory" / "boxes" / box
    organization = ALVA.hsa_id.partition("-")[0] + "-0001"
    installation.manage(
        "stock_box", str(folder / "serials.csv"), "--organization", organization, "--place", box,
        "--warn-below", "0",
    )  # fmt: skip
    with (folder / "envelopes.csv").open(newline="") as file:
        row = next(csv.DictReader(file, delimiter=";"))
    return Envelope(card_number=row["card_number"], code=row["code"], box=box)
