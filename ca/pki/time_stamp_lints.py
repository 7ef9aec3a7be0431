"""Looks at a time-stamp before it is signed: what is stamped, when, and by whom (RFC 3161)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from asn1crypto import cms, tsp
from cryptography import x509

from ca.pki.lints import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ca.pki.lints import Finding


@dataclass(frozen=True, kw_only=True)
class TimeStampReading:
    """What the lints look at: the signed attributes, the TSTInfo, the signer's certificate."""

    attributes_der: bytes
    content_der: bytes
    certificate_der: bytes

    @cached_property
    def content(self) -> tsp.TSTInfo:
        """The TSTInfo, read strictly."""
        return tsp.TSTInfo.load(self.content_der, strict=True)

    @cached_property
    def attributes(self) -> dict[str, object]:
        """The value of each signed attribute by its name."""
        found = cms.CMSAttributes.load(self.attributes_der, strict=True)
        return {one["type"].native: one["values"][0].native for one in found if len(one["values"]) == 1}

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The signer's certificate."""
        return x509.load_der_x509_certificate(self.certificate_der)


TIME_STAMP_LINTS: Registry[TimeStampReading] = Registry()


def lint_time_stamp(
    attributes_der: bytes, *, content_der: bytes, certificate_der: bytes
) -> tuple[Finding, ...]:
    """Return what the lints find; `stop_on_errors` turns errors into LintFailed."""
    return TIME_STAMP_LINTS.run(
        TimeStampReading(
            attributes_der=attributes_der, content_der=content_der, certificate_der=certificate_der
        )
    )


@TIME_STAMP_LINTS.rule("RFC 3161 §2.4.2; RFC 5652 §5.3, §11")
def attributes_are_of_this_time_stamp(reading: TimeStampReading) -> Iterator[str]:
    """Sign the type id-ct-TSTInfo, the digest of the very content, and whose certificate it is, no more."""
    if set(reading.attributes) != {"content_type", "message_digest", "signing_certificate_v2"}:
        yield f"the attributes are {sorted(reading.attributes)}"
    if reading.attributes.get("content_type") != "tst_info":
        yield "the content is no TSTInfo"
    digests = {hashlib.new(name, reading.content_der).digest() for name in ("sha256", "sha384", "sha512")}
    if reading.attributes.get("message_digest") not in digests:
        yield "the digest is not the content's"


@TIME_STAMP_LINTS.rule("RFC 5816 §2.2.1; RFC 5035 §4")
def the_signing_certificate_is_named(reading: TimeStampReading) -> Iterator[str]:
    """Name the certificate of the key by its SHA-256 in ESSCertIDv2."""
    named = cms.CMSAttributes.load(reading.attributes_der)
    values = [one["values"][0] for one in named if one["type"].native == "signing_certificate_v2"]
    digests = [bytes(cert["cert_hash"].native) for value in values for cert in value["certs"]]
    if digests != [hashlib.sha256(reading.certificate_der).digest()]:
        yield "another certificate is named than the signer's"


@TIME_STAMP_LINTS.rule("RFC 3161 §2.3, §2.4.2")
def the_moment_lies_within_the_certificate(reading: TimeStampReading) -> Iterator[str]:
    """Have a genTime at which the certificate is valid, and a serial number above zero."""
    moment = reading.content["gen_time"].native
    if not reading.certificate.not_valid_before_utc <= moment <= reading.certificate.not_valid_after_utc:
        yield f"{moment} is outside the certificate's validity"
    if reading.content["serial_number"].native <= 0:
        yield "the serial number is not positive"
