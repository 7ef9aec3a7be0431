"""A CA of its own for the tests of mTLS: certificates for callers, good and bad, in a moment."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(slots=True)
class TestAuthority:
    """Issues certificates for callers; each is one file of key and certificate."""

    __test__ = False
    folder: Path
    name: str = "Test CA"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def certificate(self) -> Path:
        path = self.folder / f"{self.name}.pem"
        if not path.exists():
            now = datetime.now(UTC)
            made = (
                x509.CertificateBuilder()
                .subject_name(_name(self.name))
                .issuer_name(_name(self.name))
                .public_key(self.key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - timedelta(days=400))
                .not_valid_after(now + timedelta(days=400))
                .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                .sign(self.key, hashes.SHA256())
            )
            path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return path

    def caller(
        self, file: str, *, days: tuple[int, int] = (-30, 300), usage: x509.ObjectIdentifier | None = None
    ) -> Path:
        """Make a caller's certificate, valid from and to so many days from now."""
        now = datetime.now(UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            x509.CertificateBuilder()
            .subject_name(_name("register client"))
            .issuer_name(_name(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.ExtendedKeyUsage([usage or ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self.folder / file
        path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
        return path
