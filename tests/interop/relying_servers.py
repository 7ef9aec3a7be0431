"""Servers of somebody who relies on our certificates and asks OCSP about each client: Apache and stunnel."""

import getpass
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.free_ports import free_port
from tests.ocsp.responder.conftest import _listens
from tests.running.installation import eventually

_MODULES = Path("/usr/lib/apache2/modules")
_APACHE = """
{user}
ServerRoot {folder}
ServerName localhost
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.log
LogLevel warn ssl:info
Mutex pthread default
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule status_module {modules}/mod_status.so
LoadModule ssl_module {modules}/mod_ssl.so
Listen 127.0.0.1:{port}
SSLEngine on
SSLCertificateFile {folder}/server.pem
SSLCertificateKeyFile {folder}/server.key
SSLCACertificateFile {folder}/chain.pem
SSLVerifyClient require
SSLVerifyDepth 3
SSLOCSPEnable leaf
SetHandler server-status
"""
_STUNNEL = """
foreground = yes
debug = 6
pid =
[relying]
accept = 127.0.0.1:{port}
exec = {folder}/answer.sh
execArgs = answer.sh
cert = {folder}/server.pem
key = {folder}/server.key
CAfile = {folder}/chain.pem
verifyChain = yes
requireCert = yes
OCSPaia = yes
"""
_ANSWER = r"""#!/bin/sh
while read -r line && [ "$line" != "$(printf '\r')" ]; do :; done
printf 'HTTP/1.0 200 OK\r\n\r\nlet in\n'
"""


@contextmanager
def apache(folder: Path) -> Iterator[int]:
    """Run Apache over ``server.pem``, ``server.key`` and ``chain.pem`` of a folder; yield its port."""
    port = free_port()
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else f"# as {getpass.getuser()}"
    configuration = folder / "apache.conf"
    configuration.write_text(_APACHE.format(user=user, folder=folder, modules=_MODULES, port=port))
    yield from _running(["/usr/sbin/apache2", "-f", str(configuration), "-D", "FOREGROUND"], port)


@contextmanager
def stunnel(folder: Path) -> Iterator[int]:
    """Run stunnel over the same files; yield its port."""
    port = free_port()
    configuration = folder / "stunnel.conf"
    configuration.write_text(_STUNNEL.format(folder=folder, port=port))
    (folder / "answer.sh").write_text(_ANSWER)
    (folder / "answer.sh").chmod(0o700)
    yield from _running(["stunnel4", str(configuration)], port)


def _running(command: list[str], port: int) -> Iterator[int]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            eventually(lambda: _listens(port), why=command[0])
            yield port
        finally:
            child.terminate()
            child.wait(60)
