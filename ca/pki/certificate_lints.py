"""Everything that is linted about a to-be-signed certificate, asked at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ca.pki import extension_lints, field_lints, name_lints
from ca.pki.certificate_reading import CERTIFICATE_LINTS, CertificateReading

if TYPE_CHECKING:
    from datetime import datetime

    from ca.pki.issuer import IssuerFacts
    from ca.pki.lints import Finding
    from ca.pki.profile import Profile

LINT_MODULES = (field_lints, name_lints, extension_lints)
"""Importing them fills the registry."""


def lint_certificate(
    tbs_der: bytes, *, profile: Profile, issuer: IssuerFacts, at: datetime | None = None
) -> tuple[Finding, ...]:
    """Return what the lints find in a TBSCertificate; empty is good.

    `at` is the moment of issuing; None (for certificates issued long ago) leaves out the lint that needs it.
    """
    reading = CertificateReading(tbs_der=tbs_der, profile=profile, issuer=issuer, at=at)
    return CERTIFICATE_LINTS.run(reading)
