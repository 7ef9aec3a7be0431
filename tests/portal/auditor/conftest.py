"""A signed journal to read, and those who read it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pytest_django import Settings

from directory.identifiers import PersonalIdentityNumber
from directory.models import Employment, Person, RegistrationStatus, Role
from journal import checkpoints, sequencing
from journal.actor import Actor
from tests.cast import LONG_AGO, actor_of
from tests.scenarios import Scene

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "audit")])


@dataclass
class Notary:
    """Gives rows their places and signs heads over them, as the worker does."""

    home: Path
    key: ec.EllipticCurvePrivateKey

    def sign(self) -> None:
        """Sequence everything and sign the head."""
        while sequencing.sequence_committed():
            pass
        checkpoints.sign_head(
            origin="sigill.test/journal",
            public_key=self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            sign=lambda body: self.key.sign(body, ec.ECDSA(hashes.SHA256())),
            outside=self.outside,
            at=datetime.now(tz=UTC),
        )

    @property
    def outside(self) -> Path:
        """Return the folder of the heads outside the database."""
        return self.home / "journal" / "checkpoints"

    @property
    def certificate(self) -> Path:
        """Return the file with the audit key's certificate."""
        return self.home / "ceremony" / "audit.pem"


@pytest.fixture
def notary(db: None, settings: Settings, tmp_path: Path) -> Notary:
    """Return a notary with a home of its own and an audit certificate in it."""
    settings.SIGILL_HOME = tmp_path
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(LONG_AGO)
        .not_valid_after(LONG_AGO.replace(year=2040))
        .sign(key, hashes.SHA256())
    )
    notary = Notary(home=tmp_path, key=key)
    notary.certificate.parent.mkdir(parents=True)
    notary.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    return notary


@pytest.fixture
def auditor_of_syd(scene: Scene) -> Actor:
    """Return the auditor of the other organization."""
    number = "197705232382"
    person = Person.objects.create(
        personal_identity_number=number,
        given_name="Ylva",
        surname="Sköld",
        search_key=" ylva sköld",
        birth_date=PersonalIdentityNumber(number).birth_date,
        registration_status=RegistrationStatus.REGISTERED.value,
    )
    employment = Employment.objects.create(
        person=person, organization=scene.cast.syd, hsa_id="SE2321000024-B009", title="Revisor"
    )
    return actor_of(employment, Role.AUDITOR)
