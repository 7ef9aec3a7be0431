"""Bad keys are refused at the web tier at once with their reason, and again by the worker."""

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from django.core.management import CommandError, call_command
from django.db import transaction

from ca.blocking import block_and_find
from ca.errors import KeyRefused
from ca.models import BlockedKey, Certificate, CertificateRequest, SerialReservation
from journal.models import Entry
from portal import problems
from tests.ca.conftest import ALVA, Authority, asa, new_public_key

BAD_KEYS = sorted((Path(__file__).resolve().parents[1] / "vectors" / "bad_keys").glob("*.pem"))


def spki_of(file: Path) -> bytes:
    key = load_pem_public_key(file.read_bytes())
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("file", BAD_KEYS, ids=lambda file: file.stem)
def test_the_web_tier_refuses_a_bad_key_at_once_and_says_why(authority: Authority, file: Path) -> None:
    """Reliability A19, F21, F22; domain.md 5."""
    with pytest.raises(KeyRefused) as refused:
        authority.request(public_key=spki_of(file))
    weakness = file.stem.partition("-")[0]
    assert refused.value.facts["weakness"] == weakness
    assert not CertificateRequest.objects.filter(carrier_kind="card").exists()
    told = problems.explain(refused.value)
    assert told.status == 422
    assert told.text != problems.of_code("key_refused").text, "each weakness has its own words"


@pytest.mark.parametrize("file", BAD_KEYS, ids=lambda file: file.stem)
def test_arrow_2_the_worker_refuses_a_bad_key_that_came_past_the_web_tier(
    authority: Authority, file: Path
) -> None:
    request = authority.request()
    CertificateRequest.objects.filter(pk=request.pk).update(public_key=spki_of(file))
    before = authority.keeper.counts.all().get("person_hsa_id_3", 0)
    assert authority.issue(request) is None
    request.refresh_from_db()
    assert (request.state, request.failure) == ("failed", "weak_key")
    assert authority.keeper.counts.all().get("person_hsa_id_3", 0) == before, "nothing was signed"
    assert not SerialReservation.objects.filter(request=request, state="used").exists()


def test_a_key_of_somebody_else_is_refused_by_both(authority: Authority) -> None:
    public_key = new_public_key()
    authority.certificate(public_key=public_key)
    again = authority.request(public_key=public_key, carrier_id="card-2")
    assert authority.issue(again) is not None, "one person may have several certificates of one key"
    late = authority.request(carrier_id="card-3")
    for request in (late,):
        CertificateRequest.objects.filter(pk=request.pk).update(public_key=public_key, person_id="person-2")
    assert authority.issue(late) is None
    Certificate.objects.filter(public_key_sha256=hashlib.sha256(public_key).hexdigest()).update(
        person_id="person-3"
    )
    with pytest.raises(KeyRefused) as refused:
        authority.request(public_key=public_key, subject=asa(), carrier_id="card-4")
    assert refused.value.facts == {"weakness": "another_subject"}


def test_a_blocked_key_is_refused_by_both_tiers(authority: Authority) -> None:
    public_key = new_public_key()
    waiting = authority.request(public_key=public_key)
    with transaction.atomic():
        block_and_find(
            public_key_sha256=hashlib.sha256(public_key).hexdigest(),
            reason="published",
            actor=ALVA,
            at=authority.at,
        )
    assert authority.issue(waiting) is None
    with pytest.raises(KeyRefused) as refused:
        authority.request(public_key=public_key)
    assert refused.value.facts == {"weakness": "compromised"}


def test_blocking_a_key_finds_shows_and_revokes_what_is_certified_with_it(
    authority: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reliability F22: revoke with keyCompromise finds other certificates with the key."""
    public_key = new_public_key()
    first = authority.certificate(public_key=public_key)
    second = authority.certificate(public_key=public_key, carrier_id="card-2")
    other = authority.certificate(carrier_id="card-3")
    file = tmp_path / "key.der"
    file.write_bytes(public_key)
    with pytest.raises(CommandError, match="run it again with --yes"):
        call_command("block_key", "--public-key", str(file), "--reason", "published")
    shown = capsys.readouterr().out
    assert first.serial_hex in shown
    assert second.serial_hex in shown
    assert other.serial_hex not in shown
    assert BlockedKey.objects.filter(public_key_sha256=first.public_key_sha256).exists(), (
        "blocked in any case"
    )
    call_command("block_key", "--certificate", first.serial_hex, "--reason", "published", "--yes")
    assert "2 certificates are revoked" in capsys.readouterr().out
    states = {one.pk: one.revocation_reason for one in Certificate.objects.filter(carrier_kind="card")}
    assert states == {first.pk: 1, second.pk: 1, other.pk: None}
    assert Entry.objects.filter(type="key.blocked").count() == 1


@pytest.mark.parametrize("profile", ["root", "issuer", "ocsp_signer", "audit_signer"])
def test_nobody_blocks_and_revokes_the_cas_own_keys_alone(authority: Authority, profile: str) -> None:
    """To revoke an issuer takes a ceremony and two people (domain.md 7.3): this is no way around it."""
    own = Certificate.objects.filter(profile=profile).earliest("issued_at")
    for name in (("--certificate", own.serial_hex), ("--spki-sha256", own.public_key_sha256)):
        with pytest.raises(CommandError, match="key ceremony"):
            call_command("block_key", *name, "--reason", "compromised", "--yes")
    own.refresh_from_db()
    assert own.revoked_at is None
    assert not BlockedKey.objects.filter(public_key_sha256=own.public_key_sha256).exists()
    assert authority.certificate().revoked_at is None


def test_a_digest_or_file_that_is_none_is_said_plainly(authority: Authority, tmp_path: Path) -> None:
    assert authority
    nothing = tmp_path / "nothing"
    nothing.write_text("no key")
    for arguments, said in (
        (("--spki-sha256", "abc"), "64 hex digits"),
        (("--public-key", str(nothing)), "holds no public key"),
        (("--certificate", "deadbeef"), "0 keys"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("block_key", *arguments, "--reason", "weak")
