"""Readers: cards come and go, and what was opened on them goes with them."""

import os
import subprocess
from pathlib import Path
from typing import Any

import PyKCS11
import pytest

from tests.hsm_sim.cards import make_card
from tests.hsm_sim.conftest import PIN, READ_WRITE, Card, code_of, make_key, private_keys, sign

CERTIFICATE = [
    (PyKCS11.CKA_CLASS, PyKCS11.CKO_CERTIFICATE),
    (PyKCS11.CKA_CERTIFICATE_TYPE, PyKCS11.CKC_X_509),
    (PyKCS11.CKA_TOKEN, True),
    (PyKCS11.CKA_PRIVATE, False),
    (PyKCS11.CKA_LABEL, "certificate"),
    (PyKCS11.CKA_SUBJECT, b"subject"),
    (PyKCS11.CKA_VALUE, b"certificate"),
]


def test_there_are_two_readers_and_a_card_is_in_the_one_it_was_put_in(card: Card, library: Any) -> None:
    assert library.getSlotList(tokenPresent=False) == [0, 1]
    assert library.getSlotList(tokenPresent=True) == []
    card.insert(1)
    assert library.getSlotList(tokenPresent=True) == [1]
    assert library.getTokenInfo(1).label.strip() == card.number
    assert code_of(library.getTokenInfo, 0) == "CKR_TOKEN_NOT_PRESENT"
    assert code_of(library.getTokenInfo, 2) == "CKR_SLOT_ID_INVALID"
    assert library.getSlotInfo(1).flags & PyKCS11.CKF_TOKEN_PRESENT
    assert not library.getSlotInfo(0).flags & PyKCS11.CKF_TOKEN_PRESENT


def test_a_card_is_in_one_reader_at_a_time(card: Card, library: Any) -> None:
    card.insert(0)
    card.insert(1)
    assert library.getSlotList(tokenPresent=True) == [0]


@pytest.mark.parametrize("text", ["", "../../etc", "97522789", "9" * 19, "9752278900000000017x"])
def test_a_reader_file_that_names_no_card_is_an_empty_reader(text: str, card: Card, library: Any) -> None:
    card._write(0, text)
    assert library.getSlotList(tokenPresent=True) == []


def test_two_cards_are_logged_in_to_independently(
    card: Card, session: Any, library: Any, module: Path
) -> None:
    number, admin_key = make_card(card.home, module, name="Bo Ek")
    card._write(1, number)
    other = library.openSession(1, READ_WRITE)
    other.login(admin_key, PyKCS11.CKU_SO)
    other.initPin("918273")
    other.logout()
    session.login(PIN)
    other.login("918273")
    make_key(session, "first")
    make_key(other, "second")
    card.remove(0)
    assert code_of(session.getSessionInfo) == "CKR_DEVICE_REMOVED"
    assert len(sign(other, private_keys(other)[0])) == 64


def test_taking_the_card_out_ends_sessions_login_and_handles(card: Card, session: Any, library: Any) -> None:
    session.login(PIN)
    key = make_key(session)
    card.remove()
    assert code_of(sign, session, key) == "CKR_DEVICE_REMOVED"
    assert code_of(sign, session, key) == "CKR_SESSION_HANDLE_INVALID"
    card.insert()
    reopened = library.openSession(0, READ_WRITE)
    assert private_keys(reopened) == []
    reopened.login(PIN)
    assert code_of(sign, reopened, key) == "CKR_KEY_HANDLE_INVALID"
    assert len(sign(reopened, private_keys(reopened)[0])) == 64


def test_out_and_in_again_between_two_calls_is_noticed(card: Card, session: Any) -> None:
    session.login(PIN)
    key = make_key(session)
    card.remove()
    card.insert()
    assert code_of(sign, session, key) == "CKR_DEVICE_REMOVED"


@pytest.mark.parametrize("when", ["HANG", "HANG_AFTER"])
def test_a_card_taken_out_while_it_signs_gives_no_signature(when: str, card: Card, session: Any) -> None:
    """Before the chip computed, and after it did but before the answer came out."""
    session.login(PIN)
    key = make_key(session)
    (card.home / "faults").write_text(f"C_Sign 1 {when} 300\n")
    fired, reader = card.home / "faults.fired", card.home / "cards" / "readers" / "0"
    script = f"until [ -e {fired} ]; do sleep 0.01; done; : > {fired}.x; mv {fired}.x {reader}"
    with subprocess.Popen(["sh", "-c", script]):
        assert code_of(sign, session, key) == "CKR_DEVICE_REMOVED"


def test_coming_and_going_is_an_event(card: Card, library: Any) -> None:
    def wait() -> str:
        return code_of(library.waitForSlotEvent, PyKCS11.CKF_DONT_BLOCK)

    assert wait() == "CKR_NO_EVENT"
    card.insert(1)
    assert library.waitForSlotEvent(PyKCS11.CKF_DONT_BLOCK) == 1
    assert wait() == "CKR_NO_EVENT"
    card.remove(1)
    assert library.waitForSlotEvent(PyKCS11.CKF_DONT_BLOCK) == 1


def test_private_keys_are_sensitive_and_never_leave(session: Any) -> None:
    session.login(PIN)
    key = make_key(session)
    names = ("SENSITIVE", "ALWAYS_SENSITIVE", "NEVER_EXTRACTABLE", "LOCAL", "EXTRACTABLE", "VALUE")
    values = session.getAttributeValue(key, [getattr(PyKCS11, f"CKA_{name}") for name in names])
    assert values == [True, True, True, True, False, None]


@pytest.mark.parametrize(
    "change", [{"EXTRACTABLE": True}, {"SENSITIVE": False}, {"TOKEN": False}, {"PRIVATE": False}]
)
def test_no_other_private_key_can_be_made(change: dict[str, bool], session: Any) -> None:
    session.login(PIN)
    with pytest.raises(PyKCS11.PyKCS11Error, match="CKR_TEMPLATE_INCONSISTENT"):
        make_key(session, **change)


def test_no_private_key_comes_from_outside(session: Any) -> None:
    session.login(PIN)
    template = [
        (PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY),
        (PyKCS11.CKA_KEY_TYPE, PyKCS11.CKK_EC),
        (PyKCS11.CKA_TOKEN, True),
        (PyKCS11.CKA_EC_PARAMS, bytes.fromhex("06082a8648ce3d030107")),
        (PyKCS11.CKA_VALUE, b"\1" * 32),
    ]
    assert code_of(session.createObject, template) == "CKR_TEMPLATE_INCONSISTENT"


def test_nothing_is_written_or_made_without_the_pin(session: Any, card: Card) -> None:
    for _ in range(2):
        assert code_of(session.createObject, CERTIFICATE) == "CKR_USER_NOT_LOGGED_IN"
        assert code_of(make_key, session) == "CKR_USER_NOT_LOGGED_IN"
        code_of(session.login, card.admin_key, PyKCS11.CKU_SO)  # neither with the admin key
    session.logout()
    session.login(PIN)
    written = session.createObject(CERTIFICATE)
    session.logout()
    assert code_of(session.destroyObject, written) == "CKR_USER_NOT_LOGGED_IN"
    assert bytes(session.getAttributeValue(written, [PyKCS11.CKA_VALUE])[0]) == b"certificate"


def test_a_forked_child_must_start_anew(session: Any, card: Card) -> None:
    """PKCS#11 2.40 6.6.6; SoftHSM alone would sign on and hide the fault."""
    session.login(PIN)
    key = make_key(session)
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write_end, code_of(sign, session, key).encode())
        os._exit(0)
    os.close(write_end)
    os.waitpid(child, 0)
    assert os.read(read_end, 100) == b"CKR_CRYPTOKI_NOT_INITIALIZED"
    os.close(read_end)
    assert len(sign(session, key)) == 64
