"""Asks OCSP and the CRL from outside, as a relying service does, with nothing of ours."""

import time
from dataclasses import dataclass

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

ASK_EVERY_SECONDS = 0.01
GIVE_UP_SECONDS = 60.0


class NeverSeen(Exception):
    """The status asked for did not come in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A certificate, its issuer and where its status is told."""

    certificate: x509.Certificate
    issuer: x509.Certificate
    url: str

    def request(self) -> bytes:
        """Return the DER of the OCSP request (RFC 6960 section 4.1.1)."""
        builder = ocsp.OCSPRequestBuilder().add_certificate(self.certificate, self.issuer, hashes.SHA1())  # noqa: S303 - names the certificate, RFC 5019 2.1.1
        return builder.build().public_bytes(serialization.Encoding.DER)


def ask(question: Question, session: requests.Session) -> str:
    """Return ``good``, ``revoked`` or ``unknown``, or the response status when there is no answer."""
    answer = session.post(
        question.url,
        data=question.request(),
        headers={"Content-Type": "application/ocsp-request"},
        timeout=10,
    )
    response = ocsp.load_der_ocsp_response(answer.content)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return response.response_status.name.lower()
    return response.certificate_status.name.lower()


def wait_for(question: Question, wanted: str) -> float:
    """Ask until the status is ``wanted`` and return the moment (monotonic seconds) it was seen.

    Raises ``NeverSeen`` after a minute.
    """
    deadline = time.monotonic() + GIVE_UP_SECONDS
    seen = ""
    with requests.Session() as session:
        while time.monotonic() < deadline:
            seen = ask(question, session)
            if seen == wanted:
                return time.monotonic()
            time.sleep(ASK_EVERY_SECONDS)
    raise NeverSeen(f"OCSP still says {seen}, not {wanted}")


def wait_for_crl(certificate: x509.Certificate, url: str) -> float:
    """Fetch the CRL until it lists the certificate and return the moment; raises ``NeverSeen``."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    with requests.Session() as session:
        while time.monotonic() < deadline:
            crl = x509.load_der_x509_crl(session.get(url, timeout=10).content)
            if crl.get_revoked_certificate_by_serial_number(certificate.serial_number):
                return time.monotonic()
            time.sleep(0.1)
    raise NeverSeen(f"{url} does not list the certificate")


def addresses(certificate: x509.Certificate) -> tuple[str, str, str]:
    """Return where the certificate says its OCSP responder, CRL and issuer certificate are."""
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    by_method = {item.access_method: item.access_location.value for item in access}
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    names = points[0].full_name or []
    return (
        by_method[AuthorityInformationAccessOID.OCSP],
        names[0].value,
        by_method[AuthorityInformationAccessOID.CA_ISSUERS],
    )
