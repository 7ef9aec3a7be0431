"""Login by two-way TLS through the nginx that is shipped: the portal, the login host, and real handshakes."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import load_der_x509_certificate
from playwright.sync_api import BrowserContext, Page, sync_playwright

from deploy.free_ports import free_ports
from deploy.processes import Installation, processes
from tests.authn.pki import ARC, Holder, key
from tests.authn.status_service import StatusService
from tests.deploy.echo import echo
from tests.running.chromium import CHROMIUM, PATIENCE_MS
from tests.running.installation import REPOSITORY, environment_of, eventually
from tests.running.mtls_edge import NAME, MtlsEdge, mtls_edge


@dataclass
class Place:
    """A portal of its own with the login host before it, and Åsa's card as a certificate with a soft key."""

    portal: str
    edge: MtlsEdge
    status: StatusService
    folder: Path
    number: str
    card: str

    def file_of(self, stem: str, holder: Holder, **made: object) -> tuple[Path, Path]:
        """Write a certificate and its key; return their paths."""
        der = self.status.pki.holder(holder, **made)  # type: ignore[arg-type]
        certificate, secret = self.folder / f"{stem}.pem", self.folder / f"{stem}.key"
        certificate.write_bytes(load_der_x509_certificate(der).public_bytes(Encoding.PEM))
        secret.write_bytes(key(holder.label).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, secret

    @property
    def asa(self) -> tuple[Path, Path]:
        return self.file_of("asa", Holder(serial_number=self.number, card_number=self.card))

    def ask(self, method: str, path: str, *, cookies: SimpleCookie, body: str = "") -> tuple[int, str, str]:
        """Ask the portal as a browser does; return status, Location and body."""
        parts = urlsplit(self.portal)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        said = "; ".join(f"{name}={one.value}" for name, one in cookies.items())
        headers = {"Cookie": said, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body or None, headers if body else {"Cookie": said})
        answer = connection.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                cookies.load(value)
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers.get("Location", ""), text

    def start(self, cookies: SimpleCookie) -> str:
        """Press the button on the login page; return the `tx` that the browser is sent on with."""
        _, _, page = self.ask("GET", "/login/", cookies=cookies)
        token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = urlencode({"csrfmiddlewaretoken": token})
        status, location, _ = self.ask("POST", "/login/mtls/start", cookies=cookies, body=form)
        assert (status, urlsplit(location).netloc) == (303, f"{NAME}:{self.edge.port}")
        return parse_qs(urlsplit(location).query)["tx"][0]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Run portal, login host and nginx; the issuers are the tests' own, so that a key can lie in a file."""
    with ExitStack() as stack:
        home, run, folder = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sg-"))) for _ in range(3)
        )
        status = stack.enter_context(StatusService())
        ports = free_ports("PORTAL", "CLIENT", "DIRECTORY", "FACTORY", "TLS")
        environment = {
            **environment_of(home=home, run=run, ports=ports),
            "SIGILL_STATUS_URL": status.pki.base,
            "SIGILL_POLICY_ARC": ARC,
            "SIGILL_MTLS_URL": f"https://{NAME}:{ports['TLS']}",
        }

        def manage(*arguments: str) -> str:
            done = subprocess.run(
                [sys.executable, *arguments],
                env=environment, cwd=REPOSITORY, check=True, capture_output=True, text=True,
            )  # fmt: skip
            return done.stdout

        manage("manage.py", "migrate", "--verbosity", "0")
        manage("manage.py", "collectstatic", "--noinput", "--ignore", "rest_framework", "--verbosity", "0")
        asa = json.loads(manage("-m", "tests.deploy.mtls_cast"))
        _publish(status, home / "public")
        manage("manage.py", "mtls_authorities", str(folder))
        installation = Installation(home=home, run=run, status_port=0, **{f"{name.lower()}_port": ports[name]
            for name in ("PORTAL", "CLIENT", "DIRECTORY", "FACTORY")})  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SIGILL_MTLS_URL", environment["SIGILL_MTLS_URL"])
            wanted = [one for one in processes(installation) if one.name in {"portal", "mtls"}]
        assert len(wanted) == 2
        for one in wanted:
            process = subprocess.Popen(one.arguments, env={**environment, **one.environment}, cwd=REPOSITORY)
            stack.callback(process.wait, 60)
            stack.callback(process.terminate)
            eventually(one.is_ready, why=f"{one.name} is ready")
        edge = stack.enter_context(mtls_edge(folder, port=ports["TLS"], upstream=run / "mtls.sock"))
        yield Place(
            portal=f"http://127.0.0.1:{ports['PORTAL']}",
            edge=edge,
            status=status,
            folder=folder,
            number=asa["number"],
            card=asa["card"],
        )


def _publish(status: StatusService, public: Path) -> None:
    pki = status.pki
    (public / "aia").mkdir(parents=True, exist_ok=True)
    chain = b"".join(one.public_bytes(Encoding.PEM) for one in (pki.issuer, pki.root))
    (public / "chain.pem").write_bytes(chain)
    for stem, one in {"personid3": pki.issuer, "personid2": pki.other_issuer, "root": pki.root}.items():
        (public / "aia" / f"{stem}.cer").write_bytes(one.public_bytes(Encoding.DER))


def test_a_real_handshake_logs_in_and_the_portal_knows_who_it_is(place: Place) -> None:
    """AUT-5: from the button to the start page, every part real."""
    cookies = SimpleCookie()
    tx = place.start(cookies)
    status, headers, _ = place.edge.show(tx, shows=place.asa)
    assert status == 302
    assert headers["cache-control"].startswith("max-age=0")
    back = urlsplit(headers["location"])
    assert f"{back.scheme}://{back.netloc}" == place.portal
    status, location, _ = place.ask("GET", f"{back.path}?{back.query}", cookies=cookies)
    assert (status, location) == (303, "/")
    assert "Åsa" in place.ask("GET", "/", cookies=cookies)[2]


def test_nginx_asks_for_certificates_of_the_issuers_of_people_and_of_no_others(place: Place) -> None:
    """The picker of the browser is kept short; the login host asks for none at all."""

    def told(name: str) -> str:
        return subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{place.edge.port}", "-servername", name],
            input="", capture_output=True, text=True, check=False, timeout=60,
        ).stdout  # fmt: skip

    asked = told(f"secure7.{NAME}")
    section = asked.split("Acceptable client certificate CA names")[1].split("Requested")[0]
    assert "Test Person ID 3 CA" in section
    assert "Test Person ID 2 CA" in section
    assert "Root" not in section
    assert "Function" not in section
    assert "No client certificate CA names sent" in told(NAME)


@pytest.mark.parametrize("slot", [0, 9, 10, 24])
def test_without_a_certificate_nginx_lets_a_page_say_so(place: Place, slot: int) -> None:
    """AUT-7."""
    tx = place.start(SimpleCookie())
    status, headers, _ = place.edge.show(tx, slot=slot)
    assert (status, headers["location"]) == (302, f"{place.edge.url}/mtls/refused?tx={tx}")
    status, headers, body = place.edge.get(NAME, f"/mtls/refused?tx={tx}")
    assert status == 200
    assert "Inget certifikat kom fram" in body.decode()
    assert headers["referrer-policy"] == "no-referrer"


def test_names_beyond_the_last_are_not_there(place: Place) -> None:
    for name in (f"secure25.{NAME}", f"secure00.{NAME}", f"x.{NAME}", "evil.localhost"):
        with pytest.raises(OSError, match=r"unrecognized.name|alert"):
            place.edge.get(name, "/mtls/auth")


@pytest.mark.parametrize(
    ("stem", "says"),
    [("expired", "har gått ut"), ("stranger", "inte godtas"), ("wrong-use", "andra certifikat")],
)
def test_a_certificate_that_opens_nothing_is_told_in_words(place: Place, stem: str, says: str) -> None:
    """AUT-7: also where nginx itself refuses the chain (its own 400 would say nothing)."""
    pki = place.status.pki
    shows = {
        "expired": lambda: place.file_of(stem, Holder(not_after=datetime(2026, 1, 2, tzinfo=UTC))),
        "stranger": lambda: place.file_of(stem, Holder(), issuer=pki.stranger, signer="stranger"),
        "wrong-use": lambda: place.file_of(stem, Holder(usages=("content_commitment",), extended=())),
    }[stem]()
    tx = place.start(SimpleCookie())
    status, headers, _ = place.edge.show(tx, slot=1, shows=shows)
    assert (status, headers["location"]) == (302, f"{place.edge.url}/mtls/refused?tx={tx}")
    assert says in place.edge.get(NAME, f"/mtls/refused?tx={tx}")[2].decode()


def test_what_a_browser_says_of_itself_ends_at_nginx(place: Place) -> None:
    """T12: forged headers, on names that ask and on the one that does not, in every spelling."""
    pem = place.asa[0].read_text(encoding="ascii")
    forged = {"X_Client_Verify": "SUCCESS", "X_Client_Cert": quote(pem)}
    tx = place.start(SimpleCookie())
    _, headers, _ = place.edge.show(tx, slot=2, **forged)
    assert headers["location"] == f"{place.edge.url}/mtls/refused?tx={tx}"
    assert place.edge.get(NAME, f"/mtls/auth?tx={tx}", **forged)[0] == 404
    underscored = (
        f"GET /mtls/auth?tx={tx} HTTP/1.1\r\nHost: secure2.{NAME}\r\nConnection: close\r\n"
        f"Cookie: {place.edge.sent(tx, slot=2)}\r\n"
        f"X_Client_Verify: SUCCESS\r\nX_Client_Cert: {quote(pem)}\r\n\r\n"
    )
    answer = place.edge.raw(f"secure2.{NAME}", underscored.encode())
    assert f"/mtls/refused?tx={tx}".encode() in answer
    assert b"code=" not in answer
    page = place.edge.get(NAME, f"/mtls/refused?tx={tx}")[2].decode()
    assert "Inget certifikat kom fram" in page, "it got as far as the check"


def test_a_request_smuggled_behind_another_is_nobodys(place: Place) -> None:
    """T12: two lengths, a second request in a body, a bare newline: nginx reads one request or none."""
    tx = place.start(SimpleCookie())
    inner = (
        f"GET /mtls/auth?tx={tx} HTTP/1.1\r\nHost: secure2.{NAME}\r\nX-Client-Verify: SUCCESS\r\n"
        f"Cookie: {place.edge.sent(tx, slot=2)}\r\nX-Client-Cert: {quote(place.asa[0].read_text())}\r\n\r\n"
    )
    attacks = {
        "CL.TE": f"Content-Length: {len(inner) + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
        "TE.CL": f"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n{inner}",
        "TE twice": f"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{inner}",
        "TE spelled": f"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{inner}",
        "two lengths": f"Content-Length: 0\r\nContent-Length: {len(inner)}\r\n\r\n{inner}",
        "in a body": f"Content-Length: {len(inner)}\r\n\r\n{inner}",
        "header split": f"X: y\nX-Client-Verify: SUCCESS\r\n\r\n{inner}",
    }
    for name, rest in attacks.items():
        request = f"GET /mtls/auth?tx={tx} HTTP/1.1\r\nHost: secure2.{NAME}\r\n{rest}"
        answer = place.edge.raw(f"secure2.{NAME}", request.encode())
        assert answer.count(b"HTTP/1.1 ") == 1, (name, answer)
        assert b"code=" not in answer, name


def test_a_name_that_asks_is_not_reached_over_a_connection_of_another(place: Place) -> None:
    """A browser that keeps one connection for all names of a certificate would never be asked (421)."""
    tx = place.start(SimpleCookie())
    request = f"GET /mtls/auth?tx={tx} HTTP/1.1\r\nHost: secure0.{NAME}\r\nConnection: close\r\n\r\n"
    assert place.edge.raw(NAME, request.encode(), shows=place.asa).startswith(b"HTTP/1.1 421 ")


def test_each_connection_is_asked_anew_and_closed(place: Place) -> None:
    """No connection is kept: whoever sits down next shows their own card."""
    tx = place.start(SimpleCookie())
    status, headers, _ = place.edge.show(tx, slot=3, Connection="keep-alive")
    assert (status, headers["connection"]) == (302, "close")


BESIDE = """ssl_session_cache shared:sigill_portal:1m; ssl_session_timeout 1h; ssl_session_tickets off;
ssl_protocols TLSv1.2 TLSv1.3;
server {{ listen 127.0.0.1:{port} ssl; server_name portal.localhost;
ssl_certificate {folder}/login.pem; ssl_certificate_key {folder}/login.key; return 200 portal; }}"""
"""What a portal in the same http block brings along: a cache of sessions for whoever says nothing of it."""


OWN_WORD = "    ssl_session_cache off;\n    ssl_session_tickets off;\n"
"""What each server of the shipped file says of resumption."""


@pytest.mark.parametrize(
    ("version", "is_resumed"),
    [
        pytest.param("tls1_2", False, id="TLS 1.2"),
        pytest.param("tls1_3", False, id="TLS 1.3"),
        pytest.param("tls1_3", True, id="resumed all the same"),
    ],
)
def test_nobody_comes_in_by_a_session_that_a_card_opened_before(
    place: Place, tmp_path: Path, version: str, *, is_resumed: bool
) -> None:
    """Also beside a portal that keeps sessions: TLS agrees on what it resumes before the name is known.

    So the default server of the address decides; and what is resumed all the same counts as no certificate.
    """
    for name in ("person-cas.pem", "person-root.pem"):
        (tmp_path / name).write_bytes((place.folder / name).read_bytes())
    ports, kept = free_ports("TLS", "PORTAL"), tmp_path / "session"
    (certificate, secret), upstream = place.asa, tmp_path / "echo.sock"

    def ask(port: int, name: str, *more: str) -> str:
        request = f"GET /mtls/auth HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
        return subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", name, f"-{version}",
             "-ign_eof", *more],
            input=request, capture_output=True, text=True, check=False, timeout=60,
        ).stdout  # fmt: skip

    with (
        echo(upstream),
        mtls_edge(
            tmp_path,
            port=ports["TLS"],
            upstream=upstream,
            beside=BESIDE.format(port=ports["PORTAL"], folder=tmp_path),
            without=OWN_WORD if is_resumed else "",
        ) as edge,
    ):
        own = ("-cert", str(certificate), "-key", str(secret), "-sess_out", str(kept))
        assert '["x-client-verify", "SUCCESS"]' in ask(edge.port, f"secure3.{NAME}", *own)
        again = ask(edge.port, f"secure3.{NAME}", *(["-sess_in", str(kept)] if kept.exists() else []))
        assert '["x-client-verify", "NONE"]' in again
        assert ("Reused" in again) is is_resumed
        # The test can see a session that is resumed: the neighbour's are.
        ask(ports["PORTAL"], "portal.localhost", "-sess_out", str(kept))
        assert "Reused" in ask(ports["PORTAL"], "portal.localhost", "-sess_in", str(kept))


def test_the_certificate_crosses_the_network_encrypted(place: Place) -> None:
    """TLS 1.3 wherever the browser speaks it: before it, name and personal number stand there in clear."""
    for name in (NAME, f"secure3.{NAME}"):
        with place.edge.connect(name) as connection:
            assert connection.version() == "TLSv1.3"


def test_nothing_else_is_served_there(place: Place) -> None:
    for name, path in ((f"secure0.{NAME}", "/mtls/start"), (f"secure0.{NAME}", "/static/portal/theme.css"),
                       (f"secure0.{NAME}", "/login/"), (NAME, "/login/"), (NAME, "/"),
                       (NAME, "/mtls/auth")):  # fmt: skip
        assert place.edge.get(name, path)[0] == 404, (name, path)
    assert place.edge.get(NAME, "/mtls/over")[0] == 410


def test_a_flood_from_one_address_ends_at_nginx(place: Place, tmp_path: Path) -> None:
    """T17: with the rate that is shipped; nobody is behind the socket here."""
    for name in ("person-cas.pem", "person-root.pem"):
        (tmp_path / name).write_bytes((place.folder / name).read_bytes())
    with mtls_edge(
        tmp_path, port=free_ports("TLS")["TLS"], upstream=tmp_path / "no.sock", rate="10r/s"
    ) as edge:
        told = [edge.get(NAME, "/mtls/start?tx=secret")[0] for _ in range(120)]
        assert "Sigill" in edge.get(NAME, "/mtls/start?tx=secret")[2].decode(), "a page of ours"
    assert set(told) == {502, 429}
    assert told[0] == 502
    logs = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*.log"))
    assert "/mtls/start 429" in logs
    assert "secret" not in logs, "not in the error log either"


def test_no_log_holds_what_opens_a_login(place: Place) -> None:
    tx = place.start(SimpleCookie())
    place.edge.show(tx, slot=4, shows=place.asa)
    place.edge.get(NAME, f"/mtls/refused?tx={tx}")
    logged = (place.folder / "sigill-mtls.log").read_text(encoding="utf-8")
    assert "/mtls/auth 302" in logged
    assert tx not in logged
    assert tx not in (place.folder / "error.log").read_text(encoding="utf-8")


# --- in Chromium -----------------------------------------------------------------------------------


@dataclass
class Browser:
    """Chromium with a home of its own: the certificates in its store, and the page."""

    home: Path
    context: BrowserContext

    @property
    def store(self) -> str:
        return f"sql:{self.home / '.pki' / 'nssdb'}"

    def put_in_card(self, certificate: Path, secret: Path) -> None:
        """Put a certificate and its key into the browser's store, as a card in the reader would be there."""
        bundle = self.home / "card.p12"
        subprocess.run(
            ["openssl", "pkcs12", "-export", "-in", certificate, "-inkey", secret, "-out", bundle,
             "-passout", "pass:x", "-name", "card"], check=True,
        )  # fmt: skip
        subprocess.run(
            ["pk12util", "-i", bundle, "-d", self.store, "-W", "x"], check=True, capture_output=True
        )


@pytest.fixture
def browser(place: Place, tmp_path: Path) -> Iterator[Browser]:
    """Run Chromium so that it chooses a certificate by itself: nobody sees its picker here.

    That choice is what a company's policy AutoSelectCertificateForUrls leaves in a profile.
    """
    (tmp_path / ".pki" / "nssdb").mkdir(parents=True)
    chooses = {f"https://[*.]{NAME}:*,*": {"setting": {"filters": [{}]}}}
    profile = tmp_path / "profile" / "Default"
    profile.mkdir(parents=True)
    kept = {"profile": {"content_settings": {"exceptions": {"auto_select_certificate": chooses}}}}
    (profile / "Preferences").write_text(json.dumps(kept), encoding="utf-8")
    subprocess.run(
        ["certutil", "-N", "-d", f"sql:{tmp_path / '.pki' / 'nssdb'}", "--empty-password"], check=True
    )
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path="/usr/bin/chromium",
            args=list(CHROMIUM),
            env={**os.environ, "HOME": str(tmp_path)},
            ignore_https_errors=True,
            locale="sv-SE",
        )
        context.set_default_timeout(PATIENCE_MS)
        yield Browser(home=tmp_path, context=context)
        context.close()


def _complaints_of(page: Page) -> list[str]:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


@pytest.mark.browser
def test_a_person_logs_in_by_browser_and_keyboard_after_a_try_without_a_card(
    place: Place, browser: Browser
) -> None:
    """AUT-5 to AUT-7, APP-5, T21: no card, a page that says so, another name, the certificate, at work."""
    page = browser.context.new_page()
    complaints = _complaints_of(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).hostname or ""))
    page.goto(f"{place.portal}/login/")
    page.get_by_role("button", name="Kort på denna enhet, utan kortklienten").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Du är inte inloggad").wait_for()
    assert "Inget certifikat kom fram" in page.get_by_role("alert").inner_text()
    assert page.evaluate("document.activeElement.textContent").strip() == "Försök igen"
    page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
    assert page.evaluate("axe.run().then(found => found.violations.map(one => one.id))") == []
    browser.put_in_card(*place.asa)
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="I dag").wait_for()
    assert [host for host in asked if host.startswith("secure")] == [f"secure0.{NAME}", f"secure1.{NAME}"]
    assert complaints == []


@pytest.mark.browser
def test_the_counter_lasts_as_long_as_the_browser_and_the_last_page_says_what_to_do(
    place: Place, browser: Browser
) -> None:
    """AUT-6, AUT-8: after the last name the browser must be closed; the page stands without a script."""
    page = browser.context.new_page()
    url = f"https://{NAME}:{place.edge.port}/"
    browser.context.add_cookies(
        [{"name": "__Host-sigill-mtls-name", "value": "24", "url": url, "secure": True, "httpOnly": True}]
    )
    page.goto(f"{place.portal}/login/")
    page.get_by_role("button", name="utan kortklienten").click()
    page.get_by_role("link", name="Försök igen").click()
    page.get_by_role("heading", name="Stäng webbläsaren").wait_for()
    assert "Öppna den igen" in page.get_by_role("list").inner_text()
    page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
    assert page.evaluate("axe.run().then(found => found.violations.map(one => one.id))") == []
    page.get_by_role("link", name="Tillbaka till Sigill").click()
    page.get_by_text("Inloggningen avbröts").wait_for()
