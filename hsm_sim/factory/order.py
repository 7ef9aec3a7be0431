"""What may be asked of the factory, read strictly: it makes exactly what the order says, or refuses."""

import base64
import hashlib
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
FORMAT = "sigill.order-file/1"
LETTER_FORMAT = "sigill.letter-order/1"
JPEG = b"\xff\xd8\xff"
PNG = b"\x89PNG\r\n\x1a\n"
MAX_TEXT = 200
MAX_LINES = 8


class OrderNotUnderstood(Exception):
    """The order does not say, in the agreed form, what to make; the message tells where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One card to make. Pictures are in base64, empty without one."""

    order_id: str
    product_code: str
    printed_name: str
    organization_name: str
    back_text: str
    issuer_number: str
    logo_png: str
    photo_jpeg: str
    signature_png: str
    valid_until: date
    delivery_kind: str

    @property
    def product_name(self) -> str:
        """What the product is called in the factory's list, or its code if it is not there."""
        return PRODUCTS.get(self.product_code, self.product_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An order that will be rejected: it does not say in the agreed form what to make."""

    order_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A file of orders, by its number and the digest of its content."""

    number: int
    content_sha256: str
    orders: tuple[Order | Unreadable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One PUK letter to print and post."""

    letter_id: str
    card_number: str
    content_sha256: str


def parse_letter(letter_id: str, body: bytes) -> Letter:
    """Read the order of a letter; unknown members are refused. OrderNotUnderstood."""
    try:
        members = json.loads(body)
    except ValueError as error:
        raise OrderNotUnderstood("the order is not JSON") from error
    wanted = {"format", "letter_id", "card_number", "delivery"}
    if not isinstance(members, dict) or set(members) != wanted or members["format"] != LETTER_FORMAT:
        raise OrderNotUnderstood(f"the order must have exactly {', '.join(sorted(wanted))}")
    if _text(members, "letter_id") != letter_id:
        raise OrderNotUnderstood("letter_id differs from the address")
    _check_delivery(members["delivery"])
    return Letter(
        letter_id=letter_id,
        card_number=_text(members, "card_number"),
        content_sha256=hashlib.sha256(body).hexdigest(),
    )


def parse_batch(number: int, content: bytes) -> Batch:
    """Read a file of orders; unknown members are refused: nothing else may leave the house.

    OrderNotUnderstood, also when count or digest are not of the orders that it holds.
    """
    try:
        members = json.loads(content)
    except ValueError as error:
        raise OrderNotUnderstood("the file is not JSON") from error
    wanted = {"format", "batch", "assembled_at", "count", "orders_sha256", "logos", "orders"}
    if not isinstance(members, dict) or set(members) != wanted or members["format"] != FORMAT:
        raise OrderNotUnderstood(f"the file must have exactly {', '.join(sorted(wanted))}")
    rows, logos = members["orders"], members["logos"]
    if not isinstance(rows, list) or not rows or not isinstance(logos, dict):
        raise OrderNotUnderstood("orders must be a list, logos an object")
    if members["batch"] != number:
        raise OrderNotUnderstood("batch differs from the address")
    if members["count"] != len(rows):
        raise OrderNotUnderstood("count differs from the orders")
    if members["orders_sha256"] != hashlib.sha256(_canonical(rows).encode()).hexdigest():
        raise OrderNotUnderstood("orders_sha256 differs from the orders")
    return Batch(
        number=number,
        content_sha256=hashlib.sha256(content).hexdigest(),
        orders=tuple(_order_or_why_not(row, logos) for row in rows),
    )


def _order_or_why_not(members: object, logos: dict[str, object]) -> Order | Unreadable:
    """Return the order, or what is to be told of one that names itself and else is not as agreed."""
    try:
        return parse_order(members, logos)
    except OrderNotUnderstood as error:
        if not isinstance(members, dict) or not isinstance(members.get("order_id"), str):
            raise
        return Unreadable(order_id=members["order_id"][:64], reason=str(error)[:MAX_TEXT])


def parse_order(members: object, logos: dict[str, object]) -> Order:
    """Read one order of a file, with its logo from the file's. OrderNotUnderstood."""
    wanted = {
        "order_id",
        "product_code",
        "printed_name",
        "organization_name",
        "back_text",
        "issuer_number",
        "logo_sha256",
        "photo_jpeg",
        "signature_png",
        "valid_until",
        "delivery",
    }
    if not isinstance(members, dict) or set(members) != wanted:
        raise OrderNotUnderstood(f"an order must have exactly {', '.join(sorted(wanted))}")
    pictures = {"photo_jpeg": JPEG, "signature_png": PNG}
    texts = {name: _text(members, name) for name in wanted - {"delivery", *pictures}}
    for required in ("order_id", "product_code", "printed_name"):
        if not texts[required].strip():
            raise OrderNotUnderstood(f"{required} is blank")
    _check_delivery(members["delivery"])
    try:
        valid_until = date.fromisoformat(texts["valid_until"])
    except ValueError as error:
        raise OrderNotUnderstood("valid_until is not a date YYYY-MM-DD") from error
    logo = _picture(logos.get(texts["logo_sha256"], ""), kind=PNG) if texts["logo_sha256"] else ""
    if texts["logo_sha256"] and hashlib.sha256(base64.b64decode(logo)).hexdigest() != texts["logo_sha256"]:
        raise OrderNotUnderstood("logo_sha256 is of no logo in the file")
    return Order(
        order_id=texts["order_id"],
        product_code=texts["product_code"],
        printed_name=texts["printed_name"],
        organization_name=texts["organization_name"],
        back_text=texts["back_text"],
        issuer_number=texts["issuer_number"],
        logo_png=logo,
        photo_jpeg=_picture(members["photo_jpeg"], kind=JPEG),
        signature_png=_picture(members["signature_png"], kind=PNG),
        valid_until=valid_until,
        delivery_kind=members["delivery"]["kind"],
    )


def _picture(value: object, *, kind: bytes) -> str:
    """Return a picture's base64 as it is; empty for none. OrderNotUnderstood for another kind."""
    try:
        picture = base64.b64decode(value, validate=True) if isinstance(value, str) else b"-"
    except ValueError:
        picture = b"-"
    if picture and not picture.startswith(kind):
        raise OrderNotUnderstood("a picture is of another kind than agreed")
    return str(value)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


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
