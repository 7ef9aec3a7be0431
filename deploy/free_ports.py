"""Ports of loopback for servers of a test or a bench: below those that the kernel gives to connections."""

import os
import socket
from collections.abc import Iterator
from itertools import cycle, islice
from random import SystemRandom
from zlib import crc32

_FIRST, _SLICES, _SLICE = 20_000, 12, 1_000
"""Up to 31,999: Linux gives connections the ports from 32,768 (ip_local_port_range)."""


def free_port() -> int:
    """Return a TCP and UDP port of loopback on which nobody listens now, nor will by chance.

    A server binds its port later than it is chosen, some of them half a minute. So none is chosen that a
    connection may get meanwhile, each of up to twelve workers of a test run (PYTEST_XDIST_WORKER) chooses
    from a slice of its own, and what was chosen comes again only when the rest of the slice has.
    Raises RuntimeError when a slice is used up.
    """
    for port in islice(_ports, _SLICE):
        if _is_free(port):
            return port
    raise RuntimeError("no port is free in this worker's slice")


def free_ports(*names: str) -> dict[str, int]:
    """Return as many different ports as there are names, see `free_port`."""
    return {name: free_port() for name in names}


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(type=kind) as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def _slice() -> Iterator[int]:
    # Another run beside this one begins at another slice, as a rule.
    run = crc32(os.environ.get("PYTEST_XDIST_TESTRUNUID", "").encode())
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _FIRST + _SLICE * ((run + worker) % _SLICES)
    # Not the seeded one: two runs with one seed on one machine would choose alike.
    return cycle(SystemRandom().sample(range(first, first + _SLICE), _SLICE))


_ports = _slice()
