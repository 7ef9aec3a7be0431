"""Makes virtual cards in a test's home, by the factory's own workshop in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

MASTER_KEY = b"a master key for tests"
SCRIPT = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
from hsm_sim.factory.ledger import Job, OrderState
from hsm_sim.factory.numbers import admin_key, random_card_number
from hsm_sim.factory.workshop import Workshop
home, module, name, key = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4].encode()
workshop = Workshop(folder=home / "factory", cards=home / "cards", module=module, master_key=key)
number = random_card_number()
job = Job(order_id="o", state=OrderState.ACCEPTED, printed_name=name, organization_name="Region Norr",
          back_text="", product_code="7A1", product_name="SIS-kort med foto", valid_until="2031-10-30",
          card_number=number, puk="12345678", reason="", accepted_at=datetime.now(UTC))
workshop.personalize(job)
workshop.ship(job)
print(json.dumps([number, admin_key(key, number)]))
"""


def make_card(home: Path, module: Path, *, name: str) -> tuple[str, str]:
    """Return number and admin key of a fresh card in home/cards; its PUK is 12345678."""
    environment = {key: value for key, value in os.environ.items() if key != "SIGILL_SHIM_FAULTS"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(home), str(module), name, MASTER_KEY.decode()],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    number, admin_key = json.loads(done.stdout)
    return number, admin_key
