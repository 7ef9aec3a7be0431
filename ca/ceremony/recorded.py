"""What the ceremony decided for good: settings that a live installation can no longer choose otherwise."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

from ca.environments import QA_NAME_PREFIX, Environment

_DECIDED: Final = {
    Environment.PROD: {
        "SIGILL_ENVIRONMENT": "environment",
        "SIGILL_HIERARCHY": "hierarchy",
        "SIGILL_POLICY_ARC": "policy_arc",
    },
    Environment.QA: {
        "SIGILL_QA_HIERARCHY": "hierarchy",
        "SIGILL_QA_POLICY_ARC": "policy_arc",
    },
}
"""Setting -> its name in the protocol. Names and policies in every certificate follow from them."""


def protocol_file(environment: Environment = Environment.PROD) -> Path:
    """Return where an environment's protocol lies; that it is there says that its ceremony has been held."""
    folder: Path = settings.SIGILL_HOME / "ceremony"
    return folder / "qa" / "protocol.json" if environment is Environment.QA else folder / "protocol.json"


def name_prefix(environment: Environment) -> str:
    """Return what the names of an environment's issuers begin with; in PROD the ceremony decides it for good.

    Protocols from before QA stood beside PROD have no prefix of their own: it followed from
    ``SIGILL_ENVIRONMENT`` then. Raises ``ValueError`` when the protocol cannot be read.
    """
    if environment is Environment.QA:
        return QA_NAME_PREFIX
    protocol = recorded_protocol()
    if protocol is None:
        return str(settings.SIGILL_NAME_PREFIX)
    recorded = protocol.get("name_prefix")
    if recorded is not None:
        return str(recorded)
    return "" if protocol.get("environment") == "PROD" else f"{protocol.get('environment')} "


def recorded_protocol(environment: Environment = Environment.PROD) -> dict[str, object] | None:
    """Return the protocol, or None before the ceremony. Raises ``ValueError`` when it cannot be read."""
    try:
        content = json.loads(protocol_file(environment).read_bytes())
    except FileNotFoundError:
        return None
    if not isinstance(content, dict):
        msg = "it is not an object"
        raise ValueError(msg)  # noqa: TRY004 - the file is wrong, not the caller
    return content


def changed_settings() -> list[str]:
    """Return a sentence for each setting that is not what a ceremony recorded; none before any ceremony."""
    return [sentence for environment in Environment for sentence in _changes(environment)]


def _changes(environment: Environment) -> Iterator[str]:
    try:
        protocol = recorded_protocol(environment)
    except ValueError as error:
        file = protocol_file(environment).relative_to(settings.SIGILL_HOME)
        yield f"{file} cannot be read: {error}; restore it from the backup"
        return
    if protocol is None:
        return
    decided = {name: protocol.get(key) for name, key in _DECIDED[environment].items()}
    if environment is Environment.PROD and settings.SIGILL_NAME_PREFIX:
        decided["SIGILL_NAME_PREFIX"] = name_prefix(environment)  # empty: whatever was recorded
    for setting, recorded in decided.items():
        value = getattr(settings, setting)
        if value != recorded:
            yield (
                f"{setting} is {value!r}, but the key ceremony recorded {recorded!r}; certificates "
                f"that are out there depend on it: set {setting} to what was recorded"
            )
