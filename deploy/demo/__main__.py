"""python -m deploy.demo [--once] [--fresh]: the main job from nothing, then serve until Ctrl-C."""

import argparse
import os
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from client.errors import ClientError
from deploy.demo.browser import PageRefused
from deploy.demo.filing import Filing
from deploy.demo.functions import FunctionOrderFailed
from deploy.demo.main_job import DemoFailed, MainJob, home_is_fresh
from deploy.demo.reserve import BoxBeingMade
from deploy.demo.status_asking import NeverSeen
from deploy.demo.telling import Teller, console
from deploy.processes import Installation
from deploy.serve import (
    CommandFailed,
    PortTaken,
    demand_ports,
    installation,
    manage,
    prepare,
    serve_until,
    supervisor_for,
    told_to_end,
)
from deploy.supervisor import AlreadyServed, NotReady, Supervisor

PARTS_OF_A_HOME = {
    "cards", "ceremony", "db.sqlite3", "db.sqlite3-shm", "db.sqlite3-wal", "demo", "demo.json", "factory",
    "hsm", "journal", "ledger", "logs", "ocsp", "public", "registers", "reports", "restored.json", "secrets",
    "static",
}  # fmt: skip
ENDED = 130
"""The exit status after Ctrl-C or SIGTERM, as a shell has it: the job was not done."""
KEPT = {"backups"}
"""What somebody may still want back; it stays where it is."""
FAILURES = (
    AlreadyServed, ClientError, CommandFailed, DemoFailed, FunctionOrderFailed, NeverSeen, NotReady,
    PageRefused, PortTaken, requests.RequestException,
)  # fmt: skip


def start_over(home: Path) -> None:
    """Remove an installation's data; refuses a folder that holds anything else."""
    if not home.exists():
        return
    strangers = sorted(path.name for path in home.iterdir() if path.name not in PARTS_OF_A_HOME | KEPT)
    if strangers:
        raise DemoFailed(f"{home} holds {', '.join(strangers)}, which is not ours: nothing was removed")
    for path in home.iterdir():
        if path.name in KEPT:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def run(place: Installation, supervisor: Supervisor) -> MainJob:
    """Do every step; raises one of ``FAILURES``."""
    teller = Teller()
    job = MainJob(place=place, teller=teller, filing=Filing(home=place.home))
    with teller.step("Database and static files") as step:
        prepare()
        step.check(".venv/bin/python manage.py migrate --check")
    if home_is_fresh(place.home):
        with teller.step(
            "Key ceremony in the HSM: root, issuers, OCSP signers, audit and report keys; then QA's own"
        ) as step:
            manage("key_ceremony", "--environment", "both")
            step.say("protocol in var/ceremony/protocol.pdf" if place.home.name == "var" else "")
            step.check(f"xdg-open {place.home}/ceremony/protocol.pdf")
    with teller.step("Signer, worker, responder, portal, card client, card factory, registers") as step:
        supervisor.start()
        step.say("all answer")
        step.check(f"curl -s {job.portal}/healthz")
    with teller.step(
        "Function certificates: ours, since HSA and PU answer nobody without one, and the card factory's"
    ) as step:
        with ThreadPoolExecutor() as both:
            told = list(both.map(manage, ("register_certificate", "factory_certificate")))
        step.say(told[0].strip().splitlines()[-1])
        step.check(
            f"openssl x509 -noout -subject -issuer -in {os.path.relpath(place.home)}/registers/client.pem"
        )
    job.people()
    box = BoxBeingMade(place.home)
    job.first_cards()
    browser = job.administrator()
    job.order(browser)
    job.reserve_cards(box)
    job.holder_logs_in()
    job.file_cards()
    job.filing.write(
        portal=job.portal, ocsp=job.ocsp, client=job.client, api_token="", chain=job.issuer_chain
    )
    job.ask_openssl("card-revoked", "good")
    job.functions()
    job.block(browser)
    job.replacement(browser)
    job.ask_openssl("card-revoked", "revoked")
    job.ask_openssl("card-good", "good")
    job.verify_with_openssl()
    job.journal_and_report()
    job.filing.write(
        portal=job.portal, ocsp=job.ocsp, client=job.client, api_token=job.api_token, chain=job.issuer_chain
    )
    return job


def main() -> int:
    """Run the demo; 0 when every step gave what it must."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the main job")
    parser.add_argument("--fresh", action="store_true", help="remove the data first")
    arguments = parser.parse_args()
    started = time.monotonic()
    place = installation()
    supervisor = supervisor_for(place)
    # As Ctrl-C does: what was started is ended by the last clause below.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        supervisor.take_over()
        demand_ports(place)
        if arguments.fresh:
            start_over(place.home)
        job = run(place, supervisor)
    except FAILURES as error:
        console.print(f"[red]The demo stopped:[/red] {type(error).__name__}: ", end="")
        console.print(str(error), markup=False)
        console.print(f"Logs: {place.home / 'logs'}", markup=False)
        supervisor.stop()
        return 1
    except KeyboardInterrupt:
        supervisor.stop()
        console.print("The demo was ended before it was done; make demo goes on with what there is.")
        return ENDED
    except BaseException:
        supervisor.stop()
        raise
    console.print(
        f"\nThe main job is done in {time.monotonic() - started:.1f} s; from block to revoked "
        f"{job.seconds_to_revoked:.2f} s. Facts for programs: {place.home / 'demo.json'}"
    )
    if arguments.once:
        supervisor.stop()
        return 0
    console.print(f"Portal {job.portal}   card client {job.client}   status {job.ocsp}\nCtrl-C ends it.")
    serve_until(told_to_end(), supervisor)
    return 0


if __name__ == "__main__":
    sys.exit(main())
