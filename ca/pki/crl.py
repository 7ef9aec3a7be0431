"""Certificate revocation lists: entries encoded once, when the revocation is registered, and joined later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ca.pki import der, extensions
from ca.pki.crl_lints import lint_crl
from ca.pki.errors import ProfileViolation
from ca.pki.issuance import Prepared, prepared, sign_prepared
from ca.pki.reasons import RevocationReason
from ca.pki.serial import SERIAL_LIMIT
from ca.pki.vocabulary import ExtensionId

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ca.pki.issuer import IssuerFacts
    from ca.pki.signer import Signer

_VERSION_2 = der.integer(1)
_REASONS: dict[RevocationReason, bytes] = {
    reason: der.extension(ExtensionId.REASON_CODE, der.enumerated(reason), critical=False)
    for reason in RevocationReason
    if reason is not RevocationReason.UNSPECIFIED
}
"""RFC 5280 §5.3.1: unspecified is said by leaving the extension out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedEntry:
    """One line of a CRL.

    `invalidity_at` is when the key became untrustworthy, known or suspected, where that lies before
    `revoked_at`: e.g. when the request was received earlier than it was registered.
    """

    serial_number: int
    revoked_at: datetime
    reason: RevocationReason
    invalidity_at: datetime | None = None

    def encode(self) -> bytes:
        """Return the entry (RFC 5280 §5.1.2.6, §5.3) as it is stored and joined; about 45 octets.

        Raises ProfileViolation for a serial number that none of our certificates has, and for an invalidity
        after the revocation.
        """
        if not 0 < self.serial_number < SERIAL_LIMIT:
            raise ProfileViolation("not a serial number of ours", facts={"rule": "serial_number"})
        extra = _REASONS.get(self.reason, b"")
        if self.invalidity_at is not None:
            if self.invalidity_at > self.revoked_at:
                raise ProfileViolation("invalid only after the revocation", facts={"rule": "invalidity_at"})
            extra += der.extension(
                ExtensionId.INVALIDITY_DATE, der.generalized_time(self.invalidity_at), critical=False
            )
        return der.sequence(
            der.integer(self.serial_number),
            der.time(self.revoked_at),
            der.sequence(extra) if extra else b"",
        )


def prepare_crl(
    *,
    issuer: IssuerFacts,
    entries: Iterable[bytes],
    crl_number: int,
    this_update: datetime,
    next_update: datetime,
    base_crl_number: int | None = None,
    distribution_point: str | None = None,
) -> Prepared:
    """Return a linted TBSCertList of encoded entries; raises LintFailed.

    `base_crl_number` makes it a delta CRL on that base. `distribution_point` is the address of a shard
    (`issuer.crl_url_of(shard)`), which the CRL then says it is limited to.
    """
    pieces = tuple(entries)
    revoked = b"".join(pieces)
    crl_extensions = (
        extensions.authority_key_identifier(issuer.subject_key_identifier),
        extensions.crl_number(crl_number),
        b"" if base_crl_number is None else extensions.delta_crl_indicator(base_crl_number),
        b"" if distribution_point is None else extensions.issuing_distribution_point(distribution_point),
    )
    tbs_der = der.sequence(
        _VERSION_2,
        issuer.signature_algorithm.identifier_der,
        issuer.name_der,
        der.time(this_update),
        der.time(next_update),
        der.sequence(revoked) if revoked else b"",  # absent when empty, RFC 5280 §5.1.2.6
        der.explicit(0, der.sequence(*crl_extensions)),
    )
    return prepared(tbs_der, findings=lint_crl(tbs_der, issuer=issuer, pieces=pieces), issuer=issuer)


def issue_crl(prepared_bytes: Prepared, signer: Signer) -> bytes:
    """Sign once, verify the own signature and return the CRL in DER; raises as issuance.issue does."""
    return sign_prepared(prepared_bytes, signer)
