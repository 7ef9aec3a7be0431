"""The nginx configuration that is shipped, in the real nginx, before a running responder (REV-1, PKI-3)."""

import base64
import getpass
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from deploy.free_ports import free_port
from ocsp.store.lmdb_store import LmdbStore
from ocsp.wire.response import CertStatus
from tests.ocsp.authority import Authority, make_authority
from tests.ocsp.responder.conftest import GOOD, REVOKED, Answer, Server, _listens, fill, question, start
from tests.running.installation import eventually

HERE = Path(__file__).resolve().parents[2] / "deploy" / "nginx"
PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin") or "nginx"


@dataclass
class Edge:
    """nginx and the responder behind it; ``through`` asks nginx, ``direct`` the responder."""

    direct: Server
    through: Server
    home: Path

    def get(self, request_der: bytes, **headers: str) -> Answer:
        return self.through.ask("GET", "/ocsp/" + quote(base64.b64encode(request_der), safe=""), **headers)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return make_authority()


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Edge]:
    """Run nginx with the shipped locations; only addresses and folders are the test's own."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("nginx")
    fill(home, authority).close()
    (home / "public" / "crl").mkdir(parents=True)
    server = start(home, authority)
    port = free_port()
    shipped = (HERE / "status.conf").read_text()
    shipped = shipped.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    shipped = shipped.replace("/var/cache/nginx/sigill", str(folder / "cache"))
    shipped = shipped.replace("listen [::]:80 default_server reuseport backlog=4096;", "")
    shipped = shipped.replace("listen 80 default_server reuseport", f"listen 127.0.0.1:{port}")
    shipped = shipped.replace("/etc/nginx/sigill/", f"{HERE}/")
    shipped = shipped.replace("rate=10r/s", "rate=1r/m")  # a slow machine asks slower than ten a second
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 256; }}\nhttp {{ access_log off;\n"
        f"client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n{shipped}}}\n"
    )
    command = [PROGRAM, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    with subprocess.Popen(command) as nginx:
        eventually(lambda: _listens(port))
        yield Edge(direct=server, through=replace(server, port=port), home=home)
        nginx.terminate()
        nginx.wait(60)
    assert server.stop() == 0


def publish(
    edge: Edge, authority: Authority, *serials: int, seconds: int = 8 * 3600, revoked: bool = False
) -> None:
    store = LmdbStore(edge.home / "ocsp" / "lmdb")
    status = CertStatus.REVOKED if revoked else CertStatus.GOOD
    authority.publish(
        store, serials, at=int(time.time()), status=status, reason=1 if revoked else None, validity=seconds
    )
    store.close()


def test_an_answer_by_get_is_kept_with_all_its_headers_and_one_by_post_is_not(
    edge: Edge, authority: Authority
) -> None:
    """RFC 5019 6.2; the cache is poisoned by nobody: the key is the whole path."""
    asked = question(authority, 2**90 + 80)
    publish(edge, authority, 2**90 + 80)
    eventually(lambda: edge.direct.post(asked).says == "GOOD")
    first, second = edge.get(asked), edge.get(asked)
    assert [one.headers["x-cache"] for one in (first, second)] == ["MISS", "HIT"]
    assert first.body == second.body
    assert second.says == "GOOD"
    passed = edge.direct.ask("GET", "/ocsp/" + quote(base64.b64encode(asked), safe=""))
    for name in ("content-type", "etag", "last-modified", "expires", "cache-control"):
        assert second.headers[name] == passed.headers[name], name
    assert "server" not in second.headers or "/" not in second.headers["server"]
    for _ in range(2):
        posted = edge.through.post(question(authority, REVOKED))
        assert posted.says == "REVOKED"
        assert "x-cache" not in posted.headers
    assert edge.get(question(authority, REVOKED)).says == "REVOKED"
    head = edge.through.ask("HEAD", "/ocsp/" + quote(base64.b64encode(asked), safe=""))
    assert (head.code, head.headers["x-cache"]) == (200, "HIT")


def test_a_client_that_has_the_answer_is_told_that_it_has(edge: Edge, authority: Authority) -> None:
    asked = question(authority, GOOD)
    whole = edge.get(asked)
    by_tag = edge.get(asked, If_None_Match=whole.headers["etag"])
    by_time = edge.get(asked, If_Modified_Since=whole.headers["last-modified"])
    assert (by_tag.code, by_time.code) == (304, 304)
    assert by_tag.body == b""


def test_a_revocation_is_seen_through_the_cache_when_max_age_is_over_and_nothing_past_next_update(
    edge: Edge, authority: Authority
) -> None:
    """R4, F13: near its nextUpdate an answer's max-age is what is left; then the cache asks again."""
    serial = 2**90 + 77
    asked = question(authority, serial)

    def short_lived() -> Answer | None:
        """Publish anew for each look: what a slow machine sees too late is past its time."""
        publish(edge, authority, serial, seconds=8)
        answer = edge.get(asked)
        return answer if answer.says == "GOOD" else None

    answer = eventually(short_lived)
    assert int(answer.headers["cache-control"].split("max-age=")[1].split(",")[0]) <= 8
    publish(edge, authority, serial, revoked=True)
    seen = eventually(lambda: edge.get(asked) if edge.get(asked).says == "REVOKED" else None)
    assert seen.headers["x-cache"] in {"HIT", "EXPIRED", "MISS", "UPDATING", "REVALIDATED"}


def test_what_is_past_its_time_is_try_later_and_is_not_kept(edge: Edge, authority: Authority) -> None:
    """R7: tryLater is no-store: the next question meets the answer that was made meanwhile."""
    serial = 2**90 + 78
    publish(edge, authority, serial, seconds=1)
    asked = question(authority, serial)
    eventually(lambda: edge.get(asked).says == "TRY_LATER")
    assert edge.get(asked).headers["x-cache"] != "HIT"
    publish(edge, authority, serial)
    eventually(lambda: edge.get(asked).says == "GOOD")


def test_a_question_with_two_slashes_is_not_made_another_one(edge: Edge, authority: Authority) -> None:
    """F6: raw base64 in the path, as some clients send it."""
    serial, asked = next(
        (serial, der)
        for serial in range(2**90 + 1000, 2**90 + 60000)
        if b"//" in base64.b64encode(der := question(authority, serial))
    )
    publish(edge, authority, serial)
    raw = "/ocsp/" + base64.b64encode(asked).decode()
    assert "//" in raw
    answer = eventually(lambda: edge.through.ask("GET", raw))
    assert answer.says == "GOOD"
    assert answer.body == edge.direct.ask("GET", raw).body == edge.get(asked).body


def test_lists_are_kept_health_is_passed_and_nothing_else_is_there(edge: Edge) -> None:
    """PKI-3: an error is not kept; figures are for the operator."""
    missing = edge.through.ask("GET", "/crl/missing.crl")
    assert (missing.code, edge.through.ask("GET", "/crl/missing.crl").headers.get("x-cache")) == (404, "MISS")
    assert edge.through.ask("GET", "/healthz").code == 200
    assert edge.through.ask("GET", "/readyz").code == 200
    for path in ("/metrics", "/", "/ocsp2", "/etc/passwd", "/crl/../metrics"):
        assert edge.through.ask("GET", path).code == 404, path
    assert (
        edge.through.ask("POST", "/ocsp", b"x" * 70_000, Content_Type="application/ocsp-request").code == 413
    )


def test_one_client_floods_no_time_stamps(edge: Edge) -> None:
    """What is too many of one client's never gets to the responder."""
    codes = [
        edge.through.ask("POST", "/tsa", b"", Content_Type="application/timestamp-query").code
        for _ in range(60)
    ]
    assert codes[0] == 200
    assert 429 in codes


def test_many_that_ask_at_once_are_never_refused(edge: Edge, authority: Authority) -> None:
    """No rate limit on OCSP: two hundred questions in a row, all answered."""
    asked = question(authority, GOOD)
    assert {edge.get(asked).code for _ in range(200)} == {200}


def test_what_is_kept_is_given_while_the_responder_is_gone_and_no_error_is_kept(
    edge: Edge, authority: Authority
) -> None:
    """R4: until its max-age; what was not kept is an error for just as long as nobody is there."""
    # No other test has asked for it: what is in the cache already may be about to leave it.
    kept, fresh = question(authority, 2**90 + 81), question(authority, 2**90 + 79)
    publish(edge, authority, 2**90 + 79, 2**90 + 81)
    eventually(lambda: edge.direct.post(kept).says == "GOOD")
    assert edge.get(kept).says == "GOOD"
    edge.direct.process.kill()
    edge.direct.process.wait(60)
    assert edge.get(kept).says == "GOOD"
    assert edge.get(fresh).code in {502, 504}
    again = start(edge.home, authority, port=edge.direct.port)
    edge.direct.process = edge.through.process = again.process
    eventually(lambda: edge.get(fresh).code == 200)
    assert edge.get(fresh).says == "GOOD"
