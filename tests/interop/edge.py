"""An nginx of somebody who relies on our certificates: it staples, and asks OCSP about its clients."""

import getpass
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.free_ports import free_ports
from tests.ocsp.responder.conftest import _listens
from tests.running.installation import eventually

PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin") or "nginx"
_CONFIGURATION = """{user}
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log info;
events {{ worker_connections 128; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  ssl_certificate {folder}/server.pem;
  ssl_certificate_key {folder}/server.key;
  ssl_trusted_certificate {folder}/chain.pem;
  server {{
    listen 127.0.0.1:{staples} ssl;
    ssl_stapling on;
    ssl_stapling_verify on;
    location / {{ return 200 "stapled\\n"; }}
  }}
  server {{
    listen 127.0.0.1:{clients} ssl;
    ssl_verify_client on;
    ssl_verify_depth 3;
    ssl_client_certificate {folder}/chain.pem;
    ssl_ocsp leaf;
    location / {{ return 200 "$ssl_client_verify $ssl_client_serial\\n"; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The two ports of a running nginx, and what it logs."""

    staples: int
    clients: int
    folder: Path

    @property
    def log(self) -> str:
        return (self.folder / "error.log").read_text()

    @classmethod
    @contextmanager
    def running(cls, *, certificate: bytes, key: bytes, chain: bytes, folder: Path) -> Iterator["Edge"]:
        ports = free_ports("STAPLES", "CLIENTS")
        for name, content in (("server.pem", certificate), ("server.key", key), ("chain.pem", chain)):
            (folder / name).write_bytes(content)
        configuration = folder / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                user=f"user {getpass.getuser()};" if os.geteuid() == 0 else "",
                folder=folder,
                staples=ports["STAPLES"],
                clients=ports["CLIENTS"],
            )
        )
        command = [PROGRAM, "-c", str(configuration), "-e", str(folder / "error.log")]
        with subprocess.Popen(command) as child:
            eventually(lambda: _listens(ports["CLIENTS"]))
            yield cls(staples=ports["STAPLES"], clients=ports["CLIENTS"], folder=folder)
            child.terminate()
            child.wait(60)
