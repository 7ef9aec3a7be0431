"""A certificate on a card, as the person chooses it and as a question accepts it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from authn.evidence import SignatureAlgorithm


@dataclass(frozen=True, kw_only=True)
class CardCertificate:
    """Where a certificate lies (reader slot, card, key id) and its octets."""

    slot: int
    card_number: str
    key_id: bytes
    label: str
    certificate_der: bytes

    @cached_property
    def parsed(self) -> x509.Certificate:
        """Return the parsed certificate; raises ValueError."""
        return x509.load_der_x509_certificate(self.certificate_der)

    @property
    def holder(self) -> str:
        """Return the holder's name."""
        return _attribute(self.parsed.subject, NameOID.COMMON_NAME)

    @property
    def holder_id(self) -> str:
        """Return the subject's serial number: an HSA-id or a personal number."""
        return _attribute(self.parsed.subject, NameOID.SERIAL_NUMBER)

    @property
    def organization(self) -> str:
        """Return the subject's organization, or an empty text."""
        return _attribute(self.parsed.subject, NameOID.ORGANIZATION_NAME)

    @property
    def issuer(self) -> str:
        """Return the issuer's common name."""
        return _attribute(self.parsed.issuer, NameOID.COMMON_NAME)

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """Return the algorithm that this certificate's key signs with; raises ValueError."""
        match self.parsed.public_key():
            case ec.EllipticCurvePublicKey(key_size=256):
                return SignatureAlgorithm.ES256
            case ec.EllipticCurvePublicKey(key_size=384):
                return SignatureAlgorithm.ES384
            case rsa.RSAPublicKey():
                return SignatureAlgorithm.PS256
            case _:
                raise ValueError("a key that no login accepts")

    def is_for_login(self, *, issuers: Collection[str], at: datetime) -> bool:
        """Return whether it is in time, for authentication and, if issuers are named, by one of them.

        Names are RFC 4514 texts. The service decides in the end; this only spares the person a useless PIN.
        """
        usage = self._usage()
        is_authentication = usage is not None and usage.digital_signature and not usage.content_commitment
        return is_authentication and self._is_accepted(issuers=issuers, at=at)

    def is_for_signing(self, *, issuers: Collection[str], at: datetime) -> bool:
        """Return whether it is in time, for signatures that bind, and, if issuers are named, by one of them.

        As `is_for_login`: the service decides in the end.
        """
        usage = self._usage()
        is_signature = usage is not None and usage.content_commitment and not usage.digital_signature
        return is_signature and self._is_accepted(issuers=issuers, at=at)

    @property
    def is_for_signatures(self) -> bool:
        """Return whether its key signs acts (contentCommitment); the others identify their holder."""
        usage = self._usage()
        return usage is not None and usage.content_commitment

    def _usage(self) -> x509.KeyUsage | None:
        try:
            return self.parsed.extensions.get_extension_for_class(x509.KeyUsage).value
        except (ValueError, x509.ExtensionNotFound):
            return None

    def _is_accepted(self, *, issuers: Collection[str], at: datetime) -> bool:
        certificate = self.parsed
        is_in_time = certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
        return is_in_time and (not issuers or certificate.issuer.rfc4514_string() in issuers)


def _attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    values = name.get_attributes_for_oid(oid)
    return str(values[0].value) if values else ""
