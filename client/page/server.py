"""The page's HTTP server: loopback only, forms in, whole pages out."""

import contextlib
import json
import logging
import mimetypes
import signal
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from client.configuration import Configuration
from client.errors import LinkInvalid, NotMe, PinNotAllowed, UserCancelled
from client.page import peers
from client.page.desk import Desk
from client.page.guard import Guard, NotFromThisPage
from client.page.markup import Markup
from client.page.puk import inserted_in, puk_view, unlocked_view
from client.page.questions import question_view, refresh_of, status_of
from client.page.views import Scene, idle_view, message_page, page
from client.page.visits import Visit
from client.renewing import Renewal
from client.texts import Language, failure_text, text
from client.virtual_readers import NoSuchCard, NoSuchReader

logger = logging.getLogger(__name__)
STATIC = Path(__file__).parent / "static"
MAX_FORM_OCTETS = 16 * 1024
POLL_SECONDS = 20.0
LANGUAGE_COOKIE = "sigill_client_language"
# Whoever is refused sees nothing of the desk and no token: the same octets for everybody, in both languages.
REFUSAL = "".join(
    f"{text('refused', language)}. {text('refused.text', language)}\n" for language in Language
).encode()


class PageServer(ThreadingHTTPServer):
    """Serves one desk. Port 0 takes any free one (tests)."""

    daemon_threads = True

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(("127.0.0.1", configuration.page_port), _Handler)
        self.guard = Guard(port=self.server_port)
        self.desk = Desk(configuration)

    @property
    def address(self) -> str:
        """Return where the page is."""
        return f"http://127.0.0.1:{self.server_port}"

    def server_close(self) -> None:
        """Close the socket and the desk."""
        super().server_close()
        self.desk.close()


def serve(configuration: Configuration, *, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    server = PageServer(configuration)
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    ready()
    ended.wait()
    server.shutdown()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    server_version = "SigillClient"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 60

    # --- requests ---------------------------------------------------------------------------------

    def do_GET(self) -> None:
        """Answer a GET."""
        self._guarded(self._get)

    def do_HEAD(self) -> None:
        """Answer a HEAD as a GET without its body."""
        self._guarded(self._get)

    def do_POST(self) -> None:
        """Answer a POST."""
        self._guarded(self._post)

    def _guarded(self, serve: Callable[[], None]) -> None:
        try:
            self.server.guard.check_peer(peers.uid_of_peer(self.client_address, self.server.server_port))
            self.server.guard.check_source(self._said())
            serve()
        except NotFromThisPage as refusal:
            logger.warning("refused: %s", refusal)
            self.close_connection = True
            headers = {"Cache-Control": "no-store"}
            self._send(HTTPStatus.FORBIDDEN, "text/plain; charset=utf-8", REFUSAL, headers)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _get(self) -> None:
        parts = urlsplit(self.path)
        match parts.path.split("/")[1:]:
            case [""]:
                scene = self._scene("/")
                self._html(page(scene, title=scene.say("title"), task=idle_view(scene), status=""))
            case ["open"]:
                self._open(parse_qs(parts.query).get("url", [""])[0])
            case ["visit", visit_id]:
                self._visit(visit_id)
            case ["puk", "done"]:
                scene = self._scene("/puk/done")
                self._html(
                    page(
                        scene,
                        title=scene.say("puk.open"),
                        task=unlocked_view(scene),
                        status=scene.say("unlock.done"),
                    )
                )
            case ["puk", reader]:
                self._ask_puk(reader)
            case ["changes"]:
                self._changes(parse_qs(parts.query).get("since", ["0"])[0])
            case ["static", name]:
                self._static(name)
            case ["healthz"]:
                self._json({"status": "ok"})
            case _:
                self._message(HTTPStatus.NOT_FOUND, "not_found", "idle.text")

    def _post(self) -> None:
        form = self._form()
        self.server.guard.check_action(self._said(), token=form.get("token", ""))
        desk = self.server.desk
        match urlsplit(self.path).path.split("/")[1:]:
            case ["insert"]:
                with contextlib.suppress(NoSuchCard, NoSuchReader, ValueError):
                    desk.insert(form.get("card", ""), reader=int(form.get("reader", "0")))
            case ["remove"]:
                with contextlib.suppress(NoSuchReader, ValueError):
                    desk.remove(reader=int(form.get("reader", "0")))
            case ["language"]:
                self._redirect(_own_path(form), language=form.get("language", ""))
                return
            case ["puk", reader] if reader.isdecimal():
                self._unlock(reader, form)
                return
            case ["visit", visit_id, action]:
                self._act(visit_id, action, form)
                return
            case _:
                self._message(HTTPStatus.NOT_FOUND, "not_found", "idle.text")
                return
        self._redirect(_own_path(form))

    # --- questions --------------------------------------------------------------------------------

    def _open(self, address: str) -> None:
        self.server.guard.check_opening(self._said())
        try:
            visit = self.server.desk.open(address, language=self._language().value)
        except LinkInvalid:
            self._message(HTTPStatus.BAD_REQUEST, "failed", "linkInvalid")
            return
        self._redirect(f"/visit/{visit.visit_id}")

    def _visit(self, visit_id: str) -> None:
        visit = self.server.desk.visit(visit_id)
        if visit is None:
            self._message(HTTPStatus.NOT_FOUND, "not_found", "idle.text")
            return
        visit.look(now=time.monotonic())
        scene = self._scene(f"/visit/{visit_id}")
        self._html(
            page(
                scene,
                title=scene.say(f"{visit.kind}.title" if visit.is_activation else "title"),
                task=question_view(scene, visit),
                status=status_of(scene, visit),
                refresh=refresh_of(visit),
            )
        )

    def _act(self, visit_id: str, action: str, form: dict[str, str]) -> None:
        desk = self.server.desk
        visit = desk.visit(visit_id)
        if visit is None:
            self._message(HTTPStatus.NOT_FOUND, "not_found", "idle.text")
            return
        match action:
            case "answer":
                choice = form.get("certificate", "")
                place = int(choice) if choice.isdecimal() else -1
                desk.answer(visit, certificate=place, pin=form.get("pin", ""))
            case "activate":
                self._activate(visit, form)
            case "cancel":
                desk.give_up(visit, UserCancelled())
            case "not-me":
                desk.give_up(visit, NotMe())
            case "close":
                desk.forget(visit)
                self._redirect("/")
                return
            case _:
                self._message(HTTPStatus.NOT_FOUND, "not_found", "idle.text")
                return
        self._redirect(f"/visit/{visit_id}")

    def _activate(self, visit: Visit, form: dict[str, str]) -> None:
        desk, activation = self.server.desk, visit.activation
        pin = form.get("pin", "")
        if activation and not isinstance(activation, Renewal) and activation.needs_new_pin:
            if form.get("again") != pin:
                desk.refuse(visit, PinNotAllowed(rule="differs"))
                return
            if activation.terms_text and form.get("terms") != "yes":
                desk.refuse(visit, PinNotAllowed(rule="terms"))
                return
            try:
                activation.pin_rules.check(pin)
            except PinNotAllowed as refusal:
                desk.refuse(visit, refusal)
                return
        desk.activate(visit, pin=pin)

    # --- the letter's PUK -------------------------------------------------------------------------

    def _ask_puk(self, reader: str) -> None:
        scene = self._scene(f"/puk/{reader}")
        card = inserted_in(scene, int(reader)) if reader.isdecimal() else None
        if card is None:
            self._message(HTTPStatus.NOT_FOUND, "insert_card.title", "noCard")
            return
        trouble = self.server.desk.puk_trouble(card.card_number)
        status = failure_text(trouble, scene.language) if trouble else ""
        task = puk_view(scene, int(reader), card)
        self._html(page(scene, title=scene.say("puk.open"), task=task, status=status))

    def _unlock(self, reader: str, form: dict[str, str]) -> None:
        """Try the PUK on the card that the form was shown for, whatever lies in the reader now."""
        is_done = self.server.desk.unlock_with_puk(
            form.get("card", ""),
            puk=form.get("puk", ""),
            pin=form.get("pin", ""),
            again=form.get("again", ""),
        )
        self._redirect("/puk/done" if is_done else f"/puk/{reader}")

    def _changes(self, since: str) -> None:
        """Answer when something has changed, or after a while."""
        seen = int(since) if since.isdecimal() else 0
        self._json({"version": self.server.desk.wait_for_change(since=seen, seconds=POLL_SECONDS)})

    # --- answers ----------------------------------------------------------------------------------

    def _scene(self, path: str) -> Scene:
        return Scene(
            desk=self.server.desk,
            language=self._language(),
            csrf_token=self.server.guard.csrf_token,
            path=path,
            version=self.server.desk.version,
        )

    def _said(self) -> dict[str, str]:
        """Return the headers by the names that the guard knows; one said twice is none of its values."""
        names = {name.title() for name in self.headers}
        return {name: ", ".join(self.headers.get_all(name, [])) for name in names}

    def _language(self) -> Language:
        with contextlib.suppress(CookieError, KeyError, ValueError):
            return Language(SimpleCookie(self.headers.get("Cookie", ""))[LANGUAGE_COOKIE].value)
        spoken = self.headers.get("Accept-Language", "sv").lower()
        return Language.ENGLISH if spoken.startswith("en") else Language.SWEDISH

    def _form(self) -> dict[str, str]:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_FORM_OCTETS:
            raise NotFromThisPage("no length, or too long")
        body = self.rfile.read(int(length)).decode("utf-8", "replace")
        return {name: values[-1] for name, values in parse_qs(body, max_num_fields=20).items()}

    def _html(self, content: Markup, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(status, "text/html; charset=utf-8", content.encode(), {"Cache-Control": "no-store"})

    def _json(self, members: dict[str, object]) -> None:
        headers = {"Cache-Control": "no-store"}
        self._send(HTTPStatus.OK, "application/json", json.dumps(members).encode(), headers)

    def _message(self, status: HTTPStatus, title: str, sentence: str) -> None:
        scene = self._scene("/")
        self._html(message_page(scene, title=scene.say(title), sentence=scene.say(sentence)), status)

    def _static(self, name: str) -> None:
        path = STATIC / name
        if path.parent != STATIC or not path.is_file():
            self._message(HTTPStatus.NOT_FOUND, "not_found", "idle.text")
            return
        kind = {".woff2": "font/woff2", ".js": "text/javascript"}.get(path.suffix)
        kind = kind or mimetypes.guess_type(name)[0] or "application/octet-stream"
        cache = "max-age=86400" if path.suffix == ".woff2" else "no-cache"
        self._send(HTTPStatus.OK, kind, path.read_bytes(), {"Cache-Control": cache})

    def _redirect(self, path: str, *, language: str = "") -> None:
        headers = {"Location": path, "Cache-Control": "no-store"}
        if language in {"sv", "en"}:
            headers["Set-Cookie"] = f"{LANGUAGE_COOKIE}={language}; Path=/; HttpOnly; SameSite=Strict"
        self._send(HTTPStatus.SEE_OTHER, "text/plain", b"", headers)

    def _send(self, status: HTTPStatus, kind: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**self.server.guard.headers(), **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server names it
        """Write nothing: addresses hold tokens."""


def _own_path(form: dict[str, str]) -> str:
    """Return where the form came from, if that is a path of ours."""
    back = form.get("back", "/")
    is_own = back == "/" or (back.startswith(("/visit/", "/puk/")) and "//" not in back and "\\" not in back)
    return quote(back, safe="/-_") if is_own else "/"
