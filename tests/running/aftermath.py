"""What must hold when a fault is over: nothing lost, nothing doubled, nothing half done."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from deploy.demo.cast import Member
from tests.running.installation import Installation, eventually
from tests.running.outside import Outsider

ONCE_IN_A_CARDS_LIFE = (
    "card.ordered", "card_order.sent", "card.produced", "card.shipped", "card.activated", "receipt.signed",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """The checks of one test."""

    installation: Installation
    folder: Path

    def card_of_latest_order(self, holder: Member) -> dict[str, Any]:
        """Return the facts of the card that a person ordered last."""
        order = self.installation.ask("orders", hsa_id=holder.hsa_id)[-1]
        card: dict[str, Any] = self.installation.ask("card", card_id=order["card_id"])
        return card

    def one_order_and_one_card(self, holder: Member, *, orders_before: int) -> None:
        """One order was added, the factory knows it, and made one card for it."""
        orders = self.installation.ask("orders", hsa_id=holder.hsa_id)
        assert len(orders) == orders_before + 1
        factory = f"http://127.0.0.1:{self.installation.ports['FACTORY']}"
        job = requests.get(f"{factory}/orders/{orders[-1]['id']}", timeout=60).json()
        assert job["card_number"] == orders[-1]["card_number"]
        made = {path.stem for path in (self.installation.home / "cards").glob("9752*.json")}
        assert made == set(self.installation.ask("numbers_of_cards"))

    def one_certificate_for_each_key(self, holder: Member) -> list[Outsider]:
        """Two keys hold, each with one published certificate that outsiders know; return those two.

        A key that was made anew after an interruption leaves an earlier one behind, whose certificate is
        revoked.
        """
        card = self.card_of_latest_order(holder)
        certificates = card["certificates"]
        assert sorted(key["name"] for key in card["keys"] if key["is_current"]) == [
            "hsa_authentication",
            "id_authentication",
        ]
        keys = [one["public_key"] for one in certificates]
        assert len(keys) == len(set(keys))
        assert set(card["requests"]) <= {"issued", "failed"}
        assert all(one["is_published"] for one in certificates)
        assert all(one["events"]["certificate.issued"] == 1 for one in certificates)
        good = [one for one in certificates if not one["is_revoked"]]
        assert sorted(one["name"] for one in good) == ["hsa_authentication", "id_authentication"]
        outsiders = [self._outsider(one) for one in certificates]
        said = [one.openssl_ocsp() for one in outsiders]
        assert said == ["revoked" if one["is_revoked"] else "good" for one in certificates]
        return [
            outsider for outsider, one in zip(outsiders, certificates, strict=True) if not one["is_revoked"]
        ]

    def everything_once(self, holder: Member, *, is_blocked: bool = True) -> None:
        """Every event of a card's life happened once, however often it was tried."""
        events = self.card_of_latest_order(holder)["events"]
        names = [*ONCE_IN_A_CARDS_LIFE, *(["card.blocked"] if is_blocked else [])]
        assert {name: events.get(name, 0) for name in names} == dict.fromkeys(names, 1)

    def revoked_everywhere(self, holder: Member) -> None:
        """The certificates of the card that was ordered last: see ``revoked``."""
        self.revoked(self.card_of_latest_order(holder))

    def revoked(self, card: dict[str, Any]) -> None:
        """OCSP says so, the CRL lists each certificate once, the ledger knows it, openssl refuses it."""
        self.installation.await_ready()
        certificates = card["certificates"]
        assert certificates
        for one in certificates:
            outsider = self._outsider(one)
            eventually(outsider.openssl_says_revoked)
            assert eventually(outsider.listings, why="the CRL lists it") == 1
            assert "certificate revoked" in outsider.openssl_verify()
            assert one["events"]["certificate.revoked"] == 1
        ledger = (self.installation.home / "ledger" / "revocations.log").read_text()
        assert all(one["serial"] in ledger for one in certificates)

    def journal_is_intact(self) -> None:
        """The journal verifies against its signed heads, and no consumer gave anything up."""
        eventually(lambda: self.installation.ask("journal")["heads"], why="the first head is signed")
        said = self.installation.manage("verify_journal")
        assert "intact" in said
        assert self.installation.ask("journal")["dead_letters"] == []

    def _outsider(self, certificate: dict[str, Any]) -> Outsider:
        folder = self.folder / certificate["serial"]
        folder.mkdir(exist_ok=True)
        return Outsider.knowing(base64.b64decode(certificate["der"]), folder)
