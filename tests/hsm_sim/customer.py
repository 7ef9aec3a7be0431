"""A customer of the factory with a small PKI of its own: what it signs and encrypts, and what it believes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca.pki.signer import SignatureAlgorithm
from cards.manufacturing.cms import encrypted, signed, verified
from tests.ca.pki.software_signer import SoftwareSigner

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Customer:
    """Root and signer, both EC."""

    def __init__(self) -> None:
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._root = self._certificate("root", self._root_key.public_key(), is_ca=True)
        self._certificate_der = self._certificate("orders", self._key.public_key()).public_bytes(Encoding.DER)

        self._factory_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def give_key(self, folder: Path) -> None:
        """Save a factory the time to make a key: the same one for each."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / "key.pem").exists():
            pem = self._factory_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (folder / "key.pem").write_bytes(pem)
            (folder / "request.pem").write_bytes(_request(self._factory_key))

    @property
    def root_pem(self) -> bytes:
        return self._root.public_bytes(Encoding.PEM)

    def certify(self, request_pem: bytes) -> bytes:
        """Return a certificate for the key of a request."""
        key = x509.load_pem_x509_csr(request_pem).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        return self._certificate("factory", key).public_bytes(Encoding.PEM)

    def request(self) -> bytes:
        """Return a request of somebody else."""
        return _request(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    def signed(self, content: bytes) -> bytes:
        signer = SoftwareSigner(key=self._key, algorithm=SignatureAlgorithm.ECDSA_SHA256)
        return signed(content, certificate_der=self._certificate_der, above=[], signer=signer, at=AT)

    def seal(self, content: bytes, recipient_pem: bytes) -> bytes:
        return encrypted(self.signed(content), recipient_der=_der(recipient_pem))

    def verified(self, message: bytes, signer_pem: bytes) -> bytes:
        return verified(message, signers=[_der(signer_pem)])[0]

    def _certificate(
        self, name: str, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, *, is_ca: bool = False
    ) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "root")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(AT - timedelta(days=1))
            .not_valid_after(AT + timedelta(days=400))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._root_key.public_key()),
                critical=False,
            )
        )
        if not is_ca:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            builder = builder.add_extension(usage, critical=False)
        return builder.sign(self._root_key, hashes.SHA256())


def _request(key: rsa.RSAPrivateKey) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
