"""Seals documents with the key of the house: time-stamped, and with what shows the seal for years."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.utils import timezone

from ca.crl_lists import crl_file
from ca.errors import SigningUnavailable
from ca.hsm.proxy import SignerSource, SocketSigners
from ca.models import Certificate, Issuer
from ca.service_signers import SEAL, STAMP, NoServiceSigner, current
from ca.time_stamping import stamped_by, time_stamp_signer
from ocsp.evidence import fresh_answer
from ocsp.signer_certificates import NoOcspSigner
from reports.sealing import Evidence, seal
from worker import outside_tsa
from worker.errors import NotYet

_ISSUER_PROFILES: Final = ("root", "issuer")


def sealed(
    pdf: bytes,
    *,
    carried: Mapping[str, bytes] | None = None,
    signers: SignerSource | None = None,
    clock: Callable[[], datetime] = timezone.now,
) -> bytes:
    """Return the PDF sealed and time-stamped (PAdES-B-LT), with the files that it is to carry.

    Raises ``NotYet`` while a signer, a key or the time-stamp authority is away.
    """
    keys = signers or SocketSigners(settings.SIGILL_SIGNER_SOCKET)
    try:
        stamper = outside_tsa.OutsideTsa() if settings.SIGILL_TSA_URL else _OwnTsa(keys, clock)
        certificate = current(SEAL, at=clock())
        signer = keys.signer_for(certificate.carrier_id)
        _demand_key(certificate, signer.public_key)
        return seal(
            pdf,
            certificate_der=bytes(certificate.certificate_der),
            chain_der=[bytes(certificate.issuer.certificate_der)],
            digest_algorithm=signer.algorithm.name.rpartition("_")[2].lower(),
            sign=signer.sign,
            stamp=stamper.answer,
            evidence=lambda: _joined(_own_evidence(certificate, keys, at=clock()), stamper.evidence()),
            carried=carried,
        )
    except (SigningUnavailable, NoServiceSigner, NoOcspSigner, outside_tsa.OutsideTsaUnavailable) as error:
        raise NotYet(f"nothing can be sealed: {error}") from error


class _OwnTsa:
    """Our own time-stamps, without the way over HTTP."""

    def __init__(self, signers: SignerSource, clock: Callable[[], datetime]) -> None:
        self._signers, self._clock = signers, clock
        self._certificate = current(STAMP, at=clock())
        self._stamping = time_stamp_signer(at=clock())

    def answer(self, query: bytes) -> bytes:
        """Answer a query."""
        return stamped_by(self._stamping, query, signers=self._signers, at=self._clock())

    def evidence(self) -> Evidence:
        """Return what shows the state of the key that stamps; its issuer's is told with the seal's."""
        answer = fresh_answer(self._certificate, signers=self._signers, at=self._clock())
        return Evidence(certificates=(bytes(self._certificate.certificate_der),), answers=(answer,))


def _own_evidence(certificate: Certificate, signers: SignerSource, *, at: datetime) -> Evidence:
    """Return the seal's chain up to the root, an OCSP answer for each certificate, and the root's list."""
    chain = [certificate, *_issuers_of(certificate)]
    root = Issuer.objects.get(pk=chain[-1].issuer_id)
    root_list = crl_file(root)
    return Evidence(
        certificates=(*(bytes(one.certificate_der) for one in chain), bytes(root.certificate_der)),
        answers=tuple(fresh_answer(one, signers=signers, at=at) for one in chain),
        lists=(root_list.read_bytes(),) if root_list.is_file() else (),
    )


def _issuers_of(certificate: Certificate) -> list[Certificate]:
    """Return the rows of the issuers' certificates, the root's own left out."""
    der = bytes(certificate.issuer.certificate_der)
    found = Certificate.objects.filter(certificate_der=der, profile__in=_ISSUER_PROFILES).first()
    if found is None or found.profile == "root":
        return []
    return [found, *_issuers_of(found)]


def _demand_key(certificate: Certificate, public_key: bytes) -> None:
    """Raise ``NoServiceSigner`` for a key that is not its certificate's."""
    parsed = x509.load_der_x509_certificate(bytes(certificate.certificate_der)).public_key()
    if parsed.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != public_key:
        raise NoServiceSigner(
            f"the key {certificate.carrier_id} is not its certificate's", facts={"profile": SEAL.profile}
        )


def _joined(first: Evidence, second: Evidence) -> Evidence:
    return Evidence(
        certificates=tuple(dict.fromkeys((*first.certificates, *second.certificates))),
        answers=(*first.answers, *second.answers),
        lists=(*first.lists, *second.lists),
    )
