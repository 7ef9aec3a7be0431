"""The public status page asks the responder as seldom as is honest."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from tests.scenarios import Scene, an_active_card


class Deaf(BaseHTTPRequestHandler):
    """Counts questions and answers none."""

    questions: int = 0

    def do_POST(self) -> None:
        type(self).questions += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_error(503)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its signature
        """Say nothing."""


@pytest.fixture
def responder(settings: Settings) -> Iterator[type[Deaf]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Deaf)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    settings.SIGILL_STATUS_URL = f"http://127.0.0.1:{server.server_port}"
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    Deaf.questions = 0
    yield Deaf
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_many_readers_ask_the_responder_once(scene: Scene, responder: type[Deaf]) -> None:
    an_active_card(scene)
    first = Client().get("/status/").content.decode()
    asked = responder.questions
    assert asked > 0
    for _ in range(5):
        assert Client().get("/status/").status_code == 200
    assert responder.questions == asked
    assert "Inget svar" in first
