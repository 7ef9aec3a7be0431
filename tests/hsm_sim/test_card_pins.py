"""The codes of a card: tries that survive everything, flags, PUK, admin key."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import PyKCS11
import pytest

from tests.hsm_sim.conftest import PIN, PUK, READ_WRITE, Card, code_of, flags, make_key, private_keys, sign

WRONG = "000111"


def test_a_card_has_no_pin_until_one_is_set_with_the_admin_key(card: Card, library: Any) -> None:
    card.insert()
    session = library.openSession(0, READ_WRITE)
    assert code_of(session.login, PIN) == "CKR_USER_PIN_NOT_INITIALIZED"
    assert "USER_PIN_INITIALIZED" not in flags(library)
    session.login(card.admin_key, PyKCS11.CKU_SO)
    session.initPin(PIN)
    session.logout()
    session.login(PIN)
    assert flags(library) == {"USER_PIN_INITIALIZED"}


def test_tries_count_down_with_flags_until_the_pin_is_locked(session: Any, library: Any) -> None:
    seen = [(code_of(session.login, WRONG), flags(library) - {"USER_PIN_INITIALIZED"}) for _ in range(6)]
    low, final = {"USER_PIN_COUNT_LOW"}, {"USER_PIN_COUNT_LOW", "USER_PIN_FINAL_TRY"}
    assert seen == [
        ("CKR_PIN_INCORRECT", low),
        ("CKR_PIN_INCORRECT", low),
        ("CKR_PIN_INCORRECT", low),
        ("CKR_PIN_INCORRECT", final),
        ("CKR_PIN_LOCKED", {"USER_PIN_LOCKED"}),
        ("CKR_PIN_LOCKED", {"USER_PIN_LOCKED"}),
    ]
    assert code_of(session.login, PIN) == "CKR_PIN_LOCKED"


def test_a_right_pin_gives_the_tries_back(session: Any, library: Any) -> None:
    for _ in range(4):
        code_of(session.login, WRONG)
    session.login(PIN)
    assert flags(library) == {"USER_PIN_INITIALIZED"}


def test_a_login_that_is_already_made_costs_no_try(session: Any, library: Any) -> None:
    session.login(PIN)
    assert code_of(session.login, WRONG) == "CKR_USER_ALREADY_LOGGED_IN"
    assert code_of(session.login, "0" * 16, PyKCS11.CKU_SO) == "CKR_USER_ANOTHER_ALREADY_LOGGED_IN"
    assert flags(library) == {"USER_PIN_INITIALIZED"}


def test_the_try_is_gone_before_the_pin_is_compared(session: Any, card: Card, module: Path) -> None:
    """A process killed while it compares has used its try: pulling the plug gives no free guesses."""
    (card.home / "faults").write_text("C_Login 1 KILL_AFTER\n")
    script = (
        "import PyKCS11, sys; lib = PyKCS11.PyKCS11Lib(); lib.load(sys.argv[1]);"
        f"lib.openSession(0, {READ_WRITE}).login({WRONG!r})"
    )
    done = subprocess.run([sys.executable, "-c", script, str(module)], check=False)
    assert done.returncode == -9
    assert " pin 4 " in card.counters.read_text()


@pytest.mark.parametrize("code", ["puk", "admin"])
def test_a_locked_card_is_unlocked_with_puk_or_admin_key_and_its_keys_are_still_there(
    code: str, session: Any, card: Card
) -> None:
    session.login(PIN)
    make_key(session)
    session.logout()
    for _ in range(5):
        code_of(session.login, WRONG)
    session.login(PUK if code == "puk" else card.admin_key, PyKCS11.CKU_SO)
    session.initPin("918273")
    session.logout()
    assert code_of(session.login, PIN) == "CKR_PIN_INCORRECT"
    session.login("918273")
    assert len(sign(session, private_keys(session)[0])) == 64


def test_ten_wrong_puks_lock_the_puk_but_not_the_admin_key(session: Any, card: Card) -> None:
    codes = [code_of(session.login, "87654321", PyKCS11.CKU_SO) for _ in range(10)]
    assert codes == ["CKR_PIN_INCORRECT"] * 9 + ["CKR_PIN_LOCKED"]
    assert code_of(session.login, PUK, PyKCS11.CKU_SO) == "CKR_PIN_LOCKED"
    session.login(card.admin_key, PyKCS11.CKU_SO)


def test_ten_wrong_admin_keys_lock_it_for_good(session: Any, card: Card) -> None:
    for _ in range(10):
        code_of(session.login, "f" * 16, PyKCS11.CKU_SO)
    assert code_of(session.login, card.admin_key, PyKCS11.CKU_SO) == "CKR_PIN_LOCKED"


@pytest.mark.parametrize(
    ("pin", "code"),
    [("12345", "CKR_PIN_LEN_RANGE"), ("123456789", "CKR_PIN_LEN_RANGE"), ("12345a", "CKR_PIN_INVALID")],
)
def test_a_pin_has_six_to_eight_digits(pin: str, code: str, session: Any, card: Card) -> None:
    session.login(card.admin_key, PyKCS11.CKU_SO)
    assert code_of(session.initPin, pin) == code
    session.logout()
    assert code_of(session.setPin, PIN, pin) == code
    session.login(PIN)


def test_a_holder_changes_the_pin_and_a_wrong_old_one_costs_a_try(session: Any, card: Card) -> None:
    assert code_of(session.setPin, WRONG, "918273") == "CKR_PIN_INCORRECT"
    assert " pin 4 " in card.counters.read_text()
    session.setPin(PIN, "918273")
    assert " pin 5 " in card.counters.read_text()
    session.login("918273")


@pytest.mark.parametrize("damage", ["", "sigill-counters 1 pin 9", "pin 5"])
def test_counters_that_cannot_be_read_count_as_locked(damage: str, session: Any, card: Card) -> None:
    card.counters.write_text(damage)
    assert code_of(session.login, PIN) == "CKR_PIN_LOCKED"
    assert code_of(session.login, card.admin_key, PyKCS11.CKU_SO) == "CKR_PIN_LOCKED"


def test_a_restart_gives_no_new_tries(session: Any, card: Card, library: Any) -> None:
    for _ in range(3):
        code_of(session.login, WRONG)
    library.lib.C_Finalize()
    library.lib.C_Initialize()
    reopened = library.openSession(0, READ_WRITE)
    assert [code_of(reopened.login, WRONG) for _ in range(2)] == ["CKR_PIN_INCORRECT", "CKR_PIN_LOCKED"]


def test_a_card_is_personalized_once(session: Any, card: Card, library: Any) -> None:
    session.closeSession()
    refused = code_of(library.initToken, 0, card.admin_key, card.number.ljust(32))
    assert refused == "CKR_TOKEN_WRITE_PROTECTED"


def test_the_codes_are_in_no_file_of_the_card(session: Any, card: Card) -> None:
    session.login(PIN)
    make_key(session)
    for folder, _, names in os.walk(card.home / "cards"):
        for name in names:
            content = Path(folder, name).read_bytes()
            for secret in (PIN, PUK, card.admin_key):
                assert secret.encode() not in content, f"{folder}/{name}"


FRESH_KEY = "0123456789abcdef"
ELSEWHERE = """
import PyKCS11, sys
library = PyKCS11.PyKCS11Lib()
library.load(sys.argv[1])
session = library.openSession(0, PyKCS11.CKF_SERIAL_SESSION | PyKCS11.CKF_RW_SESSION)
session.login(sys.argv[2], PyKCS11.CKU_SO)
session.setPin(sys.argv[2], sys.argv[3])
session.initPin("918273")
session.logout()
"""


def test_a_new_admin_key_replaces_the_old_one_and_keys_and_puk_stay(session: Any, card: Card) -> None:
    session.login(PIN)
    make_key(session)
    session.logout()
    session.login(card.admin_key, PyKCS11.CKU_SO)
    session.setPin(card.admin_key, FRESH_KEY)
    session.initPin("918273")
    session.logout()
    assert code_of(session.login, card.admin_key, PyKCS11.CKU_SO) == "CKR_PIN_INCORRECT"
    session.login(FRESH_KEY, PyKCS11.CKU_SO)
    session.logout()
    session.login(PUK, PyKCS11.CKU_SO)
    session.logout()
    session.login("918273")
    assert len(sign(session, private_keys(session)[0])) == 64


@pytest.mark.parametrize(
    ("old", "fresh", "code"),
    [("f" * 16, FRESH_KEY, "CKR_PIN_INCORRECT"), (PUK, FRESH_KEY, "CKR_PIN_INCORRECT"),
     ("", "0123456789abcde", "CKR_PIN_LEN_RANGE")],
)  # fmt: skip
def test_an_admin_key_is_replaced_only_by_who_shows_it(
    old: str, fresh: str, code: str, session: Any, card: Card
) -> None:
    session.login(PUK, PyKCS11.CKU_SO)
    assert code_of(session.setPin, old or card.admin_key, fresh) == code
    session.logout()
    session.login(card.admin_key, PyKCS11.CKU_SO)


def test_a_process_that_held_the_card_open_cannot_use_the_old_codes_either(
    session: Any, card: Card, module: Path, library: Any
) -> None:
    """SoftHSM reads a token's codes once per process: without a look at the card the old ones would do."""
    session.login(card.admin_key, PyKCS11.CKU_SO)  # and stays logged in
    arguments = [str(module), card.admin_key, FRESH_KEY]
    subprocess.run([sys.executable, "-c", ELSEWHERE, *arguments], check=True)
    assert code_of(session.initPin, "555666") == "CKR_DEVICE_REMOVED"
    again = library.openSession(0, READ_WRITE)
    assert code_of(again.login, card.admin_key, PyKCS11.CKU_SO) == "CKR_PIN_INCORRECT"
    assert code_of(again.login, PIN) == "CKR_PIN_INCORRECT"
    again.login(FRESH_KEY, PyKCS11.CKU_SO)
    again.logout()
    again.login("918273")


def test_a_process_killed_right_after_the_change_leaves_the_new_admin_key(
    session: Any, card: Card, module: Path, library: Any
) -> None:
    (card.home / "faults").write_text("C_SetPIN 1 KILL_AFTER\n")
    arguments = [str(module), card.admin_key, FRESH_KEY]
    assert subprocess.run([sys.executable, "-c", ELSEWHERE, *arguments], check=False).returncode == -9
    again = library.openSession(0, READ_WRITE)
    assert code_of(again.login, card.admin_key, PyKCS11.CKU_SO) == "CKR_PIN_INCORRECT"
    again.login(FRESH_KEY, PyKCS11.CKU_SO)
    again.logout()
    again.login(PUK, PyKCS11.CKU_SO)


def test_a_card_repaired_from_its_copy_has_the_new_admin_key(session: Any, card: Card) -> None:
    session.login(card.admin_key, PyKCS11.CKU_SO)
    session.setPin(card.admin_key, FRESH_KEY)
    copies = card.home / "cards" / "copies" / card.number
    for kept in copies.rglob("token.object"):
        assert kept.read_bytes() == (card.token / "token.object").read_bytes()
