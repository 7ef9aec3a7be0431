"""Status servers side by side: our responder, nginx with fixed answers, openssl's own."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.authority import Authority
from bench.measuring import NotMeasured, cpu_seconds, family
from bench.place import Place, get
from deploy.free_ports import free_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server under load."""

    port: int
    process: subprocess.Popen[bytes]
    metrics_port: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def cpu(self) -> float:
        """CPU-seconds that it and its children have used."""
        return cpu_seconds(*family(self.process.pid))


def responder(place: Place, home: Path, *, run: Path | None = None, name: str = "responder") -> Server:
    """Start our responder over a home folder and wait until it answers."""
    server = begin_responder(place, home, run=run, name=name)
    place.await_ready(name, server.process, lambda: get(f"{server.url}/healthz") is not None)
    return server


def begin_responder(place: Place, home: Path, *, run: Path | None, name: str) -> Server:
    """Start our responder and do not wait."""
    port, metrics_port = free_port(), free_port()
    environment = {
        "SIGILL_HOME": str(home),
        "SIGILL_RUN": str(run or place.folder / "no-signer"),
        "SIGILL_STATUS_PORT": str(port),
        "SIGILL_METRICS_PORT": str(metrics_port),
    }
    process = place.child(name, [sys.executable, "-m", "worker.mains.responder"], environment)
    return Server(port=port, process=process, metrics_port=metrics_port)


def nginx(place: Place, answer: bytes) -> Server:
    """Start nginx with one worker: ``/answer.der`` is a static file, ``/return`` a text of the same size."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if program is None:
        raise NotMeasured("nginx is not installed; deploy/setup.sh bench installs it")
    folder = place.folder / "nginx"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "answer.der").write_bytes(answer)
    port = free_port()
    temporary = "\n".join(
        f"  {name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(
        f"""daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  keepalive_timeout 60s;
{temporary}
  types {{ application/ocsp-response der; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {folder};
    add_header Cache-Control "max-age=60, public, no-transform, must-revalidate";
    location = /return {{ default_type application/ocsp-response; return 200 "{"x" * len(answer)}"; }}
  }}
}}
"""
    )
    child = place.child("nginx", [program, "-c", str(configuration), "-e", str(folder / "error.log")])
    server = Server(port=port, process=child)
    place.await_ready("nginx", child, lambda: get(f"{server.url}/answer.der") == answer)
    return server


def openssl(place: Place, authority: Authority, serials: list[int], question: bytes, number: int) -> Server:
    """Start ``openssl ocsp`` over an index of those serial numbers.

    It hangs for ever after a bare connect, so a whole question is what finds out whether it is ready.
    """
    folder = place.folder / "openssl"
    authority.write_pem(folder)
    lines = (f"V\t350101000000Z\t\t{serial:032X}\tunknown\t/CN={serial:x}\n" for serial in serials)
    (folder / "index.txt").write_text("".join(lines))
    port = free_port()
    name = f"openssl-{number}"
    child = place.child(
        name,
        [
            "openssl", "ocsp", "-port", str(port), "-index", str(folder / "index.txt"), "-CA",
            str(folder / "ca.pem"), "-rsigner", str(folder / "signer.pem"), "-rkey",
            str(folder / "signer.key"), "-ndays", "1",
        ],
    )  # fmt: skip
    server = Server(port=port, process=child)
    place.await_ready(name, child, lambda: get(f"{server.url}/", question) is not None)
    return server
