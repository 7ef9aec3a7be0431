"""A CA whose addresses lead to running status servers: what the probe's tests ask."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ca.crl_publishing import publish_crl
from ca.models import Certificate, Crl, Issuer
from deploy.free_ports import free_port
from tests.ocsp.responder.conftest import _listens
from tests.ocsp.test_publisher import ALVA, ISSUER, World

ROOT = Path(__file__).resolve().parents[3]


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def node(home: Path, port: int | None = None) -> Iterator[str]:
    """Run a status server over a home, as an installation does, and yield its address."""
    port = port or free_port()
    named = {"SIGILL_HOME": str(home), "SIGILL_RUN": str(home), "SIGILL_STATUS_PORT": str(port)}
    command = [sys.executable, "-m", "worker.mains.responder"]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **named}) as process:
        deadline = time.monotonic() + 60
        while not _listens(port):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:  # a test that failed would otherwise wait for the server for ever
            process.terminate()
        assert process.wait(60) == 0


def place(world: World, url: str, content: bytes) -> Path:
    """Put a file where its address says that it is."""
    file = world.path.parents[1] / "public" / urlsplit(url).path[1:]
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}")
    draft.write_bytes(content)
    draft.replace(file)
    return file


def crl_url(certificate: Certificate) -> str:
    parsed = x509.load_der_x509_certificate(bytes(certificate.certificate_der))
    point = parsed.extensions.get_extension_for_class(x509.CRLDistributionPoints).value[0]
    assert point.full_name
    return str(point.full_name[0].value)


def publish_list(world: World, certificate: Certificate) -> Crl:
    """Publish the list of the certificate's issuer where the certificate says that it is."""
    crl = publish_crl(Issuer.objects.get(key=ISSUER), signers=world.token, actor=ALVA, at=now())
    place(world, crl_url(certificate), bytes(crl.crl_der))
    return crl


def publish_files(world: World, certificate: Certificate) -> tuple[Path, Path]:
    """Put the list and the issuer's certificate where the certificate says that they are."""
    crl = publish_list(world, certificate)
    parsed = x509.load_der_x509_certificate(bytes(certificate.certificate_der))
    access = parsed.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    issuer = Issuer.objects.get(key=ISSUER)
    return (
        place(world, crl_url(certificate), bytes(crl.crl_der)),
        place(world, access[1].access_location.value, bytes(issuer.certificate_der)),
    )


def publish_delta(
    world: World,
    certificate: Certificate,
    *,
    number: int,
    base: int,
    lists: bool,
    at: datetime | None = None,
) -> Path:
    """Publish a delta made by another hand than ours (cryptography's builder)."""
    issuer = x509.load_der_x509_certificate(bytes(Issuer.objects.get(key=ISSUER).certificate_der))
    at = at or now() - timedelta(seconds=1)
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=issuer.subject, last_update=at, next_update=at + timedelta(hours=1)
    )
    builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    builder = builder.add_extension(x509.DeltaCRLIndicator(base), critical=True)
    if lists:
        entry = x509.RevokedCertificateBuilder(int(certificate.serial_hex, 16), at)
        builder = builder.add_revoked_certificate(entry.build())
    signer = world.token.signer_for(ISSUER)
    der = builder.sign(signer.key, hashes.SHA384()).public_bytes(Encoding.DER)
    return place(world, f"{crl_url(certificate).removesuffix('.crl')}-delta.crl", der)
