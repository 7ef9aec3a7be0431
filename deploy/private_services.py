"""Private PostgreSQL, RabbitMQ and Redis for the tests: own folders, sockets and ports, ended afterwards."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from deploy.free_ports import free_port

POSTGRES = Path("/usr/lib/postgresql/15/bin")
START_SECONDS = 90.0


class ServiceNotStarted(Exception):
    """A private server did not come up; the message holds the end of its log."""


def as_user(name: str) -> list[str]:
    """Return the prefix that runs a command as a system user when we are root (servers refuse root)."""
    return ["setpriv", f"--reuid={name}", f"--regid={name}", "--clear-groups"] if os.geteuid() == 0 else []


def _private_folder(name: str, user: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"sigill-{name}-"))
    if os.geteuid() == 0:
        shutil.chown(folder, user, user)
    return folder


def _end(child: subprocess.Popen[bytes], seconds: float = 30) -> None:
    child.terminate()
    try:
        child.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _await(child: subprocess.Popen[bytes], log: Path, probe: list[str], environment: dict[str, str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run(probe, env=environment, capture_output=True, check=False).returncode:
        if child.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:]) if log.exists() else ""
            raise ServiceNotStarted(f"{probe[0]} says no; the server's last words:\n{tail}")
        time.sleep(0.1)


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a cluster with Swedish ICU order on a Unix socket and yield its database URL."""
    folder = _private_folder("postgresql", "postgres")
    prefix = as_user("postgres")
    log = folder / "log"
    subprocess.run(
        [*prefix, str(POSTGRES / "initdb"), "--pgdata", str(folder / "data"), "--username", "sigill",
         "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--locale-provider", "icu",
         "--icu-locale", "sv-SE", "--no-sync"],
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    with log.open("wb") as handle:
        # No fsync: the data die with the run. Durability is PostgreSQL's own promise, not what is tested.
        server = subprocess.Popen(
            [*prefix, str(POSTGRES / "postgres"), "-D", str(folder / "data"), "-k", str(folder),
             "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=120"],
            stdout=handle, stderr=subprocess.STDOUT, cwd=folder, start_new_session=True,
        )  # fmt: skip
    try:
        ready = [str(POSTGRES / "pg_isready"), "-h", str(folder), "-U", "sigill", "-d", "postgres"]
        _await(server, log, ready, dict(os.environ))
        yield f"postgresql://sigill@{quote(str(folder), safe='')}/postgres"
    finally:
        _end(server)
        shutil.rmtree(folder, ignore_errors=True)


class Broker:
    """A private RabbitMQ on loopback ports of its own; it can die and come back with what it had kept."""

    def __init__(self) -> None:
        self._folder = _private_folder("rabbitmq", "rabbitmq")
        self._prefix = as_user("rabbitmq")
        port, distribution_port, self._mapper_port = free_port(), free_port(), free_port()
        settings = self._folder / "rabbitmq.conf"
        settings.write_text(f"listeners.tcp.1 = 127.0.0.1:{port}\nloopback_users.guest = true\n")
        (self._folder / "enabled_plugins").write_text("[].\n")
        for file in (settings, self._folder / "enabled_plugins"):
            file.chmod(0o644)  # the broker's user reads them, whatever the caller's umask is
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"sigill{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(distribution_port),
            "RABBITMQ_CONFIG_FILE": str(settings),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        self._binaries = Path("/usr/lib/rabbitmq/bin")  # the ones in sbin insist on su
        self._port = port
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address and the guest's name and word, as Celery takes them."""
        return f"amqp://guest:guest@127.0.0.1:{self._port}//"

    def start(self) -> None:
        """Start it and wait until it takes connections. Raises ``ServiceNotStarted``."""
        log = self._folder / "console"
        with log.open("ab") as handle:
            self._server = subprocess.Popen(
                [*self._prefix, str(self._binaries / "rabbitmq-server")],
                env=self._environment, stdout=handle, stderr=subprocess.STDOUT, cwd=self._folder,
                start_new_session=True,
            )  # fmt: skip
        diagnostics = str(self._binaries / "rabbitmq-diagnostics")
        probe = [*self._prefix, diagnostics, "-q", "check_port_listener", str(self._port)]
        _await(self._server, log, probe, self._environment)

    def kill(self) -> None:
        """End it with SIGKILL, all its processes at once."""
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()

    def end(self) -> None:
        """End it in an orderly way and remove what it kept."""
        if self._server is not None:
            _end(self._server)
        # The port mapper is started by the node, detached, and outlives it.
        subprocess.run(
            [*self._prefix, "epmd", "-port", str(self._mapper_port), "-kill"],
            env=self._environment, capture_output=True, check=False, cwd=self._folder,
        )  # fmt: skip
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def rabbitmq() -> Iterator[Broker]:
    """Run a broker of one's own."""
    broker = Broker()
    try:
        broker.start()
        yield broker
    finally:
        broker.end()


@contextmanager
def redis(folder: Path | None = None) -> Iterator[str]:
    """Run Redis on a Unix socket, durable as in production, and yield its URL; a folder given is kept."""
    place = folder or Path(tempfile.mkdtemp(prefix="sigill-redis-"))
    address, log = place / "redis.sock", place / "log"
    with log.open("ab") as handle:
        server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(address), "--unixsocketperm", "700",
             "--dir", str(place), "--appendonly", "yes", "--appendfsync", "always", "--save", ""],
            stdout=handle, stderr=subprocess.STDOUT, cwd=place, start_new_session=True,
        )  # fmt: skip
    try:
        _await(server, log, ["redis-cli", "-e", "-s", str(address), "ping"], dict(os.environ))
        yield f"unix://{quote(str(address))}"
    finally:
        _end(server)
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)
