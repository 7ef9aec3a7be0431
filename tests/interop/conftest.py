"""Function certificates with their keys on disk, from the one running installation, for clients of others."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.demo import status_asking
from deploy.demo.cast import BO
from tests.interop.edge import Edge
from tests.running.installation import Installation, eventually
from tests.running.outside import Outsider

OBJECTS = {
    "server": "SE2321009801-JOURNAL",
    "client-good": "SE2321009801-REMISS",
    "client-revoked": "SE2321009801-LABB",
    "qa-server": "SE2321009801-QAJOURNAL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One certificate as files in PEM, and the addresses that stand in it."""

    certificate: x509.Certificate
    pem: Path
    key: Path
    issuer: Path
    chain: Path
    root: Path
    crl: Path
    ocsp_url: str
    crl_url: str

    @property
    def serial(self) -> str:
        return f"{self.certificate.serial_number:x}"

    @property
    def dns_name(self) -> str:
        names = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return str(names.get_values_for_type(x509.DNSName)[0])

    def fetch_crl(self) -> Path:
        """Fetch the list that covers the certificate, as PEM."""
        crl = x509.load_der_x509_crl(requests.get(self.crl_url, timeout=60).content)
        self.crl.write_bytes(crl.public_bytes(Encoding.PEM))
        return self.crl


@pytest.fixture(scope="session")
def filed(running_installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Filed]:
    """Order the three over the API, as an orderer does, and revoke one."""
    installation = running_installation
    installation.heal()
    installation.manage("seed_function_objects")
    told = installation.manage("create_api_token", "--hsa-id", BO.hsa_id, "--role", "function_cert_orderer")
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {told.strip().splitlines()[-1]}"
    folder = tmp_path_factory.mktemp("interop")
    made = {}
    for name, function_object in OBJECTS.items():
        leaf, order = _ordered(session, installation, name, function_object, folder)
        made[name] = _filed(name, leaf, folder)
        if name == "client-revoked":
            address = f"{installation.portal}/api/v1/function-certificates/{order}/revoke"
            session.post(address, json={"reason": "superseded"}, timeout=60).raise_for_status()
    session.close()
    revoked = made["client-revoked"]
    outsider = Outsider.knowing(revoked.certificate.public_bytes(Encoding.DER), folder)
    eventually(outsider.openssl_says_revoked)
    eventually(outsider.listings, why="the list names it")
    for one in made.values():
        one.fetch_crl()
    return made


def _ordered(
    session: requests.Session, installation: Installation, name: str, function_object: str, folder: Path
) -> tuple[x509.Certificate, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    address = f"{installation.portal}/api/v1/function-certificates/"
    body = {"function_object": function_object, "csr": csr.public_bytes(Encoding.PEM).decode()}
    answer = session.post(address, json=body, timeout=60)
    assert answer.ok, answer.text
    order = answer.json()["id"]

    def delivered() -> str | None:
        content = session.get(f"{address}{order}/", timeout=60).json()
        return content.get("certificate") or None

    pem = eventually(delivered, why="the certificate is delivered")
    return x509.load_pem_x509_certificate(pem.encode()), order


def _filed(name: str, leaf: x509.Certificate, folder: Path) -> Filed:
    outsider = Outsider.knowing(leaf.public_bytes(Encoding.DER), folder)
    ocsp_url, crl_url, _ = status_asking.addresses(leaf)
    filed = Filed(
        certificate=leaf,
        pem=folder / f"{name}.pem",
        key=folder / f"{name}.key",
        issuer=folder / f"{name}-issuer.pem",
        chain=folder / f"{name}-chain.pem",
        root=folder / f"{name}-root.pem",
        crl=folder / f"{name}-crl.pem",
        ocsp_url=ocsp_url,
        crl_url=crl_url,
    )
    for path, certificates in (
        (filed.pem, (leaf,)),
        (filed.issuer, outsider.chain[:1]),
        (filed.chain, outsider.chain),
        (filed.root, outsider.chain[-1:]),
    ):
        path.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
    return filed


@pytest.fixture(scope="session")
def edge(filed: dict[str, Filed], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Nginx with TLS: staples its own status, and asks OCSP about every client."""
    server = filed["server"]
    with Edge.running(
        certificate=server.pem.read_bytes() + server.issuer.read_bytes(),
        key=server.key.read_bytes(),
        chain=server.chain.read_bytes(),
        folder=tmp_path_factory.mktemp("edge"),
    ) as running:
        yield running
