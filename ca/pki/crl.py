"""Certificate revocation lists, full, delta or of one shard: stored entries joined, linted, signed once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ca.pki import der, extensions
from ca.pki.crl_entries import Entries
from ca.pki.crl_lints import lint_crl
from ca.pki.issuance import Prepared, prepared, sign_prepared

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ca.pki.issuer import IssuerFacts
    from ca.pki.signer import Signer

_VERSION_2 = der.integer(1)


def prepare_crl(
    *,
    issuer: IssuerFacts,
    entries: Entries | Iterable[bytes],
    crl_number: int,
    this_update: datetime,
    next_update: datetime,
    base_crl_number: int | None = None,
    shard: int | None = None,
    freshest_crl: str | None = None,
) -> Prepared:
    """Return a linted TBSCertList of encoded entries; raises LintFailed.

    `base_crl_number` makes it a delta CRL on that base. `shard` is the shard that the CRL then says it is
    limited to, by all its addresses. `freshest_crl` is the address of the delta (`issuer.delta_crl_url`), for
    a full list that has one.
    """
    gathered = entries if isinstance(entries, Entries) else Entries.gather(entries)
    crl_extensions = (
        extensions.authority_key_identifier(issuer.subject_key_identifier),
        extensions.crl_number(crl_number),
        b"" if base_crl_number is None else extensions.delta_crl_indicator(base_crl_number),
        b"" if shard is None else extensions.issuing_distribution_point(*issuer.all_urls_of(shard)),
        b"" if freshest_crl is None else extensions.freshest_crl(freshest_crl),
    )
    before = (
        _VERSION_2,
        issuer.signature_algorithm.identifier_der,
        issuer.name_der,
        der.time(this_update),
        der.time(next_update),
        # Absent when empty, RFC 5280 §5.1.2.6.
        der.sequence_header(gathered.octets) if gathered.pieces else b"",
    )
    after = (der.explicit(0, der.sequence(*crl_extensions)),)
    tbs_der = der.sequence_of_runs(before, gathered.pieces, after)
    return prepared(tbs_der, findings=lint_crl(tbs_der, issuer=issuer, entries=gathered), issuer=issuer)


def issue_crl(prepared_bytes: Prepared, signer: Signer) -> bytes:
    """Sign once, verify the own signature and return the CRL in DER; raises as issuance.issue does."""
    return sign_prepared(prepared_bytes, signer)
