"""What pkilint, a linter of others, says of certificates, CRLs and OCSP answers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pkilint.document import Document
    from pkilint.validation import ValidatorContainer

MOST_ENTRIES = 5_000
"""pkilint reads some hundred entries a second; longer lists are left to our own lints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion:
    """Each asks about one DER and yields what pkilint minds, at its levels FATAL, ERROR and WARNING."""

    certificate: Callable[[bytes], list[str]]
    crl: Callable[[bytes], list[str]]
    authority_crl: Callable[[bytes], list[str]]
    ocsp_response: Callable[[bytes], list[str]]


@cache
def second_opinion() -> SecondOpinion | None:
    """Return pkilint's opinion, or None where it is not installed: production has no need of it."""
    try:
        from pkilint import loader, pkix  # noqa: PLC0415 - absent in production
        from pkilint.cabf import cabf_crl  # noqa: PLC0415
        from pkilint.pkix import certificate, crl, extension, name, ocsp  # noqa: PLC0415
    except ImportError:
        return None
    decoders = [
        pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
        pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
    ]
    certificates = certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )

    def lists(kind: "crl.CertificateRevocationListType") -> "ValidatorContainer":
        return crl.create_pkix_crl_validator_container(
            decoders,
            [
                crl.create_issuer_validator_container([]),
                crl.create_validity_validator_container([cabf_crl.create_validity_period_validator(kind)]),
                crl.create_extensions_validator_container([]),
                # Domain.md 2.8 has cACompromise for what a compromised issuer issued; the BR, for the public
                # web, have it in lists about authorities alone.
                cabf_crl.CabfCrlReasonCodeAllowlistValidator(crl.CertificateRevocationListType.ARL),
            ],
        )

    answers = ocsp.create_pkix_ocsp_response_validator_container(
        [ocsp.create_response_decoder(), *decoders], []
    )
    kinds = crl.CertificateRevocationListType
    return SecondOpinion(
        certificate=_asking(certificates, loader.load_certificate),
        crl=_asking(lists(kinds.CRL), loader.load_crl),
        authority_crl=_asking(lists(kinds.ARL), loader.load_crl),
        ocsp_response=_asking(answers, loader.load_ocsp_response),
    )


def _asking(
    validators: "ValidatorContainer", load: Callable[[bytes, str], "Document"]
) -> Callable[[bytes], list[str]]:
    def ask(der: bytes) -> list[str]:
        try:
            document = load(der, "document")
        except ValueError as error:
            return [f"cannot be read: {error}"]
        return list(_findings(validators, document))

    return ask


def _findings(validators: "ValidatorContainer", document: "Document") -> Iterator[str]:
    from pkilint.validation import ValidationFindingSeverity  # noqa: PLC0415 - absent in production

    for result in validators.validate(document.root):
        for found in result.finding_descriptions:
            if found.finding.severity <= ValidationFindingSeverity.WARNING:  # FATAL is 0
                said = f": {found.message}" if found.message else ""
                yield f"{found.finding.code} at {result.node.path}{said}"
