"""Reads the environment: every setting that an installation may change is named here, with its default."""

import hashlib
import os
import re
import secrets
import stat
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import unquote, urlsplit

Network = IPv4Network | IPv6Network

_ORIGIN = re.compile(r"https://(?:[a-z0-9][a-z0-9-]*\.)+[a-z][a-z0-9-]*(?::([1-9][0-9]{0,4}))?", re.ASCII)
_MARKS_OF_OURS = {"secrets", "signer.sock", "signer.pid", "cache"}
"""What only an installation's home or its folder of sockets holds."""


class ConfigurationError(Exception):
    """The environment holds something that the portal refuses to start with."""


def text(name: str, default: str) -> str:
    """Return an environment variable, or the default when it is unset or empty."""
    return os.environ.get(name) or default


def listed(name: str, default: str = "") -> tuple[str, ...]:
    """Return the parts of an environment variable between commas; the default's when it is unset or empty."""
    return tuple(part.strip() for part in text(name, default).split(",") if part.strip())


def networks(name: str, default: str = "") -> tuple[Network, ...]:
    """Return the addresses and networks between commas; the default's when it is unset or empty.

    Raises ``ConfigurationError`` for what is neither, and for a network of everybody.
    """
    try:
        found = tuple(ip_network(part) for part in listed(name, default))
    except ValueError as error:
        msg = f"{name} must be addresses or networks (192.0.2.7, 2001:db8::/64): {error}"
        raise ConfigurationError(msg) from error
    if any(one.prefixlen == 0 for one in found):
        msg = f"{name} names everybody: then anybody may say who they are"
        raise ConfigurationError(msg)
    return found


def number(name: str, default: int) -> int:
    """Return a whole number from the environment.

    Raises ``ConfigurationError`` when the variable is not a whole number.
    """
    value = text(name, str(default))
    if not value.isdigit():
        msg = f"{name} must be a whole number, not {value!r}"
        raise ConfigurationError(msg)
    return int(value)


def origin(name: str) -> str:
    """Return an https origin (`https://name[:port]`) from the environment; empty when it is unset.

    A name and no address: there must be names below it. Raises ``ConfigurationError`` for anything else.
    """
    value = text(name, "")
    found = _ORIGIN.fullmatch(value)
    if value and (found is None or int(found[1] or 443) > 65535):  # noqa: PLR2004
        msg = f"{name} must be an origin like https://login.example.org, without a path, not {value!r}"
        raise ConfigurationError(msg)
    return value


def port(name: str, default: int) -> int:
    """Return a TCP port from the environment; raises ``ConfigurationError`` when it is none."""
    value = number(name, default)
    if not 1 <= value <= 65535:  # noqa: PLR2004
        msg = f"{name} must be a port, 1 to 65535, not {value}"
        raise ConfigurationError(msg)
    return value


def day(name: str) -> date | None:
    """Return a calendar day (YYYY-MM-DD) from the environment; None when the variable is unset or empty.

    Raises ``ConfigurationError`` when it is no day.
    """
    value = text(name, "")
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as error:
        msg = f"{name} must be a day (YYYY-MM-DD), not {value!r}"
        raise ConfigurationError(msg) from error


def private_directory(path: Path) -> Path:
    """Make a folder that only this user may open, and return it; what is made later is private as well.

    A folder that is empty or an installation's own is closed to others; one that holds anything else is
    left alone. Raises ``ConfigurationError`` when it is that, belongs to somebody else, or is a link.
    """
    # Everything that this process makes from now on is for this user alone.
    os.umask(0o077)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        msg = f"{path} is not a folder of its own"
        raise ConfigurationError(msg)
    if found.st_uid != os.geteuid():
        msg = f"{path} belongs to another user; remove it or name another"
        raise ConfigurationError(msg)
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        held = {item.name for item in path.iterdir()}
        if held and not held & _MARKS_OF_OURS:
            msg = f"{path} may be opened by others and holds what is not ours: chmod 700 it, or name another"
            raise ConfigurationError(msg)
        path.chmod(0o700)
    return path


def run_directory(home: Path) -> Path:
    """Return the folder of sockets: short (a Unix socket's path is limited) and outside the data."""
    named = os.environ.get("SIGILL_RUN")
    if named:
        return private_directory(Path(named))
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp")  # noqa: S108 - owner and mode are checked
    digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    return private_directory(base / f"sigill-{os.geteuid()}-{digest}")


def secret_file(path: Path) -> str:
    """Return the secret in a 0600 file, making one of 64 characters on first use.

    Two processes that start at once agree: the file is linked into place, and the loser reads it.
    Raises ``ConfigurationError`` when others may read the file.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(secrets.token_urlsafe(48))
            handle.flush()
            os.fsync(handle.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was faster: its secret is read below
        finally:
            draft.unlink()
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        msg = f"{path} may be read by others: chmod 600 it"
        raise ConfigurationError(msg)
    return path.read_text().strip()


def database(url: str, sqlite_path: Path) -> dict[str, object]:
    """Return Django's database setting: PostgreSQL from a URL, SQLite when there is none.

    A Unix socket folder is given percent-encoded as the host, or as ``?host=``.
    Raises ``ConfigurationError`` for a scheme other than postgres or postgresql.
    """
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": sqlite_path,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": ("PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;"),
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        msg = f"DATABASE_URL names {parts.scheme}; PostgreSQL and (without it) SQLite are supported"
        raise ConfigurationError(msg)
    # Not parts.hostname: it is in lower case, and a socket's folder may not be.
    host, _, _ = parts.netloc.rpartition("@")[2].partition(":")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(host),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
