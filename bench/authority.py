"""An authority in software: its certificates are serial numbers, its answers are made by our code."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ocsp.presigning import Subject
from ocsp.store.lmdb_store import LmdbStore
from ocsp.store.record import IssuerRecord, SignerRecord
from ocsp.wire import der
from ocsp.wire.cert_id import CertId, HashAlgorithm
from ocsp.wire.response import CertStatus

_UNCOMPRESSED_P384 = 97
_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """An issuer (P-384) and its OCSP signer (P-256), both valid for a year around their making."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    signer_certificate: x509.Certificate
    signer_key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, *, at: datetime) -> "Authority":
        """Make keys and certificates."""
        key, signer_key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())

        def draft(name: str, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
            return x509.CertificateBuilder(
                subject_name=_name(name),
                issuer_name=_name("BENCH Issuer"),
                public_key=public,
                serial_number=x509.random_serial_number(),
                not_valid_before=at - _YEAR,
                not_valid_after=at + _YEAR,
            )

        issuer = draft("BENCH Issuer", key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        signer = (
            draft("BENCH OCSP", signer_key.public_key())
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
            .add_extension(x509.OCSPNoCheck(), critical=False)
        )
        return cls(
            certificate=issuer.sign(key, hashes.SHA384()),
            key=key,
            signer_certificate=signer.sign(key, hashes.SHA384()),
            signer_key=signer_key,
        )

    @property
    def key_bits(self) -> bytes:
        """The issuer's public key as CertIDs hash it."""
        public = self.key.public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)[-_UNCOMPRESSED_P384:]

    def sign(self, message: bytes) -> bytes:
        """Sign as the OCSP signer."""
        return self.signer_key.sign(message, ec.ECDSA(hashes.SHA256()))

    def sign_batch(self, messages: Sequence[bytes]) -> list[bytes]:
        """Sign many."""
        return [self.sign(message) for message in messages]

    def register(self, store: LmdbStore) -> tuple[IssuerRecord, SignerRecord]:
        """Make both known to a store and return their records."""
        issuer_id = store.register_issuer(
            name="bench", name_der=self.certificate.subject.public_bytes(), key_bits=self.key_bits
        )
        public = self.signer_key.public_key()
        signer_id = store.register_signer(
            SignerRecord(
                signer_id=0,
                issuer_id=issuer_id,
                label="bench.ocsp.1",
                algorithm="ECDSA_SHA256",
                certificate_der=self.signer_certificate.public_bytes(Encoding.DER),
                key_hash=x509.SubjectKeyIdentifier.from_public_key(public).digest,
                public_key=public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
                not_after=int(self.signer_certificate.not_valid_after_utc.timestamp()),
            )
        )
        return store.registry.issuers[issuer_id], store.registry.signers[signer_id]

    def question(self, serial_number: int) -> bytes:
        """Ask about one certificate as most clients do: SHA-1, no nonce."""
        cert_id = CertId.of(
            algorithm=HashAlgorithm.SHA1,
            name_der=self.certificate.subject.public_bytes(),
            key_bits=self.key_bits,
            serial_number=serial_number,
        )
        request = der.encode(der.SEQUENCE, cert_id.der)
        return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, request)))

    def is_right(self, answer: bytes, serial_number: int) -> bool:
        """Tell whether an answer is signed by our signer and says good of that certificate."""
        read = ocsp.load_der_ocsp_response(answer)
        if read.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return False
        self.signer_key.public_key().verify(
            read.signature, read.tbs_response_bytes, ec.ECDSA(hashes.SHA256())
        )
        is_good = read.certificate_status is ocsp.OCSPCertStatus.GOOD
        return is_good and read.serial_number == serial_number

    def write_pem(self, folder: Path) -> None:
        """Write ``ca.pem``, ``ca.key``, ``signer.pem`` and ``signer.key`` for openssl."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, certificate, key in (
            ("ca", self.certificate, self.key),
            ("signer", self.signer_certificate, self.signer_key),
        ):
            (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
            (folder / f"{name}.key").write_bytes(
                key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def serial_numbers(count: int) -> list[int]:
    """Return that many serial numbers of 16 octets, the same ones in every run."""
    random = Random(20)  # noqa: S311 - the same numbers each time are the point
    return [random.getrandbits(126) | 1 << 126 for _ in range(count)]


def subject(serial_number: int, *, not_after: int) -> Subject:
    """Return a good certificate to be signed about."""
    return Subject(serial_number=serial_number, not_after=not_after, status=CertStatus.GOOD)


def openssl_version() -> str:
    """Return the version of the openssl that references run with."""
    told = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True)
    return " ".join(told.stdout.split()[:2])
