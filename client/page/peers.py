"""Whose program is at the other end of a loopback connection: Linux says it in /proc/net/tcp."""

from collections.abc import Iterator
from pathlib import Path

_TABLE = Path("/proc/net/tcp")
_LOOPBACK = "0100007F"  # 127.0.0.1 as the table writes it: the four octets as one little-endian number
_LISTENING = "0A"
_UID = 7


def uid_of_peer(address: tuple[str, int], server_port: int) -> int | None:
    """Return the user who opened the connection from `address` to our port; None where nobody says."""
    mine, theirs = _place(server_port), _place(address[1])
    return next((int(row[_UID]) for row in _rows() if row[1] == theirs and row[2] == mine), None)


def uid_of_listener(port: int) -> int | None:
    """Return the user whose program listens on this loopback port; None for no program, or nobody says."""
    places = {_place(port), f"00000000:{port:04X}"}
    return next((int(row[_UID]) for row in _rows() if row[1] in places and row[3] == _LISTENING), None)


def _place(port: int) -> str:
    return f"{_LOOPBACK}:{port:04X}"


def _rows() -> Iterator[list[str]]:
    """Yield sl, local, remote, state, queues, timer, retransmits, uid and more of each connection."""
    try:
        lines = _TABLE.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return
    yield from (fields for fields in (line.split() for line in lines) if len(fields) > _UID)
