"""One ceremony for the whole run; each test takes a copy of it."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import call_command
from pytest_django import Settings

import ca
from ca.hsm.installation import token_configuration
from ca.hsm.keeper_signers import KeeperSigners
from ca.hsm.token_keeper import TokenKeeper, keep_token
from ca.issuance import issue_request, mark_published
from ca.models import Certificate, CertificateRequest
from ca.pki.subject import SubjectFacts
from ca.registration import request_certificate
from journal.actor import Actor
from tests.ca.installation import Installation, hold_ceremony, new_installation

WORKER = Actor.system("test-worker")
ALVA = Actor.system("test-portal")


def new_public_key() -> bytes:
    """Return the public half of a new P-256 key, as a card makes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def asa(**changes: str) -> SubjectFacts:
    """Return the subject of Åsa's certificate with HSA-id."""
    facts = {
        "common_name": "Åsa Lindqvist",
        "given_name": "Åsa",
        "surname": "Lindqvist",
        "serial_number": "SE2321000016-1AB2",
        "organization": "Region Norr",
        "card_number": "9752278900000000011",
    }
    return SubjectFacts(**{**facts, **changes})


@dataclass
class Authority:
    """The CA in the test's database, its token in this process, and a clock that the test moves."""

    home: Path
    keeper: TokenKeeper
    signers: KeeperSigners
    at: datetime

    def later(self, **span: float) -> datetime:
        """Move the clock and return the new moment."""
        self.at += timedelta(**span)
        return self.at

    def request(
        self,
        *,
        key: str = "",
        public_key: bytes | None = None,
        carrier_id: str = "card-1",
        subject: SubjectFacts | None = None,
        profile: str = "person_hsa_authentication",
        not_after: datetime | None = None,
    ) -> CertificateRequest:
        """Ask for a certificate for Åsa's card."""
        return request_certificate(
            profile=profile,
            subject=subject or asa(),
            public_key=public_key or new_public_key(),
            person_id="person-1",
            organization_id="organization-1",
            carrier_kind="card",
            carrier_id=carrier_id,
            name="hsa_authentication",
            idempotency_key=key or f"test:{CertificateRequest.objects.count()}",
            actor=ALVA,
            at=self.at,
            not_after=not_after,
        )

    def issue(self, request: CertificateRequest) -> Certificate | None:
        """Issue a request as the worker does."""
        return issue_request(request.pk, signers=self.signers, actor=WORKER, at=self.at)

    def certificate(self, *, carrier_id: str = "card-1", public_key: bytes | None = None) -> Certificate:
        """Return a certificate that was issued and published."""
        certificate = self.issue(self.request(carrier_id=carrier_id, public_key=public_key))
        assert certificate is not None
        mark_published(certificate.pk, at=self.at)
        certificate.refresh_from_db()
        return certificate


@pytest.fixture(scope="session")
def made_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Hold one ceremony of the default hierarchy, with real SoftHSM keys."""
    with new_installation(tmp_path_factory.mktemp("ca") / "home") as installation:
        hold_ceremony(installation)
        yield installation


@pytest.fixture(scope="session")
def made_rows(made_installation: Installation) -> str:
    """Return the ceremony's rows of the CA as Django dumps them."""
    dumped = made_installation.manage("dumpdata", "ca", "--verbosity", "0")
    assert dumped.returncode == 0, dumped.stderr
    assert json.loads(dumped.stdout)
    return dumped.stdout


@pytest.fixture
def policy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the folder of a copy of the policy files, which hold from now on; no issuer makes deltas."""
    here, copied = Path(ca.__file__).parent, tmp_path / "policy"
    for folder in ("profiles", "hierarchies"):
        shutil.copytree(here / folder, copied / folder, dirs_exist_ok=True)
    for file in (copied / "hierarchies").glob("*.toml"):
        lines = file.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not line.startswith("delta_crl_interval_minutes")]
        file.write_text("\n".join(kept) + "\n", encoding="utf-8")
    monkeypatch.setattr("ca.policy_files._HERE", copied)
    return copied


@pytest.fixture
def installation(made_installation: Installation, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation of the test's own, after the ceremony, with processes apart from the test's."""
    copied = made_installation.copy_to(tmp_path / "home")
    yield copied
    copied.stop()
    shutil.rmtree(copied.run, ignore_errors=True)


@pytest.fixture
def ceremony_rows(
    made_rows: str, installation: Installation, settings: Settings, tmp_path: Path, db: None
) -> Installation:
    """Put the ceremony's rows into the test's database, and point the settings at the copied home."""
    settings.SIGILL_HOME = installation.home
    settings.SIGILL_RUN = installation.run
    settings.SIGILL_SECRETS = installation.home / "secrets"
    settings.SIGILL_PUBLIC = installation.home / "public"
    settings.SIGILL_LEDGER = installation.home / "ledger" / "revocations.log"
    settings.SIGILL_SIGNER_SOCKET = installation.run / "signer.sock"
    rows = tmp_path / "rows.json"
    rows.write_text(made_rows)
    call_command("loaddata", str(rows), verbosity=0, stdout=StringIO())
    return installation


@pytest.fixture
def authority(ceremony_rows: Installation) -> Iterator[Authority]:
    """Return a CA that can sign."""
    with keep_token(token_configuration(), patience=0) as keeper:
        keeper.start()
        at = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)
        yield Authority(home=ceremony_rows.home, keeper=keeper, signers=KeeperSigners(keeper), at=at)
