"""Test certificates in every state, for those who build relying services: made, kept alive, and open to all.

What our issuer signs is asked for and revoked as everything else is; their private keys are thrown away at
once, so nobody can be anybody with them. What must not be ours is made with keys of the moment.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction

from ca.environments import Environment
from ca.models import Certificate, CertificateRequest, Issuer
from ca.pki.reasons import RevocationReason
from ca.pki.serial import new_serial
from ca.pki.subject import SubjectFacts
from ca.policy_files import policy_files
from ca.registration import CarrierKind, request_certificate
from ca.revocation import revoke
from ca.selectors import issuers
from journal.actor import Actor
from journal.recording import record
from ocsp.events import SpecimenMade
from ocsp.models import Specimen

ACTOR: Final = Actor.system("specimens")
PROFILE: Final = "function_client"
SHORT_LIFE: Final = timedelta(minutes=2)
"""How long the one that is to be expired lives: its dates are true ones."""
LIFE: Final = timedelta(days=365)
_RENEW_AFTER: Final = 2 / 3


class SpecimenState(StrEnum):
    """What a relying service must be able to tell apart."""

    GOOD = "good"
    REVOKED = "revoked"
    EXPIRED = "expired"
    NEVER_ISSUED = "never_issued"
    WRONG_ISSUER = "wrong_issuer"


_ISSUED: Final = (SpecimenState.GOOD, SpecimenState.REVOKED, SpecimenState.EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuing:
    """The issuer of the test certificates: QA's where there is a QA, else the installation's own."""

    issuer: Issuer
    environment: Environment


def keep_specimens(*, at: datetime) -> str:
    """Take each test certificate one step on; return how many are in their state.

    To be called every few seconds: cheap when nothing is due. Does nothing before the key ceremony.
    """
    issuing = _issuing()
    if issuing is None:
        return "no issuer yet"
    rows = {row.state: row for row in Specimen.objects.all()}
    for state in _ISSUED:
        row = rows.get(state.value)
        if row is None or _is_due(row, at=at):
            rows[state.value] = _ask_for(state, row, issuing, at=at)
        else:
            _go_on(row, state, at=at)
    good = rows[SpecimenState.GOOD.value]
    if good.ready_at is not None:
        for state in (SpecimenState.NEVER_ISSUED, SpecimenState.WRONG_ISSUER):
            row = rows.get(state.value)
            if row is None or _is_due(row, at=at) or row.issuer_key != good.issuer_key:
                _make(state, good, at=at)
    ready = Specimen.objects.filter(ready_at__isnull=False).count()
    return f"{ready} of {len(SpecimenState)} test certificates are in their state"


def _issuing() -> Issuing | None:
    certified = {one.key: one for one in issuers()}
    for environment in (Environment.QA, Environment.PROD):
        files = policy_files(environment)
        key = files.issuer_of(files.profile(PROFILE), PROFILE)
        if key in certified:
            return Issuing(issuer=certified[key], environment=environment)
    return None


def _is_due(row: Specimen, *, at: datetime) -> bool:
    """Tell whether the next one must be made: two thirds of its life are over. Expired stays so for ever."""
    if row.ready_at is None or row.state == SpecimenState.EXPIRED.value or _is_under_way(row):
        return False
    certificate = x509.load_der_x509_certificate(bytes(row.certificate_der))
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return at - begins > _RENEW_AFTER * (ends - begins)


def _is_under_way(row: Specimen) -> bool:
    certificate = None if row.request is None else row.request.certificate
    return row.request is not None and (
        certificate is None or bytes(certificate.certificate_der) != bytes(row.certificate_der)
    )


def _ask_for(state: SpecimenState, row: Specimen | None, issuing: Issuing, *, at: datetime) -> Specimen:
    """Ask the CA for a certificate whose private key nobody has."""
    public_key = ec.generate_private_key(ec.SECP256R1()).public_key()
    carrier = f"status-test-{state.value.replace('_', '-')}"
    number = CertificateRequest.objects.filter(carrier_kind=CarrierKind.FUNCTION, carrier_id=carrier).count()
    with transaction.atomic():
        request = request_certificate(
            profile=PROFILE,
            subject=_subject(state, issuing),
            public_key=public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            person_id="",
            organization_id="",
            carrier_kind=CarrierKind.FUNCTION.value,
            carrier_id=carrier,
            name="status_test",
            idempotency_key=f"{carrier}:{number + 1}",
            actor=ACTOR,
            at=at,
            not_after=at + (SHORT_LIFE if state is SpecimenState.EXPIRED else LIFE),
            environment=issuing.environment,
        )
        if row is None:
            return Specimen.objects.create(
                state=state.value, issuer_key=issuing.issuer.key, request=request, made_at=at
            )
        # The old one is shown until the new one is in its state.
        Specimen.objects.filter(pk=row.pk, request=row.request_id).update(request=request)
    row.refresh_from_db()
    return row


def _subject(state: SpecimenState, issuing: Issuing) -> SubjectFacts:
    hierarchy = policy_files(issuing.environment).hierarchy
    return SubjectFacts(
        country=hierarchy.country,
        organization=hierarchy.organization,
        common_name=f"Test certificate {state.value.replace('_', ' ')}",
        serial_number=f"SE0000000000-{state.value.replace('_', '')}",
        policy=PROFILE,
    )


def _go_on(row: Specimen, state: SpecimenState, *, at: datetime) -> None:
    """Bring a certificate that was issued into its state, and show it from then on."""
    certificate = None if row.request is None else row.request.certificate
    if certificate is None or certificate.published_at is None:
        return
    if row.ready_at is not None and not _is_under_way(row):
        return
    if state is SpecimenState.REVOKED and certificate.revoked_at is None:
        revoke(
            certificate_id=certificate.pk,
            reason=RevocationReason.CESSATION_OF_OPERATION,
            requested_at=at,
            actor=ACTOR,
            at=at,
        )
    if state is SpecimenState.EXPIRED and certificate.not_after > at:
        return
    _show(row, certificate, at=at)


def _show(row: Specimen, certificate: Certificate, *, at: datetime) -> None:
    with transaction.atomic():
        shown = Specimen.objects.filter(pk=row.pk, request=row.request_id).update(
            certificate_der=bytes(certificate.certificate_der),
            issuer_key=certificate.issuer_id,
            ready_at=at,
        )
        if shown:
            event = SpecimenMade(state=row.state, issuer_id=certificate.issuer_id, sha256=certificate.sha256)
            record(event, actor=ACTOR, at=at)
    row.refresh_from_db()


def _make(state: SpecimenState, good: Specimen, *, at: datetime) -> None:
    """Make what no issuer of ours signed: a look-alike with an unused number, or a stranger's certificate."""
    like = x509.load_der_x509_certificate(bytes(good.certificate_der))
    name = like.issuer
    key = ec.generate_private_key(ec.SECP384R1())
    own_issuer = b""
    if state is SpecimenState.WRONG_ISSUER:
        name = x509.Name(
            [
                x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "SE"),
                x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Not Sigill"),
                x509.NameAttribute(x509.NameOID.COMMON_NAME, "Another issuer, for tests"),
            ]
        )
        stranger = _certificate(name, name, key, key.public_key(), at=at).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        own_issuer = stranger.sign(key, hashes.SHA384()).public_bytes(Encoding.DER)
    subject = x509.Name(
        [x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Test certificate {state.value.replace('_', ' ')}")]
    )
    holder = ec.generate_private_key(ec.SECP256R1()).public_key()
    builder = _certificate(subject, name, key, holder, at=at)
    for wanted in (x509.AuthorityInformationAccess, x509.CRLDistributionPoints, x509.KeyUsage):
        extension = like.extensions.get_extension_for_class(wanted)
        builder = builder.add_extension(extension.value, critical=extension.critical)
    certificate = builder.sign(key, hashes.SHA384())
    with transaction.atomic():
        Specimen.objects.update_or_create(
            state=state.value,
            defaults={
                "issuer_key": good.issuer_key,
                "certificate_der": certificate.public_bytes(Encoding.DER),
                "own_issuer_der": own_issuer,
                "made_at": at,
                "ready_at": at,
            },
        )
        digest = certificate.fingerprint(hashes.SHA256()).hex()
        record(SpecimenMade(state=state.value, issuer_id=good.issuer_key, sha256=digest), actor=ACTOR, at=at)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    holder: ec.EllipticCurvePublicKey,
    *,
    at: datetime,
) -> x509.CertificateBuilder:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=holder,
        serial_number=new_serial(),
        not_valid_before=at,
        not_valid_after=at + LIFE,
    )
    return builder.add_extension(identifier, critical=False)
