"""The signer as its callers meet it: a process behind a socket that is killed, stopped and starved."""

import itertools
import multiprocessing
import os
import random
import signal
import socket
import stat
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ca.errors import SigningRefused, SigningUnavailable
from ca.hsm import wire
from ca.hsm.proxy import SocketSigners
from ca.hsm.token_copy import newest_copy
from ca.pki.signer import SignatureAlgorithm
from tests.ca.hsm.conftest import KEYS, SignerProcess, wait_for


def sign_and_verify(signers: SocketSigners, label: str, message: bytes) -> None:
    signer = signers.signer_for(label)
    signer.algorithm.verify(public_key=signer.public_key, signature=signer.sign(message), signed=message)


@pytest.mark.parametrize("label", KEYS)
def test_a_signature_over_the_socket_verifies(signer_process: SignerProcess, label: str) -> None:
    sign_and_verify(SocketSigners(signer_process.socket), label, b"to be signed")


def test_a_batch_comes_back_whole_and_in_order(signer_process: SignerProcess) -> None:
    signer = SocketSigners(signer_process.socket).signer_for("ocsp")
    messages = [str(number).encode() for number in range(100)]
    for message, signature in zip(messages, signer.sign_batch(messages), strict=True):
        signer.algorithm.verify(public_key=signer.public_key, signature=signature, signed=message)


def test_an_empty_batch_is_an_empty_answer(signer_process: SignerProcess) -> None:
    assert SocketSigners(signer_process.socket).signer_for("ocsp").sign_batch([]) == ()


def test_an_unknown_key_is_refused_at_once(signer_process: SignerProcess) -> None:
    with pytest.raises(SigningRefused) as refused:
        SocketSigners(signer_process.socket).signer_for("nobody")
    assert refused.value.facts == {"reason": "key_absent"}


def test_a_key_of_an_unknown_kind_is_not_made(signer_process: SignerProcess) -> None:
    with pytest.raises(SigningRefused):
        SocketSigners(signer_process.socket).generate_key("new", "rsa-1024")


def test_the_signer_makes_keys_and_copies_them(signer_process: SignerProcess) -> None:
    signers = SocketSigners(signer_process.socket)
    before = newest_copy(signer_process.configuration)
    public_key = signers.generate_key("issuer.ocsp.2", "ec-p256")
    assert signers.signer_for("issuer.ocsp.2").public_key == public_key
    assert newest_copy(signer_process.configuration) != before


def test_the_signer_counts_signatures_by_key(signer_process: SignerProcess) -> None:
    signers = SocketSigners(signer_process.socket)
    signers.signer_for("ocsp").sign_batch([b"a", b"b"])
    assert signers.counts()["ocsp"] == 2


def test_the_socket_is_for_its_own_user_only(signer_process: SignerProcess) -> None:
    assert stat.S_IMODE(signer_process.socket.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_process_of_another_user_is_turned_away(signer_process: SignerProcess, tmp_path: Path) -> None:
    signer_process.socket.chmod(0o666)
    for folder in [signer_process.socket.parent, *signer_process.socket.parent.parents]:
        if folder != Path("/tmp"):  # noqa: S108 - pytest's own folders are opened for the other user
            folder.chmod(folder.stat().st_mode | 0o011) if folder.is_relative_to("/tmp") else None  # noqa: S108

    reader, writer = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        try:
            os.setuid(65534)
            channel = socket.socket(socket.AF_UNIX)
            channel.connect(str(signer_process.socket))
            channel.settimeout(10)
            try:
                channel.sendall(
                    wire.frame(
                        *wire.encode_request(wire.FactsRequest(operation=wire.Operation.HEALTH, facts={}))
                    )
                )
                writer.send(channel.recv(1))
            except OSError as error:
                writer.send(type(error).__name__)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert reader.poll(10)
    assert reader.recv() in (b"", "BrokenPipeError", "ConnectionResetError")
    assert "was turned away" in signer_process.said()


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"\x00",
        b"\x00\x00\x00\x01\x63",
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x05\x01\x40abc",
        os.urandom(64),
    ],
    ids=["nothing", "an octet", "one letter", "huge length", "half a frame", "noise"],
)
def test_rubbish_on_the_socket_costs_only_that_connection(
    signer_process: SignerProcess, rubbish: bytes
) -> None:
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(str(signer_process.socket))
        channel.sendall(rubbish)
    sign_and_verify(SocketSigners(signer_process.socket), "ocsp", b"still here")


def test_a_long_batch_does_not_keep_a_short_one_waiting(signer_process: SignerProcess) -> None:
    signers = SocketSigners(signer_process.socket)
    long_signer = signers.signer_for("issuer")
    is_done = threading.Event()

    def sign_long() -> None:
        long_signer.sign_batch([b"x"] * 3000)
        is_done.set()

    thread = threading.Thread(target=sign_long)
    thread.start()
    wait_for(lambda: signers.counts().get("issuer", 0) > 0)
    sign_and_verify(signers, "ocsp", b"in between")
    was_in_between = not is_done.is_set()
    thread.join()
    assert was_in_between


def test_eight_processes_at_once_get_every_signature(signer_process: SignerProcess) -> None:
    """Goal R9: plain SoftHSM failed one try in ten with eight processes."""
    with multiprocessing.get_context("fork").Pool(8) as pool:
        results = pool.starmap(_sign_many, itertools.repeat((signer_process.socket, 25), 8))
    assert results == [25] * 8


def _sign_many(path: Path, count: int) -> int:
    signers = SocketSigners(path)
    for number in range(count):
        sign_and_verify(signers, "ocsp", str(number).encode())
    return count


def test_sigterm_ends_the_signer_cleanly(signer_process: SignerProcess) -> None:
    assert signer_process.stop() == 0
    assert not signer_process.socket.exists()
    assert "the signer has stopped" in signer_process.said()


def test_a_second_signer_says_in_a_sentence_that_the_token_is_owned(signer_process: SignerProcess) -> None:
    second = SignerProcess(signer_process.configuration, signer_process.socket.with_name("t.sock"))
    second.start()
    assert second.process is not None
    assert second.process.wait(60) == 2
    assert "another process owns the token" in signer_process.said()
    sign_and_verify(SocketSigners(signer_process.socket), "ocsp", b"the first one goes on")


def test_a_caller_waits_for_a_signer_that_starts_late(signer_process: SignerProcess) -> None:
    signer_process.kill()
    timer = threading.Timer(1.0, signer_process.start)
    timer.start()
    sign_and_verify(SocketSigners(signer_process.socket, patience=60), "issuer", b"worth waiting for")
    timer.join()


def test_without_a_signer_the_caller_is_told_after_its_patience(signer_process: SignerProcess) -> None:
    signers = SocketSigners(signer_process.socket, patience=0.3)
    signer = replace(SocketSigners(signer_process.socket).signer_for("issuer"), _signers=signers)
    signer_process.kill()
    with pytest.raises(SigningUnavailable):
        signer.sign(b"nobody there")


def test_a_signer_that_hangs_is_told_from_one_that_works_after_the_callers_patience(
    signer_process: SignerProcess,
) -> None:
    """It accepts and never answers, as under SIGSTOP; the caller's own patience ends the wait."""
    signers = SocketSigners(signer_process.socket, patience=0.3)
    signer = replace(SocketSigners(signer_process.socket).signer_for("issuer"), _signers=signers)
    assert signer_process.process is not None
    signer_process.process.send_signal(signal.SIGSTOP)
    told: list[SigningUnavailable] = []

    def ask() -> None:
        for act in (lambda: signer.sign(b"nobody awake"), signers.health):
            with pytest.raises(SigningUnavailable) as unavailable:
                act()
            told.append(unavailable.value)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout=60)
    signer_process.process.send_signal(signal.SIGCONT)
    assert len(told) == 2
    sign_and_verify(SocketSigners(signer_process.socket), "issuer", b"awake again")


def test_a_wrong_pin_ends_the_signer_and_is_said(signer_process: SignerProcess) -> None:
    signer_process.stop()
    signer_process.configuration.pin_file.write_text("000000")
    signer_process.start()
    assert signer_process.process is not None
    assert signer_process.process.wait(60) == 3
    assert "refuses the PIN" in signer_process.said()
    assert "000000" not in signer_process.said()


def test_thirty_kills_under_load_lose_no_token_and_no_signature(signer_process: SignerProcess) -> None:
    """Goals R9 and F32: callers that retry for ten seconds see no failure; the token stays whole."""
    failures: list[BaseException] = []
    signed = itertools.count()
    has_ended = threading.Event()

    def keep_signing(label: str) -> None:
        signers = SocketSigners(signer_process.socket)
        while not has_ended.is_set():
            try:
                sign_and_verify(signers, label, str(next(signed)).encode())
            except Exception as error:  # noqa: BLE001 - any failure fails the test
                failures.append(error)
                return

    callers = [threading.Thread(target=keep_signing, args=(label,)) for label in ("issuer", "ocsp", "old")]
    for caller in callers:
        caller.start()
    choice = random.Random(20260701)  # noqa: S311 - the same moments in each run
    for round_number in range(30):
        # A third of the kills fall into the start, where SoftHSM rewrites the token file at login.
        if round_number % 3:
            signer_process.wait_until_up()
        time.sleep(choice.uniform(0.0, 0.4))
        signer_process.kill()
        signer_process.start()
    signer_process.wait_until_up()
    before = next(signed)
    wait_for(lambda: failures or next(signed) > before + 50)
    has_ended.set()
    for caller in callers:
        caller.join()
    assert failures == []
    signers = SocketSigners(signer_process.socket)
    for label in KEYS:
        sign_and_verify(signers, label, b"after thirty kills")


def test_a_signer_killed_while_it_makes_a_key_leaves_a_token_that_makes_it_again(
    signer_process: SignerProcess,
) -> None:
    for round_number in range(5):
        label = f"issuer.ocsp.{round_number}"
        made: list[bytes] = []
        signers = SocketSigners(signer_process.socket, patience=20)
        caller = threading.Thread(
            target=lambda label=label, signers=signers, made=made: made.append(
                signers.generate_key(label, "ec-p256")
            )
        )
        caller.start()
        time.sleep(0.05 * round_number)
        signer_process.kill()
        signer_process.start()
        caller.join()
        assert signers.signer_for(label).public_key == made[0]
        sign_and_verify(signers, label, b"made in spite of all")


def test_a_stopped_signer_that_goes_on_gives_the_answer_late(signer_process: SignerProcess) -> None:
    assert signer_process.process is not None
    signer = SocketSigners(signer_process.socket).signer_for("ocsp")
    signer_process.process.send_signal(signal.SIGSTOP)
    timer = threading.Timer(0.5, lambda: signer_process.process.send_signal(signal.SIGCONT))  # type: ignore[union-attr]
    timer.start()
    signature = signer.sign(b"late")
    SignatureAlgorithm.ECDSA_SHA256.verify(public_key=signer.public_key, signature=signature, signed=b"late")
    timer.join()
