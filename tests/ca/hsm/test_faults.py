"""Faults on order, from a module stricter than SoftHSM: what heals, and what must not be tried again."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ca.hsm.configuration import TokenConfiguration
from ca.hsm.faults import CKR_NAMES, PinRefused, Remedy, TokenFault, remedy
from ca.hsm.token_keeper import TokenKeeper, keep_token
from ca.pki.signer import SignatureAlgorithm
from hsm_sim.build import build


@pytest.fixture(scope="session")
def shim() -> Path:
    """Build the module of the simulated hardware."""
    return build()


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that says which call fails."""
    file = tmp_path / "faults"
    file.write_text("")
    monkeypatch.setenv("SIGILL_SHIM_FAULTS", str(file))
    for name in ("SIGILL_READERS", "SIGILL_CARDS"):
        monkeypatch.delenv(name, raising=False)
    return file


@pytest.fixture
def keeper(token: TokenConfiguration, shim: Path, faults: Path) -> Iterator[TokenKeeper]:
    """Return a keeper of a real token behind the faulty module."""
    with keep_token(replace(token, module=shim), patience=0) as keeper:
        keeper.start()
        yield keeper


def order(faults: Path, text: str) -> None:
    """Order faults; the file is replaced so that the module counts anew."""
    draft = faults.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(faults)


def sign(keeper: TokenKeeper, *messages: bytes) -> None:
    """Sign and verify each message."""
    public_key, algorithm = keeper.public_key("issuer")
    signatures = keeper.sign("issuer", algorithm, messages)
    for message, signature in zip(messages, signatures, strict=True):
        algorithm.verify(public_key=public_key, signature=signature, signed=message)


def sign_with_patience(keeper: TokenKeeper) -> int:
    """Sign as callers do, who come back after an unavailable token; return how often they came back."""
    for attempt in range(20):
        try:
            sign(keeper, b"patience")
        except TokenFault as fault:
            if fault.remedy not in {Remedy.NEW_START, Remedy.NEW_SESSION}:
                raise
            keeper._closed_until = 0.0
        else:
            return attempt
    pytest.fail("never healed")


@pytest.mark.parametrize(
    "fault",
    ["CKR_SESSION_HANDLE_INVALID", "CKR_SESSION_CLOSED", "CKR_USER_NOT_LOGGED_IN", "CKR_KEY_HANDLE_INVALID"],
)
def test_a_session_lost_in_the_middle_of_a_batch_is_not_seen_by_the_caller(
    keeper: TokenKeeper, faults: Path, fault: str
) -> None:
    order(faults, f"C_Sign 2 {fault}\n")
    sign(keeper, b"one", b"two", b"three")
    assert keeper.faults[fault] == 1


def test_a_session_lost_while_the_token_is_checked_at_start_is_opened_again_and_nothing_is_repaired(
    token: TokenConfiguration, shim: Path, faults: Path
) -> None:
    order(faults, "C_Sign 1 CKR_SESSION_CLOSED\n")
    with keep_token(replace(token, module=shim), patience=0) as keeper:
        keeper.start()
        sign(keeper, b"after the start")
        assert keeper.faults["CKR_SESSION_CLOSED"] == 1
        assert keeper.repairs == 0


@pytest.mark.parametrize("fault", ["CKR_DEVICE_REMOVED 5", "CKR_TOKEN_NOT_PRESENT 3", "CKR_GENERAL_ERROR"])
def test_a_token_that_went_away_heals_while_callers_retry(
    keeper: TokenKeeper, faults: Path, fault: str
) -> None:
    order(faults, f"C_Sign 1 {fault}\n")
    assert sign_with_patience(keeper) >= 1
    assert keeper.repairs == 0


def test_a_pin_that_is_refused_when_the_session_is_opened_again_is_tried_once(
    keeper: TokenKeeper, faults: Path
) -> None:
    """Reliability, fault table: no PIN is locked by a storm of tries."""
    order(faults, "C_Sign 1 CKR_SESSION_HANDLE_INVALID\nC_Login 1 CKR_PIN_INCORRECT *\n")
    for _ in range(8):
        with pytest.raises(TokenFault):
            keeper.sign("issuer", SignatureAlgorithm.ECDSA_SHA384, [b"x"])
        keeper._closed_until = 0.0
    fired = faults.with_name("faults.fired").read_text().splitlines()
    # One try at the token, and one by the child that asked whether the copy takes the PIN.
    assert len([line for line in fired if "C_Login" in line]) == 2


def test_a_refused_pin_is_said_to_be_one(keeper: TokenKeeper, faults: Path) -> None:
    order(faults, "C_Sign 1 CKR_SESSION_HANDLE_INVALID\nC_Login 1 CKR_PIN_LOCKED *\n")
    with pytest.raises(PinRefused):
        keeper.sign("issuer", SignatureAlgorithm.ECDSA_SHA384, [b"x"])


def test_every_named_fault_has_a_remedy_and_unknown_ones_lead_to_a_new_start() -> None:
    assert all(isinstance(remedy(ckr), Remedy) for ckr in CKR_NAMES)
    assert remedy(0x80000001) is Remedy.NEW_START
    assert {name for ckr, name in CKR_NAMES.items() if remedy(ckr) is Remedy.NEVER_RETRY} == {
        "CKR_PIN_INCORRECT", "CKR_PIN_INVALID", "CKR_PIN_LEN_RANGE", "CKR_PIN_EXPIRED", "CKR_PIN_LOCKED",
        "CKR_USER_PIN_NOT_INITIALIZED",
    }  # fmt: skip


def test_the_pin_stands_in_no_repr(keeper: TokenKeeper, token: TokenConfiguration) -> None:
    """Style principle 9."""
    pin = token.pin_file.read_text()
    assert pin not in repr(token)
    assert pin not in repr(keeper.session())
    assert pin not in os.environ.values()
