"""An auditor sees the signature behind an act and verifies it; anybody with the file does so a year later."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command

from authn.evidence import b64, unb64
from authn.evidence_file import EvidenceRefused, evidence_file, read_evidence_file, verify_file
from authn.models import Evidence
from authn.trust import load_trust
from directory.models import Person, Role, RoleAssignment
from portal.accounts.models import SignedAct
from tests.portal.accounts.conftest import Cast
from tests.portal.signing.conftest import Signer


@pytest.fixture
def done(desk: Signer) -> SignedAct:
    """Sign and carry out an act."""
    desk.browser.get(desk.card_signs(desk.asked())[1])
    return SignedAct.objects.get()


def as_auditor(desk: Signer, cast: Cast) -> Signer:
    """Make the person at the desk an auditor, and log them in again."""
    RoleAssignment.objects.filter(pk=cast.assignment.pk).update(role=Role.AUDITOR.value)
    auditor = Signer(desk.pki)
    assert auditor.log_in() == "/"
    return auditor


def test_an_auditor_sees_what_was_signed_and_that_it_verifies(
    desk: Signer, done: SignedAct, cast: Cast
) -> None:
    page = as_auditor(desk, cast).browser.get(f"/journal/evidence/{done.evidence_id}/").content.decode()
    assert "Kort 9752 till Åsa: Kiruna" in page
    assert "Underskriften är verifierad" in page


def test_who_reads_no_journal_or_another_organizations_sees_no_signature(
    desk: Signer, done: SignedAct, cast: Cast
) -> None:
    address = f"/journal/evidence/{done.evidence_id}/"
    assert desk.browser.get(address).status_code == 404
    RoleAssignment.objects.filter(pk=cast.assignment.pk).update(organization=cast.syd)
    doris = as_auditor(desk, cast)
    assert doris.browser.get(address).status_code == 404
    assert doris.browser.get(f"{address}file.json").status_code == 404


def test_a_text_about_a_protected_person_is_hidden(desk: Signer, done: SignedAct, cast: Cast) -> None:
    content = json.loads(done.content)
    content["facts"]["person_id"] = str(cast.doris.pk)
    SignedAct.objects.update(content=json.dumps(content))
    Person.objects.filter(pk=cast.doris.pk).update(protected_identity=True, search_key="")
    auditor = as_auditor(desk, cast)
    page = auditor.browser.get(f"/journal/evidence/{done.evidence_id}/").content.decode()
    assert "Kiruna" not in page
    assert auditor.browser.get(f"/journal/evidence/{done.evidence_id}/file.json").status_code == 404


def test_the_file_verifies_a_year_later_without_the_server(
    desk: Signer, done: SignedAct, cast: Cast, tmp_path: Path
) -> None:
    """T20: another process, its clock a year ahead, no database: the file and our root alone."""
    answer = as_auditor(desk, cast).browser.get(f"/journal/evidence/{done.evidence_id}/file.json")
    file = tmp_path / "evidence.json"
    file.write_bytes(answer.content)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "public").symlink_to(django_settings.SIGILL_PUBLIC)
    environment = {
        **os.environ,
        "SIGILL_HOME": str(tmp_path / "home"),
        "SIGILL_POLICY_ARC": django_settings.SIGILL_POLICY_ARC,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": "",
    }
    command = [sys.executable, "manage.py", "verify_evidence", "--file", str(file)]
    said = subprocess.run(
        ["faketime", "+1 year", *command],
        cwd=django_settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert "holds; authForSign" in said.stdout


@pytest.mark.parametrize("part", ["signature", "content", "certificate", "ocsp", "checkedAt", "question"])
def test_a_file_with_a_changed_part_is_refused(desk: Signer, done: SignedAct, part: str) -> None:
    told = evidence_file(Evidence.objects.get(pk=done.evidence_id), content=done.content)
    assert verify_file(told, trust=load_trust()).text == "Kort 9752 till Åsa: Kiruna"
    match part:
        case "signature" | "ocsp":
            octets = bytearray(unb64(str(told[part])))
            octets[-3] ^= 1
            told[part] = b64(bytes(octets))
        case "content":
            told[part] = done.content.replace("Kiruna", "Malmö")
        case "certificate":
            told[part] = told["chain"][0]  # type: ignore[index]
        case "checkedAt":
            told[part] = "2027-12-01T00:00:00+00:00"
        case "question":
            told[part] = {**told[part], "visible": {"text": "Kort 9752 till Åsa: Malmö"}}  # type: ignore[dict-item]
    with pytest.raises(EvidenceRefused):
        verify_file(read_evidence_file(json.dumps(told)), trust=load_trust())


def test_the_command_verifies_all_that_is_kept(desk: Signer, done: SignedAct) -> None:
    out = StringIO()
    call_command("verify_evidence", stdout=out)
    assert "2 signatures hold" in out.getvalue(), "the login and the act"
    with pytest.raises(CommandError):
        call_command("verify_evidence", "00000000-0000-0000-0000-000000000000", stdout=out)
