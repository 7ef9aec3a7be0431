"""Asks DNS, for the worker: addresses of a name, and TXT records of a challenge. Bounded in time and size."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

from functioncerts.acme.errors import AcmeProblem, ProblemType
from functioncerts.acme.reach import Address

SECONDS: Final = 5.0
_MOST_RECORDS: Final = 50
_LONGEST_TEXT: Final = 512
_PORT: Final = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class NameProbe:
    """Asks the resolvers of this installation (``address`` or ``address:port``); none: the system's."""

    resolvers: Sequence[str] = ()

    def addresses(self, name: str) -> list[Address]:
        """Return the addresses of a name, IPv6 first. Raises AcmeProblem (dns)."""
        found = [*self._ask(name, "AAAA"), *self._ask(name, "A")]
        if not found:
            raise AcmeProblem(ProblemType.DNS, f"{name} has no address (A, AAAA)")
        return [ip_address(one) for one in found]

    def texts(self, name: str) -> list[str]:
        """Return the TXT records at a name, each with its strings put together. Raises AcmeProblem (dns)."""
        return self._ask(name, "TXT")

    def _ask(self, name: str, kind: str) -> list[str]:
        try:
            answer = self._resolver().resolve(dns.name.from_text(f"{name}."), kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            told = type(error).__name__
            raise AcmeProblem(ProblemType.DNS, f"no answer about {kind} of {name}: {told}") from error
        return [_text(record) for record in list(answer)[:_MOST_RECORDS]]

    def _resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=not self.resolvers)
        resolver.lifetime = SECONDS
        resolver.timeout = SECONDS / 2
        if self.resolvers:
            resolver.nameservers = [_nameserver(one) for one in self.resolvers]
        return resolver


def _nameserver(text: str) -> dns.nameserver.Nameserver:
    host, _, port = text.partition(":") if text.count(":") == 1 else (text, "", "")
    return dns.nameserver.Do53Nameserver(host, int(port) if port else _PORT)


def _text(record: object) -> str:
    strings = getattr(record, "strings", None)
    if strings is None:
        return str(getattr(record, "address", ""))
    return b"".join(strings)[:_LONGEST_TEXT].decode("ascii", "replace")
