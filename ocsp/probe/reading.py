"""Judges answers and lists as a careful relying service does; nothing here is shared with what made them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

_SKEW: Final = timedelta(minutes=5)


class ProbeFailed(Exception):
    """What a relying service would not accept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspAnswer:
    """An answer that holds: ``status`` is ``good``, ``revoked``, ``unknown``, or why there is none."""

    status: str
    this_update: datetime | None = None
    next_update: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadList:
    """A list that holds; a delta has the number of its base."""

    crl: x509.CertificateRevocationList
    number: int
    base_number: int | None
    this_update: datetime
    next_update: datetime
    octets: int

    def lists(self, serial_number: int) -> bool:
        """Tell whether the list names a serial number."""
        return self.crl.get_revoked_certificate_by_serial_number(serial_number) is not None

    def serial_numbers(self) -> frozenset[int]:
        """Return all that it names: worth it when many are looked for."""
        return frozenset(entry.serial_number for entry in self.crl)


def read_ocsp(
    body: bytes, *, question: ocsp.OCSPRequest, issuer: x509.Certificate, at: datetime
) -> OcspAnswer:
    """Read an answer to a question about one certificate (RFC 6960 section 3.2).

    An unsigned refusal is told by its name. Raises ``ProbeFailed`` for what a relying service must not
    accept, and ``ValueError`` for what is no answer.
    """
    answer = ocsp.load_der_ocsp_response(body)
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return OcspAnswer(status=answer.response_status.name.lower())
    _verify_signer(answer, issuer, at)
    if answer.serial_number != question.serial_number or answer.issuer_key_hash != question.issuer_key_hash:
        raise ProbeFailed("the answer is about another certificate")
    check_times(answer.this_update_utc, answer.next_update_utc, at=at)
    return OcspAnswer(
        status=answer.certificate_status.name.lower(),
        this_update=answer.this_update_utc,
        next_update=answer.next_update_utc,
    )


def read_list(content: bytes, *, issuer: x509.Certificate, at: datetime) -> ReadList:
    """Read a full list or a delta of an issuer (RFC 5280 section 6.3.3).

    Raises ``ProbeFailed``, ``ValueError`` and ``x509.ExtensionNotFound``.
    """
    crl = x509.load_der_x509_crl(content)
    if crl.issuer != issuer.subject:
        raise ProbeFailed("a list of another issuer")
    key = issuer.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey) or not crl.is_signature_valid(key):
        raise ProbeFailed("the list's signature is not the issuer's")
    check_times(crl.last_update_utc, crl.next_update_utc, at=at)
    if crl.next_update_utc is None:  # check_times refused it; the type does not know
        raise ProbeFailed("past its nextUpdate")
    return ReadList(
        crl=crl,
        number=crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number,
        base_number=_base_number(crl),
        this_update=crl.last_update_utc,
        next_update=crl.next_update_utc,
        octets=len(content),
    )


def check_times(this_update: datetime, next_update: datetime | None, *, at: datetime) -> None:
    """Refuse what comes from the future or is past its nextUpdate. Raises ``ProbeFailed``."""
    if this_update > at + _SKEW:
        raise ProbeFailed(f"from the future: {this_update:%Y-%m-%d %H:%M:%S}Z")
    if next_update is None or next_update <= at:
        raise ProbeFailed("past its nextUpdate")


def _base_number(crl: x509.CertificateRevocationList) -> int | None:
    try:
        return crl.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number
    except x509.ExtensionNotFound:
        return None


def _verify_signer(answer: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> None:
    """Verify that the issuer, or a responder that it certified for this (RFC 6960 4.2.2.2), signed."""
    signer = answer.certificates[0] if answer.certificates else issuer
    try:
        if signer != issuer:
            signer.verify_directly_issued_by(issuer)
            usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            if ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
                raise ProbeFailed("the signer is not an OCSP signer")
            if not signer.not_valid_before_utc <= at < signer.not_valid_after_utc:
                raise ProbeFailed("the signer's certificate is not valid now")
        key, algorithm = signer.public_key(), answer.signature_hash_algorithm
        if algorithm is None:
            raise ProbeFailed("an unknown signature algorithm")
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        else:
            raise ProbeFailed("an unknown kind of key")
    except InvalidSignature as error:
        raise ProbeFailed("the answer's signature is not an OCSP signer's of the issuer") from error
