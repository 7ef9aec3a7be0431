"""The supervisor keeps processes alive, says which did not start, and leaves none behind."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.processes import Process, touched
from deploy.supervisor import AlreadyServed, NotReady, Supervisor, ToldToEnd

PATIENCE = 60.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def lives(pid: int) -> bool:
    """Tell whether it runs; one that was killed and that nobody has waited for does not."""
    return Path(f"/proc/{pid}/stat").exists() and ") Z " not in Path(f"/proc/{pid}/stat").read_text()


def a_process(folder: Path, name: str, program: str) -> Process:
    ready = folder / f"{name}.up"
    return Process(
        name=name, arguments=(sys.executable, "-c", program, str(ready), ""), is_ready=touched(ready)
    )


SERVES = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
IGNORES_TERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SERVES
NEVER_READY = "import time; time.sleep(600)"
FAILS = "import sys; sys.exit('the database is not there')"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Supervisor]]:
    made: list[Supervisor] = []

    def start(*processes: Process) -> Supervisor:
        supervisor = Supervisor(list(processes), logs=tmp_path / "logs", run=tmp_path)
        made.append(supervisor)
        supervisor.start()
        return supervisor

    yield start
    for supervisor in made:
        supervisor.stop()


def pid_of(folder: Path, name: str) -> int:
    return int((folder / f"{name}.pid").read_text())


def test_a_killed_process_is_started_again(tmp_path: Path, run: Callable[..., Supervisor]) -> None:
    supervisor = run(a_process(tmp_path, "one", SERVES), a_process(tmp_path, "two", SERVES))
    first, other = pid_of(tmp_path, "one"), pid_of(tmp_path, "two")
    os.kill(first, signal.SIGKILL)

    def is_back() -> bool:
        supervisor.watch()
        return pid_of(tmp_path, "one") != first and is_alive(pid_of(tmp_path, "one"))

    until(is_back)
    assert pid_of(tmp_path, "two") == other


def test_a_process_that_does_not_start_is_named_with_its_last_words(
    tmp_path: Path, run: Callable[..., Supervisor]
) -> None:
    with pytest.raises(NotReady, match=r"(?s)broken ended with 1.*the database is not there"):
        run(a_process(tmp_path, "broken", FAILS))


@pytest.mark.parametrize("program", [SERVES])
def test_stopping_leaves_no_process_behind(
    tmp_path: Path, run: Callable[..., Supervisor], program: str
) -> None:
    supervisor = run(a_process(tmp_path, "one", program), a_process(tmp_path, "two", program))
    pids = [pid_of(tmp_path, "one"), pid_of(tmp_path, "two")]
    supervisor.stop()
    assert [is_alive(pid) for pid in pids] == [False, False]
    assert not list(tmp_path.glob("*.pid"))


def test_who_is_told_to_end_while_starting_leaves_no_process_behind(tmp_path: Path) -> None:
    supervisor = Supervisor(
        [a_process(tmp_path, "one", SERVES), a_process(tmp_path, "slow", NEVER_READY)],
        logs=tmp_path / "logs", run=tmp_path,
    )  # fmt: skip
    told = threading.Event()
    threading.Thread(target=lambda: (until((tmp_path / "one.up").exists), told.set())).start()
    with pytest.raises(ToldToEnd):
        supervisor.start(told)
    pids = [pid_of(tmp_path, "one"), pid_of(tmp_path, "slow")]
    supervisor.stop()
    assert [is_alive(pid) for pid in pids] == [False, False]


def test_a_process_that_will_not_end_is_killed_after_the_grace(
    tmp_path: Path, run: Callable[..., Supervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.supervisor.END_SECONDS", 0.5)
    supervisor = run(a_process(tmp_path, "stubborn", IGNORES_TERM))
    pid = pid_of(tmp_path, "stubborn")
    supervisor.stop()
    assert not is_alive(pid)


@pytest.mark.parametrize("program", [SERVES, IGNORES_TERM])
def test_what_a_killed_supervisor_left_behind_is_ended_and_nothing_else(
    tmp_path: Path, run: Callable[..., Supervisor], program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.supervisor.END_SECONDS", 0.3)
    one, other = a_process(tmp_path, "one", program), a_process(tmp_path, "other", SERVES)
    run(one, other)
    left, strangers = pid_of(tmp_path, "one"), pid_of(tmp_path, "other")
    mine = Supervisor([one, a_process(tmp_path, "other", NEVER_READY)], logs=tmp_path / "logs", run=tmp_path)
    mine.take_over()
    mine.stop()
    assert not lives(left)
    assert lives(strangers), "its number is known here, but not its command line"


def test_one_supervisor_serves_an_installation_and_another_is_told_so(tmp_path: Path) -> None:
    first, second = (Supervisor([], logs=tmp_path / "logs", run=tmp_path) for _ in range(2))
    first.take_over()
    with pytest.raises(AlreadyServed, match="serves this installation"):
        second.take_over()
    first.stop()
    second.take_over()
    second.stop()
