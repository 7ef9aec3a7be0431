"""The demo's reserve cards: a box from the factory, with its envelopes, at a place in Region Norr."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from deploy.processes import environment
from deploy.serve import CommandFailed, manage

BOX: Final = "R-2611"
QUANTITY: Final = 5
PLACE: Final = "Receptionen"


class BoxBeingMade:
    """A box that the factory makes while other steps go on."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "factory" / "boxes" / BOX
        command = [sys.executable, "-m", "hsm_sim.factory", "box", BOX, "--quantity", str(QUANTITY)]
        self._made = (
            None
            if self._folder.exists()
            else subprocess.Popen(
                command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
        )

    @property
    def envelopes(self) -> Path:
        """Return the list of what lies in the envelopes."""
        return self._folder / "envelopes.csv"

    def receive(self, organization: str) -> str:
        """Wait for the box, put it in stock at the place, and return what was said. Raises CommandFailed."""
        if self._made is not None:
            _, complaint = self._made.communicate(timeout=60)
            if self._made.returncode:
                raise CommandFailed(f"the factory made no box: {complaint.strip()}")
        serials = str(self._folder / "serials.csv")
        return manage("stock_box", serials, "--organization", organization, "--place", PLACE).strip()
