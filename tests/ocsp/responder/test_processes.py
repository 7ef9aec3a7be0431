"""Several responders on one machine share the port; each can be watched, and one that dies is replaced."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.free_ports import free_port
from deploy.processes import Installation, processes
from deploy.supervisor import Supervisor
from tests.ocsp.authority import Authority
from tests.ocsp.responder.conftest import GOOD, ROOT, Server, fill, question


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Return an installation of which only the responders are started."""
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    port = free_port()
    for name, value in {
        "SIGILL_HOME": tmp_path, "SIGILL_RUN": run, "SIGILL_STATUS_PORT": port, "SIGILL_STATUS_PROCESSES": 2,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("SIGILL_OCSP_STORE", raising=False)
    return Installation(
        home=tmp_path, run=run, portal_port=0, status_port=port, client_port=0, directory_port=0,
        factory_port=0,
    )  # fmt: skip


@pytest.fixture
def supervisor(place: Installation) -> Iterator[Supervisor]:
    """Start two responders under the supervisor that serves an installation."""
    wanted = [process for process in processes(place) if process.name.startswith("responder")]
    assert [process.name for process in wanted] == ["responder", "responder-2"]
    made = Supervisor(wanted, logs=place.home / "logs", run=place.run)
    made.start()
    yield made
    made.stop()


def test_one_dies_the_other_serves_and_the_first_comes_back(
    supervisor: Supervisor, place: Installation, authority: Authority
) -> None:
    """Each has its own figures; nobody who asks anew is refused."""
    fill(place.home, authority).close()
    first, second = (int((place.run / f"{name}.pid").read_text()) for name in ("responder", "responder-2"))
    running = subprocess.Popen(["sleep", "60"])  # only lends ``Server`` a process that lives
    server = Server(place.home, place.status_port, authority, running)
    try:
        server.wait_for(lambda: server.post(question(authority, GOOD)).says == "GOOD")
        os.kill(first, signal.SIGKILL)
        server.wait_for(lambda: not _lives(first))
        for _ in range(40):
            assert server.post(question(authority, GOOD)).says == "GOOD"

        def is_back() -> bool:
            supervisor.watch()
            return int((place.run / "responder.pid").read_text()) != first

        server.wait_for(is_back)
        answered = [_answered_by(place, number) for number in (1, 2)]

        def both_answer() -> bool:
            assert server.post(question(authority, GOOD)).says == "GOOD"
            now = [_answered_by(place, number) for number in (1, 2)]
            return all(a is not None and a > (b or 0) for a, b in zip(now, answered, strict=True))

        server.wait_for(both_answer)
        assert _lives(second)
    finally:
        running.kill()
        running.wait()


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _answered_by(place: Installation, number: int) -> int | None:
    """Return how often a process said good, by its own socket; None while it has none."""
    code = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
        "s.sendall(b'GET /metrics HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n'); "
        "text = b''.join(iter(lambda: s.recv(65536), b'')).decode(); "
        "print(text.split('answers_total{status=\"good\"} ')[1].split()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(place.run / f"responder-{number}.sock")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return int(done.stdout) if done.returncode == 0 else None


def test_a_process_whose_private_socket_is_taken_serves_the_public(
    supervisor: Supervisor, place: Installation, authority: Authority
) -> None:
    fill(place.home, authority).close()
    twin = subprocess.Popen(
        [sys.executable, "-m", "worker.mains.responder", "2"], cwd=ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert twin.stderr is not None
    told = ""
    while "another process listens on responder-2.sock" not in told:
        line = twin.stderr.readline()
        assert line, told
        told += line
    twin.terminate()
    twin.communicate(timeout=60)
    assert twin.returncode == 0
    assert (place.run / "responder-2.sock").exists()
