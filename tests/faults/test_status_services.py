"""What relying services meet when all behind the responders is gone, full or in another time (R4, R7)."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from ca.published_files import write_whole
from deploy.demo import status_asking
from deploy.free_ports import free_port
from tests.ocsp.responder.conftest import _listens
from tests.running.installation import PATIENCE, REPOSITORY, Installation, environment_of, eventually

BEHIND = ("signer", "worker", "consumers", "beat", "portal", "registers", "factory")
LOAD_SECONDS = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A test certificate of the installation, and what must be said of it."""

    name: str
    certificate: x509.Certificate
    issuer: x509.Certificate

    def question(self) -> bytes:
        builder = ocsp.OCSPRequestBuilder().add_certificate(self.certificate, self.issuer, hashes.SHA256())
        return builder.build().public_bytes(Encoding.DER)

    def ask(self, session: requests.Session, url: str) -> str:
        """Return the certificate's status, or why there is none."""
        answer = session.post(
            url, data=self.question(), headers={"Content-Type": "application/ocsp-request"}, timeout=60
        )
        read = ocsp.load_der_ocsp_response(answer.content)
        if read.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return read.response_status.name.lower()
        return read.certificate_status.name.lower()


@pytest.fixture
def asked(installation: Installation) -> list[Asked]:
    """The three test certificates whose status never changes."""

    def fetched(name: str) -> bytes | None:
        answer = requests.get(f"{installation.portal}/status/test/{name}.pem", timeout=60)
        return answer.content if answer.ok else None

    found = {
        name: x509.load_pem_x509_certificate(eventually(lambda name=name: fetched(name), why=name))
        for name in ("good", "revoked", "never_issued")
    }
    _, _, address = status_asking.addresses(found["good"])
    issuer = x509.load_der_x509_certificate(requests.get(address, timeout=60).content)
    made = [Asked(name=name, certificate=one, issuer=issuer) for name, one in found.items()]
    with requests.Session() as session:
        url = f"{installation.status}/ocsp"
        eventually(lambda: [one.ask(session, url) for one in made][:2] == ["good", "revoked"])
    return made


@contextmanager
def all_dead_behind(installation: Installation) -> Iterator[None]:
    """SIGKILL to everything but the responder, HSM and broker too, nothing comes back, no database."""
    os.kill(installation.keeper.pid, signal.SIGSTOP)  # nobody starts them again
    try:
        for name in BEHIND:
            if (installation.run / f"{name}.pid").exists():
                installation.kill(name)
        installation.kill_portal_workers()
        if installation.broker:
            installation.broker.kill()
        with database_gone(installation):
            yield
    finally:
        if installation.broker:
            installation.broker.start()
        os.kill(installation.keeper.pid, signal.SIGCONT)
        installation.heal()


@contextmanager
def database_gone(installation: Installation) -> Iterator[None]:
    """Let the database refuse everybody (PostgreSQL), or lie elsewhere (SQLite)."""
    if not installation.database:
        file = installation.home / "db.sqlite3"
        file.rename(file.with_suffix(".gone"))
        try:
            yield
        finally:
            file.with_suffix(".gone").rename(file)
        return
    name = installation.database.rpartition("/")[2].partition("?")[0]
    server = installation.database.replace(f"/{name}", "/postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        try:
            yield
        finally:
            connection.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")


def _fewest(said: dict[str, Counter[str]]) -> int:
    """Return how often the question that was asked least was answered."""
    return min(sum(each.values()) for each in said.values())


@contextmanager
def responder_in_another_time(installation: Installation, shift: str, run: Path) -> Iterator[str]:
    """Run another responder over the same files with a moved clock (libfaketime), and yield its address."""
    ports = {**installation.ports, "STATUS": free_port()}
    environment = environment_of(home=installation.home, run=run, ports=ports)
    environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
    (run / "signer.sock").unlink(missing_ok=True)
    command = ["faketime", "-f", shift, sys.executable, "-m", "worker.mains.responder"]
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, start_new_session=True) as process:
        eventually(lambda: _listens(ports["STATUS"]))
        yield f"http://127.0.0.1:{ports['STATUS']}/ocsp"
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def test_with_database_hsm_broker_and_workers_killed_together_under_load_every_answer_is_right(
    installation: Installation, asked: list[Asked], tmp_path: Path
) -> None:
    """R1, R4, R7: right until nextUpdate, tryLater after it, never good for what is not."""
    said: dict[str, Counter[str]] = {one.name: Counter() for one in asked}
    ended = threading.Event()
    url = f"{installation.status}/ocsp"
    _, crl_url, _ = status_asking.addresses(asked[0].certificate)

    def load(number: int) -> None:
        with requests.Session() as session:
            while not ended.is_set():
                one = asked[number % len(asked)]
                said[one.name][one.ask(session, url)] += 1
                number += 1

    with ThreadPoolExecutor(3) as threads:
        loads = [threads.submit(load, number) for number in range(3)]
        try:
            deadline = time.monotonic() + LOAD_SECONDS
            time.sleep(1)
            with all_dead_behind(installation):
                crl = requests.get(crl_url, timeout=60)
                assert crl.status_code == 200
                while time.monotonic() < deadline or _fewest(said) <= 50:
                    assert time.monotonic() < deadline + PATIENCE, said
                    assert not any(one.done() for one in loads), "a question got no answer"
                    time.sleep(0.1)
                (tmp_path / "run").mkdir(mode=0o700)
                with (
                    responder_in_another_time(installation, "+9h", tmp_path / "run") as later,
                    requests.Session() as session,
                ):
                    nine_hours_on = [one.ask(session, later) for one in asked]
        finally:
            ended.set()
        for one in loads:
            one.result(60)
    back_at = time.time()
    eventually(
        lambda: installation.ask("job", job_name="publish_crls")["succeeded_at"] > back_at,
        why="through the broker that came back the jobs go on",
    )
    assert set(said["good"]) == {"good"}
    assert set(said["revoked"]) == {"revoked"}
    assert set(said["never_issued"]) <= {"unknown", "unauthorized"}
    assert nine_hours_on[:2] == ["try_later", "try_later"]
    assert nine_hours_on[2] in {"try_later", "unauthorized"}


@pytest.mark.parametrize(
    ("shift", "right"), [("+1h", {"good", "revoked"}), ("-1h", {"try_later"})], ids=["ahead", "behind"]
)
def test_a_clock_that_jumps_an_hour_makes_no_wrong_answer(
    shift: str, right: set[str], installation: Installation, asked: list[Asked], tmp_path: Path
) -> None:
    """R7, F12: an hour ahead the answers hold; an hour behind they come from the future and are not given."""
    (tmp_path / "run").mkdir(mode=0o700)
    with (
        responder_in_another_time(installation, shift, tmp_path / "run") as url,
        requests.Session() as session,
    ):
        said = {one.name: one.ask(session, url) for one in asked}
    assert {said["good"], said["revoked"]} <= right | {"revoked"}
    assert said["good"] != "revoked"
    assert said["revoked"] != "good"
    assert said["never_issued"] not in {"good", "revoked"}


def test_a_full_disk_leaves_the_list_that_is_there(tmp_path: Path) -> None:
    """R1, F8: the old list goes on being served whole, and nothing half written is left behind."""
    file = tmp_path / "issuer.crl"
    write_whole(file, b"old" * 1000)
    child = os.fork()
    if child == 0:
        import resource  # noqa: PLC0415 - only in the child

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # stands for the full disk
        try:
            write_whole(file, b"new" * 100_000)
        except OSError:
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert file.read_bytes() == b"old" * 1000
    assert list(tmp_path.iterdir()) == [file]
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"
