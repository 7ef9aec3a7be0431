"""Orders function certificates over the API, from keys and requests made on the spot."""

import time
from dataclasses import dataclass
from pathlib import Path

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.demo.cast import BO
from deploy.demo.filing import Filing
from deploy.serve import manage

WAIT_SECONDS = 30.0
ORDERS = (
    ("function-server", "SE2321009801-JOURNAL", "good"),
    ("function-client-good", "SE2321009801-REMISS", "good"),
    ("function-client-revoked", "SE2321009801-LABB", "revoked"),
)


class FunctionOrderFailed(Exception):
    """The API did not give a certificate; the message holds its problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFunctions:
    """The token that was used, and each certificate with its name and the status to expect."""

    api_token: str
    certificates: list[tuple[str, x509.Certificate, str]]


def order_function_certificates(*, portal: str, home: Path, filing: Filing) -> MadeFunctions:
    """Order the three, wait until each is published, revoke the one that shall be."""
    token_file = home / "demo" / "api-token"
    manage("seed_function_objects")
    if token_file.exists():
        token = token_file.read_text().strip()
    else:
        token = manage(
            "create_api_token", "--hsa-id", BO.hsa_id, "--role", "function_cert_orderer"
        ).strip().splitlines()[-1]  # fmt: skip
        token_file.parent.mkdir(mode=0o700, exist_ok=True)
        token_file.touch(mode=0o600)
        token_file.write_text(token + "\n")
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    made = []
    receipt = _json(session.get(f"{portal}/api/v1/function-receipt/", timeout=30))["version"]
    for name, function_object, expected in ORDERS:
        address = f"{portal}/api/v1/function-certificates/"
        body = {"function_object": function_object, "csr": _request(name, filing), "receipt": receipt}
        order = _json(session.post(address, json=body, timeout=30))
        order = _await_certificate(session, f"{address}{order['id']}/")
        leaf = x509.load_pem_x509_certificate(str(order["certificate"]).encode())
        if expected == "revoked":
            _json(session.post(f"{address}{order['id']}/revoke", json={"reason": "superseded"}, timeout=30))
        made.append((name, leaf, expected))
    return MadeFunctions(api_token=token, certificates=made)


def _request(name: str, filing: Filing) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    filing.keep_key(
        name,
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def _await_certificate(session: requests.Session, address: str) -> dict[str, object]:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        order = _json(session.get(address, timeout=30))
        if order.get("certificate"):
            return order
        time.sleep(0.1)
    raise FunctionOrderFailed(f"no certificate after {WAIT_SECONDS:.0f} s: {order}")


def _json(answer: requests.Response) -> dict[str, object]:
    if answer.status_code >= requests.codes.bad_request:
        raise FunctionOrderFailed(f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}")
    content: dict[str, object] = answer.json()
    return content
