"""Notices logins to a file token that were not ours: SoftHSM counts every login in its own file.

The first eight octets of ``token.object`` grow by one at each login, whoever makes it. We note the figure
around each login of ours (``hsm/logins.json``); where it has grown in between, somebody else was in.
A tripwire and no proof: whoever can write the token's files can set the figure back.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from ca.hsm.configuration import TokenConfiguration

_OCTETS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Logins:
    """What was noted. ``is_open``: a login of ours began and its end was not noted."""

    seen: int
    foreign: int
    is_open: bool


def begin_login(configuration: TokenConfiguration) -> None:
    """Note that a login of ours is next, and how many of others there were since the last one."""
    figure = _figure(configuration)
    if figure is None:
        return
    _write(
        configuration, Logins(seen=figure, foreign=_foreign(read_logins(configuration), figure), is_open=True)
    )


def end_login(configuration: TokenConfiguration) -> None:
    """Note where the figure stands after a login of ours, also after one that failed."""
    figure, noted = _figure(configuration), read_logins(configuration)
    if figure is not None:
        _write(configuration, Logins(seen=figure, foreign=noted.foreign if noted else 0, is_open=False))


def foreign_logins(configuration: TokenConfiguration) -> int:
    """Return how many logins were not ours, up to now; 0 for a token that is no file."""
    figure = _figure(configuration)
    return 0 if figure is None else _foreign(read_logins(configuration), figure)


def accept_logins(configuration: TokenConfiguration) -> int:
    """Start over from the present figure; return how many logins of others are forgotten."""
    foreign, figure = foreign_logins(configuration), _figure(configuration)
    if figure is not None:
        _write(configuration, Logins(seen=figure, foreign=0, is_open=False))
    return foreign


def read_logins(configuration: TokenConfiguration) -> Logins | None:
    """Return what was noted, or None before the first login of ours."""
    try:
        return Logins(**json.loads(_file(configuration).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _foreign(noted: Logins | None, figure: int) -> int:
    if noted is None:
        return 0
    # Fewer than noted: an older copy of the token is in place. One more than noted may be our own, cut off.
    grown = figure - noted.seen - (1 if noted.is_open else 0)
    return noted.foreign + max(0, grown)


def _figure(configuration: TokenConfiguration) -> int | None:
    if not configuration.is_file_token:
        return None
    files = sorted(configuration.tokens.glob("*/token.object"))
    if len(files) != 1:
        return None
    try:
        with files[0].open("rb") as handle:
            first = handle.read(_OCTETS)
    except OSError:
        return None
    return int.from_bytes(first) if len(first) == _OCTETS else None


def _write(configuration: TokenConfiguration, logins: Logins) -> None:
    file = _file(configuration)
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(logins)))
    draft.replace(file)


def _file(configuration: TokenConfiguration) -> Path:
    return configuration.home / "logins.json"
