"""kill -9 between the arrows of a revocation: commit, ledger, OCSP, CRL; the next process goes on."""

import json

import pytest

from tests.ca.installation import Installation
from tests.ca.test_crashes import ISSUE, REQUEST

REVOKE = """
from datetime import UTC, datetime
from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from ca.revocation import revoke
from journal import sequencing
from journal.actor import Actor
one = Certificate.objects.get(carrier_id="card-1")
at = datetime.now(UTC)
why = RevocationReason.SUPERSEDED
revoke(certificate_id=one.pk, reason=why, requested_at=at, actor=Actor.system("test"), at=at)
while sequencing.sequence_committed():
    pass
"""

KILL = """
import os, signal
from ca import crl_publishing
from ocsp import publisher
from worker import wiring
module, name, moment = {module}, "{name}", "{moment}"
real = getattr(module, name)
def deadly(*arguments, **named):
    if moment == "after":
        real(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(module, name, deadly)
"""

PUBLISH = """
from datetime import UTC, datetime, timedelta
from ca.crl_publishing import publish_due
from journal.actor import Actor
from worker import wiring
from worker.consumers import consume_available
status = next(one for one in wiring.consumers() if one.name == "status")
while consume_available(status):
    pass
publish_due(signers=wiring.signers(), actor=Actor.system("test"), at=datetime.now(UTC) + timedelta(seconds=1))
"""

LOOK = """
import json
from ca.crl_lists import crl_file
from ca.ledger_replay import revocation_ledger
from ca.models import Certificate
from ca.pki.crl_entries import serial_of
from ca.pki.crl_reading import entries_of
from ca.pki.serial import hex_of
one = Certificate.objects.get(carrier_id="card-1")
known = [entry.serial for entry in revocation_ledger().entries()]
listed = [hex_of(serial_of(entry)) for entry in entries_of(crl_file(one.issuer).read_bytes())]
print(json.dumps({"ledger": known == [one.serial_hex], "listed": listed == [one.serial_hex]}))
"""

ARROWS = [
    # What was issued is told to OCSP by an entry of its own, which finds it revoked already: it writes the
    # ledger first too, so the first arrow lies in the publisher.
    ("publisher", "append_missing", "before", 0),
    ("wiring", "append_revocations", "before", 1),
    ("wiring", "append_revocations", "after", 1),
    ("crl_publishing", "is_due", "before", 1),
    ("crl_publishing", "issue_crl", "after", 1),
]


@pytest.mark.parametrize(("module", "name", "moment", "in_ledger"), ARROWS)
def test_a_kill_between_two_arrows_of_a_revocation_delays_it_only(
    installation: Installation, module: str, name: str, moment: str, in_ledger: int
) -> None:
    """Design decision 7: the ledger before OCSP, and each thing once."""
    installation.start_signer()
    made = installation.python(REQUEST + ISSUE.format(seconds=0) + REVOKE)
    assert made.returncode == 0, made.stderr
    killed = installation.python(KILL.format(module=module, name=name, moment=moment) + PUBLISH)
    assert killed.returncode == -9, killed.stderr
    seen = installation.python(LOOK)
    assert json.loads(seen.stdout.splitlines()[-1]) == {"ledger": bool(in_ledger), "listed": False}, (
        seen.stderr
    )
    again = installation.python(PUBLISH)
    assert again.returncode == 0, again.stderr
    seen = installation.python(LOOK)
    assert json.loads(seen.stdout.splitlines()[-1]) == {"ledger": True, "listed": True}, seen.stderr
