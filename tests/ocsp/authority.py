"""A small authority in software: issuer, OCSP signer, certificates; its answers are made by our own code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ocsp.presigning import Subject, presign
from ocsp.store.interface import StatusStore
from ocsp.store.record import SignerRecord
from ocsp.wire.response import CertStatus

DER = serialization.Encoding.DER
PEM = serialization.Encoding.PEM
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
HOUR = 3600


@dataclass(frozen=True)
class Authority:
    """An issuer with its OCSP signer."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    signer_certificate: x509.Certificate
    signer_key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    @property
    def name_der(self) -> bytes:
        return self.certificate.subject.public_bytes()

    @property
    def key_bits(self) -> bytes:
        return self.key.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)[-97:]

    def issue(self, serial_number: int, *, days: int = 365) -> x509.Certificate:
        """Issue a certificate to nobody in particular."""
        return (
            x509.CertificateBuilder()
            .subject_name(_name(f"holder {serial_number}"))
            .issuer_name(self.certificate.subject)
            .public_key(_holder_key.public_key())
            .serial_number(serial_number)
            .not_valid_before(NOW - timedelta(days=1))
            .not_valid_after(NOW + timedelta(days=days))
            .sign(self.key, hashes.SHA384())
        )

    def sign(self, message: bytes) -> bytes:
        """Sign as the OCSP signer's key in an HSM would."""
        if isinstance(self.signer_key, rsa.RSAPrivateKey):
            return self.signer_key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return self.signer_key.sign(message, ec.ECDSA(hashes.SHA256()))

    def sign_batch(self, messages: Sequence[bytes]) -> list[bytes]:
        return [self.sign(message) for message in messages]

    def signer(self, issuer_id: int = 1, *, name: str = "person_id_3") -> SignerRecord:
        """Return the OCSP signer as the store keeps it, before the store gave it a number."""
        is_rsa = isinstance(self.signer_key, rsa.RSAPrivateKey)
        public_key = self.signer_certificate.public_key()
        return SignerRecord(
            signer_id=0,
            issuer_id=issuer_id,
            label=f"{name}.ocsp.1",
            algorithm="RSA_SHA256" if is_rsa else "ECDSA_SHA256",
            certificate_der=self.signer_certificate.public_bytes(DER),
            key_hash=x509.SubjectKeyIdentifier.from_public_key(public_key).digest,
            public_key=public_key.public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo),
            not_after=int(self.signer_certificate.not_valid_after_utc.timestamp()),
        )

    def register(self, store: StatusStore, *, name: str = "person_id_3") -> int:
        """Make the issuer and its signer known to a store; return the issuer's number."""
        issuer_id = store.register_issuer(name=name, name_der=self.name_der, key_bits=self.key_bits)
        store.register_signer(self.signer(issuer_id, name=name))
        return issuer_id

    def publish(
        self,
        store: StatusStore,
        serial_numbers: Sequence[int],
        *,
        status: CertStatus = CertStatus.GOOD,
        at: int = SECONDS,
        reason: int | None = None,
        validity: int = 8 * HOUR,
    ) -> None:
        """Publish a status for certificates."""
        issuer_id = self.register(store)
        issuer = store.registry.issuers[issuer_id]
        signer = store.registry.signer_of(issuer)
        assert signer is not None
        subjects = [
            Subject(
                serial_number=serial_number,
                not_after=at + 365 * 24 * HOUR,
                status=status,
                revoked_at=at if status is CertStatus.REVOKED else 0,
                reason=reason,
            )
            for serial_number in serial_numbers
        ]
        published = store.put(
            presign(
                subjects,
                issuer=issuer,
                signer=signer,
                sign_batch=self.sign_batch,
                this_update=at,
                next_update=at + validity,
            )
        )
        assert not published.refused


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


_holder_key = ec.generate_private_key(ec.SECP256R1())


def make_authority(name: str = "TEST Person ID 3 CA", *, rsa_signer: bool = False) -> Authority:
    """Make an issuer, valid around ``NOW`` and today, and its OCSP signer."""
    key = ec.generate_private_key(ec.SECP384R1())
    signer_key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    signer_key = (
        rsa.generate_private_key(65537, 2048) if rsa_signer else ec.generate_private_key(ec.SECP256R1())
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(name))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=3650))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA384())
    )
    signer_certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(f"{name} OCSP"))
        .issuer_name(certificate.subject)
        .public_key(signer_key.public_key())
        .serial_number(2)
        .not_valid_before(NOW - timedelta(days=3650))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        .add_extension(x509.OCSPNoCheck(), critical=False)
        .sign(key, hashes.SHA384())
    )
    return Authority(
        certificate=certificate, key=key, signer_certificate=signer_certificate, signer_key=signer_key
    )


def write_pem(path: Path, certificate: x509.Certificate) -> Path:
    """Write a certificate where openssl can read it."""
    path.write_bytes(certificate.public_bytes(PEM))
    return path
