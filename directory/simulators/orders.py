"""PU's file orders: a list of numbers is handed in over REST, and its records fetched as zipped files."""

import csv
import io
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock

from lxml import etree

from directory.simulators import pu
from directory.simulators.elements import Elements
from directory.simulators.faults import Fault
from directory.simulators.people import Person, Registers
from directory.simulators.spoiling import spoilt, spoilt_bytes, written

FILES_RESPONDER = "urn:riv:strategicresourcemanagement:persons:person:GetFilesForOrderIdResponder:4"
LEAST_PER_FILE = 500
_CENTRAL, _SIZE_AT, _HUGE = b"PK\x01\x02", 24, b"\xf0\xff\xff\xff"
"""Where the central directory of a zip says how long a file is when unpacked (APPNOTE 4.3.12), and 4 GB."""
_files = Elements(FILES_RESPONDER)
_person = Elements(pu.PERSON, "p")
_records = Elements(pu.RESPONDER)


class OrderRefused(Exception):
    """The order is not one that PU takes; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was handed in. ``polls`` says after how many questions it is ready."""

    order_id: str
    asked: tuple[tuple[str, str], ...]
    profile: str
    from_date: str
    per_file: int
    only_primary: bool
    files: tuple[str, ...]


@dataclass(slots=True)
class OrderBook:
    """The orders of this process; one is done at the second question about it, so callers must ask again."""

    orders: dict[str, Order] = field(default_factory=dict)
    questions: dict[str, int] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def place(self, content: bytes, parameters: Mapping[str, str]) -> str:
        """Take an order and return its id. Raises ``OrderRefused``."""
        profile = parameters.get("profile", "")
        if profile not in {"P1", "P2", "P3", "P4", "P5"}:
            raise OrderRefused("profile is P1 to P5")
        per_file = parameters.get("maxResultsPerFile", "")
        if per_file and (not per_file.isdigit() or int(per_file) < LEAST_PER_FILE):
            raise OrderRefused("maxResultsPerFile is at least 500")
        asked = tuple(_lines(content))
        if not asked:
            raise OrderRefused("the file is empty")
        size = int(per_file) if per_file else len(asked)
        order = Order(
            order_id=str(uuid.uuid4()),
            asked=asked,
            profile=profile,
            from_date="".join(filter(str.isdigit, parameters.get("fromDate", ""))),
            per_file=size,
            only_primary=parameters.get("primaryidentity", "") == "true",
            files=tuple(str(uuid.uuid4()) for _ in range(0, len(asked), size)),
        )
        with self.lock:
            self.orders[order.order_id] = order
        return order.order_id

    def get_files(self, question: etree._Element, base: str) -> etree._Element:
        """Answer GetFilesForOrderId: no file while PU works. Raises ``OrderRefused`` for an unknown order."""
        order_id = question.findtext(f"{{{FILES_RESPONDER}}}orderId") or ""
        with self.lock:
            order = self.orders.get(order_id)
            self.questions[order_id] = self.questions.get(order_id, 0) + 1
            is_ready = self.questions[order_id] > 1
        if order is None:
            raise OrderRefused("there is no such order")
        answer = _files("GetFilesForOrderIdResponse")
        for name in order.files if is_ready else ():
            multimedia = _files("multimedia")
            multimedia.append(_person("id", name))
            multimedia.append(_person("mediaType", "application/zip"))
            multimedia.append(_person("reference", f"{base}/pu/order/get/{name}"))
            answer.append(multimedia)
        return answer

    def file(self, name: str, registers: Registers, fault: Fault) -> bytes | None:
        """Return a zipped file of records, spoilt as the fault says, or None when there is no such file."""
        with self.lock:
            found = [order for order in self.orders.values() if name in order.files]
        if not found:
            return None
        (order,) = found
        first = order.files.index(name) * order.per_file
        return _zipped(_content(order, first, registers, fault), fault)


def _lines(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield number and OID of each line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise OrderRefused("the file is not UTF-8") from None
    for line in csv.reader(io.StringIO(text), delimiter=";"):
        if not line:
            continue
        number, *rest = (part.strip() for part in line)
        if len(number) != 12 or not number.isdigit():  # noqa: PLR2004 - century and all
            raise OrderRefused("a number has twelve digits")
        yield number, (rest[0] if rest else pu.root_of(number))


def _content(order: Order, first: int, registers: Registers, fault: Fault) -> bytes:
    answer = _records("GetPersonsForProfileResponse")
    for number, root in order.asked[first : first + order.per_file]:
        person = registers.people.get(number)
        if _is_told(person, order):
            answer.append(
                pu.requested_record(number, person, root=root, profile=order.profile, is_unrestricted=True)
            )
    return spoilt_bytes(written(spoilt(answer, fault)), fault)


def _is_told(person: Person | None, order: Order) -> bool:
    """With a date only what has changed since is told, and nobody who is not known."""
    if order.only_primary and person is not None and person.referred_to:
        return False
    return not order.from_date or (person is not None and person.version >= order.from_date)


def _zipped(content: bytes, fault: Fault) -> bytes:
    if fault.kind in {"malformed", "garbage"}:
        return b"PK\x03\x04" + content[:500]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("result.xml", content)
    zipped = bytearray(target.getvalue())
    if fault.kind == "huge":
        size = zipped.index(_CENTRAL) + _SIZE_AT
        zipped[size : size + 4] = _HUGE
    return bytes(zipped)
