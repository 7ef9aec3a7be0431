"""The demo removes only what is its own, and its lock check sees a missing or wrong version."""

from pathlib import Path

import pytest

from deploy.demo.__main__ import start_over
from deploy.demo.main_job import DemoFailed
from deploy.free_ports import free_ports
from deploy.lock_check import locked
from deploy.processes import Installation
from deploy.serve import PortTaken, demand_ports
from ocsp.responder.server import listening_sockets


def test_starting_over_refuses_a_folder_that_holds_anything_else(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").touch()
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(DemoFailed, match=r"thesis\.txt"):
        start_over(tmp_path)
    assert (tmp_path / "db.sqlite3").exists()


def test_starting_over_removes_an_installation(tmp_path: Path) -> None:
    (tmp_path / "hsm" / "tokens").mkdir(parents=True)
    (tmp_path / "db.sqlite3").touch()
    (tmp_path / "backups").mkdir()
    start_over(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["backups"], "somebody may want them back"


def test_nothing_starts_where_another_listens_even_when_it_would_share(tmp_path: Path) -> None:
    """Two status servers on a port answer for each other's certificates."""
    ports = list(free_ports("CLIENT", "DIRECTORY", "FACTORY", "PORTAL", "STATUS").values())
    place = Installation(
        home=tmp_path, run=tmp_path, client_port=ports[0], directory_port=ports[1], factory_port=ports[2],
        portal_port=ports[3], status_port=ports[4],
    )  # fmt: skip
    demand_ports(place)
    for listening in listening_sockets("127.0.0.1", place.status_port):
        with listening:
            listening.listen()
            with pytest.raises(PortTaken, match=rf"Port {place.status_port} .*SIGILL_STATUS_PORT"):
                demand_ports(place)


def test_a_lock_file_is_read_with_its_extras_and_markers(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("Django==5.2.19 \\\n    --hash=sha256:00\ncelery[redis]==5.7.0 ; python_version > '3'\n")
    assert locked(lock) == {"django": "5.2.19", "celery": "5.7.0"}
