"""Seals a PDF so that anyone sees, for years, that it is whole, whose it is and since when (PAdES B-LT)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO

from asn1crypto import crl, ocsp, tsp, x509
from pyhanko.pdf_utils import embed, generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

_ECDSA_OCTETS = 144
"""Room for a DER ECDSA signature up to P-521; an RSA-4096 one takes 512."""


class ReportSigner(Signer):
    """pyHanko's signer over the one verb that we have: ``sign(octets)``."""

    def __init__(
        self, *, certificate_der: bytes, chain_der: list[bytes], sign: Callable[[bytes], bytes]
    ) -> None:
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # pyHanko has no types here
        store.register_multiple(x509.Certificate.load(der) for der in chain_der)
        certificate = x509.Certificate.load(certificate_der)
        super().__init__(signing_cert=certificate, cert_registry=store)
        self._sign = sign
        self._room = _ECDSA_OCTETS if certificate.public_key.algorithm == "ec" else 512

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: FBT001, FBT002, ARG002 - pyHanko's signature
        """Return the signature; a dry run only asks how long it will be."""
        if dry_run:
            return bytes(self._room)
        return self._sign(data)


class AnsweringStamper(TimeStamper):
    """pyHanko's client of whoever answers a time-stamp query with a reply (RFC 3161)."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # pyHanko has no types here
        self._answer = answer

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Return the reply."""
        return tsp.TimeStampResp.load(self._answer(req.dump()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What shows later that no certificate of the seal was revoked: certificates, OCSP responses and CRLs."""

    certificates: tuple[bytes, ...]
    answers: tuple[bytes, ...]
    lists: tuple[bytes, ...] = ()


def seal(
    pdf: bytes,
    *,
    certificate_der: bytes,
    chain_der: list[bytes],
    digest_algorithm: str,
    sign: Callable[[bytes], bytes],
    stamp: Callable[[bytes], bytes] | None,
    evidence: Callable[[], Evidence] | None,
    carried: Mapping[str, bytes] | None = None,
) -> bytes:
    """Return the PDF with a signature field ``Sigill`` over all of it, and over the files that it carries.

    The octets of ``pdf`` stay as they are, in front; what is added follows them (ISO 32000-1 7.5.6).
    ``stamp`` answers time-stamp queries. ``evidence`` is asked when the time-stamp is made, so that what it
    tells is not older than the seal (level LT of ETSI EN 319 142-1). Without both the level is B.
    """
    signer = ReportSigner(certificate_der=certificate_der, chain_der=chain_der, sign=sign)
    metadata = signers.PdfSignatureMetadata(
        field_name="Sigill",
        md_algorithm=digest_algorithm,
        subfilter=SigSeedSubFilter.PADES,
        reason="Handling ur Sigill",
    )
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    for name, octets in (carried or {}).items():
        file = embed.EmbeddedFileObject.from_file_data(writer, octets, mime_type="application/jsonl")
        specification = _Supplement(
            file_spec_string=name, file_name=name, embedded_data=file, description=name
        )
        embed.embed_file(writer, specification)
        _associate(writer)
    stamper = AnsweringStamper(stamp) if stamp else None
    sealing = signers.PdfSigner(metadata, signer=signer, timestamper=stamper)
    written: BytesIO = asyncio.run(sealing.async_sign_pdf(writer, output=BytesIO()))
    if evidence:
        _add_evidence(written, evidence())
    return written.getvalue()


def _add_evidence(sealed: BytesIO, evidence: Evidence) -> None:
    """Put what shows the certificates' state into the document's security store (ISO 32000-2 12.8.4.3)."""
    DocumentSecurityStore.add_dss(
        sealed,
        None,
        certs=[x509.Certificate.load(one) for one in evidence.certificates],
        ocsps=[ocsp.OCSPResponse.load(one) for one in evidence.answers],
        crls=[crl.CertificateList.load(one) for one in evidence.lists],
    )


class _Supplement(embed.FileSpec):
    """A file that belongs to the document as ISO 19005-3 wants it told."""

    def as_pdf_object(self) -> generic.DictionaryObject:
        """Return the dictionary with its relationship; pyHanko's own would make the PDF one of version 2."""
        told: generic.DictionaryObject = super().as_pdf_object()
        told["/AFRelationship"] = generic.pdf_name("/Supplement")
        return told


def _associate(writer: IncrementalPdfFileWriter) -> None:
    """Name the file that was embedded last among the document's associated files."""
    files = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
    if "/AF" not in writer.root:
        writer.root["/AF"] = generic.ArrayObject()
    writer.root["/AF"].append(files.raw_get(len(files) - 1))
    writer.update_root()  # type: ignore[no-untyped-call]  # pyHanko has no types here
