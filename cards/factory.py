"""The card factory over REST: orders in, reports out; every other answer is FactoryUnavailable."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol

import requests
from django.utils.dateparse import parse_datetime

from cards.errors import FactoryUnavailable, OrderRefusedByFactory

_MOST_OCTETS: Final = 1_000_000
_OK: Final = frozenset({200, 201, 202, 204})
_ARRIVED_BEFORE: Final = 409
_UNPROCESSABLE: Final = frozenset({400, 422})
_BUSY: Final = frozenset({429, 503})


class Delivery(StrEnum):
    """How the factory delivers; the road over Skatteverket needs no address from us."""

    REGISTERED_ADDRESS = "registered_address"
    SKATTEVERKET = "skatteverket"


class ReportKind(StrEnum):
    """What the factory can tell of an order."""

    ACCEPTED = "accepted"
    PRODUCED = "produced"
    SHIPPED = "shipped"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryOrder:
    """All that the factory is told, and nothing else. ``logo_png`` is empty without a logo."""

    order_id: str
    product_code: str
    printed_name: str
    organization_name: str
    back_text: str
    issuer_number: str
    logo_png: bytes
    valid_until: date
    delivery: Delivery
    delivery_lines: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return the order as it travels."""
        return {
            "order_id": self.order_id,
            "product_code": self.product_code,
            "printed_name": self.printed_name,
            "organization_name": self.organization_name,
            "back_text": self.back_text,
            "issuer_number": self.issuer_number,
            "logo_png": base64.b64encode(self.logo_png).decode("ascii"),
            "valid_until": self.valid_until.isoformat(),
            "delivery": {
                "kind": self.delivery.value,
                "name": self.printed_name,
                "lines": list(self.delivery_lines),
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PukLetterOrder:
    """A letter to be printed and posted by whoever made the card; the PUK is theirs to know."""

    letter_id: str
    card_number: str
    name: str
    delivery: Delivery
    delivery_lines: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return the order as it travels."""
        return {
            "letter_id": self.letter_id,
            "card_number": self.card_number,
            "delivery": {
                "kind": self.delivery.value,
                "name": self.name,
                "lines": list(self.delivery_lines),
            },
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One line of the factory's report list; ``kind`` is text because the factory may say new things."""

    number: int
    order_id: str
    kind: str
    at: datetime
    card_number: str = ""
    reason: str = ""


class CardFactory(Protocol):
    """Whoever makes cards: takes orders and reports on them."""

    def place(self, order: FactoryOrder) -> None:
        """Hand an order over; raises OrderRefusedByFactory, FactoryUnavailable."""

    def reports_after(self, position: int) -> list[Report]:
        """Return the reports numbered above ``position``; raises FactoryUnavailable."""


class LetterFactory(Protocol):
    """Whoever prints PUK letters."""

    def place_letter(self, letter: PukLetterOrder) -> None:
        """Hand a letter over; raises OrderRefusedByFactory, FactoryUnavailable."""

    def is_letter_posted(self, letter_id: str) -> bool:
        """Tell whether the letter is in the post; raises FactoryUnavailable."""


class Factory:
    """A connection to the factory at ``url``; ``timeout`` is seconds to connect and to read."""

    def __init__(self, *, url: str, timeout: tuple[float, float]) -> None:
        self._url = url
        self._timeout = timeout
        self._session = requests.Session()

    def place(self, order: FactoryOrder) -> None:
        """Hand an order over; again is harmless, also when the address has changed since then (409).

        Raises OrderRefusedByFactory, or FactoryUnavailable, which says if the order surely did not arrive.
        """
        answer = self._call("PUT", f"/orders/{order.order_id}", body=order.as_json())
        if answer.status_code in _UNPROCESSABLE:
            raise OrderRefusedByFactory("refused", facts={"status": str(answer.status_code)})
        if answer.status_code != _ARRIVED_BEFORE:
            _demand_ok(answer)

    def reports_after(self, position: int) -> list[Report]:
        """Return the reports numbered above ``position``, in whatever order; raises FactoryUnavailable."""
        answer = self._call("GET", f"/reports?after={position}", body=None)
        _demand_ok(answer)
        try:
            rows = answer.json()
        except requests.JSONDecodeError as error:
            raise FactoryUnavailable("malformed_answer", surely_not_received=False) from error
        if isinstance(rows, dict):
            rows = rows.get("reports")
        if not isinstance(rows, list):
            raise FactoryUnavailable("malformed_answer", surely_not_received=False)
        return [_report(row) for row in rows]

    def place_letter(self, letter: PukLetterOrder) -> None:
        """Hand a letter over; again is harmless. Raises OrderRefusedByFactory, FactoryUnavailable."""
        answer = self._call("PUT", f"/letters/{letter.letter_id}", body=letter.as_json())
        if answer.status_code in _UNPROCESSABLE:
            raise OrderRefusedByFactory("refused", facts={"status": str(answer.status_code)})
        if answer.status_code != _ARRIVED_BEFORE:
            _demand_ok(answer)

    def is_letter_posted(self, letter_id: str) -> bool:
        """Tell whether the letter is in the post; raises FactoryUnavailable."""
        answer = self._call("GET", f"/letters/{letter_id}", body=None)
        _demand_ok(answer)
        try:
            members = answer.json()
        except requests.JSONDecodeError as error:
            raise FactoryUnavailable("malformed_answer", surely_not_received=False) from error
        return isinstance(members, dict) and members.get("state") == "posted"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _call(self, method: str, path: str, *, body: Mapping[str, object] | None) -> requests.Response:
        try:
            answer = self._session.request(
                method,
                f"{self._url}{path}",
                json=body,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.ConnectTimeout as error:
            raise FactoryUnavailable("connect_timeout", surely_not_received=True) from error
        except requests.Timeout as error:
            raise FactoryUnavailable("timeout", surely_not_received=False) from error
        except requests.ConnectionError as error:
            refused = "NewConnectionError" in repr(error)
            problem = "connection_refused" if refused else "connection_lost"
            raise FactoryUnavailable(problem, surely_not_received=refused) from error
        except requests.RequestException as error:
            raise FactoryUnavailable("malformed_answer", surely_not_received=False) from error
        if len(answer.content) > _MOST_OCTETS:
            raise FactoryUnavailable("answer_too_large", surely_not_received=False)
        return answer


def _demand_ok(answer: requests.Response) -> None:
    if answer.status_code in _OK:
        return
    raise FactoryUnavailable(
        f"http_{answer.status_code}",
        surely_not_received=answer.status_code in _BUSY,
    )


def _report(row: object) -> Report:
    if not isinstance(row, dict):
        raise FactoryUnavailable("malformed_report", surely_not_received=False)
    number, order_id, kind, moment_text = row.get("n"), row.get("order_id"), row.get("event"), row.get("at")
    if (
        not isinstance(number, int)
        or isinstance(number, bool)
        or number < 0
        or not isinstance(order_id, str)
        or not isinstance(kind, str)
        or not isinstance(moment_text, str)
    ):
        raise FactoryUnavailable("malformed_report", surely_not_received=False)
    try:
        moment = parse_datetime(moment_text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise FactoryUnavailable("malformed_report", surely_not_received=False)
    return Report(
        number=number,
        order_id=order_id[:64],
        kind=kind[:16],
        at=moment,
        card_number=str(row.get("card_number") or ""),
        reason=str(row.get("reason") or "")[:200],
    )
