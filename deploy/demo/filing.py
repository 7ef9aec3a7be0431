"""Leaves what outside programs need: PEM files under ``$SIGILL_HOME/demo`` and ``demo.json``.

Paths in ``demo.json`` are relative to the folder it stands in, so a copy of the folder works as it is.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from deploy.demo.cast import Member


@dataclass(slots=True)
class Filing:
    """Collects what the demo made, and writes it."""

    home: Path
    certificates: list[dict[str, object]] = field(default_factory=list)
    people: list[dict[str, object]] = field(default_factory=list)
    addresses: dict[str, set[str]] = field(default_factory=lambda: {"crl": set(), "aia": set()})

    @property
    def folder(self) -> Path:
        """Return the folder of the PEM files."""
        path = self.home / "demo"
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def keep_key(self, name: str, pem: bytes) -> Path:
        """Keep a private key that the demo made for a function, readable by this user only."""
        path = self.folder / f"{name}.key"
        path.touch(mode=0o600)
        path.write_bytes(pem)
        return path

    def certificate(
        self,
        name: str,
        chain: list[x509.Certificate],
        *,
        expected: str,
        crl_url: str,
        aia_url: str,
        has_key: bool = False,
    ) -> None:
        """File a certificate with its chain: itself first, the root last."""
        leaf, issuer = chain[0], chain[1]
        files = {
            "certificate": self._pem(f"{name}.pem", [leaf]),
            "issuer": self._pem(f"{name}-issuer.pem", [issuer]),
            "chain": self._pem(f"{name}-chain.pem", chain[1:]),
            "key": f"demo/{name}.key" if has_key else None,
        }
        self.addresses["crl"].add(crl_url)
        self.addresses["aia"].add(aia_url)
        self.certificates = [item for item in self.certificates if item["name"] != name]
        self.certificates.append(
            {"name": name, **files, "serial": f"{leaf.serial_number:x}", "expected": expected}
        )

    def person(self, member: Member, card_number: str) -> None:
        """File a person of the cast with the card they hold."""
        self.people.append(
            {
                "name": member.name,
                "personal_identity_number": member.number,
                "hsa_id": member.hsa_id,
                "organization": member.organization,
                "roles": list(member.roles),
                "card_number": card_number,
                "pin": member.pin,
            }
        )

    def write(
        self, *, portal: str, ocsp: str, client: str, api_token: str, chain: list[x509.Certificate]
    ) -> Path:
        """Write ``demo.json`` in one step and return its path."""
        content = {
            "portal": portal,
            "ocsp": ocsp,
            "client": client,
            "crl": sorted(self.addresses["crl"]),
            "aia": sorted(self.addresses["aia"]),
            "chain": self._pem("chain.pem", chain),
            "root": self._pem("root.pem", chain[-1:]),
            "certificates": self.certificates,
            "people": self.people,
            "api_token": api_token,
            "acme_directory": f"{portal}/acme/directory",
        }
        draft = self.home / ".demo.json.draft"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        return draft.replace(self.home / "demo.json")

    def _pem(self, name: str, certificates: list[x509.Certificate]) -> str:
        (self.folder / name).write_bytes(b"".join(item.public_bytes(Encoding.PEM) for item in certificates))
        return f"demo/{name}"
