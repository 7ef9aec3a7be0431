"""A to-be-signed CRL as independent parsers read it; all entries are walked, a sample is read in full."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from asn1crypto.crl import TbsCertList
from cryptography import x509

from ca.pki import der
from ca.pki.lints import Registry
from ca.pki.vocabulary import ExtensionId

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ca.pki.issuer import IssuerFacts

READ_IN_FULL = 10_000
"""Lists up to this size are read entry by entry; of longer ones this many entries, spread evenly."""

_LONGEST_SHORT_FORM = 0x80


@dataclass(frozen=True, kw_only=True)
class CrlReading:
    """What CRL lints look at; read lazily."""

    tbs_der: bytes
    issuer: IssuerFacts
    pieces: Sequence[bytes] | None = None
    """The entries that were joined, where they are known: that spares walking over a million of them."""

    @cached_property
    def tbs(self) -> TbsCertList:
        """Read with asn1crypto; raises ValueError."""
        return TbsCertList.load(self.tbs_der, strict=True)

    def _behind_a_signature(self, tbs_der: bytes) -> x509.CertificateRevocationList:
        algorithm: bytes = self.tbs["signature"].dump()
        return x509.load_der_x509_crl(der.sequence(tbs_der, algorithm, der.bit_string(b"\x00")))

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
    def entries(self) -> Sequence[bytes]:
        """Each entry's bytes; raises ValueError where they are not what RevokedEntry writes."""
        body: bytes = self.tbs["revoked_certificates"].contents or b""
        if self.pieces is not None:
            if sum(map(len, self.pieces)) != len(body):
                raise ValueError("the list holds other octets than the entries that were joined")
            return self.pieces
        found: list[bytes] = []
        at, end = 0, len(body)
        while at < end:
            length = body[at + 1]
            if length >= _LONGEST_SHORT_FORM:
                raise ValueError(f"the entry at {at} is longer than any of ours")
            found.append(body[at : at + 2 + length])
            at += 2 + length
        return found

    @cached_property
    def serial_numbers(self) -> set[bytes]:
        """The different serial numbers as encoded, of entries that are as long as they say."""
        return {entry[2 : 4 + entry[3]] for entry in self.entries if len(entry) == entry[1] + 2}

    @cached_property
    def sample(self) -> tuple[x509.RevokedCertificate, ...]:
        """Read the sampled entries with cryptography, as a list of their own."""
        chosen = self.entries[:: max(1, len(self.entries) // READ_IN_FULL)]
        if not chosen:
            return ()
        validity = self.tbs["this_update"].dump() + self.tbs["next_update"].dump()
        head = der.integer(1) + self.tbs["signature"].dump() + self.tbs["issuer"].dump() + validity
        return tuple(self._behind_a_signature(der.sequence(head, der.sequence(b"".join(chosen)))))


CRL_LINTS: Registry[CrlReading] = Registry()
