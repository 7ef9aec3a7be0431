"""Protects files to the card factory and opens those from it: our key in the HSM, their certificate."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from ca.errors import SigningUnavailable
from ca.hsm.proxy import SignerSource
from ca.service_signers import ORDERS, NoServiceSigner, current
from cards.errors import FactoryUnavailable
from cards.manufacturing.cms import CmsInvalid, encrypted, signed, verified
from cards.manufacturing.factory_certificate import FactoryCertificateRefused, demand_usable
from cards.manufacturing.factory_file import FileInvalid
from cards.manufacturing.sealing import SealedFile


class OrderFileKeys:
    """Signs with the newest key for order files; encrypts to the certificates in a PEM file, newest first.

    The file is read at each use: whoever replaces it needs to start nothing anew.
    """

    def __init__(self, *, signers: SignerSource, certificates: Path | None = None) -> None:
        self._signers = signers
        self._file = certificates or Path(settings.SIGILL_FACTORY_CERTIFICATE)

    def seal(self, content: bytes, *, at: datetime) -> SealedFile:
        """Sign and encrypt. Raises ``FactoryUnavailable``, surely not received, while anything is lacking."""
        try:
            recipient = self._recipient(at=at)
            own = current(ORDERS, at=at)
            message = signed(
                content,
                certificate_der=bytes(own.certificate_der),
                above=[bytes(own.issuer.certificate_der)],
                signer=self._signers.signer_for(own.carrier_id),
                at=at,
            )
            sealed = encrypted(message, recipient_der=recipient.public_bytes(Encoding.DER))
        except FactoryCertificateRefused as error:
            raise FactoryUnavailable(error.problem, surely_not_received=True) from error
        except CmsInvalid as error:
            raise FactoryUnavailable(
                f"factory_certificate_{error.problem}", surely_not_received=True
            ) from error
        except (SigningUnavailable, NoServiceSigner) as error:
            raise FactoryUnavailable("signing_unavailable", surely_not_received=True) from error
        return SealedFile(message=sealed, recipient_serial_hex=f"{recipient.serial_number:x}")

    def open(self, message: bytes, *, at: datetime) -> bytes:
        """Return what the factory signed with a key whose certificate is valid.

        Raises ``FileInvalid``, and ``FactoryUnavailable`` while our list of its certificates cannot be read:
        a lack on our side makes no file a bad one.
        """
        try:
            known = [one.public_bytes(Encoding.DER) for one in self._certificates()]
        except FactoryCertificateRefused as error:
            raise FactoryUnavailable(error.problem, surely_not_received=True) from error
        try:
            content, certificate_der = verified(message, signers=known)
            demand_usable(x509.load_der_x509_certificate(certificate_der), at=at)
        except CmsInvalid as error:
            raise FileInvalid(error.problem) from error
        except FactoryCertificateRefused as error:
            raise FileInvalid(error.problem) from error
        return content

    def _recipient(self, *, at: datetime) -> x509.Certificate:
        """Return the newest certificate that files may be encrypted to now."""
        problems = []
        for one in sorted(self._certificates(), key=lambda found: found.not_valid_before_utc, reverse=True):
            try:
                demand_usable(one, at=at)
            except FactoryCertificateRefused as error:
                problems.append(error)
            else:
                return one
        raise problems[0]

    def _certificates(self) -> Sequence[x509.Certificate]:
        try:
            return x509.load_pem_x509_certificates(self._file.read_bytes())
        except (OSError, ValueError) as error:
            raise FactoryCertificateRefused("factory_certificate_missing") from error
