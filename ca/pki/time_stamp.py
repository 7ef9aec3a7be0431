"""Answers requests for time-stamps (RFC 3161): refuses or plans, and joins the token to its signature."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from asn1crypto import algos, cms, core, tsp, x509

from ca.pki import der
from ca.pki.der_reading import SEQUENCE, whole

if TYPE_CHECKING:
    from datetime import datetime

    from ca.pki.signer import SignatureAlgorithm

DIGEST_OCTETS: Final = {"sha256": 32, "sha384": 48, "sha512": 64}
"""What may be stamped; SHA-1 and MD5 may not."""
LONGEST_NONCE: Final = 512
"""Bits of a nonce that is echoed; clients send 64."""
_RANDOM_BITS: Final = 64


class Failure(Enum):
    """Why a time-stamp is refused (PKIFailureInfo, RFC 3161 §2.4.2), and the text that goes with it."""

    BAD_ALGORITHM = ("bad_alg", "the digest must be SHA-256, SHA-384 or SHA-512")
    BAD_REQUEST = ("bad_request", "only version 1 is answered")
    BAD_DATA_FORMAT = ("bad_data_format", "this is no TimeStampReq")
    TIME_NOT_AVAILABLE = ("time_not_available", "the clock is not in step with a time source")
    UNACCEPTED_POLICY = ("unaccepted_policy", "the policy is not ours")
    UNACCEPTED_EXTENSION = ("unaccepted_extensions", "no extension is supported")
    SYSTEM_FAILURE = ("system_failure", "no signature can be had just now")


class TimeStampRefused(Exception):
    """The request gets no time-stamp; ``response_der`` says why to the one who asks."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value[1])
        self.failure = failure
        self.response_der = refusal(failure)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStampAuthority:
    """Who stamps: the certificate first in its chain, the root left out; how its key signs; its promises."""

    chain_der: tuple[bytes, ...]
    algorithm: SignatureAlgorithm
    policy: str
    accuracy: timedelta

    @property
    def digest(self) -> str:
        """The digest that is signed, as CMS names it."""
        return self.algorithm.hash_algorithm.name


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStampPlan:
    """A time-stamp that lacks its signature over ``to_be_signed``."""

    to_be_signed: bytes
    _authority: TimeStampAuthority
    _content: tsp.TSTInfo
    _attributes: cms.CMSAttributes
    _with_certificates: bool

    @property
    def content_der(self) -> bytes:
        """The TSTInfo, whose digest is signed."""
        told: bytes = self._content.dump()
        return told

    def response(self, signature: bytes) -> bytes:
        """Return the TimeStampResp: granted, with the token."""
        status = {
            "status": tsp.PKIStatusInfo({"status": "granted"}),
            "time_stamp_token": self._token(signature),
        }
        told: bytes = tsp.TimeStampResp(status).dump()
        return told

    def _token(self, signature: bytes) -> cms.ContentInfo:
        authority = self._authority
        certificate = x509.Certificate.load(authority.chain_der[0])
        algorithm = algos.DigestAlgorithm({"algorithm": authority.digest})
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    "issuer_and_serial_number",
                    cms.IssuerAndSerialNumber(
                        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                    ),
                ),
                "digest_algorithm": algorithm,
                "signed_attrs": self._attributes,
                "signature_algorithm": algos.SignedDigestAlgorithm.load(authority.algorithm.identifier_der),
                "signature": signature,
            }
        )
        signed = {
            "version": "v3",
            "digest_algorithms": [algorithm],
            "encap_content_info": {
                "content_type": "tst_info",
                "content": core.ParsableOctetString(self._content.dump()),
            },
            "signer_infos": [signer],
        }
        if self._with_certificates:
            signed["certificates"] = [x509.Certificate.load(one) for one in authority.chain_der]
        return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})


def plan_time_stamp(
    request_der: bytes, *, authority: TimeStampAuthority, at: datetime, random_bits: int | None = None
) -> TimeStampPlan:
    """Read a request and plan its time-stamp. Raises ``TimeStampRefused``.

    ``at`` is cut to the second, so that what is learnt of certificates afterwards is never older than it. The
    serial number is the nanosecond with 64 random bits behind it: none comes twice, whatever is lost.
    """
    asked = _read(request_der, policy=authority.policy)
    drawn = secrets.randbits(_RANDOM_BITS) if random_bits is None else random_bits
    nanosecond = int(at.timestamp()) * 1_000_000_000 + at.microsecond * 1000
    content = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": authority.policy,
            "message_imprint": asked.message_imprint,
            "serial_number": (nanosecond << _RANDOM_BITS) | drawn,
            "gen_time": at.replace(microsecond=0),
            "accuracy": _accuracy(authority.accuracy),
            **({} if asked.nonce is None else {"nonce": asked.nonce}),
        }
    )
    attributes = _attributes(content.dump(), authority)
    return TimeStampPlan(
        to_be_signed=attributes.dump(),
        _authority=authority,
        _content=content,
        _attributes=attributes,
        _with_certificates=asked.wants_certificates,
    )


def refusal(failure: Failure) -> bytes:
    """Return the TimeStampResp that refuses (RFC 3161 §2.4.2)."""
    name, text = failure.value
    status = tsp.PKIStatusInfo({"status": "rejection", "status_string": [text], "fail_info": {name}})
    return der.sequence(status.dump())  # asn1crypto knows no TimeStampResp without a token


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    digest: str
    has_null: bool
    """Whether the digest's parameters were NULL; the token says it as it was asked (RFC 3161 §2.4.2)."""
    imprint: bytes
    nonce: int | None
    wants_certificates: bool

    @property
    def message_imprint(self) -> tsp.MessageImprint:
        """The digest as the token names it."""
        algorithm = {"algorithm": self.digest, **({"parameters": core.Null()} if self.has_null else {})}
        return tsp.MessageImprint({"hash_algorithm": algorithm, "hashed_message": self.imprint})


def _read(request_der: bytes, *, policy: str) -> _Asked:
    try:
        whole(request_der, SEQUENCE)
        request = tsp.TimeStampReq.load(request_der, strict=True)
        version, policy_asked = int(request["version"]), request["req_policy"].native
        has_extensions = bool(request["extensions"].native)
        imprint = request["message_imprint"]
        parameters = imprint["hash_algorithm"]["parameters"]
        asked = _Asked(
            digest=imprint["hash_algorithm"]["algorithm"].native,
            has_null=isinstance(parameters, core.Null),
            imprint=imprint["hashed_message"].native,
            nonce=request["nonce"].native,
            wants_certificates=request["cert_req"].native,
        )
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        # asn1crypto reads lazily and shows bad input by whichever of these its own code meets.
        raise TimeStampRefused(Failure.BAD_DATA_FORMAT) from error
    if version != 1:
        raise TimeStampRefused(Failure.BAD_REQUEST)
    if asked.digest not in DIGEST_OCTETS or parameters.native is not None:
        raise TimeStampRefused(Failure.BAD_ALGORITHM)
    if len(asked.imprint) != DIGEST_OCTETS[asked.digest] or (asked.nonce or 0).bit_length() > LONGEST_NONCE:
        raise TimeStampRefused(Failure.BAD_DATA_FORMAT)
    if policy_asked not in {None, policy}:
        raise TimeStampRefused(Failure.UNACCEPTED_POLICY)
    if has_extensions:
        raise TimeStampRefused(Failure.UNACCEPTED_EXTENSION)
    return asked


def _accuracy(accuracy: timedelta) -> tsp.Accuracy:
    seconds, rest = divmod(accuracy, timedelta(seconds=1))
    millis = rest // timedelta(milliseconds=1)
    return tsp.Accuracy({"seconds": seconds, **({"millis": millis} if millis else {})})


def _attributes(content_der: bytes, authority: TimeStampAuthority) -> cms.CMSAttributes:
    """Return what is signed: the content's type and digest, and whose certificate signs (RFC 5816)."""
    certificate = x509.Certificate.load(authority.chain_der[0])
    named = tsp.ESSCertIDv2(
        {
            "cert_hash": hashlib.sha256(authority.chain_der[0]).digest(),
            "issuer_serial": {
                "issuer": [x509.GeneralName("directory_name", certificate.issuer)],
                "serial_number": certificate.serial_number,
            },
        }
    )
    attributes = {
        "content_type": "tst_info",
        "message_digest": hashlib.new(authority.digest, content_der).digest(),
        "signing_certificate_v2": tsp.SigningCertificateV2({"certs": [named]}),
    }
    return cms.CMSAttributes(
        [cms.CMSAttribute({"type": name, "values": [value]}) for name, value in attributes.items()]
    )
