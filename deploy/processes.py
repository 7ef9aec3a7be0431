"""Which processes make up an installation, how each is started, and how one sees that it is ready."""

import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from portal import config

KEPT_ALIVE = "75"
"""Seconds that a connection is kept: who asks every two seconds would lose a race at gunicorn's two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process: its name, its command line, extra environment, and the sign that it is ready."""

    name: str
    arguments: tuple[str, ...]
    is_ready: Callable[[], bool]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Where an installation keeps its things and listens; ports are TCP on loopback."""

    home: Path
    run: Path
    portal_port: int
    status_port: int
    client_port: int
    directory_port: int
    factory_port: int


def answers(url: str) -> Callable[[], bool]:
    """Return a check that the URL answers below 500."""

    def check() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own loopback address
                return int(response.status) < 500  # noqa: PLR2004
        except urllib.error.HTTPError as error:
            return error.code < 500  # noqa: PLR2004
        except OSError:
            return False

    return check


def listens(path: Path) -> Callable[[], bool]:
    """Return a check that somebody accepts connections on a Unix socket."""

    def check() -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(path))
            except OSError:
                return False
            return True

    return check


def touched(path: Path) -> Callable[[], bool]:
    """Return a check that a file exists."""
    return path.exists


def processes(place: Installation) -> list[Process]:
    """Return every process in the order of starting; those before do not need those after."""
    python = sys.executable
    portal = (
        python, "-m", "gunicorn", "portal.wsgi:application",
        "--bind", f"127.0.0.1:{place.portal_port}",
        "--worker-class", "gthread", "--workers", "2", "--threads", "4",
        "--graceful-timeout", "5", "--no-control-socket", "--log-level", "warning",
        "--keep-alive", KEPT_ALIVE,
        # No header of a request may say who asks or where the application lies.
        "--forwarded-allow-ips", "", "--forwarder-headers", "", "--preload",
    )  # fmt: skip
    worker_ready = place.run / "worker.ready"
    worker = (
        python, "-m", "celery", "--app", "worker.celery", "worker",
        "--pool", "threads", "--concurrency", "4", "--loglevel", "WARNING",
        "--hostname", f"{place.run.name}@%h",  # a node of its own, also where a broker is shared
        "--without-gossip", "--without-mingle", "--without-heartbeat",
        "--queues", "issuance,publishing,default",
    )  # fmt: skip
    at = "http://127.0.0.1"
    with_broker_server = bool(os.environ.get("SIGILL_BROKER_URL"))
    return [
        Process(
            name="registers",
            arguments=(
                python,
                "-m",
                "directory.simulators",
                "--tls",
                str(place.home / "registers"),
                "--client-authorities",
                str(place.home / "public" / "root.pem"),
            ),
            is_ready=answers(f"{at}:{place.directory_port}/healthz"),
        ),
        Process(
            name="factory",
            arguments=(python, "-m", "hsm_sim.factory"),
            is_ready=answers(f"{at}:{place.factory_port}/healthz"),
        ),
        Process(
            name="signer",
            arguments=(python, "-m", "worker.mains.signer"),
            is_ready=listens(place.run / "signer.sock"),
        ),
        *_mirror(python),
        *_responders(python, place),
        Process(
            name="worker",
            arguments=worker,
            is_ready=touched(worker_ready),
            environment={"SIGILL_READY_FILE": str(worker_ready)},
        ),
        *(_companions(python, place) if with_broker_server else ()),
        Process(
            name="portal",
            arguments=portal,
            is_ready=answers(f"{at}:{place.portal_port}/healthz"),
        ),
        _relying_party_api(python, place),
        *_mtls(python, place),
        Process(
            name="client",
            arguments=(python, "-m", "client", "page"),
            is_ready=answers(f"{at}:{place.client_port}/healthz"),
        ),
    ]


def _relying_party_api(python: str, place: Installation) -> Process:
    """Return what other services ask for logins (deploy/nginx/rp.conf)."""
    return _behind_nginx(
        python,
        place,
        name="relying-parties",
        socket_name="rp",
        settings="portal.rp_settings",
        wsgi="portal.rp_wsgi",
    )


def _behind_nginx(
    python: str, place: Installation, *, name: str, settings: str, wsgi: str, socket_name: str = ""
) -> Process:
    """Return a process on a socket that nginx alone should reach: it says who shows which certificate."""
    folder = Path(os.environ.get("SIGILL_NGINX_SOCKETS") or place.run)
    path = folder / f"{socket_name or name}.sock"
    return Process(
        name=name,
        arguments=(
            python, "-m", "gunicorn", f"{wsgi}:application",
            "--bind", f"unix:{path}", "--umask", "0117",
            "--worker-class", "gthread", "--workers", "1", "--threads", "4",
            "--graceful-timeout", "5", "--no-control-socket", "--log-level", "warning",
            "--keep-alive", KEPT_ALIVE,
            "--forwarded-allow-ips", "", "--forwarder-headers", "",
        ),
        is_ready=listens(path),
        environment={"DJANGO_SETTINGS_MODULE": settings},
    )  # fmt: skip


def _mtls(python: str, place: Installation) -> list[Process]:
    """Return what stands behind the login host of two-way TLS (deploy/nginx/mtls.conf)."""
    if not os.environ.get("SIGILL_MTLS_URL"):
        return []
    return [
        _behind_nginx(python, place, name="mtls", settings="portal.mtls.settings", wsgi="portal.mtls.wsgi")
    ]


def _responders(python: str, place: Installation) -> list[Process]:
    """Return the status servers: as many as are wanted share the port; each has a socket of its own."""
    count = max(1, config.number("SIGILL_STATUS_PROCESSES", 1))
    return [
        Process(
            name="responder" if number == 1 else f"responder-{number}",
            arguments=(python, "-m", "worker.mains.responder", str(number)),
            is_ready=listens(place.run / f"responder-{number}.sock"),
        )
        for number in range(1, count + 1)
    ]


def _mirror(python: str) -> list[Process]:
    """Return what keeps this machine's answers up to a store in Redis, where there is one."""
    if not os.environ.get("SIGILL_OCSP_STORE"):
        return []
    return [
        Process(
            name="ocsp-mirror",
            arguments=(python, "-m", "worker.mains.ocsp_mirror"),
            is_ready=lambda: True,
        )
    ]


def _companions(python: str, place: Installation) -> list[Process]:
    """Return what stands apart where a broker server runs: the consumers and the clock of the jobs."""
    return [
        Process(
            name="consumers",
            arguments=(python, "-m", "worker.mains.consumers"),
            is_ready=touched(place.run / "consumers.ready"),
            environment={"SIGILL_READY_FILE": str(place.run / "consumers.ready")},
        ),
        Process(
            name="beat",
            arguments=(
                python, "-m", "celery", "--app", "worker.celery", "beat", "--loglevel", "WARNING",
                "--schedule", str(place.run / "beat-schedule"), "--pidfile", "", "--max-interval", "1",
            ),
            is_ready=lambda: True,
        ),
    ]  # fmt: skip


def environment() -> dict[str, str]:
    """Return the environment of every process: ours, with warnings of third parties left alone."""
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings", "PYTHONUNBUFFERED": "1"}
