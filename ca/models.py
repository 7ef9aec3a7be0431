"""The tables of the CA, by subject: the database is the last guard of their rules."""

from ca.ceremony.models import CeremonyPlan
from ca.certificate_models import BlockedKey, Certificate
from ca.crl_models import Crl
from ca.issuer_models import Issuer, SignatureAllowance
from ca.mass_models import MassRevocation, MassRevocationMember
from ca.request_models import CertificateRequest, SerialReservation

__all__ = [
    "BlockedKey",
    "CeremonyPlan",
    "Certificate",
    "CertificateRequest",
    "Crl",
    "Issuer",
    "MassRevocation",
    "MassRevocationMember",
    "SerialReservation",
    "SignatureAllowance",
]
