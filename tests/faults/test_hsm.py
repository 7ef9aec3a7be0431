"""The HSM loses sessions, goes away, refuses, errs or dies in the middle of an issuance (R9)."""

import pytest

from deploy.demo.cast import Member
from tests.running.aftermath import Aftermath
from tests.running.desk import Desk
from tests.running.installation import Installation

FAULTS = {
    "sessions are lost": [f"C_Sign {number} CKR_SESSION_HANDLE_INVALID" for number in (1, 3, 5, 7)],
    "the device goes away": ["C_Sign 1 CKR_DEVICE_REMOVED 6"],
    "the login is lost": ["C_SignInit 1 CKR_USER_NOT_LOGGED_IN", "C_SignInit 4 CKR_USER_NOT_LOGGED_IN"],
    "the login fails afterwards": ["C_Sign 1 CKR_SESSION_CLOSED", "C_Login 1 CKR_FUNCTION_FAILED 2"],
    "the device errs": [f"C_Sign {number} CKR_DEVICE_ERROR" for number in (1, 2, 4, 6)],
    "signatures come out wrong": ["C_Sign 1 CORRUPT", "C_Sign 3 CORRUPT", "C_Sign 5 CORRUPT"],
    "the signer dies in a signature": ["C_Sign 1 KILL", "C_Sign 4 KILL_AFTER"],
    "the signer dies in a login": ["C_Sign 1 CKR_SESSION_CLOSED", "C_Login 1 KILL"],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
def test_an_issuance_survives_what_the_hsm_does(
    faults: list[str], installation: Installation, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """PKI-8, R9: the certificates come by themselves, one for each key, and nobody signs in again."""
    person = alva.person(holder).path
    alva.has_blocked(person)
    alva.has_ordered(person)
    alva.link(person, "/activate/")
    installation.heal()
    installation.order_hsm_faults(*faults)
    alva.activates(person, pin=holder.pin)
    assert installation.hsm_faults_that_happened()
    installation.heal()
    assert len(aftermath.one_certificate_for_each_key(holder)) == 2
    aftermath.everything_once(holder, is_blocked=False)


@pytest.mark.parametrize(
    "fault", ["sessions are lost", "signatures come out wrong", "the signer dies in a login"]
)
def test_a_block_survives_what_the_hsm_does(
    fault: str, installation: Installation, alva: Desk, holder: Member, aftermath: Aftermath
) -> None:
    """REV-1, R4: the block is done at once; OCSP and the CRL follow when the HSM signs again."""
    person = alva.makes_active_card(holder)
    installation.heal()
    installation.order_hsm_faults(*FAULTS[fault])
    alva.has_blocked(person)
    aftermath.revoked_everywhere(holder)
    assert installation.hsm_faults_that_happened()
    aftermath.everything_once(holder)
