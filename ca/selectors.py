"""Reads the CA's tables; changes nothing."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.db.models import Max

from ca.environments import Environment
from ca.errors import UnknownCertificate, UnknownIssuer
from ca.models import Certificate, CertificateRequest, Crl, Issuer, SerialReservation
from ca.pki.issuer import IssuerFacts
from ca.pki.serial import possible_serials
from ca.policy_files import files_of, policy_files
from ca.states import RequestState, SerialState


def certificates_of_person(person_id: UUID | str) -> list[Certificate]:
    """Return every certificate that a person holds or held, newest first."""
    certificates = Certificate.objects.filter(person_id=str(person_id)).select_related("issuer")
    return list(certificates.order_by("-issued_at", "pk"))


def kind_of_key_to_make(profile: str, environment: Environment) -> str:
    """Return the kind of key that who makes one for such a certificate shall make: `ec-p256`, `rsa-3072`."""
    files = policy_files(environment)
    return files.hierarchy.key_class(files.profile(profile).key_class).generates


def last_expiries(person_ids: Collection[str]) -> dict[str, datetime]:
    """Return when the last certificate of each person ends or ended; who never had one is left out."""
    of_people = Certificate.objects.filter(person_id__in=list(person_ids)).values("person_id")
    return {
        row["person_id"]: row["ends_at"]
        for row in of_people.annotate(ends_at=Max("not_after")).order_by("person_id")
    }


def certificates_on_carrier(carrier_kind: str, carrier_id: UUID | str) -> list[Certificate]:
    """Return every certificate on a card or of a function, newest first."""
    certificates = Certificate.objects.filter(carrier_kind=carrier_kind, carrier_id=str(carrier_id))
    return list(certificates.select_related("issuer").order_by("-issued_at", "pk"))


def certificate(certificate_id: UUID | str) -> Certificate:
    """Return a certificate. Raises ``UnknownCertificate``."""
    found = Certificate.objects.select_related("issuer").filter(pk=certificate_id).first()
    if found is None:
        raise UnknownCertificate("there is no such certificate")
    return found


def certificates_by_id(ids: Collection[str]) -> dict[str, Certificate]:
    """Return the certificates that have these ids, by id as text; who has none is left out."""
    found = Certificate.objects.select_related("issuer").filter(pk__in=list(ids))
    return {str(one.pk): one for one in found}


def issuer(key: str) -> Issuer:
    """Return an issuer that has its certificate. Raises ``UnknownIssuer``."""
    found = Issuer.objects.filter(key=key, certified_at__isnull=False).first()
    if found is None:
        raise UnknownIssuer(f"there is no issuer {key}", facts={"issuer": key})
    return found


def issuers(environment: Environment | None = None) -> list[Issuer]:
    """Return the issuers that have their certificates, PROD's before QA's, each root first.

    ``environment`` leaves those of the other one out.
    """
    wanted = tuple(Environment) if environment is None else (environment,)
    plans = [plan for one in wanted for plan in policy_files(one).hierarchy.issuers]
    order = {plan.key: place for place, plan in enumerate(plans)}
    found = Issuer.objects.filter(certified_at__isnull=False, environment__in=[one.value for one in wanted])
    return sorted(found, key=lambda one: (one.environment, order.get(one.key, len(order))))


def is_finished(issuer: Issuer, *, at: datetime) -> bool:
    """Tell whether an issuer was retired and nothing that it issued is valid any more.

    Until then its lists and OCSP answers go on, and its OCSP signers are renewed.
    """
    if issuer.retired_at is None:
        return False
    valid = Certificate.objects.filter(issuer=issuer, not_after__gt=at).exclude(profile="ocsp_signer")
    return not valid.exists()


def issuer_facts(key: str) -> IssuerFacts:
    """Return what certificates, CRLs and OCSP answers say of an issuer. Raises ``UnknownIssuer``."""
    found = issuer(key)
    return files_of(found).facts_of(found)


def issuer_chain(key: str) -> list[Issuer]:
    """Return an issuer and those above it, the root last. Raises ``UnknownIssuer``."""
    chain = [issuer(key)]
    hierarchy = files_of(chain[0]).hierarchy
    while not hierarchy.issuer(chain[-1].key).is_root:
        chain.append(issuer(hierarchy.issuer(chain[-1].key).issued_by))
    return chain


def chain_pem(key: Issuer | str) -> str:
    """Return the chain of an issuer in PEM, the issuer first and the root last. Raises ``UnknownIssuer``."""
    chain = issuer_chain(key.key if isinstance(key, Issuer) else key)
    return "".join(certificate_pem(bytes(one.certificate_der)) for one in chain)


def certificate_pem(certificate_der: bytes) -> str:
    """Return a certificate in PEM."""
    return x509.load_der_x509_certificate(certificate_der).public_bytes(Encoding.PEM).decode()


def find_by_serial(text: str) -> list[Certificate]:
    """Return the certificates with a serial number, in any writing that `possible_serials` understands.

    More than one only where several issuers drew the same number.
    """
    # With the issuers named, the constraint's index finds the number among millions.
    found = Certificate.objects.filter(
        serial_hex__in=possible_serials(text), issuer_id__in=Issuer.objects.order_by().values("key")
    )
    return list(found.select_related("issuer").order_by("issuer_id"))


def burnt_serials(issuer_key: str) -> list[SerialReservation]:
    """Return the serial numbers that may have been signed but were never recorded; the CRL lists them."""
    burnt = SerialReservation.objects.filter(issuer_id=issuer_key, state=SerialState.BURNT.value)
    return list(burnt.exclude(crl_entry_der=b"").order_by("burnt_at", "pk"))


def requests_waiting(*, before: datetime) -> int:
    """Return how many requests have waited since before a moment: the signer or the worker is gone."""
    waiting = [RequestState.REQUESTED.value, RequestState.SIGNING.value]
    return CertificateRequest.objects.filter(state__in=waiting, requested_at__lt=before).count()


def latest_crl(issuer_key: str, *, shard: int = -1) -> Crl | None:
    """Return the newest signed full CRL of an issuer (-1: the one with everything), if there is one."""
    signed = Crl.objects.filter(
        issuer_id=issuer_key, shard=shard, base_crl_number__isnull=True, signed_at__isnull=False
    )
    return signed.order_by("-crl_number").first()
