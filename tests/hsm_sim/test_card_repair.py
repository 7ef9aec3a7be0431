"""SoftHSM loses a token when its process dies while it writes; a card must not be lost with it."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import PyKCS11
import pytest

from tests.hsm_sim.conftest import PIN, READ_WRITE, Card, code_of, make_key, private_keys, sign

LOGIN_FOR_EVER = f"""
import sys, PyKCS11
library = PyKCS11.PyKCS11Lib()
library.load(sys.argv[1])
session = library.openSession(0, {READ_WRITE})
print("ready", flush=True)
while True:
    session.login({PIN!r})
    session.logout()
"""


def _works(library: Any) -> None:
    session = library.openSession(0, READ_WRITE)
    session.login(PIN)
    assert len(sign(session, private_keys(session)[0])) == 64
    session.closeSession()


def _reinsert(card: Card, library: Any) -> None:
    card.remove()
    library.getSlotList(tokenPresent=True)
    card.insert()


def test_a_token_file_cut_short_anywhere_is_put_back_from_its_copy(
    session: Any, card: Card, library: Any
) -> None:
    session.login(PIN)
    make_key(session)
    _reinsert(card, library)
    _works(library)  # the copy is renewed now
    whole = (card.token / "token.object").read_bytes()
    chance = random.Random(4)  # noqa: S311 - places to cut at
    lengths = {0, 1, 8, 100, len(whole) // 2, len(whole) - 1, *chance.sample(range(len(whole)), 12)}
    for length in sorted(lengths):
        card.remove()
        library.getSlotList(tokenPresent=True)
        (card.token / "token.object").write_bytes(whole[:length])
        card.insert()
        _works(library)
    assert list((card.home / "cards" / "damaged").iterdir())


@pytest.mark.parametrize("loss", ["file", "folder"])
def test_a_token_that_is_gone_is_put_back(loss: str, session: Any, card: Card, library: Any) -> None:
    session.login(PIN)
    make_key(session)
    card.remove()
    library.getSlotList(tokenPresent=True)
    if loss == "file":
        (card.token / "token.object").unlink()
    else:
        shutil.rmtree(card.token.parent)
    card.insert()
    _works(library)


def test_a_repaired_card_has_no_more_tries_than_before(session: Any, card: Card, library: Any) -> None:
    for _ in range(4):
        code_of(session.login, "000111")
    card.remove()
    library.getSlotList(tokenPresent=True)
    (card.token / "token.object").write_bytes(b"")
    card.insert()
    reopened = library.openSession(0, READ_WRITE)
    assert code_of(reopened.login, "000111") == "CKR_PIN_LOCKED"


def test_a_card_survives_processes_killed_while_they_log_in(
    session: Any, card: Card, library: Any, module: Path
) -> None:
    session.login(PIN)
    make_key(session)
    session.closeSession()
    chance = random.Random(7)  # noqa: S311 - moments to kill at
    for _ in range(25):
        with subprocess.Popen(
            [sys.executable, "-c", LOGIN_FOR_EVER, str(module)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout
            process.stdout.readline()
            time.sleep(chance.uniform(0.001, 0.05))
            process.send_signal(signal.SIGKILL)
        counters = card.counters.read_text()
        assert " pin 0 " not in counters
        _reinsert(card, library)
        _works(library)


def test_the_copy_follows_every_change(session: Any, card: Card, library: Any) -> None:
    def copies() -> set[str]:
        folder = next((card.home / "cards" / "copies" / card.number).iterdir())
        return {path.name for path in folder.glob("*.object")}

    def originals() -> set[str]:
        return {path.name for path in card.token.glob("*.object")}

    session.login(PIN)
    key = make_key(session)
    assert len(originals()) == 3
    assert copies() == originals()
    session.destroyObject(key)
    assert copies() == originals()
    assert len(originals()) == 2


def test_an_unharmed_card_is_left_alone(session: Any, card: Card, library: Any) -> None:
    for _ in range(3):
        _reinsert(card, library)
        library.getTokenInfo(0)
    assert not (card.home / "cards" / "damaged").exists() or not any(
        (card.home / "cards" / "damaged").iterdir()
    )
    assert PyKCS11.CKR_OK == 0
