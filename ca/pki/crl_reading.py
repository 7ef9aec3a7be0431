"""A to-be-signed CRL as independent parsers read it; all entries are walked, a sample is read in full."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cryptography import x509

from ca.pki import der, der_reading
from ca.pki.crl_entries import Entries
from ca.pki.lints import Registry
from ca.pki.vocabulary import ExtensionId

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ca.pki.issuer import IssuerFacts

READ_IN_FULL = 10_000
"""Lists up to this size are read entry by entry."""

SAMPLE = 1_000
"""Of longer ones this many entries, spread evenly; all are made by one encoder."""

_LONGEST_SHORT_FORM = 0x80
_TIMES = frozenset({der_reading.UTC_TIME, der_reading.GENERALIZED_TIME})
_EXTENSIONS = 0xA0


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlFields:
    """The fields of a TBSCertList (RFC 5280 §5.1), whole encodings where they are `bytes`."""

    version: int | None
    signature: bytes
    issuer: bytes
    this_update: bytes
    next_update: bytes
    """Empty when it is absent."""
    revoked: tuple[int, int] | None
    """First octet and the one after the last of the entries; None when the list is absent."""


def read_fields(tbs_der: bytes) -> CrlFields:
    """Read a TBSCertList to its last octet, but for the entries; raises ValueError."""
    parts = list(der_reading.members(tbs_der, der_reading.whole(tbs_der, der_reading.SEQUENCE)))
    version = None
    if parts and parts[0].tag == der_reading.INTEGER:
        version = der_reading.integer(der_reading.expect(tbs_der, parts.pop(0), der_reading.INTEGER))
    signature, issuer, this_update, *rest = parts
    for part in (signature, issuer):
        der_reading.expect(tbs_der, part, der_reading.SEQUENCE)
    if this_update.tag not in _TIMES:
        raise ValueError("thisUpdate is not a time")
    next_update = rest.pop(0) if rest and rest[0].tag in _TIMES else None
    revoked = rest.pop(0) if rest and rest[0].tag == der_reading.SEQUENCE else None
    if [part.tag for part in rest] not in ([], [_EXTENSIONS]):
        raise ValueError("a field that no CRL has, or one in the wrong place")
    return CrlFields(
        version=version,
        signature=tbs_der[signature.start : signature.end],
        issuer=tbs_der[issuer.start : issuer.end],
        this_update=tbs_der[this_update.start : this_update.end],
        next_update=b"" if next_update is None else tbs_der[next_update.start : next_update.end],
        revoked=None if revoked is None else (revoked.content, revoked.end),
    )


def walk(data: bytes, start: int, end: int) -> Iterator[bytes]:
    """Yield each entry's bytes; raises ValueError where they are not what RevokedEntry writes."""
    at = start
    while at < end:
        length = data[at + 1]
        if length >= _LONGEST_SHORT_FORM or data[at] != der_reading.SEQUENCE or at + 2 + length > end:
            raise ValueError(f"what stands at {at} is not one of our entries")
        yield data[at : at + 2 + length]
        at += 2 + length


def entries_of(crl_der: bytes) -> Iterator[bytes]:
    """Yield each entry of a whole, signed CRL; raises ValueError as `walk` does."""
    tbs, *_signature = der_reading.members(crl_der, der_reading.whole(crl_der, der_reading.SEQUENCE))
    parts = list(der_reading.members(crl_der, tbs))
    dates = [place for place, part in enumerate(parts) if part.tag in _TIMES]
    after = parts[dates[-1] + 1 :]
    if after and after[0].tag == der_reading.SEQUENCE:
        yield from walk(crl_der, after[0].content, after[0].end)


@dataclass(frozen=True, kw_only=True)
class CrlReading:
    """What CRL lints look at; read lazily."""

    tbs_der: bytes
    issuer: IssuerFacts
    given: Entries | None = None
    """The entries that were joined, where they are known: that spares walking over a million of them."""

    @cached_property
    def fields(self) -> CrlFields:
        """Read with our own reader; raises ValueError."""
        return read_fields(self.tbs_der)

    def _behind_a_signature(self, tbs_der: bytes) -> x509.CertificateRevocationList:
        return x509.load_der_x509_crl(der.sequence(tbs_der, self.fields.signature, der.bit_string(b"\x00")))

    @cached_property
    def crl(self) -> x509.CertificateRevocationList:
        """Read with cryptography, behind a signature of one octet; raises ValueError."""
        return self._behind_a_signature(self.tbs_der)

    @cached_property
    def extensions(self) -> Mapping[str, x509.Extension[x509.ExtensionType]]:
        """By dotted OID; raises ValueError when one cannot be read or stands there twice."""
        return {extension.oid.dotted_string: extension for extension in self.crl.extensions}

    @cached_property
    def is_delta(self) -> bool:
        """Tell whether this is a delta CRL."""
        return ExtensionId.DELTA_CRL_INDICATOR in self.extensions

    @cached_property
    def entries(self) -> Entries:
        """The entries; raises ValueError where the list holds others than those that were given."""
        start, end = self.fields.revoked or (0, 0)
        if self.given is None:
            return Entries.gather(walk(self.tbs_der, start, end))
        if self.given.octets != end - start:
            raise ValueError("the list holds other octets than the entries that were joined")
        if not self.given.are_whole:
            raise ValueError("what was joined is not one entry each")
        return self.given

    @cached_property
    def sample(self) -> Sequence[x509.RevokedCertificate]:
        """Read the sampled entries with cryptography, as a list of their own."""
        pieces = self.entries.pieces
        chosen = pieces if len(pieces) <= READ_IN_FULL else pieces[:: len(pieces) // SAMPLE]
        if not chosen:
            return ()
        fields = self.fields
        validity = fields.this_update + fields.next_update
        head = der.integer(1) + fields.signature + fields.issuer + validity
        return tuple(self._behind_a_signature(der.sequence(head, der.sequence(*chosen))))


CRL_LINTS: Registry[CrlReading] = Registry()
