"""Challenge and response: the admin key is proved without being said, opens once, and is renewed unseen."""

import ctypes
import subprocess
import sys
from pathlib import Path
from typing import Any

import PyKCS11
import pytest

from hsm_sim.challenge import response
from tests.hsm_sim.conftest import PIN, PUK, READ_WRITE, Card, code_of

FRESH_KEY = "0123456789abcdef"
ELSEWHERE = """
import ctypes, PyKCS11, sys
from hsm_sim.challenge import response
library = PyKCS11.PyKCS11Lib()
library.load(sys.argv[1])
session = library.openSession(0, PyKCS11.CKF_SERIAL_SESSION | PyKCS11.CKF_RW_SESSION)
challenge = (ctypes.c_ubyte * 16)()
assert ctypes.CDLL(sys.argv[1]).SIGILL_GetChallenge(ctypes.c_ulong(0), challenge) == 0
session.login(response(sys.argv[2], sys.argv[3], bytes(challenge), renewed=sys.argv[4]), PyKCS11.CKU_SO)
"""


def challenge_of(module: Path) -> bytes:
    octets = (ctypes.c_ubyte * 16)()
    assert ctypes.CDLL(str(module)).SIGILL_GetChallenge(ctypes.c_ulong(0), octets) == PyKCS11.CKR_OK
    return bytes(octets)


def opens(session: Any, module: Path, card: Card, key: str) -> bool:
    answer = response(key, card.number, challenge_of(module))
    try:
        session.login(answer, PyKCS11.CKU_SO)
    except PyKCS11.PyKCS11Error:
        return False
    session.logout()
    return True


def test_a_response_unlocks_the_card_and_the_keys_are_still_there(
    session: Any, card: Card, module: Path
) -> None:
    for _ in range(5):
        code_of(session.login, "111222")
    assert code_of(session.login, PIN) == "CKR_PIN_LOCKED"
    session.login(response(card.admin_key, card.number, challenge_of(module)), PyKCS11.CKU_SO)
    session.initPin("918273")
    session.logout()
    session.login("918273")


def test_a_response_opens_once_and_only_for_its_challenge(session: Any, card: Card, module: Path) -> None:
    answer = response(card.admin_key, card.number, challenge_of(module))
    session.login(answer, PyKCS11.CKU_SO)
    session.logout()
    assert code_of(session.login, answer, PyKCS11.CKU_SO) == "CKR_PIN_INCORRECT"
    challenge_of(module)
    assert code_of(session.login, answer, PyKCS11.CKU_SO) == "CKR_PIN_INCORRECT"
    assert len({challenge_of(module) for _ in range(20)}) == 20


def test_a_response_for_another_card_or_key_does_not_open_and_costs_a_try(
    session: Any, card: Card, module: Path
) -> None:
    for key, number in ((FRESH_KEY, card.number), (card.admin_key, f"{int(card.number) + 1}")):
        answer = response(key, number, challenge_of(module))
        assert code_of(session.login, answer, PyKCS11.CKU_SO) == "CKR_PIN_INCORRECT"
    assert " admin 8 " in card.counters.read_text()
    assert opens(session, module, card, card.admin_key)
    assert " admin 10 " in card.counters.read_text()


@pytest.mark.parametrize("octet", [0, 20, 40])
def test_what_was_changed_on_the_way_is_refused(octet: int, session: Any, card: Card, module: Path) -> None:
    """Whoever stands between service and card can neither change the key nor choose the next one."""
    answer = bytearray.fromhex(response(card.admin_key, card.number, challenge_of(module), renewed=FRESH_KEY))
    answer[octet] ^= 1
    assert code_of(session.login, answer.hex(), PyKCS11.CKU_SO) == "CKR_PIN_INCORRECT"
    assert opens(session, module, card, card.admin_key)


def test_a_long_response_cut_short_is_refused(session: Any, card: Card, module: Path) -> None:
    answer = response(card.admin_key, card.number, challenge_of(module), renewed=FRESH_KEY)
    assert code_of(session.login, answer[:64], PyKCS11.CKU_SO) == "CKR_PIN_INCORRECT"


def test_ten_wrong_responses_lock_the_admin_key(session: Any, card: Card, module: Path) -> None:
    for _ in range(10):
        assert not opens(session, module, card, FRESH_KEY)
    assert not opens(session, module, card, card.admin_key)
    assert code_of(session.login, card.admin_key, PyKCS11.CKU_SO) == "CKR_PIN_LOCKED"


def test_a_response_may_renew_the_key_and_the_puk_stays(session: Any, card: Card, module: Path) -> None:
    answer = response(card.admin_key, card.number, challenge_of(module), renewed=FRESH_KEY)
    session.login(answer, PyKCS11.CKU_SO)
    session.initPin("918273")
    session.logout()
    assert not opens(session, module, card, card.admin_key)
    assert opens(session, module, card, FRESH_KEY)
    session.login(PUK, PyKCS11.CKU_SO)
    session.logout()
    session.login("918273")


def test_a_challenge_does_not_outlive_the_card_in_the_reader(
    session: Any, card: Card, module: Path, library: Any
) -> None:
    answer = response(card.admin_key, card.number, challenge_of(module))
    card.remove()
    library.getSlotList(tokenPresent=False)
    card.insert()
    again = library.openSession(0, READ_WRITE)
    assert code_of(again.login, answer, PyKCS11.CKU_SO) == "CKR_PIN_INCORRECT"


@pytest.mark.parametrize("fault", ["C_Login 1 KILL_AFTER", "C_Login 1 KILL"])
def test_whoever_is_killed_while_the_key_is_renewed_one_of_the_two_opens(
    fault: str, session: Any, card: Card, module: Path, library: Any
) -> None:
    (card.home / "faults").write_text(f"{fault}\n")
    command = [sys.executable, "-c", ELSEWHERE, str(module), card.admin_key, card.number, FRESH_KEY]
    assert subprocess.run(command, check=False).returncode == -9
    (card.home / "faults").unlink()
    again = library.openSession(0, READ_WRITE)
    which = [opens(again, module, card, key) for key in (card.admin_key, FRESH_KEY)]
    assert which == ([False, True] if fault.endswith("AFTER") else [True, False])


def test_a_card_killed_inside_the_change_is_opened_by_either_key_that_it_has(
    session: Any, card: Card, module: Path
) -> None:
    """What the card wrote down before the change stands there beside the old: as after a power cut."""
    session.login(card.admin_key, PyKCS11.CKU_SO)
    session.setPin(card.admin_key, FRESH_KEY)
    session.logout()
    settled = card.counters.read_text()
    verifier = settled.split(" verifier ")[1].split(" ")[0]
    cut = settled.replace(f" verifier {verifier} next -", f" verifier {'0' * 64} next {verifier}")
    assert cut != settled
    card.counters.write_text(cut)
    assert opens(session, module, card, FRESH_KEY)
    assert f" verifier {verifier} next -" in card.counters.read_text()


def test_a_card_of_an_earlier_make_learns_it_from_its_key(session: Any, card: Card, module: Path) -> None:
    text = card.counters.read_text()
    card.counters.write_text(text[: text.index(" verifier ")] + "\n")
    octets = (ctypes.c_ubyte * 16)()
    ask = ctypes.CDLL(str(module)).SIGILL_GetChallenge
    assert ask(ctypes.c_ulong(0), octets) == PyKCS11.CKR_FUNCTION_NOT_SUPPORTED
    session.login(card.admin_key, PyKCS11.CKU_SO)
    session.logout()
    assert opens(session, module, card, card.admin_key)
