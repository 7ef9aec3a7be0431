"""What the ceremony decided for good: settings that a live installation can no longer choose otherwise."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

_DECIDED: Final = {
    "SIGILL_ENVIRONMENT": "environment",
    "SIGILL_HIERARCHY": "hierarchy",
    "SIGILL_POLICY_ARC": "policy_arc",
}
"""Setting -> its name in the protocol. Names and policies in every certificate follow from them."""


def protocol_file() -> Path:
    """Return where the protocol lies; that it is there says that the ceremony has been held."""
    folder: Path = settings.SIGILL_HOME / "ceremony"
    return folder / "protocol.json"


def recorded_protocol() -> dict[str, object] | None:
    """Return the protocol, or None before the ceremony. Raises ``ValueError`` when it cannot be read."""
    try:
        content = json.loads(protocol_file().read_bytes())
    except FileNotFoundError:
        return None
    if not isinstance(content, dict):
        msg = "it is not an object"
        raise ValueError(msg)  # noqa: TRY004 - the file is wrong, not the caller
    return content


def changed_settings() -> list[str]:
    """Return a sentence for each setting that is not what the ceremony recorded; none before the ceremony."""
    try:
        protocol = recorded_protocol()
    except ValueError as error:
        return [f"ceremony/{protocol_file().name} cannot be read: {error}; restore it from the backup"]
    return [] if protocol is None else list(_changes(protocol))


def _changes(protocol: dict[str, object]) -> Iterator[str]:
    for setting, name in _DECIDED.items():
        value = getattr(settings, setting)
        if value != protocol.get(name):
            yield (
                f"{setting} is {value!r}, but the key ceremony recorded {protocol.get(name)!r}; certificates "
                f"that are out there depend on it: set {setting} to what was recorded"
            )
