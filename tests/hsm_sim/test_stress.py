"""The module under sanitizers, from four threads while a card comes and goes."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hsm_sim.build import MODULE_NAME, SOURCES, BuildFailed, _header_folder, build
from tests.hsm_sim.conftest import PIN, Card, make_key


def test_threads_and_a_card_that_comes_and_goes_leave_the_memory_sound(
    session: Any, card: Card, library: Any, tmp_path: Path
) -> None:
    session.login(PIN)
    make_key(session)
    library.closeAllSessions(0)
    card.remove()
    program = tmp_path / "stress"
    subprocess.run(
        ["gcc", "-std=c11", "-g", "-O1", "-pthread", "-fsanitize=address,undefined", "-fno-sanitize-recover",
         f"-I{_header_folder()}", str(Path(__file__).with_name("stress.c")), *map(str, SOURCES.glob("*.c")),
         "-ldl", "-o", str(program)],
        check=True,
    )  # fmt: skip
    reader = card.home / "cards" / "readers" / "0"
    done = subprocess.run(
        [str(program), str(reader), card.number, PIN, "3"],
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"},  # SoftHSM's library is left loaded on purpose
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert " pin 5 " in card.counters.read_text()


def test_a_second_build_compiles_nothing(tmp_path: Path) -> None:
    first = build(tmp_path).stat()
    second = build(tmp_path).stat()
    assert (first.st_ino, first.st_mtime_ns) == (second.st_ino, second.st_mtime_ns)


def test_a_compiler_error_is_told(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed):
        build(tmp_path, extra_flags=("-fno-such-flag",))
    assert not (tmp_path / MODULE_NAME).exists()
