"""Runs the card factory, prints a PUK letter, or makes a box of reserve cards.

python -m hsm_sim.factory [serve | letter CARD_NUMBER | box NUMBER --quantity N]
"""

import argparse
import logging
import os
import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

from hsm_sim.build import build
from hsm_sim.factory.boxes import make_box
from hsm_sim.factory.cms import FactoryKey
from hsm_sim.factory.ledger import Ledger
from hsm_sim.factory.numbers import read_master_key
from hsm_sim.factory.production import Production
from hsm_sim.factory.web import FactoryServer
from hsm_sim.factory.workshop import Workshop

REPOSITORY = Path(__file__).resolve().parents[2]


def home() -> Path:
    """Return the installation's folder, as for every other process."""
    return Path(os.environ.get("SIGILL_HOME") or REPOSITORY / "var").absolute()


def serve() -> int:
    """Serve until SIGTERM or Ctrl-C."""
    os.umask(0o077)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    ledger = Ledger(home() / "factory" / "factory.sqlite3")
    module = os.environ.get("SIGILL_CARD_MODULE")
    workshop = Workshop(
        folder=home() / "factory" / "workshop",
        cards=home() / "cards",
        module=Path(module) if module else build(),
        master_key=read_master_key(home() / "secrets" / "card-master.key"),
    )
    production = Production(
        ledger=ledger,
        workshop=workshop,
        duration=timedelta(seconds=float(os.environ.get("SIGILL_FACTORY_SECONDS", "0.8"))),
    )
    customers = os.environ.get("SIGILL_FACTORY_CUSTOMERS")
    key = FactoryKey(
        home() / "factory", customers=Path(customers) if customers else home() / "public" / "root.pem"
    )
    server = FactoryServer(int(os.environ.get("SIGILL_FACTORY_PORT", "8102")), ledger, key)
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    production.start()
    ended.wait()
    server.shutdown()
    server.server_close()
    production.end()
    return 0


def letter(card_number: str) -> int:
    """Print what the PUK letter of a card would say."""
    puk = Ledger(home() / "factory" / "factory.sqlite3").puk_of(card_number)
    if puk is None:
        sys.stderr.write("The factory has made no such card.\n")
        return 1
    sys.stdout.write(f"PUK {puk}\n")
    return 0


def box(number: str, quantity: int, valid_until: str) -> int:
    """Make a box of reserve cards, beside a factory that may be at work, and say where its lists are."""
    os.umask(0o077)
    module = os.environ.get("SIGILL_CARD_MODULE")
    master_key = read_master_key(home() / "secrets" / "card-master.key")
    workshop = Workshop(
        folder=home() / "factory" / "box-workshop",
        cards=home() / "cards",
        module=Path(module) if module else build(),
        master_key=master_key,
    )
    made = make_box(
        number,
        quantity=quantity,
        valid_until=valid_until,
        workshop=workshop,
        master_key=master_key,
        folder=home() / "factory" / "boxes",
    )
    sys.stdout.write(
        f"{quantity} reserve cards: {made / 'serials.csv'} and, sealed, {made / 'envelopes.csv'}\n"
    )
    return 0


def main() -> int:
    """Chooses between them."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    parser = argparse.ArgumentParser(prog="python -m hsm_sim.factory", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("serve")
    commands.add_parser("letter").add_argument("card_number")
    boxes = commands.add_parser("box")
    boxes.add_argument("number")
    boxes.add_argument("--quantity", type=int, default=5)
    boxes.add_argument("--valid-until", default="2031-10-31")
    arguments = parser.parse_args()
    if arguments.command == "box":
        return box(arguments.number, arguments.quantity, arguments.valid_until)
    return letter(arguments.card_number) if arguments.command == "letter" else serve()


if __name__ == "__main__":
    raise SystemExit(main())
