"""The nginx configuration that is shipped, in the real nginx over TLS, before a running portal."""

import base64
import getpass
import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from authn.evidence import hashed
from deploy.free_ports import free_ports
from deploy.processes import Installation, answers, processes
from tests.deploy.echo import echo
from tests.running.installation import REPOSITORY, environment_of, eventually

HERE = REPOSITORY / "deploy" / "nginx"
PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin") or "nginx"
NAME = "localhost"
API = "/api/v1/function-certificates/"
ONCE = ("strict-transport-security", "content-security-policy", "x-frame-options", "x-content-type-options")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer; headers with their names in lower case, as often as they came."""

    code: int
    headers: list[tuple[str, str]]
    body: str

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def cookies(self) -> SimpleCookie:
        return SimpleCookie("\r\n".join(self.all("set-cookie")))


@dataclass(slots=True)
class Edge:
    """nginx with the portal behind it; the port HASTY waits three seconds for the rest of a request."""

    home: Path
    folder: Path
    ports: dict[str, int]
    context: ssl.SSLContext

    def connect(self, *, source: str = "127.0.0.1", port: str = "TLS") -> ssl.SSLSocket:
        raw = socket.create_connection(
            ("127.0.0.1", self.ports[port]), timeout=60, source_address=(source, 0)
        )
        return self.context.wrap_socket(raw, server_hostname=NAME)

    def ask(
        self, method: str, path: str, body: str | None = None, *, source: str = "127.0.0.1", **headers: str
    ) -> Answer:
        connection = http.client.HTTPSConnection(
            NAME, self.ports["TLS"], timeout=60, context=self.context, source_address=(source, 0)
        )
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        with closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {"Host": NAME, **form, **named})
            response = connection.getresponse()
            found = [(name.lower(), value) for name, value in response.getheaders()]
            return Answer(code=response.status, headers=found, body=response.read().decode())

    def rows(self, query: str) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(f"file:{self.home}/db.sqlite3?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    """Run a portal of its own and nginx before it; only names, addresses and folders are the test's own."""
    with ExitStack() as stack:
        home, run, folder = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sg-"))) for _ in range(3)
        )
        ports = free_ports(
            "PORTAL", "STATUS", "CLIENT", "DIRECTORY", "FACTORY", "PLAIN", "TLS", "HASTY", "ECHO"
        )
        spki = _make_certificate(folder)
        environment = {
            **environment_of(home=home, run=run, ports=ports),
            "SIGILL_PORTAL_URL": f"https://{NAME}:{ports['TLS']}",
            "SIGILL_ALLOWED_HOSTS": f"{NAME},127.0.0.1",
            "SIGILL_TRUSTED_PROXIES": "127.0.0.1",
            "SIGILL_SERVER_SPKI_PINS": spki,
        }
        for command in (["migrate"], ["collectstatic", "--noinput", "--ignore", "rest_framework"]):
            subprocess.run(
                [sys.executable, "manage.py", *command, "--verbosity", "0"],
                env=environment, cwd=REPOSITORY, check=True,
            )  # fmt: skip
        place = Installation(home=home, run=run, **{f"{name.lower()}_port": ports[name] for name in (
            "PORTAL", "STATUS", "CLIENT", "DIRECTORY", "FACTORY",
        )})  # fmt: skip
        (portal,) = (one for one in processes(place) if one.name == "portal")
        stack.enter_context(_running(list(portal.arguments), environment))
        eventually(answers(f"http://127.0.0.1:{ports['PORTAL']}/healthz"), why="the portal answers")
        command = [PROGRAM, "-c", str(_nginx_conf(folder, ports)), "-e", str(folder / "error.log")]
        tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert tried.returncode == 0, tried.stderr
        stack.enter_context(_running(command, environment))
        found = Edge(
            home=home,
            folder=folder,
            ports=ports,
            context=ssl.create_default_context(cafile=str(folder / "portal.pem")),
        )
        eventually(lambda: _listens(ports["TLS"]), why="nginx listens")
        stack.enter_context(echo(folder / "echo.sock"))
        yield found


def _running(command: list[str], environment: dict[str, str]) -> ExitStack:
    """Start a process and return what ends it."""
    process = subprocess.Popen(command, env=environment, cwd=REPOSITORY, stderr=subprocess.DEVNULL)
    stack = ExitStack()
    stack.callback(process.wait, 60)
    stack.callback(process.terminate)
    return stack


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _make_certificate(folder: Path) -> str:
    """Write the server's key and certificate and return the pin of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "portal.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "portal.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return hashed(
        key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def _nginx_conf(folder: Path, ports: dict[str, int]) -> Path:
    """Write the shipped files with the test's ports and folders, and one more server that is hasty."""
    portal = (HERE / "portal.conf").read_text()
    for old, new in (
        ("listen [::]:80;", ""),
        ("listen [::]:443 ssl http2;", ""),
        ("listen [::]:443 ssl default_server;", ""),
        ("listen 80;", f"listen 127.0.0.1:{ports['PLAIN']};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{ports['TLS']} ssl http2;"),
        ("listen 443 ssl default_server;", f"listen 127.0.0.1:{ports['TLS']} ssl default_server;"),
        ("127.0.0.1:8000", f"127.0.0.1:{ports['PORTAL']}"),
        ("portal.example.org", NAME),
        ("/var/log/nginx/sigill-portal.log", str(folder / "access.log")),
        ("/etc/nginx/sigill/", f"{folder}/"),
    ):
        assert old in portal, old
        portal = portal.replace(old, new)
    server = (HERE / "portal-server.conf").read_text().replace("root /etc/nginx/sigill;", f"root {HERE};")
    patient = re.sub(r"(client_(?:body|header)_timeout) 10s;", r"\1 120s;", server)
    assert patient != server
    (folder / "portal-server.conf").write_text(patient)
    # Not one second: the handshake and the first octets come within it too.
    hasty = re.sub(r"(client_(?:body|header)_timeout) 10s;", r"\1 3s;", server)
    (folder / "hasty.conf").write_text(hasty)
    # One more, which shows what the portal would be told.
    (folder / "echo.conf").write_text(
        patient.replace("http://sigill_portal", f"http://unix:{folder}/echo.sock")
    )
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 512; }}\nhttp {{ {temporary}\n{portal}\n"
        f"server {{ listen 127.0.0.1:{ports['HASTY']} ssl; server_name {NAME};"
        f" ssl_certificate {folder}/portal.pem; ssl_certificate_key {folder}/portal.key;"
        f" access_log off; include {folder}/hasty.conf; }}\n"
        f"server {{ listen 127.0.0.1:{ports['ECHO']} ssl; server_name {NAME};"
        f" ssl_certificate {folder}/portal.pem; ssl_certificate_key {folder}/portal.key;"
        f" access_log off; include {folder}/echo.conf; }} }}\n"
    )
    return path


def test_pages_come_over_tls_with_every_header_once(edge: Edge) -> None:
    """Two of a kind are a trap: of two HSTS headers the second is dropped, of two policies both hold."""
    page = edge.ask("GET", "/login/")
    assert page.code == 200
    for name in ONCE:
        assert len(page.all(name)) == 1, name
    assert page.all("strict-transport-security") == ["max-age=31536000; includeSubDomains; preload"]
    assert page.all("server") == ["nginx"]
    assert page.cookies["__Host-sigill-csrf"]["secure"]


def test_plain_http_leads_to_tls_and_another_name_to_nothing(edge: Edge) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", edge.ports["PLAIN"], timeout=60)) as plain:
        plain.request("GET", "/status/?x=1", headers={"Host": "evil.example"})
        response = plain.getresponse()
        assert (response.status, response.headers["Location"]) == (308, f"https://{NAME}/status/?x=1")
    raw = socket.create_connection(("127.0.0.1", edge.ports["TLS"]), timeout=60)
    with raw, pytest.raises(ssl.SSLError):
        edge.context.wrap_socket(raw, server_hostname="evil.example").close()


@pytest.mark.parametrize(("version", "is_spoken"), [("tls1_1", False), ("tls1_2", True), ("tls1_3", True)])
def test_tls_1_2_and_1_3_are_spoken_and_nothing_older(edge: Edge, version: str, *, is_spoken: bool) -> None:
    told = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{edge.ports['TLS']}", "-servername", NAME,
         "-cipher", "ALL:@SECLEVEL=0", f"-{version}"],
        input="", capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ("Cipher is (NONE)" not in told.stdout) is is_spoken, told.stdout


def test_a_form_from_the_portals_own_origin_is_taken_and_one_from_elsewhere_is_not(edge: Edge) -> None:
    page = edge.ask("GET", "/login/")
    cookie = f"__Host-sigill-csrf={page.cookies['__Host-sigill-csrf'].value}"
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body)[0]
    form = f"csrfmiddlewaretoken={token}&language=en&next=%2Flogin%2F"
    own = f"https://{NAME}:{edge.ports['TLS']}"
    taken = edge.ask("POST", "/language/", form, Cookie=cookie, Origin=own)
    assert taken.code in {302, 303}
    assert taken.cookies["sigill-language"]["secure"]
    for origin in ("https://evil.example", f"http://{NAME}", "null"):
        assert edge.ask("POST", "/language/", form, Cookie=cookie, Origin=origin).code == 403


def test_a_login_and_its_refusals_know_the_browsers_own_address_whatever_it_writes(edge: Edge) -> None:
    """What the card client's order, the limits and the journal hold is who spoke to nginx."""
    page = edge.ask("GET", "/login/")
    cookie = f"__Host-sigill-csrf={page.cookies['__Host-sigill-csrf'].value}"
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.body)[0]
    forged = {"X_Forwarded_For": "192.0.2.1", "X_Real_IP": "192.0.2.1", "Forwarded": "for=192.0.2.1"}
    origin = f"https://{NAME}:{edge.ports['TLS']}"
    started = edge.ask(
        "POST", "/login/oob/start", f"csrfmiddlewaretoken={token}",
        source="127.0.0.7", Cookie=cookie, Origin=origin, X_Forwarded_Proto="http", **forged,
    )  # fmt: skip
    assert started.code == 303
    session = started.cookies["__Host-sigill"]
    assert (session["secure"], session["httponly"], session["samesite"]) == (True, True, "Lax")
    assert edge.rows("SELECT DISTINCT end_user_address FROM authn_authnorder") == [("127.0.0.7",)]
    refused = edge.ask("GET", API, source="127.0.0.8", Authorization="Bearer sigill_guess", **forged)
    assert refused.code == 401
    sources = {source for (source,) in edge.rows("SELECT source FROM authn_requestcount")}
    assert {"start:SE0000000000-SIGILL:127.0.0.7", "refused:127.0.0.8"} <= sources
    assert not [source for source in sources if "192.0.2.1" in source]


def test_who_comes_past_nginx_is_not_believed_either(edge: Edge) -> None:
    """Only the address in SIGILL_TRUSTED_PROXIES may say who asks; a neighbour on the network may not."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", edge.ports["PORTAL"], timeout=60, source_address=("127.0.0.9", 0)
    )
    with closing(connection):
        headers = {"Authorization": "Bearer sigill_guess", "X-Forwarded-For": "192.0.2.2"}
        connection.request("GET", API, headers={"Host": NAME, "X-Forwarded-Proto": "https", **headers})
        response = connection.getresponse()
        assert (response.status, response.headers.get("Strict-Transport-Security")) == (401, None)
    sources = {source for (source,) in edge.rows("SELECT source FROM authn_requestcount")}
    assert "refused:127.0.0.9" in sources
    assert "refused:192.0.2.2" not in sources


def test_nobody_tells_the_portal_that_a_certificate_was_shown(edge: Edge) -> None:
    """T12: certificates are shown on other names; here the headers end, in every spelling."""
    forged = "X-Client-Verify: SUCCESS\r\nX-Client-Cert: forged\r\nx_client_cert: forged\r\nX-Slot: 1\r\n"
    with edge.connect(port="ECHO") as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {NAME}\r\n{forged}Connection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    seen = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert ["host", NAME] in seen
    assert [
        value for name, value in seen if name.replace("_", "-") in {"x-client-verify", "x-client-cert"}
    ] == []
    assert "forged" not in json.dumps(seen)


def test_half_requests_keep_nobody_waiting(edge: Edge) -> None:
    """Eight threads serve the portal; sixty-four who send half a call do not reach one of them."""
    head = (
        f"POST /c/v1/claim HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: application/json\r\n"
        "Content-Length: 4\r\n\r\n"
    ).encode()
    with ExitStack() as stack:
        halves = [stack.enter_context(edge.connect(source=f"127.0.1.{1 + n}")) for n in range(64)]
        for number, half in enumerate(halves):
            half.sendall(head + b"nu" if number % 2 else head[:-3])
        for _ in range(10):
            assert edge.ask("GET", "/healthz").code == 200
        eventually(lambda: _connections_to(edge.ports["PORTAL"]) == 0, why="no half call at gunicorn")
        # They were all there, waiting in nginx: the first that sends the rest is answered.
        halves[1].sendall(b"ll")
        assert halves[1].recv(12) == b"HTTP/1.1 400"


def _connections_to(port: int) -> int:
    """Return how many connections to a port of loopback are open, as the kernel tells (proc(5))."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    established = "01"
    return sum(row[2].endswith(f":{port:04X}") and row[3] == established for row in rows)


@pytest.mark.parametrize("cut", [25, -2, None])
def test_who_does_not_go_on_is_cut_off(edge: Edge, cut: int | None) -> None:
    """Half a request line, half a header, half a body."""
    head = f"POST /login/oob/start HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 4\r\n\r\n".encode()
    with edge.connect(port="HASTY") as half:
        half.sendall(head[:cut] if cut else head + b"ab")
        try:
            said = half.recv(100)
        except ConnectionResetError:
            said = b""
        assert said == b"" or said.startswith(b"HTTP/1.1 408")


def test_what_is_too_large_does_not_reach_the_portal(edge: Edge) -> None:
    answer = edge.ask("POST", "/login/oob/start", "x" * 3_000_000)
    assert answer.code == 413
    _is_nginxs_own(answer)


def test_a_flood_of_logins_ends_at_nginx_and_hits_its_sender_alone(edge: Edge) -> None:
    """Above the portal's own sixty a minute, which answers in words; API callers get problem+json."""

    def refused(path: str) -> Answer | None:
        with ThreadPoolExecutor(8) as many:
            asked = many.map(lambda _: edge.ask("POST", path, "{}", source="127.0.2.1"), range(40))
            return next((one for one in asked if one.code == 429 and one.all("retry-after") == ["10"]), None)

    page = eventually(lambda: refused("/login/oob/start"), why="nginx refuses a flood")
    assert page
    _is_nginxs_own(page)
    problem = eventually(lambda: refused(API), why="nginx refuses a flood of orders")
    assert problem
    assert problem.all("content-type") == ["application/problem+json"]
    assert '"code": "busy"' in problem.body
    assert edge.ask("POST", "/login/oob/start", "{}", source="127.0.2.2").code == 403


def _is_nginxs_own(answer: Answer) -> None:
    assert "Portalen tog inte emot det" in answer.body
    for name in ONCE:
        assert len(answer.all(name)) == 1, name
    style = re.findall("<style>(.*?)</style>", answer.body)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.all("content-security-policy")[0]


def test_the_access_log_holds_no_query_and_of_a_path_the_first_word(edge: Edge) -> None:
    """Anybody may write a personal number into an address; it stays in no log."""
    edge.ask("GET", "/people/198504129803/?q=198504129803", Referer=f"https://{NAME}/198504129803")
    log = edge.folder / "access.log"
    line = eventually(lambda: re.findall(r".* /people .*", log.read_text()), why="the log is written")[0]
    assert re.match(r"127\.0\.0\.1 \S+ GET /people 303 ", line)
    assert "198504129803" not in log.read_text()
