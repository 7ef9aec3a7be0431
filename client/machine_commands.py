"""Commands on this machine: the self-test, the page, and what siths:// links open."""

import os
import subprocess
import sys
import time
import webbrowser
from pathlib import Path
from urllib.parse import urlencode

from client import self_test as examination
from client.asking import Run
from client.errors import NoBrowser, PageMissing, PageTaken
from client.handler import handler_of_user
from client.links import parse_link
from client.page.peers import uid_of_listener
from client.texts import failure_text

STARTING_SECONDS = 20.0
_LOOK_SECONDS = 0.1


def self_test(run: Run) -> None:
    """Say what is there and what to do about the rest; raise the first failure at the end."""
    rows, first = [], None
    for finding in examination.examine(run.configuration):
        sentence = run.teller.words(finding.key, **finding.facts)
        if finding.failure is not None:
            sentence = f"{sentence} {failure_text(finding.failure, run.teller.language)}"
            first = first or finding.failure
        sign = "+" if finding.is_good else "!" if finding.is_warning else "-"
        run.teller.line(f"{sign} {sentence}")
        code = finding.failure.code if finding.failure else ""
        rows.append({"what": finding.key, "is_good": finding.is_good, "code": code, "text": sentence})
    run.teller.result(findings=rows)
    if first is not None:
        raise first


def page(run: Run) -> None:
    """Serve the page until SIGTERM or Ctrl-C."""
    from client.page.server import serve  # noqa: PLC0415 - the other commands need no server

    serve(run.configuration, ready=lambda: run.teller.say("cli.page", address=_page_address(run)))


def open_link(run: Run) -> None:
    """Open a link in the page before the person; start the page when it is not there. Raises PageTaken."""
    link = parse_link(run.arguments.url)
    _demand_page(run)
    address = f"{_page_address(run)}/open?{urlencode({'url': link.text})}"
    if not webbrowser.open(address):
        raise NoBrowser
    run.teller.say("cli.opened")
    run.teller.result(page=_page_address(run))


def install_handler(run: Run) -> None:
    """Let siths:// links of this user open this client."""
    handler = handler_of_user()
    handler.install()
    run.teller.say("cli.handler_installed", entry=handler.entry)
    run.teller.result(entry=str(handler.entry))


def uninstall_handler(run: Run) -> None:
    """Let siths:// links open nothing, or what they opened before."""
    handler = handler_of_user()
    handler.uninstall()
    run.teller.say("cli.handler_removed", entry=handler.entry)
    run.teller.result(entry=str(handler.entry))


def _page_address(run: Run) -> str:
    return f"http://127.0.0.1:{run.configuration.page_port}"


def _demand_page(run: Run) -> None:
    """See that our own page listens; a link holds a token, which nobody else may be told."""
    port = run.configuration.page_port
    if _is_ours(port):
        return
    options = [f"--module={run.arguments.module}"] if run.arguments.module else []
    options += [f"--server={run.arguments.server}"] if run.arguments.server else []
    subprocess.Popen(  # noqa: S603 - ourselves; it goes on when this command has ended
        [sys.executable, "-m", "client", *options, "page"],
        cwd=Path(__file__).resolve().parents[1],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    ends_at = time.monotonic() + STARTING_SECONDS
    while not _is_ours(port):
        if time.monotonic() > ends_at:
            raise PageMissing(address=_page_address(run))
        time.sleep(_LOOK_SECONDS)


def _is_ours(port: int) -> bool:
    """Tell whether a program of this user listens there. Raises PageTaken for another user's."""
    uid = uid_of_listener(port)
    if uid is not None and uid not in {os.getuid(), 0}:
        raise PageTaken
    return uid is not None
