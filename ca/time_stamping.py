"""Stamps time with the key in the HSM, worker only, and tells the status services with which (RFC 3161)."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from ca.hsm.proxy import SignerSource
from ca.pki.lints import stop_on_errors
from ca.pki.policies import TIME_STAMP_SUFFIX
from ca.pki.signer import sign_and_verify
from ca.pki.time_stamp import TimeStampAuthority, plan_time_stamp
from ca.pki.time_stamp_file import FILE, TimeStampSigner
from ca.pki.time_stamp_lints import lint_time_stamp
from ca.policy_files import policy_files
from ca.published_files import write_whole
from ca.service_signers import STAMP, current

ACCURACY: Final = timedelta(seconds=1, milliseconds=500)
"""A time-stamp names the second that has begun, and the clock may be half a second wrong."""


def time_stamp_signer(*, at: datetime) -> TimeStampSigner:
    """Return which key stamps now. Raises ``NoServiceSigner``."""
    certificate = current(STAMP, at=at)
    files = policy_files()
    key_class = files.hierarchy.key_class(files.profile(STAMP.profile).key_class)
    if key_class.signature_algorithm is None:
        raise ValueError(f"the keys of {STAMP.profile} are not ours")
    return TimeStampSigner(
        label=certificate.carrier_id,
        authority=TimeStampAuthority(
            chain_der=(bytes(certificate.certificate_der), bytes(certificate.issuer.certificate_der)),
            algorithm=key_class.signature_algorithm,
            policy=f"{files.policy_arc}.{TIME_STAMP_SUFFIX}",
            accuracy=ACCURACY,
        ),
    )


def time_stamp(request_der: bytes, *, signers: SignerSource, at: datetime) -> bytes:
    """Answer a request for a time-stamp with a TimeStampResp.

    Raises ``TimeStampRefused``, ``NoServiceSigner`` and ``SigningUnavailable``.
    """
    return stamped_by(time_stamp_signer(at=at), request_der, signers=signers, at=at)


def stamped_by(
    stamping: TimeStampSigner, request_der: bytes, *, signers: SignerSource, at: datetime
) -> bytes:
    """Answer a request with a key that is known: the database is not asked.

    Raises ``TimeStampRefused`` and ``SigningUnavailable``.
    """
    plan = plan_time_stamp(request_der, authority=stamping.authority, at=at)
    stop_on_errors(
        lint_time_stamp(
            plan.to_be_signed,
            content_der=plan.content_der,
            certificate_der=stamping.authority.chain_der[0],
        )
    )
    signature = sign_and_verify(
        plan.to_be_signed,
        signer=signers.signer_for(stamping.label),
        public_key=stamping.public_key,
        algorithm=stamping.authority.algorithm,
    )
    return plan.response(signature)


def tell_status_services(*, at: datetime) -> bool:
    """Write for the status services which key stamps, where it is another; return whether it was.

    Raises ``NoServiceSigner``.
    """
    file, content = settings.SIGILL_PUBLIC / FILE, time_stamp_signer(at=at).encode()
    if file.is_file() and file.read_bytes() == content:
        return False
    write_whole(file, content)
    return True
