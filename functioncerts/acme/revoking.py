"""Revokes for whoever proves the right to it: the account, or the certificate's own key (RFC 8555 7.6)."""

from collections.abc import Mapping
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.pki.reasons import RevocationReason
from functioncerts import lifecycle
from functioncerts.acme.acting import actor_of_account, actor_of_key
from functioncerts.acme.encoded import from_base64url
from functioncerts.acme.errors import AcmeProblem, ProblemType, malformed
from functioncerts.acme.jose import AccountKey
from functioncerts.acme.models import Account
from functioncerts.acme.renewal_information import NamedCertificate, certificate_of_der
from functioncerts.errors import AlreadyRevoked, Refused
from functioncerts.states import FunctionOrderState

_REASONS: Mapping[int, RevocationReason] = {reason.value: reason for reason in lifecycle.REASONS}


def revoke(
    fields: Mapping[str, object],
    *,
    account: Account | None,
    key: AccountKey,
    client_address: str,
    at: datetime,
) -> None:
    """Revoke a function certificate, for ever.

    An account may revoke what its function object was issued, by ACME or otherwise; a key its own
    certificate. Raises AcmeProblem: unauthorized (also for a certificate that is not ours: the two are told
    apart to nobody), alreadyRevoked, badRevocationReason, malformed.
    """
    certificate_der = from_base64url(fields.get("certificate"), "certificate")
    reason = _reason(fields.get("reason", 0))
    found = certificate_of_der(certificate_der)
    if found is None or not _may(found, account, key):
        raise AcmeProblem(
            ProblemType.UNAUTHORIZED,
            "neither this account's function object nor this key has such a certificate",
        )
    if found.order.state == FunctionOrderState.REVOKED.value or found.certificate.revoked_at is not None:
        raise AcmeProblem(ProblemType.ALREADY_REVOKED, "the certificate is revoked already")
    actor = (
        actor_of_key(found.order, client_address=client_address)
        if account is None
        else actor_of_account(account, client_address=client_address)
    )
    try:
        lifecycle.revoke_certificate(
            order_id=str(found.order.pk), reason=reason, requested_at=at, actor=actor, at=at
        )
    except AlreadyRevoked:
        raise AcmeProblem(ProblemType.ALREADY_REVOKED, "the certificate is revoked already") from None
    except Refused as error:
        if error.refusal.code == "already_revoked":
            raise AcmeProblem(ProblemType.ALREADY_REVOKED, "the certificate is revoked already") from error
        raise AcmeProblem(ProblemType.UNAUTHORIZED, f"refused: {error.refusal.code}") from error


def _may(found: NamedCertificate, account: Account | None, key: AccountKey) -> bool:
    if account is not None:
        return found.order.function_object_id == account.function_object_id
    certified = x509.load_der_x509_certificate(bytes(found.certificate.certificate_der)).public_key()
    return key.public_key_der == certified.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _reason(asked: object) -> RevocationReason:
    if not isinstance(asked, int) or isinstance(asked, bool):
        raise malformed("reason is a number")
    reason = _REASONS.get(asked)
    if reason is None:
        allowed = ", ".join(f"{one} {_REASONS[one].rfc_name}" for one in sorted(_REASONS))
        raise AcmeProblem(ProblemType.BAD_REVOCATION_REASON, f"the reasons are {allowed}")
    return reason
