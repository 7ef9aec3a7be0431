"""Asks somebody else's time-stamp authority, where the configuration names one, and what shows its state."""

import asyncio
from pathlib import Path
from typing import ClassVar, Final

import requests
from asn1crypto import cms, core, pem, tsp, x509
from django.conf import settings
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError
from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend

from reports.sealing import Evidence

_SECONDS: Final = 20
_MOST_OCTETS: Final = 64 * 1024


class OutsideTsaUnavailable(Exception):
    """The authority does not answer, or not with a time-stamp that leads to the roots we were told."""


class _Reply(core.Sequence):  # type: ignore[misc] # asn1crypto has no types
    """A reply as RFC 3161 2.4.2 has it: a refusal has no token, which asn1crypto's own class demands."""

    _fields: ClassVar = [("status", tsp.PKIStatusInfo), ("token", cms.ContentInfo, {"optional": True})]


class OutsideTsa:
    """The time-stamp authority at ``SIGILL_TSA_URL``, believed under the roots in ``SIGILL_TSA_ROOTS``."""

    def __init__(self) -> None:
        self._reply = b""

    def answer(self, query: bytes) -> bytes:
        """Return the reply to a query (RFC 3161 3.4). Raises ``OutsideTsaUnavailable``."""
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        try:
            with requests.post(
                settings.SIGILL_TSA_URL, data=query, headers=headers, timeout=_SECONDS,
                allow_redirects=False, stream=True,
            ) as answer:  # fmt: skip
                answer.raise_for_status()
                body: bytes = answer.raw.read(_MOST_OCTETS + 1, decode_content=True)
            granted = _Reply.load(body, strict=True)["status"]["status"].native
        except (requests.RequestException, OSError, ValueError) as error:
            raise OutsideTsaUnavailable(f"the time-stamp authority does not answer: {error}") from error
        if granted not in {"granted", "granted_with_mods"}:
            raise OutsideTsaUnavailable(f"the time-stamp authority refuses: {granted}")
        self._reply = body
        return body

    def evidence(self) -> Evidence:
        """Return the authority's chain and what its issuers say of it. Raises ``OutsideTsaUnavailable``."""
        signed: cms.SignedData = tsp.TimeStampResp.load(self._reply)["time_stamp_token"]["content"]
        certificates = [one.chosen for one in signed["certificates"]]
        (named,) = [
            one for one in certificates
            if one.serial_number == signed["signer_infos"][0]["sid"].chosen["serial_number"].native
        ]  # fmt: skip
        roots = [x509.Certificate.load(der) for _, _, der in pem.unarmor(_roots(), multiple=True)]
        context = ValidationContext(
            trust_roots=roots,
            other_certs=certificates,
            allow_fetching=True,
            fetcher_backend=RequestsFetcherBackend(per_request_timeout=_SECONDS),  # the default stays open
            revocation_mode="hard-fail",
        )
        validator = CertificateValidator(named, validation_context=context)
        validating = validator.async_validate_usage(set(), {"time_stamping"})  # type: ignore[no-untyped-call] # none
        try:
            path = asyncio.run(validating)
        except (PathBuildingError, PathValidationError, OSError) as error:
            raise OutsideTsaUnavailable(f"the time-stamp authority cannot be believed: {error}") from error
        return Evidence(
            certificates=tuple(one.dump() for one in path),
            answers=tuple(one.dump() for one in context.ocsps),
            lists=tuple(one.dump() for one in context.crls),
        )


def _roots() -> bytes:
    return Path(settings.SIGILL_TSA_ROOTS).read_bytes()
