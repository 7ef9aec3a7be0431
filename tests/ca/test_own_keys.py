"""A row in the database makes no authority, no responder and no service of a key that is not on the token."""

from datetime import datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.batch_issuance import issue_pending
from ca.errors import SigningRefused
from ca.issuance import issue_request
from ca.models import CertificateRequest
from ca.pki.signer import Signer
from ca.policy_files import policy_files
from tests.ca.conftest import WORKER, Authority

FORGED = (
    ("issuer", "root", "person_id_3"),
    ("issuer", "root", "stranger"),
    ("ocsp_signer", "person_hsa_id_3", "person_hsa_id_3.ocsp.1"),
    ("audit_signer", "function", "audit"),
)
"""Profile, issuer and label of a key of ours, or of one that never was."""


@pytest.mark.parametrize("way", ["alone", "in a batch"])
def test_a_row_alone_certifies_no_stranger_as_one_of_us(authority: Authority, way: str) -> None:
    """Reliability F36, chapter 3: who can write rows (a web process taken over) is no authority by that."""
    requests = [_written(*one, at=authority.at) for one in FORGED]
    if way == "alone":
        assert [authority.issue(one) for one in requests] == [None] * len(FORGED)
    else:
        assert issue_pending(signers=authority.signers, actor=WORKER, at=authority.at) == 0
    found = CertificateRequest.objects.filter(pk__in=[one.pk for one in requests])
    assert set(found.values_list("state", "failure")) == {("failed", "profile_refused")}


class Refusing:
    """A signer process that refuses to tell of any key, with a reason."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def signer_for(self, key_label: str) -> Signer:
        raise SigningRefused(f"nothing of {key_label}", facts={"reason": self._reason})


def test_only_an_absent_key_is_held_against_a_request(authority: Authority) -> None:
    """A PIN that is refused passes; a request that failed by it would keep its label from being served."""
    row = _written(*FORGED[2], at=authority.at)
    with pytest.raises(SigningRefused):
        issue_request(row.pk, signers=Refusing("pin_refused"), actor=WORKER, at=authority.at)
    row.refresh_from_db()
    assert (row.state, row.serial_id) == ("requested", None)
    assert issue_request(row.pk, signers=Refusing("key_absent"), actor=WORKER, at=authority.at) is None
    row.refresh_from_db()
    assert (row.state, row.failure) == ("failed", "profile_refused")


def _written(profile: str, issuer: str, label: str, *, at: datetime) -> CertificateRequest:
    """Write the row past everything that asks who may."""
    curve = ec.SECP384R1() if profile == "issuer" else ec.SECP256R1()
    key = ec.generate_private_key(curve).public_key()
    return CertificateRequest.objects.create(
        issuer_id=issuer,
        profile=profile,
        subject=policy_files().hierarchy.subject_of("person_id_3", name_prefix="").to_json(),
        public_key=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        carrier_kind="none",
        carrier_id=label,
        idempotency_key=f"written past the rules: {profile} {label}",
        requested_at=at,
    )
