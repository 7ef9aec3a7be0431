"""The demo removes only what is its own, and its lock check sees a missing or wrong version."""

from pathlib import Path

import pytest

from deploy.demo.__main__ import start_over
from deploy.demo.main_job import DemoFailed
from deploy.lock_check import locked


def test_starting_over_refuses_a_folder_that_holds_anything_else(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").touch()
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(DemoFailed, match=r"thesis\.txt"):
        start_over(tmp_path)
    assert (tmp_path / "db.sqlite3").exists()


def test_starting_over_removes_an_installation(tmp_path: Path) -> None:
    (tmp_path / "hsm" / "tokens").mkdir(parents=True)
    (tmp_path / "db.sqlite3").touch()
    start_over(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_is_read_with_its_extras_and_markers(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("Django==5.2.19 \\\n    --hash=sha256:00\ncelery[redis]==5.7.0 ; python_version > '3'\n")
    assert locked(lock) == {"django": "5.2.19", "celery": "5.7.0"}
