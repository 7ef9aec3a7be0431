"""The fault shim around an HSM: what fails on order, and that what was lost is really lost."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import PyKCS11
import pytest

from tests.hsm_sim.conftest import READ_WRITE, code_of, make_key, private_keys, sign

PIN = "an HSM's PIN"


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A SoftHSM token of the ordinary kind, and the control file."""
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    monkeypatch.setenv("SIGILL_SHIM_FAULTS", str(tmp_path / "faults"))
    monkeypatch.delenv("SIGILL_READERS", raising=False)
    return tmp_path / "faults"


@pytest.fixture
def hsm(faults: Path, module: Path) -> Iterator[Any]:
    library = PyKCS11.PyKCS11Lib()
    library.load(str(module))
    library.initToken(library.getSlotList(tokenPresent=False)[0], "so-pin", "hsm".ljust(32))
    session = library.openSession(_slot(library), READ_WRITE)
    session.login("so-pin", PyKCS11.CKU_SO)
    session.initPin(PIN)
    session.closeSession()
    yield library
    library.unload()


def _slot(library: Any) -> int:
    return next(
        slot
        for slot in library.getSlotList(tokenPresent=True)
        if library.getTokenInfo(slot).label.strip("\0 ") == "hsm"
    )


@pytest.fixture
def session(hsm: Any) -> Any:
    opened = hsm.openSession(_slot(hsm), READ_WRITE)
    opened.login(PIN)
    make_key(opened, TOKEN=True, PRIVATE=True)
    return opened


def test_without_orders_it_is_softhsm(session: Any) -> None:
    assert len(sign(session, private_keys(session)[0])) == 64


def test_the_third_signature_finds_the_session_lost_and_everything_opened_with_it(
    hsm: Any, session: Any, faults: Path
) -> None:
    key, second = private_keys(session)[0], hsm.openSession(_slot(hsm), READ_WRITE)
    faults.write_text("C_Sign 3 CKR_SESSION_HANDLE_INVALID\n")
    assert [code_of(sign, session, key) for _ in range(4)] == [
        "CKR_OK",
        "CKR_OK",
        "CKR_SESSION_HANDLE_INVALID",
        "CKR_SESSION_HANDLE_INVALID",
    ]
    assert code_of(second.getSessionInfo) == "CKR_SESSION_HANDLE_INVALID"
    fresh = hsm.openSession(_slot(hsm), READ_WRITE)
    assert private_keys(fresh) == []  # the login is lost too
    fresh.login(PIN)
    assert code_of(sign, fresh, key) == "CKR_KEY_HANDLE_INVALID"
    assert len(sign(fresh, private_keys(fresh)[0])) == 64


def test_a_removed_device_stays_away_for_as_long_as_ordered(hsm: Any, session: Any, faults: Path) -> None:
    slot, key = _slot(hsm), private_keys(session)[0]
    faults.write_text("C_Sign 1 CKR_DEVICE_REMOVED 4\n")
    assert code_of(sign, session, key) == "CKR_DEVICE_REMOVED"
    assert code_of(hsm.openSession, slot, READ_WRITE) == "CKR_TOKEN_NOT_PRESENT"
    assert hsm.getSlotList(tokenPresent=True) == []
    assert code_of(hsm.getTokenInfo, slot) == "CKR_TOKEN_NOT_PRESENT"
    again = hsm.openSession(slot, READ_WRITE)
    again.login(PIN)
    assert len(sign(again, private_keys(again)[0])) == 64


def test_login_may_fail_a_number_of_times_or_for_ever(hsm: Any, faults: Path) -> None:
    faults.write_text("C_Login 2 CKR_PIN_INCORRECT 2\n")
    session = hsm.openSession(_slot(hsm), READ_WRITE)

    def log_in() -> str:
        code = code_of(session.login, PIN)
        code_of(session.logout)
        return code

    assert [log_in() for _ in range(4)] == ["CKR_OK", "CKR_PIN_INCORRECT", "CKR_PIN_INCORRECT", "CKR_OK"]
    faults.write_text("C_Login 1 CKR_FUNCTION_FAILED *\n# a comment\n")
    assert {log_in() for _ in range(5)} == {"CKR_FUNCTION_FAILED"}
    faults.unlink()
    assert log_in() == "CKR_OK"


def test_a_login_lost_on_the_way_is_really_lost(session: Any, faults: Path) -> None:
    key = private_keys(session)[0]
    faults.write_text("C_SignInit 1 CKR_USER_NOT_LOGGED_IN\n")
    assert code_of(sign, session, key) == "CKR_USER_NOT_LOGGED_IN"
    assert private_keys(session) == []
    session.login(PIN)


def test_a_signature_may_come_out_wrong(session: Any, faults: Path) -> None:
    faults.write_text("C_Sign 2 CORRUPT\n")
    key = private_keys(session)[0]
    public = session.findObjects([(PyKCS11.CKA_CLASS, PyKCS11.CKO_PUBLIC_KEY)])[0]
    mechanism = PyKCS11.Mechanism(PyKCS11.CKM_ECDSA, None)
    assert session.verify(public, b"d" * 32, sign(session, key), mechanism)
    assert not session.verify(public, b"d" * 32, sign(session, key), mechanism)


def test_a_hang_ends_when_the_file_changes(session: Any, faults: Path) -> None:
    key = private_keys(session)[0]
    faults.write_text("C_Sign 1 HANG\n")
    fired = faults.with_name("faults.fired")
    script = f"until [ -e {fired} ]; do sleep 0.01; done; rm {faults}"
    with subprocess.Popen(["sh", "-c", script]):
        assert len(sign(session, key)) == 64


def test_a_kill_on_order_happens_once_and_is_remembered(session: Any, faults: Path, module: Path) -> None:
    faults.write_text("C_Login 1 KILL\n")
    script = (
        "import PyKCS11, sys; lib = PyKCS11.PyKCS11Lib(); lib.load(sys.argv[1]);"
        "s = next(s for s in lib.getSlotList() if lib.getTokenInfo(s).label.startswith('hsm'));"
        f"lib.openSession(s, {READ_WRITE}).login({PIN!r})"
    )
    codes = [
        subprocess.run([sys.executable, "-c", script, str(module)], check=False).returncode for _ in range(2)
    ]
    assert codes == [-9, 0]
    assert "C_Login 1 KILL" in faults.with_name("faults.fired").read_text()


def test_a_number_may_be_ordered_by_value(session: Any, faults: Path) -> None:
    faults.write_text("C_Sign 1 0x30\n")
    assert code_of(sign, session, private_keys(session)[0]) == "CKR_DEVICE_ERROR"


def test_an_order_not_understood_is_ignored_and_said(session: Any, faults: Path, capfd: Any) -> None:
    faults.write_text("C_Sign 1 CKR_SOMETHING_ELSE\n")
    assert len(sign(session, private_keys(session)[0])) == 64
    assert "not understood" in capfd.readouterr().err
