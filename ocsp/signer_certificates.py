"""Chooses the OCSP signer of each issuer and renews it in time, worker only (RFC 6960 4.2.2.2)."""

import logging
from datetime import datetime
from typing import Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction

from ca import selectors
from ca.ceremony.plan import ocsp_label, ocsp_subject
from ca.errors import CaError
from ca.hsm.proxy import SignerSource
from ca.issuance import RequestUnderWay, issue_request
from ca.models import Certificate
from ca.next_try import next_try
from ca.pki.issuer import IssuerFacts
from ca.policy_files import files_of
from ca.registration import CarrierKind, request_certificate
from ca.selectors import issuer_facts
from journal.actor import Actor
from journal.recording import record, rfc3339
from ocsp.events import OcspSignerRenewed
from ocsp.presigning import SignBatch
from ocsp.store.interface import StatusStore
from ocsp.store.record import IssuerRecord, SignerRecord
from ocsp.wire import der

_log: Final = logging.getLogger(__name__)

PROFILE: Final = "ocsp_signer"
RENEW_AFTER: Final = 2 / 3
"""Part of a signer certificate's life after which the next one is made."""


class Keys(SignerSource, Protocol):
    """Signers by label, and new keys: what ``ca.hsm.proxy.SocketSigners`` is."""

    def generate_key(self, label: str, algorithm: str) -> bytes:
        """Make the key of that label, or find it; return its SubjectPublicKeyInfo."""
        ...


class NoOcspSigner(CaError):
    """An issuer has no OCSP signer with a valid certificate: its answers cannot be signed."""

    code = "no_ocsp_signer"


def current(
    issuer_key: str, *, store: StatusStore, signers: SignerSource, at: datetime
) -> tuple[IssuerRecord, SignerRecord]:
    """Return the issuer and the signer of its new answers, known to the store from now on.

    The newest valid certificate wins. Raises ``NoOcspSigner``, and ``SigningUnavailable`` when the signer
    must be asked about a key for the first time.
    """
    certificate = newest_signer(issuer_key, at=at)
    if certificate is None:
        raise NoOcspSigner(f"{issuer_key} has no OCSP signer", facts={"issuer": issuer_key})
    certificate_der = bytes(certificate.certificate_der)
    known = _known(store, issuer_key, certificate_der)
    if known is not None:
        return known
    facts = issuer_facts(issuer_key)
    issuer_id = store.register_issuer(name=issuer_key, name_der=facts.name_der, key_bits=key_bits(facts))
    parsed = x509.load_der_x509_certificate(certificate_der)
    signer = signers.signer_for(certificate.carrier_id)
    public_key = parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if signer.public_key != public_key:
        raise NoOcspSigner(
            f"the key {certificate.carrier_id} is not its certificate's", facts={"issuer": issuer_key}
        )
    record = SignerRecord(
        signer_id=0,
        issuer_id=issuer_id,
        label=certificate.carrier_id,
        algorithm=signer.algorithm.name,
        certificate_der=certificate_der,
        key_hash=x509.SubjectKeyIdentifier.from_public_key(parsed.public_key()).digest,
        public_key=public_key,
        not_after=int(certificate.not_after.timestamp()),
    )
    signer_id = store.register_signer(record)
    return store.registry.issuers[issuer_id], store.registry.signers[signer_id]


def key_bits(facts: IssuerFacts) -> bytes:
    """Return what an issuer's key hash is made of: its subjectPublicKey without the unused-bits octet."""
    whole = facts.public_key
    start, end = der.expect(whole, 0, len(whole), der.SEQUENCE)
    _, algorithm_end = der.expect(whole, start, end, der.SEQUENCE)
    start, end = der.expect(whole, algorithm_end, end, der.BIT_STRING)
    return whole[start + 1 : end]


def sign_batch(signers: SignerSource, label: str) -> SignBatch:
    """Return a way to sign many messages with a key; in one exchange where the signer can."""
    signer = signers.signer_for(label)
    batch: SignBatch | None = getattr(signer, "sign_batch", None)
    return batch or (lambda messages: [signer.sign(message) for message in messages])


def renew_due(issuer_key: str, *, signers: Keys, at: datetime) -> bool:
    """Make the next signer of an issuer when two thirds of the current one's life are over.

    Safe to repeat: the next key's label follows from the certificates that there are. Returns whether a
    certificate was issued now. Raises ``SigningUnavailable`` and ``CaError``.
    """
    newest = newest_signer(issuer_key, at=at)
    if newest is not None:
        lived, life = at - newest.not_before, newest.not_after - newest.not_before
        if lived < RENEW_AFTER * life:
            return False
    files = files_of(selectors.issuer(issuer_key))
    label = ocsp_label(issuer_key, 1 + _highest_number(issuer_key))
    algorithm = files.hierarchy.key_class(files.profile(PROFILE).key_class).generates
    request = request_certificate(
        profile=PROFILE,
        subject=ocsp_subject(files, issuer_key),
        public_key=signers.generate_key(label, algorithm),
        person_id="",
        organization_id="",
        carrier_kind=CarrierKind.NONE.value,
        carrier_id=label,
        name=PROFILE,
        idempotency_key=next_try(PROFILE, label, at=at),
        issuer=issuer_key,
        environment=files.environment,
        actor=Actor.system("ocsp_publisher"),
        at=at,
    )
    try:
        issued = issue_request(request.pk, signers=signers, actor=Actor.system("ocsp_publisher"), at=at)
    except RequestUnderWay:
        return False  # the issuing consumer is at it; the next run finds the certificate
    if issued is None:
        request.refresh_from_db()
        raise NoOcspSigner(
            f"no certificate could be made for {label}: {request.failure}", facts={"issuer": issuer_key}
        )
    renewed = OcspSignerRenewed(
        issuer_id=issuer_key,
        certificate_id=str(issued.pk),
        key_label=label,
        not_after=rfc3339(issued.not_after),
    )
    with transaction.atomic():
        record(renewed, actor=Actor.system("ocsp_publisher"), at=at)
    _log.info("%s has a new OCSP signer, %s", issuer_key, label)
    return True


def newest_signer(issuer_key: str, *, at: datetime) -> Certificate | None:
    """Return the OCSP signer of an issuer that signs its answers at a moment: the one that lasts longest."""
    valid = Certificate.objects.filter(
        issuer_id=issuer_key, profile=PROFILE, revoked_at__isnull=True, not_before__lte=at, not_after__gt=at
    )
    return valid.order_by("-not_after", "-issued_at").first()


def _highest_number(issuer_key: str) -> int:
    labels = Certificate.objects.filter(issuer_id=issuer_key, profile=PROFILE).values_list(
        "carrier_id", flat=True
    )
    numbers = (label.rpartition(".")[2] for label in labels)
    return max((int(number) for number in numbers if number.isdigit()), default=0)


def _known(
    store: StatusStore, issuer_key: str, certificate_der: bytes
) -> tuple[IssuerRecord, SignerRecord] | None:
    store.renew()
    for issuer in store.registry.issuers.values():
        signer = store.registry.signer_of(issuer)
        if issuer.name == issuer_key and signer is not None and signer.certificate_der == certificate_der:
            return issuer, signer
    return None
