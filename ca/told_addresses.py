"""The addresses under which this installation has worked, as each process told the journal at its start.

A certificate says the addresses of the day it was issued. Who judges it later asks the journal for them: so a
home that was restored on other ports is read without being told where it stood before (PKI-2).
"""

import json
from typing import Final

from ca.environments import Environment
from journal.configuration import ConfigurationChanged
from journal.models import Entry

ADDRESSES: Final = ("SIGILL_STATUS_URL", "SIGILL_QA_STATUS_URL", "SIGILL_PORTAL_URL")
"""What stands in certificates for everybody to read."""
_STATUS: Final = {Environment.PROD: "SIGILL_STATUS_URL", Environment.QA: "SIGILL_QA_STATUS_URL"}
_PORTAL: Final = "SIGILL_PORTAL_URL"


def in_certificates(url: str) -> str:
    """Return an address as it is told: scheme and place, and nothing that might be a password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme} {rest.rpartition('@')[2]}"


def addresses_told(environment: Environment) -> list[tuple[str, str]]:
    """Return each pair of addresses, status services and portal, in the order in which they were told."""
    told: dict[tuple[str, str], None] = {}
    entries = Entry.objects.filter(type=ConfigurationChanged.TYPE).order_by("pk")
    for content in entries.values_list("content", flat=True):
        lines = json.loads(content)["event"].get("settings", [])
        settings = dict(str(line).partition("=")[::2] for line in lines)
        status, portal = settings.get(_STATUS[environment], ""), settings.get(_PORTAL, "")
        if status and portal:
            told[status.replace(" ", "://", 1), portal.replace(" ", "://", 1)] = None
    return list(told)
