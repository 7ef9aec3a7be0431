"""Path validation to our own anchors, with policies, and with revocation that cannot be skipped."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from asn1crypto import x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    PathBuildingError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.policy_decl import PKIXValidationParams

from authn.errors import CheckFailed
from authn.hints import FailureHint

_CLOCK_TOLERANCE = timedelta(seconds=30)  # between a responder's clock and ours, in fresh answers


def validate_path(
    certificate_der: bytes,
    *,
    anchors: Sequence[bytes],
    issuers: Sequence[bytes],
    policy_oids: Collection[str],
    at: datetime,
) -> tuple[bytes, ...]:
    """Return the path from the certificate's issuer to an anchor (DER); says nothing of revocation.

    One of `policy_oids` must be valid along the whole path (RFC 5280 section 6.1, explicit policy).
    Raises CheckFailed: certificateExpired, certificateUntrusted, or loaTooLow when only the policy lacks.
    """
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(der) for der in anchors],
        other_certs=[x509.Certificate.load(der) for der in issuers],
        moment=at,
        revocation_mode="soft-fail",  # with nothing to look at: the path alone
        time_tolerance=timedelta(0),
    )
    return _validate(certificate_der, context, policy_oids)


def validate_status(
    certificate_der: bytes,
    *,
    anchors: Sequence[bytes],
    issuers: Sequence[bytes],
    policy_oids: Collection[str],
    ocsp_der: bytes,
    crls_der: Sequence[bytes],
    at: datetime,
) -> None:
    """Check path and revocation of every certificate in it, by the given answers alone.

    Mode `require`: `soft-fail` accepts silence, and `hard-fail` accepts a certificate without AIA.
    Also used a year later, with the stored answers and the moment of the login. Raises CheckFailed:
    certificateRevoked, revocationUnavailable, or those of `validate_path`.
    """
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(der) for der in anchors],
        other_certs=[x509.Certificate.load(der) for der in issuers],
        moment=at,
        revocation_mode="require",
        ocsps=[ocsp_der] if ocsp_der else [],
        crls=list(crls_der),
        time_tolerance=_CLOCK_TOLERANCE,
    )
    _validate(certificate_der, context, policy_oids)


def _validate(
    certificate_der: bytes, context: ValidationContext, policy_oids: Collection[str]
) -> tuple[bytes, ...]:
    validator = CertificateValidator(
        x509.Certificate.load(certificate_der, strict=True),
        validation_context=context,
        pkix_params=PKIXValidationParams(
            user_initial_policy_set=frozenset(policy_oids), initial_explicit_policy=True
        ),
    )
    try:
        path = asyncio.run(validator.async_validate_path())
    except (ExpiredError, NotYetValidError) as error:
        raise CheckFailed(FailureHint.CERTIFICATE_EXPIRED, "expired or not yet valid") from error
    except RevokedError as error:
        raise CheckFailed(FailureHint.CERTIFICATE_REVOKED, "revoked") from error
    except InsufficientRevinfoError as error:
        raise CheckFailed(FailureHint.REVOCATION_UNAVAILABLE, "no usable status") from error
    except (ValidationError, PathBuildingError, ValueError) as error:
        if "valid set of policies" in str(error):
            raise CheckFailed(FailureHint.LOA_TOO_LOW, "no wanted policy along the path") from error
        raise CheckFailed(FailureHint.CERTIFICATE_UNTRUSTED, "no valid path to an anchor") from error
    from_anchor = [certificate.dump() for certificate in path]
    return tuple(der for der in reversed(from_anchor) if der != certificate_der)
