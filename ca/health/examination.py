"""Looks at everything that the CA needs, one thing after the other."""

from collections.abc import Iterator
from datetime import datetime

from ca.ceremony.recorded import changed_settings
from ca.health.check import Check, note, wrong
from ca.health.ends import ends
from ca.health.files import public_files
from ca.health.installation import ceremony, clock, database, disk, modes, policy, secrets, serving
from ca.health.keys import copies, keys
from ca.health.lists import lists
from ca.health.records import ledger, logins, requests, signatures
from ca.hsm.configuration import TokenConfiguration


def examine(configuration: TokenConfiguration, *, at: datetime) -> Iterator[Check]:
    """Yield every check; what cannot be looked at without an earlier one is left out."""
    changed = changed_settings()
    for sentence in changed:
        yield wrong("settings", sentence)
    if changed:
        yield note("settings", "the rest is looked at when this is put right")
        return
    yield policy()
    yield disk()
    yield from modes(configuration)
    answers = database()
    yield answers
    if not answers.is_right:
        return
    yield from ceremony()
    yield from secrets(configuration)
    served = serving()
    yield served
    yield from keys(configuration, is_serving=served.is_right is not None)
    yield from copies(configuration)
    yield from logins(configuration)
    yield from clock(at)
    yield from lists(at)
    yield from public_files()
    yield from ends(at)
    yield from ledger(at)
    yield from signatures(configuration)
    yield requests(at)
