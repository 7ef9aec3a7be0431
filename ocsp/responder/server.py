"""Listens, keeps time and ends cleanly: the loop around the status service."""

import asyncio
import gc
import logging
import resource
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop

from ocsp.responder.connection import Connection, Connections, TimeLimits
from ocsp.responder.lane import SigningLane, SigningLink, no_lint
from ocsp.responder.private import PrivateService, private_socket
from ocsp.responder.service import StatusService
from ocsp.store.interface import SnapshotReader

_log = logging.getLogger(__name__)

_TICK: Final = 0.02
"""Seconds between looks at the store: a revocation is seen after at most this long."""
_BACKLOG: Final = 4096
_DESCRIPTORS_FOR_OURSELVES: Final = 128
_MOST_CONNECTIONS: Final = 20_000
_MOST_OPERATORS: Final = 64
_FAREWELL: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderConfiguration:
    """What a responder process serves, and where; ``sign`` opens a way to the signer, if there is one."""

    host: str
    port: int
    public: Path
    reader: SnapshotReader
    sign: Callable[[], SigningLink] | None
    clock: Callable[[], float]
    base_paths: tuple[str, ...] = ()
    """Paths before ``/ocsp``, ``/crl`` and ``/aia`` in addresses that certificates carry, e.g. ``/pki``."""
    private: Path | None = None
    """The Unix socket of the figures (``/metrics``)."""
    metrics: tuple[str, int] | None = None
    """Host and TCP port of the same, for a Prometheus that cannot read a Unix socket."""
    limits: TimeLimits = field(default_factory=TimeLimits)
    is_in_step: Callable[[], bool] = lambda: True
    """Whether the clock may be told in time-stamps."""


def listening_sockets(host: str, port: int) -> list[socket.socket]:
    """Bind with SO_REUSEPORT: any number of responder processes share the port, the kernel deals out."""
    sockets = []
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    ):
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
        bound.setblocking(False)  # noqa: FBT003 - the library's signature
        sockets.append(bound)
    return sockets


def serve(configuration: ResponderConfiguration) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way."""
    uvloop.run(_serve(configuration, listening_sockets(configuration.host, configuration.port)))


async def _serve(configuration: ResponderConfiguration, sockets: Sequence[socket.socket]) -> None:
    loop = asyncio.get_running_loop()
    sign = configuration.sign
    lane = None if sign is None else SigningLane(sign())
    stamping = None if sign is None else SigningLane(sign(), most_waiting=64, lint=no_lint)
    service = StatusService(
        reader=configuration.reader,
        lane=lane,
        stamping=stamping,
        is_in_step=configuration.is_in_step,
        public=configuration.public,
        clock=configuration.clock,
        base_paths=configuration.base_paths,
    )
    connections = Connections(
        most=_raise_descriptor_limit() - _DESCRIPTORS_FOR_OURSELVES,
        limits=configuration.limits,
        second=int(loop.time()),
    )
    private = PrivateService(service, connections=connections.__len__)
    operators = Connections(most=_MOST_OPERATORS, limits=configuration.limits, second=int(loop.time()))
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    service.tick()
    servers = [
        await loop.create_server(lambda: Connection(service, connections), sock=bound, backlog=_BACKLOG)
        for bound in sockets
    ]
    servers += [
        await loop.create_server(lambda: Connection(private, operators), sock=bound)
        for bound in _private_sockets(configuration)
    ]
    _log.info("status services on %s port %s", configuration.host, configuration.port)
    # What is loaded now stays: the collector need not look at it again, nor at each thousandth answer.
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    ticking = loop.create_task(_tick(service, connections, operators))
    await stopped.wait()
    for server in servers:
        server.close()
    connections.close()
    operators.close()
    with suppress(TimeoutError):
        await asyncio.wait_for(connections.all_closed.wait(), _FAREWELL)
    ticking.cancel()
    for one in (lane, stamping):
        if one is not None:
            one.close()
    configuration.reader.close()


def _private_sockets(configuration: ResponderConfiguration) -> list[socket.socket]:
    """Open what the operator reads; without it the public is served all the same."""
    sockets = []
    try:
        if configuration.private is not None:
            sockets.append(private_socket(configuration.private))
        if configuration.metrics is not None:
            sockets.append(socket.create_server(configuration.metrics))
    except OSError as error:
        _log.error("the figures of this process cannot be read: %s", error)
    return sockets


async def _tick(service: StatusService, *all_connections: Connections) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(_TICK)
        try:
            service.tick()
            second = int(loop.time())
            for connections in all_connections:
                if second != connections.second:
                    connections.sweep(second)
        except Exception:  # noqa: BLE001 - the clock must go on whatever one tick met
            _log.exception("a tick failed")


def _raise_descriptor_limit() -> int:
    """Ask for as many descriptors as we may have; return how many there are, within reason."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, _MOST_CONNECTIONS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
