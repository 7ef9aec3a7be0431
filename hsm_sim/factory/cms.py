"""The factory's side of the files: opened, checked and signed by the openssl program, a tool of its own."""

import subprocess
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_BITS = 3072
SECONDS = 20


class MessageRefused(Exception):
    """The message is not for us, or not signed by our customer; ``problem`` is a word that travels."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class FactoryKey:
    """The factory's RSA key and the files around it, in one folder.

    ``key.pem`` and ``request.pem`` are made at the first start; ``certificate.pem`` is put there by whoever
    certifies the request; ``customers`` is the root that customers' signatures lead to.
    """

    def __init__(self, folder: Path, *, customers: Path) -> None:
        self._folder = folder
        self._customers = customers
        self._key, self._request = folder / "key.pem", folder / "request.pem"
        self._certificate = folder / "certificate.pem"
        if not self._key.exists() or not self._request.exists():
            self._make()

    @property
    def is_certified(self) -> bool:
        """Tell whether we have a certificate."""
        return self._certificate.exists()

    def opened(self, message: bytes) -> bytes:
        """Return what a customer signed and encrypted to us. MessageRefused.

        The clock is left out, so that tests may stand at any moment; a real factory looks at it.
        """
        if not self.is_certified:
            raise MessageRefused("no_certificate")
        decrypt = ["-decrypt", "-inform", "DER", "-binary", "-inkey", str(self._key), "-recip"]
        signed = self._openssl([*decrypt, str(self._certificate)], message, problem="not_decrypted")
        verify = [
            "-verify",
            "-inform",
            "DER",
            "-binary",
            "-no_check_time",
            "-purpose",
            "smimesign",
            "-CAfile",
        ]
        return self._openssl([*verify, str(self._customers)], signed, problem="not_verified")

    def signed(self, content: bytes, *, wrongly: bool = False) -> bytes:
        """Return the content signed by us, or for a test by a stranger with our name. MessageRefused."""
        if not self.is_certified:
            raise MessageRefused("no_certificate")
        sign = ["-sign", "-nodetach", "-binary", "-outform", "DER", "-md", "sha256"]
        if wrongly:
            key = self._stranger()
            sign += ["-signer", str(key.with_suffix(".crt")), "-inkey", str(key)]
        else:
            sign += ["-signer", str(self._certificate), "-inkey", str(self._key), *self._above()]
        return self._openssl(sign, content, problem="not_signed")

    def _above(self) -> list[str]:
        """Return how openssl is told of the chain that came with our certificate: without that itself."""
        chain = x509.load_pem_x509_certificates(self._certificate.read_bytes())[1:]
        if not chain:
            return []
        path = self._folder / "chain.pem"
        _write(path, b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain))
        return ["-certfile", str(path)]

    def _openssl(self, arguments: list[str], content: bytes, *, problem: str) -> bytes:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            source, target = Path(folder) / "in", Path(folder) / "out"
            source.write_bytes(content)
            done = subprocess.run(  # noqa: S603 - our own words, a file between
                ["openssl", "cms", *arguments, "-in", str(source), "-out", str(target)],  # noqa: S607 - as installed
                capture_output=True,
                check=False,
                timeout=SECONDS,
            )
            if done.returncode or not target.exists():
                raise MessageRefused(problem)
            return target.read_bytes()

    def _make(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "card factory")])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
        self._certificate.unlink(missing_ok=True)  # of a key that is no more
        _write(self._key, _pem(key))
        _write(self._request, request.public_bytes(serialization.Encoding.PEM))

    def _stranger(self) -> Path:
        """Return another key beside a certificate that names issuer and serial number as ours does."""
        path = self._folder / "stranger.pem"
        if not path.exists():
            ours = x509.load_pem_x509_certificates(self._certificate.read_bytes())[0]
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            forged = (
                x509.CertificateBuilder()
                .subject_name(ours.subject)
                .issuer_name(ours.issuer)
                .serial_number(ours.serial_number)
                .public_key(key.public_key())
                .not_valid_before(ours.not_valid_before_utc)
                .not_valid_after(ours.not_valid_after_utc)
                .sign(key, hashes.SHA256())
            )
            _write(path.with_suffix(".crt"), forged.public_bytes(serialization.Encoding.PEM))
            _write(path, _pem(key))
        return path


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.replace(path)
