"""kill -9 between the arrows of the issuance cycle: real processes, a real database file, a real token."""

import json
import subprocess  # noqa: TC003 - a local annotation, read by people
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ca.installation import Installation

REQUEST = """
from datetime import UTC, datetime
from tests.ca.conftest import asa, new_public_key
from ca.registration import request_certificate
from journal.actor import Actor
request = request_certificate(
    profile="person_hsa_authentication", subject=asa(), public_key=new_public_key(), person_id="person-1",
    organization_id="organization-1", carrier_kind="card", carrier_id="card-1", name="hsa_authentication",
    idempotency_key="crash", actor=Actor.system("test"), at=datetime.now(UTC),
)
print(request.pk)
"""

ISSUE = """
from datetime import UTC, datetime, timedelta
from ca.batch_issuance import issue_pending
from ca.hsm.proxy import SocketSigners
from django.conf import settings
from journal.actor import Actor
at = datetime.now(UTC) + timedelta(seconds={seconds})
signers = SocketSigners(settings.SIGILL_SIGNER_SOCKET, patience=60)
print(issue_pending(signers=signers, actor=Actor.system("test"), at=at))
"""

ISSUE_ALONE = """
from datetime import UTC, datetime
from ca.issuance import issue_request
from ca.hsm.proxy import SocketSigners
from django.conf import settings
signers = SocketSigners(settings.SIGILL_SIGNER_SOCKET)
issue_request(request.pk, signers=signers, actor=Actor.system("test"), at=datetime.now(UTC))
"""

KILL = """
import os, signal
from ca import batch_issuance, issuance, serial_numbers
from ca.hsm import proxy
def die(module, name, moment):
    real = getattr(module, name)
    def deadly(*arguments, **named):
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = real(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)
        return answer
    setattr(module, name, deadly)
die({module}, "{name}", "{moment}")
"""

LOOK = """
import json
from ca.models import Certificate, CertificateRequest, SerialReservation
from journal.models import Entry
print(json.dumps({
    "requests": list(CertificateRequest.objects.filter(idempotency_key="crash")
                     .values_list("state", flat=True)),
    "certificates": Certificate.objects.filter(carrier_id="card-1").count(),
    "serials": list(SerialReservation.objects.filter(request__idempotency_key="crash")
                    .order_by("pk").values_list("state", flat=True)),
    "issued": Entry.objects.filter(type="certificate.issued", content__contains="card-1").count(),
}))
"""


def look(installation: Installation, *, first: str = "") -> dict[str, object]:
    seen = installation.python(first + LOOK)
    assert seen.returncode == 0, seen.stderr
    return dict(json.loads(seen.stdout.splitlines()[-1]))


@dataclass(frozen=True)
class Arrow:
    """Where the worker is killed, and what is then seen."""

    module: str
    name: str
    moment: str
    state: str
    """Of the request after the kill."""
    serials: tuple[str, ...]
    """What became of its serial numbers after the second run."""


ARROWS = [
    Arrow("serial_numbers", "reserve", "after", "requested", ("reserved", "used")),
    Arrow("issuance", "prepare_request", "after", "requested", ("reserved", "used")),
    Arrow("issuance", "record", "after", "requested", ("reserved", "used")),
    Arrow("issuance", "_intend", "after", "signing", ("burnt", "used")),
    Arrow("issuance", "issue", "after", "signing", ("burnt", "used")),
    Arrow("issuance", "revoke_if_withdrawn", "after", "signing", ("burnt", "used")),
    Arrow("issuance", "_complete", "after", "issued", ("used",)),
    Arrow("batch_issuance", "prepare_all", "after", "requested", ("used",)),
    Arrow("batch_issuance", "record_all", "after", "requested", ("used",)),
    Arrow("batch_issuance", "_intend_all", "after", "signing", ("burnt", "used")),
    Arrow("batch_issuance", "issue_many", "after", "signing", ("burnt", "used")),
    Arrow("batch_issuance", "issued_event", "after", "signing", ("burnt", "used")),
    Arrow("batch_issuance", "_complete_all", "after", "issued", ("used",)),
]
"""Of one request alone, and of a batch: its serial number is taken with the intent."""


@pytest.mark.parametrize("arrow", ARROWS, ids=lambda arrow: f"{arrow.moment}-{arrow.name}")
def test_a_kill_between_two_arrows_leaves_one_certificate_and_one_only(
    installation: Installation, arrow: Arrow
) -> None:
    """Style principle 3, reliability F4 and F36."""
    installation.start_signer()
    deadly = KILL.format(module=arrow.module, name=arrow.name, moment=arrow.moment)
    is_batch = arrow.module == "batch_issuance"
    killed = installation.python(REQUEST + deadly + (ISSUE.format(seconds=0) if is_batch else ISSUE_ALONE))
    assert killed.returncode == -9, killed.stderr
    assert look(installation)["requests"] == [arrow.state]
    assert look(installation, first=ISSUE.format(seconds=60) + ISSUE.format(seconds=120)) == {
        "requests": ["issued"],
        "certificates": 1,
        "serials": list(arrow.serials),
        "issued": 1,
    }


def test_a_signer_killed_in_the_middle_of_a_signature_delays_the_certificate_only(
    installation: Installation,
) -> None:
    installation.start_signer()
    assert installation.python(REQUEST).returncode == 0
    assert installation.signer is not None
    installation.signer.send_signal(19)  # SIGSTOP: the request reaches a signer that does not answer
    outcome: list[subprocess.CompletedProcess[str]] = []
    worker = threading.Thread(target=lambda: outcome.append(installation.python(ISSUE.format(seconds=0))))
    worker.start()
    deadline = time.monotonic() + 60
    while look(installation)["requests"] != ["signing"]:
        assert time.monotonic() < deadline
    installation.kill_signer()
    installation.start_signer()
    worker.join()
    assert outcome[0].stdout.strip() == "1", outcome[0].stderr
    assert look(installation)["certificates"] == 1


def test_an_emptied_token_file_costs_nothing_but_a_restart(installation: Installation) -> None:
    """The key store's trap: token.object of no length, as SoftHSM leaves it when killed at login."""
    installation.start_signer()
    installation.kill_signer()
    for file in (installation.home / "hsm" / "tokens").glob("*/token.object"):
        Path(file).write_bytes(b"")
    installation.start_signer()
    assert installation.python(REQUEST).returncode == 0
    assert installation.python(ISSUE.format(seconds=0)).stdout.strip() == "1"
