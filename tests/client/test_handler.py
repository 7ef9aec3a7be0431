"""The siths:// handler in the user's own XDG folders, and the page it opens for nobody else."""

import os
import shlex
import socket
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from client.commands import main
from client.configuration import Configuration
from client.handler import Handler, handler_of_user
from client.page import peers
from client.page.guard import Guard, NotFromThisPage
from client.page.server import PageServer
from tests.running.installation import eventually


@pytest.fixture
def handler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Handler:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return handler_of_user()


def test_links_open_this_client_and_what_others_set_stays(handler: Handler) -> None:
    handler.defaults.parent.mkdir(parents=True)
    before = (
        "[Default Applications]\ntext/html=firefox.desktop\n[Added Associations]\nimage/png=gimp.desktop\n"
    )
    handler.defaults.write_text(before)
    assert not handler.is_installed
    assert main(["install-handler"]) == 0
    assert main(["install-handler"]) == 0
    assert handler.is_installed
    assert handler.defaults.read_text().count("x-scheme-handler/siths=sigill-eid.desktop") == 1
    assert main(["uninstall-handler"]) == 0
    assert not handler.is_installed
    assert not handler.entry.exists()
    assert handler.defaults.read_text() == before
    assert main(["uninstall-handler"]) == 0


def test_without_any_defaults_the_file_is_made(handler: Handler) -> None:
    handler.install()
    assert handler.is_installed
    handler.uninstall()
    assert "siths" not in handler.defaults.read_text()


def test_what_the_entry_starts_is_this_client_with_the_settings_of_now(
    handler: Handler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGILL_HOME", str(tmp_path / "a home"))
    handler.install()
    (line,) = [row for row in handler.entry.read_text().splitlines() if row.startswith("Exec=")]
    assert line.endswith(" open %u")
    start = shlex.split(line.removeprefix("Exec=").removesuffix(" open %u"))
    assert f"SIGILL_HOME={tmp_path / 'a home'}" in start
    said = subprocess.run([*start, "--help"], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert "install-handler" in said.stdout


def test_a_link_opens_in_the_page_of_this_user(
    configuration: Configuration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/address\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    server = PageServer(replace(configuration, page_port=0))
    try:
        monkeypatch.setenv("SIGILL_CLIENT_PORT", str(server.server_port))
        assert main(["open", "siths://auth/1/" + "a" * 32]) == 0
    finally:
        server.server_close()
    opened = eventually(lambda: (tmp_path / "address").is_file() and (tmp_path / "address").read_text())
    assert opened.startswith(f"http://127.0.0.1:{server.server_port}/open?url=siths%3A%2F%2Fauth")


def test_the_kernel_says_whose_connection_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert peers.uid_of_listener(port) == os.getuid()
        with socket.create_connection(("127.0.0.1", port)) as ours:
            assert peers.uid_of_peer(ours.getsockname(), port) == os.getuid()
            assert peers.uid_of_peer(("127.0.0.1", port), ours.getsockname()[1]) == os.getuid()
    assert peers.uid_of_peer(("127.0.0.1", port), 1) is None


@pytest.mark.parametrize(("uid", "is_let_in"), [(1000, True), (0, True), (None, True), (1001, False)])
def test_other_users_of_the_machine_are_refused(uid: int | None, *, is_let_in: bool) -> None:
    guard = Guard(port=8100, owner=1000)
    if is_let_in:
        guard.check_peer(uid)
        return
    with pytest.raises(NotFromThisPage):
        guard.check_peer(uid)


def test_a_page_of_root_is_nobodys_desk_and_serves_whoever_is_here() -> None:
    Guard(port=8100, owner=0).check_peer(1001)


def test_the_page_shows_another_user_nothing_of_the_desk(configuration: Configuration) -> None:
    server = PageServer(replace(configuration, page_port=0))
    server.guard = Guard(port=server.server_port, owner=54_321)  # not us, and not root
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    ask = (
        "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1])); "
        "c.request('GET', '/'); a = c.getresponse(); print(a.status, a.read().decode())"
    )
    as_whom = 65_534 if os.getuid() == 0 else None
    try:
        command = ["/usr/bin/python3", "-c", ask, str(server.server_port)]
        said = subprocess.run(command, check=True, capture_output=True, text=True, cwd="/", user=as_whom)
    finally:
        server.shutdown()
        server.server_close()
    assert said.stdout.startswith("403 ")
    assert "token" not in said.stdout
