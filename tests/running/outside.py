"""What an outsider sees with openssl and nothing of ours: OCSP, CRL, chain."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from deploy.demo import status_asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsider:
    """A relying service that knows one certificate and follows the addresses in it."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    folder: Path

    @classmethod
    def knowing(cls, certificate_der: bytes, folder: Path) -> "Outsider":
        """Follow caIssuers from the certificate to the root."""
        leaf = current = x509.load_der_x509_certificate(certificate_der)
        chain = []
        while current.issuer != current.subject:
            *_, address = status_asking.addresses(current)
            answer = requests.get(address, timeout=60)
            answer.raise_for_status()
            current = x509.load_der_x509_certificate(answer.content)
            chain.append(current)
        return cls(certificate=leaf, chain=tuple(chain), folder=folder)

    @property
    def question(self) -> status_asking.Question:
        """Return the OCSP question about the certificate."""
        url, _, _ = status_asking.addresses(self.certificate)
        return status_asking.Question(certificate=self.certificate, issuer=self.chain[0], url=url)

    def openssl_ocsp(self) -> str:
        """Return ``good`` or ``revoked`` as openssl says it, after it verified the answer.

        A responder that says it has no answer now is told as it is: ``trylater``.
        """
        url, _, _ = status_asking.addresses(self.certificate)
        done = subprocess.run(
            ["openssl", "ocsp", "-issuer", self._pem("issuer", *self.chain[:1]),
             "-cert", self._pem("leaf", self.certificate), "-CAfile", self._pem("root", *self.chain[-1:]),
             "-verify_other", self._pem("chain", *self.chain), "-url", url],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if "Responder Error: trylater" in done.stdout + done.stderr:
            return "trylater"
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Response verify OK" in done.stderr
        return done.stdout.split(": ")[1].split()[0]

    def openssl_says_revoked(self) -> bool:
        """Return whether openssl says revoked."""
        return self.openssl_ocsp() == "revoked"

    def openssl_verify(self) -> str:
        """Return ``OK`` or openssl's complaint, with the CRL of every issuer checked."""
        lists = [self._crl(certificate) for certificate in (self.certificate, *self.chain[:-1])]
        file = self.folder / "crls.pem"
        file.write_bytes(b"".join(crl.public_bytes(Encoding.PEM) for crl in lists))
        done = subprocess.run(
            ["openssl", "verify", "-crl_check_all", "-CAfile", self._pem("root", *self.chain[-1:]),
             "-untrusted", self._pem("chain", *self.chain), "-CRLfile", str(file),
             self._pem("leaf", self.certificate)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return "OK" if done.returncode == 0 else done.stderr

    def listings(self) -> int:
        """Return how many entries of its issuer's CRL name the certificate."""
        crl = self._crl(self.certificate)
        return [entry.serial_number for entry in crl].count(self.certificate.serial_number)

    @staticmethod
    def _crl(certificate: x509.Certificate) -> x509.CertificateRevocationList:
        _, address, _ = status_asking.addresses(certificate)
        return x509.load_der_x509_crl(requests.get(address, timeout=60).content)

    def _pem(self, name: str, *certificates: x509.Certificate) -> str:
        path = self.folder / f"{name}.pem"
        path.write_bytes(b"".join(item.public_bytes(Encoding.PEM) for item in certificates))
        return str(path)
