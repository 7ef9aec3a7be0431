"""What may be asked of the factory, read strictly: it makes exactly what the order says, or refuses."""

import base64
import json
from dataclasses import dataclass
from datetime import date

PRODUCTS = {
    "7A1": "SIS-kort med foto",
    "7B1": "Tjänstekort med foto",
    "7C1": "Tjänstekort utan foto",
    "773": "Reservkort",
    "7T1": "Testkort",
}
DELIVERY_KINDS = ("registered_address", "skatteverket")
PRINTED = frozenset({"issuer_number", "logo_png"})
"""What an order may say beside what it must."""
PNG = b"\x89PNG\r\n\x1a\n"
MAX_TEXT = 200
MAX_LINES = 8


class OrderNotUnderstood(Exception):
    """The order does not say, in the agreed form, what to make; the message tells where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One card to make. `canonical` is the order as JSON in one form, to tell a repeat from another order.

    `logo_png` is the picture in base64, empty without one.
    """

    order_id: str
    product_code: str
    printed_name: str
    organization_name: str
    back_text: str
    issuer_number: str
    logo_png: str
    valid_until: date
    canonical: str

    @property
    def product_name(self) -> str:
        """What the product is called in the factory's list, or its code if it is not there."""
        return PRODUCTS.get(self.product_code, self.product_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One PUK letter to print and post."""

    letter_id: str
    card_number: str
    canonical: str


def parse_letter(letter_id: str, body: bytes) -> Letter:
    """Read the order of a letter; unknown members are refused. OrderNotUnderstood."""
    try:
        members = json.loads(body)
    except ValueError as error:
        raise OrderNotUnderstood("the order is not JSON") from error
    wanted = {"letter_id", "card_number", "delivery"}
    if not isinstance(members, dict) or set(members) != wanted:
        raise OrderNotUnderstood(f"the order must have exactly {', '.join(sorted(wanted))}")
    if _text(members, "letter_id") != letter_id:
        raise OrderNotUnderstood("letter_id differs from the address")
    _check_delivery(members["delivery"])
    return Letter(
        letter_id=letter_id,
        card_number=_text(members, "card_number"),
        canonical=json.dumps(members, sort_keys=True, ensure_ascii=False),
    )


def parse_order(order_id: str, body: bytes) -> Order:
    """Read an order; unknown members are refused: nothing else may leave the house. OrderNotUnderstood."""
    try:
        members = json.loads(body)
    except ValueError as error:
        raise OrderNotUnderstood("the order is not JSON") from error
    wanted = {
        "order_id",
        "product_code",
        "printed_name",
        "organization_name",
        "back_text",
        "valid_until",
        "delivery",
    }
    if not isinstance(members, dict) or set(members) - PRINTED != wanted:
        raise OrderNotUnderstood(f"the order must have exactly {', '.join(sorted(wanted))}")
    texts = {name: _text(members, name) for name in wanted - {"delivery"}}
    if texts["order_id"] != order_id:
        raise OrderNotUnderstood("order_id differs from the address")
    for required in ("order_id", "product_code", "printed_name"):
        if not texts[required].strip():
            raise OrderNotUnderstood(f"{required} is blank")
    _check_delivery(members["delivery"])
    try:
        valid_until = date.fromisoformat(texts["valid_until"])
    except ValueError as error:
        raise OrderNotUnderstood("valid_until is not a date YYYY-MM-DD") from error
    return Order(
        order_id=order_id,
        product_code=texts["product_code"],
        printed_name=texts["printed_name"],
        organization_name=texts["organization_name"],
        back_text=texts["back_text"],
        issuer_number=_text(members, "issuer_number") if "issuer_number" in members else "",
        logo_png=_logo(members.get("logo_png", "")),
        valid_until=valid_until,
        canonical=json.dumps(members, sort_keys=True, ensure_ascii=False),
    )


def _logo(value: object) -> str:
    """Return a picture's base64 as it is; empty for none. OrderNotUnderstood for what is no PNG."""
    try:
        picture = base64.b64decode(value, validate=True) if isinstance(value, str) else b"-"
    except ValueError:
        picture = b"-"
    if picture and not picture.startswith(PNG):
        raise OrderNotUnderstood("logo_png must be a PNG picture in base64, or empty")
    return str(value)


def _text(members: dict[str, object], name: str) -> str:
    value = members[name]
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise OrderNotUnderstood(f"{name} must be a text of at most {MAX_TEXT} characters")
    return value


def _check_delivery(delivery: object) -> None:
    if not isinstance(delivery, dict) or set(delivery) != {"kind", "name", "lines"}:
        raise OrderNotUnderstood("delivery must have exactly kind, name, lines")
    if delivery["kind"] not in DELIVERY_KINDS:
        raise OrderNotUnderstood(f"delivery.kind must be one of {', '.join(DELIVERY_KINDS)}")
    lines = delivery["lines"]
    if not isinstance(lines, list) or len(lines) > MAX_LINES:
        raise OrderNotUnderstood(f"delivery.lines must be a list of at most {MAX_LINES}")
    for text in (delivery["name"], *lines):
        if not isinstance(text, str) or len(text) > MAX_TEXT:
            raise OrderNotUnderstood("delivery holds something that is not a short text")
