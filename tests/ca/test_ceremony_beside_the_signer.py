"""A later ceremony by the command line while the signer runs: dry run, proposal, two approvals, held."""

import json
from pathlib import Path

from tests.ca.installation import Installation

SCRIPT = """
title = "Person ID 3 rolls over, its old certificate is renewed, a new root CRL"

[[steps]]
act = "renew_issuer"
issuer = "person_id_3"

[[steps]]
act = "add_issuer"
issuer = "person_id_4"
like = "person_id_2"
common_name = "Sigill e-id Person ID 4 CA v1"

[[steps]]
act = "root_crl"
"""
APPROVE = """
from django.utils import timezone
from ca.ceremony.approval import approve
from ca.ceremony.models import CeremonyPlan
from directory.models import Role
from tests.cast import actor_of, the_cast
cast = the_cast()
plan = CeremonyPlan.objects.get()
for one in (cast.asa, cast.erik):
    actor = actor_of(one, Role.CENTRAL_ADMINISTRATOR)
    approve(plan.pk, plan_sha256=plan.plan_sha256, actor=actor, at=timezone.now())
"""


def test_a_ceremony_is_proposed_approved_and_held_while_the_signer_runs(
    installation: Installation, tmp_path: Path
) -> None:
    """PKI-3, PKI-4: an installation in use need not stop for a ceremony."""
    script = tmp_path / "ceremony.toml"
    script.write_text(SCRIPT)
    installation.start_signer()

    dry = installation.manage("key_ceremony", "--script", str(script), "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "Nothing was changed" in dry.stdout
    early = installation.manage("key_ceremony", "--script", str(script))
    assert early.returncode == 1
    assert "nobody proposed this script yet" in early.stderr

    proposed = installation.manage("key_ceremony", "--script", str(script), "--propose")
    assert proposed.returncode == 0, proposed.stderr
    alone = installation.manage("key_ceremony", "--script", str(script))
    assert "two different people" in alone.stderr
    assert "Traceback" not in alone.stderr
    approved = installation.python(APPROVE)
    assert approved.returncode == 0, approved.stderr

    held = installation.manage("key_ceremony", "--script", str(script))
    assert held.returncode == 0, held.stdout + held.stderr
    (protocol,) = (installation.home / "ceremony" / "protocols").glob("*.json")
    told = json.loads(protocol.read_bytes())
    assert [one["name"] for one in told["approvals"]] == ["Åsa Lindqvist", "Erik Sund"]
    assert all(key["attributes"]["CKA_NEVER_EXTRACTABLE"] for key in told["keys"])
    again = installation.manage("key_ceremony", "--script", str(script))
    assert "this script was held" in again.stderr

    linted = installation.manage("lint_all")
    assert linted.returncode == 0, linted.stdout + linted.stderr
    examined = installation.manage("doctor")
    assert examined.returncode == 0, examined.stdout
    assert "0 without a row" in examined.stdout
