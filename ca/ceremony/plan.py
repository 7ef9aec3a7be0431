"""What a ceremony makes: every key of the hierarchy, and the certificate each of them gets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ca.environments import Environment
from ca.hsm.key_algorithms import KeyAlgorithm
from ca.pki.subject import SubjectFacts
from ca.policy_files import PolicyFiles

AUDIT = "audit"
"""Signs the heads of the journal."""

REPORT_SEAL = "report_seal"
"""Seals reports and receipts."""

ORDER_FILE = "order_file"
"""Signs the order files of the card factory."""

TIME_STAMP = "time_stamp"
"""Signs time-stamps; its keys are numbered from 1, one for each year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedKey:
    """One key of the ceremony: its label on the token, its kind, and its certificate."""

    label: str
    algorithm: KeyAlgorithm
    profile: str
    issuer: str
    subject: SubjectFacts
    is_issuer: bool


def planned_keys(files: PolicyFiles) -> list[PlannedKey]:
    """Return all keys in the order in which they can be certified: issuers from the root down first."""
    services = _services(files) if files.environment is Environment.PROD else ()  # the house has one journal
    return [*_issuers(files), *_responders(files), *services]


def ocsp_label(issuer: str, number: int) -> str:
    """Return the label of an issuer's OCSP signing key."""
    return f"{issuer}.ocsp.{number}"


def ocsp_subject(files: PolicyFiles, issuer: str) -> SubjectFacts:
    """Return the subject of an issuer's OCSP signers."""
    own = files.hierarchy.subject_of(issuer, name_prefix=files.name_prefix)
    return SubjectFacts(
        country=own.country, organization=own.organization, common_name=f"{own.common_name} OCSP"
    )


def _issuers(files: PolicyFiles) -> Iterator[PlannedKey]:
    for plan in files.hierarchy.issuers:
        yield PlannedKey(
            label=plan.key,
            algorithm=algorithm_of(files, plan.profile),
            profile=plan.profile,
            issuer=plan.issued_by,
            subject=files.hierarchy.subject_of(plan.key, name_prefix=files.name_prefix),
            is_issuer=True,
        )


def _responders(files: PolicyFiles) -> Iterator[PlannedKey]:
    for plan in files.hierarchy.issuers_of("ocsp_signer"):
        yield PlannedKey(
            label=ocsp_label(plan.key, 1),
            algorithm=algorithm_of(files, "ocsp_signer"),
            profile="ocsp_signer",
            issuer=plan.key,
            subject=ocsp_subject(files, plan.key),
            is_issuer=False,
        )


def _services(files: PolicyFiles) -> Iterator[PlannedKey]:
    for label, profile in (
        (AUDIT, "audit_signer"),
        (REPORT_SEAL, "report_seal"),
        (ORDER_FILE, "order_file_signer"),
        (f"{TIME_STAMP}.1", "time_stamp_signer"),
    ):
        yield PlannedKey(
            label=label,
            algorithm=algorithm_of(files, profile),
            profile=profile,
            issuer=files.issuer_of(files.profile(profile), ""),
            subject=service_subject(files, label.partition(".")[0]),
            is_issuer=False,
        )


_SERVICE_NAMES: Final = {
    AUDIT: "journal",
    REPORT_SEAL: "report seal",
    ORDER_FILE: "order files",
    TIME_STAMP: "time-stamp",
}


def service_subject(files: PolicyFiles, label: str) -> SubjectFacts:
    """Return the subject of what the house signs with itself: journal, seal, order files, time-stamps."""
    hierarchy = files.hierarchy
    return SubjectFacts(
        country=hierarchy.country,
        organization=hierarchy.organization,
        common_name=f"{files.name_prefix}{hierarchy.organization} {_SERVICE_NAMES[label]}",
    )


def algorithm_of(files: PolicyFiles, profile: str) -> KeyAlgorithm:
    """Return which kind of key is made for a profile."""
    return KeyAlgorithm(files.hierarchy.key_class(files.profile(profile).key_class).generates)
