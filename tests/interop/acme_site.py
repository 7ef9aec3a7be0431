"""What stands around ACME in the tests: the shipped nginx with TLS before the portal, unchanged clients."""

import getpass
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.test_nginx_portal import HERE, PROGRAM, _listens, _make_certificate
from tests.functioncerts.acme.outside import Outside
from tests.running.installation import REPOSITORY, Installation, eventually

PATIENCE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a client ended, and all that it said."""

    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A running ACME service as its clients see it, and a folder for them."""

    installation: Installation
    outside: Outside
    folder: Path

    @property
    def directory(self) -> str:
        return f"https://localhost:{self.installation.ports['ACME_TLS']}/acme/directory"

    @property
    def authority(self) -> Path:
        return self.folder / "portal.pem"

    def external_key(self, hsa_id: str) -> tuple[str, str]:
        """Make a key for a function object; return its id and the HMAC key."""
        told = self.installation.manage("acme_key", "--function-object", hsa_id, "--only-key").split()
        return told[0], told[1]

    def certbot(self, *arguments: str, home: str = "certbot", through: str = "") -> Said:
        """Run certbot, as it comes from its registry, in a folder of its own, perhaps through a proxy."""
        place = self.folder / home
        return self._run(
            str(REPOSITORY / ".venv" / "bin" / "certbot"), *arguments,
            "--config-dir", str(place), "--work-dir", str(place / "work"), "--logs-dir", str(place / "logs"),
            "--non-interactive", "--server", self.directory, through=through,
        )  # fmt: skip

    def lego(self, *arguments: str, command: str) -> Said:
        """Run Debian's lego; options of the program come before the command."""
        return self._run(
            "lego", "--server", self.directory, "--path", str(self.folder / "lego"),
            "--accept-tos", "--email", "drift@regionnorr.test", *arguments, *command.split(),
        )  # fmt: skip

    def _run(self, *command: str, through: str = "") -> Said:
        environment = {
            "HTTPS_PROXY": through,
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "REQUESTS_CA_BUNDLE": str(self.authority),
            "LEGO_CA_CERTIFICATES": str(self.authority),
            "EXEC_PATH": str(self.folder / "put-record"),
        }
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        return Said(code=done.returncode, text=done.stdout + done.stderr)


@contextmanager
def nginx_before(installation: Installation, folder: Path) -> Iterator[None]:
    """Run nginx with the shipped files, its own certificate, and the installation's portal behind it."""
    _make_certificate(folder)
    ports, portal = installation.ports, (HERE / "portal.conf").read_text()
    for old, new in (
        ("listen 80;", ""), ("listen [::]:80;", ""),
        ("listen [::]:443 ssl http2;", ""), ("listen [::]:443 ssl default_server;", ""),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{ports['ACME_TLS']} ssl http2;"),
        ("listen 443 ssl default_server;", f"listen 127.0.0.1:{ports['ACME_TLS']} ssl default_server;"),
        ("127.0.0.1:8000", f"127.0.0.1:{ports['PORTAL']}"),
        ("portal.example.org", "localhost"),
        ("/var/log/nginx/sigill-portal.log", str(folder / "access.log")),
        ("/etc/nginx/sigill/", f"{folder}/"),
        ("    access_log off;\n    return 308", f"    listen unix:{folder}/plain;\n    return 308"),
    ):  # fmt: skip
        assert old in portal, old
        portal = portal.replace(old, new)
    server = (HERE / "portal-server.conf").read_text().replace("root /etc/nginx/sigill;", f"root {HERE};")
    (folder / "portal-server.conf").write_text(server)
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in _TEMPORARY)
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 256; }}\nhttp {{ {temporary}\n{portal}\n }}\n"
    )
    command = [PROGRAM, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: _listens(ports["ACME_TLS"]), why="nginx listens")
        yield
    finally:
        process.terminate()
        process.wait(60)


_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
