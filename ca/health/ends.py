"""Which certificates of our own end so soon that people must act: issuers, root and the journal's key."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from ca.ceremony.plan import AUDIT
from ca.ceremony.planning import newest_of
from ca.health.check import Check, right, wrong
from ca.models import Issuer
from ca.pki.profile import Profile
from ca.policy_files import PolicyFiles, files_of
from ca.selectors import issuers

_AHEAD: Final = timedelta(days=90)
"""So long before it is needed people are told that a ceremony is due."""


def ends(at: datetime) -> Iterator[Check]:
    """Look whether each open issuer outlives what it issues in full, and the audit certificate its use.

    What renews itself (OCSP signers, seals, time-stamps) is looked at where it is used.
    """
    found = [one for issuer in issuers() if (one := _ending(issuer, at=at)) is not None]
    audit = newest_of(AUDIT)
    if audit is not None and audit.revoked_at is not None:
        said = "the certificate of the key that signs the journal is revoked, with its issuer or by itself"
        remedy = 'a ceremony: add_issuer where nobody issues audit_signer any more, then act = "renew_audit"'
        found.append(wrong("ends", said, remedy=remedy))
    elif audit is not None and audit.not_after - at < _AHEAD:
        said = f"the certificate of the key that signs the journal ends on {audit.not_after:%Y-%m-%d}"
        found.append(
            wrong("ends", said, remedy='a ceremony with the step act = "renew_audit" (ca/README.md)')
        )
    yield from found or [
        right("ends", "every issuer outlives what it issues, and the journal's key is vouched for")
    ]


def _ending(issuer: Issuer, *, at: datetime) -> Check | None:
    """Return what is wrong with an open issuer whose end cuts short what it issues now or within 90 days."""
    if issuer.retired_at is not None:
        return None
    files = files_of(issuer)
    not_after = x509.load_der_x509_certificate(bytes(issuer.certificate_der)).not_valid_after_utc
    if not_after - at >= _longest(files, issuer.key) + _AHEAD:
        return None
    said = f"{issuer.common_name} ends on {not_after:%Y-%m-%d}: what it issues is cut short by that"
    remedy = (
        "another root is another hierarchy with a first ceremony of its own: plan it now"
        if files.hierarchy.issuer(issuer.key).is_root
        else 'a ceremony with the step act = "roll_over" (ca/README.md)'
    )
    return wrong("ends", said, remedy=remedy)


def _longest(files: PolicyFiles, key: str) -> timedelta:
    """Return how long the longest certificate of people and functions lasts below an issuer."""
    plan = files.hierarchy.issuer(key)
    below = files.hierarchy.issuers if plan.is_root else (plan,)
    lasting = [
        profile.default_validity
        for one in below
        for name in one.issues
        if not _is_own(files, profile := files.profile(name))
    ]
    return max(lasting, default=timedelta())


def _is_own(files: PolicyFiles, profile: Profile) -> bool:
    return files.hierarchy.key_class(profile.key_class).signature_algorithm is not None
