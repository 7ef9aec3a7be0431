"""Seals documents with the ceremony's report key, through the signer process."""

from collections.abc import Mapping

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from ca.hsm.proxy import SocketSigners
from reports.sealing import seal


def sealed(pdf: bytes, *, carried: Mapping[str, bytes] | None = None) -> bytes:
    """Return the PDF sealed, with the files that it is to carry.

    Raises ``SigningUnavailable``, ``SigningRefused`` and ``OSError``.
    """
    folder = settings.SIGILL_HOME / "ceremony"
    certificate = x509.load_pem_x509_certificate((folder / "report_seal.pem").read_bytes())
    chain = x509.load_pem_x509_certificates((settings.SIGILL_PUBLIC / "chain.pem").read_bytes())
    signer = SocketSigners(settings.SIGILL_SIGNER_SOCKET).signer_for("report_seal")
    return seal(
        pdf,
        certificate_der=certificate.public_bytes(Encoding.DER),
        chain_der=[item.public_bytes(Encoding.DER) for item in chain],
        digest_algorithm=signer.algorithm.name.rpartition("_")[2].lower(),
        sign=signer.sign,
        carried=carried,
    )
