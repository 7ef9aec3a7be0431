"""The content of an order file: what the factory is told of each order, and nothing else."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from cards.factory import Delivery
from cards.models import CardOrder
from cards.pictures.selectors import pictures_for_factory
from directory.organization_models import OrganizationSettings
from journal.recording import rfc3339

FORMAT: Final = "sigill.order-file/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryOrder:
    """One order as the factory gets it; a picture or logo that the card does not carry is empty."""

    order_id: str
    product_code: str
    printed_name: str
    organization_name: str
    back_text: str
    issuer_number: str
    valid_until: date
    delivery: Delivery
    delivery_lines: tuple[str, ...]
    logo_png: bytes = b""
    photo_jpeg: bytes = b""
    signature_png: bytes = b""

    def as_json(self) -> dict[str, object]:
        """Return the order as it stands in the file; the logo by its digest, the file has each once."""
        return {
            "order_id": self.order_id,
            "product_code": self.product_code,
            "printed_name": self.printed_name,
            "organization_name": self.organization_name,
            "back_text": self.back_text,
            "issuer_number": self.issuer_number,
            "logo_sha256": hashlib.sha256(self.logo_png).hexdigest() if self.logo_png else "",
            "photo_jpeg": base64.b64encode(self.photo_jpeg).decode("ascii"),
            "signature_png": base64.b64encode(self.signature_png).decode("ascii"),
            "valid_until": self.valid_until.isoformat(),
            "delivery": {
                "kind": self.delivery.value,
                "name": self.printed_name,
                "lines": list(self.delivery_lines),
            },
        }

    @property
    def has_nowhere_to_go(self) -> bool:
        """Tell whether the card would be posted to an address that is not known."""
        return self.delivery is Delivery.REGISTERED_ADDRESS and not self.delivery_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFile:
    """A file of orders: its batch number, its octets before they are signed, and their digest."""

    number: int
    content: bytes
    rows: int

    @property
    def sha256(self) -> str:
        """The digest that the factory's acknowledgement names."""
        return hashlib.sha256(self.content).hexdigest()


def factory_order(
    order: CardOrder, *, settings_of: Mapping[object, OrganizationSettings] | None = None
) -> FactoryOrder:
    """Return what the factory is told, with address, logo and pictures as they are now.

    A person who is protected now, whatever they were at ordering, is reached by way of Skatteverket: their
    address leaves this house in no file. Raises ``PictureUnreadable``.
    """
    person = order.person
    delivery = Delivery.SKATTEVERKET if person.protected_identity else Delivery.REGISTERED_ADDRESS
    lines = () if person.protected_identity else tuple(str(line) for line in person.address_lines)
    if settings_of is None:
        settings_of = print_settings([order])
    print_as = settings_of.get(order.organization_id)
    pictures = pictures_for_factory(order)
    return FactoryOrder(
        order_id=str(order.pk),
        product_code=order.product_code,
        printed_name=order.printed_name,
        organization_name=order.organization_name,
        back_text=order.back_text,
        issuer_number=print_as.issuer_number if print_as else "",
        valid_until=order.valid_until,
        delivery=delivery,
        delivery_lines=lines,
        logo_png=bytes(print_as.logo_png or b"") if print_as else b"",
        photo_jpeg=pictures.photo_jpeg,
        signature_png=pictures.signature_png,
    )


def print_settings(orders: Sequence[CardOrder]) -> dict[object, OrganizationSettings]:
    """Return what each organization has on its cards, by its id."""
    wanted = {order.organization_id for order in orders}
    found = OrganizationSettings.objects.filter(organization_id__in=wanted)
    return {one.organization_id: one for one in found}


def order_file(number: int, orders: Sequence[FactoryOrder], *, assembled_at: datetime) -> OrderFile:
    """Return the file of these orders: count, digest of the orders, and each logo once."""
    rows = [order.as_json() for order in orders]
    logos = {
        hashlib.sha256(order.logo_png).hexdigest(): base64.b64encode(order.logo_png).decode("ascii")
        for order in orders
        if order.logo_png
    }
    content = {
        "format": FORMAT,
        "batch": number,
        "assembled_at": rfc3339(assembled_at),
        "count": len(rows),
        "orders_sha256": hashlib.sha256(_canonical(rows)).hexdigest(),
        "logos": logos,
        "orders": rows,
    }
    return OrderFile(number=number, content=_canonical(content), rows=len(rows))


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
