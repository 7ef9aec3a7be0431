"""PU's file orders: a list of numbers handed in at once, their records fetched as zipped files when done.

``GetPersonsByFile`` (REST) gives an order's id, ``GetFilesForOrderId`` (SOAP) says where its files are, and
each is fetched over REST (domain.md 4.4). For readings of so many people that calls of 500 take too long.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, NoReturn
from urllib.parse import urlsplit
from uuid import uuid4

from lxml import etree

from directory.bounded_http import Caller, Endpoint
from directory.errors import RegisterUnavailable
from directory.identifiers import PersonalIdentityNumber
from directory.pu_client import PROFILE, root_of
from directory.pu_records import PuPerson, RecordMismatched, read_records
from directory.soap import Operation
from directory.swedish_time import SWEDEN

_CONTRACTS = Path(__file__).parent / "contracts" / "pu"
_FILES = "GetFilesForOrderId"
_CREATED = 201
_BROKEN = (ValueError, KeyError, EOFError, NotImplementedError)
_MOST_FILES = 100
_MOST_BYTES = 200_000_000
"""The most that one file may hold when it is unpacked: some hundred thousand records."""
_LONGEST_ID = 36


class PuFileClient:
    """Orders and fetches. Every method raises ``RegisterUnavailable`` when there is no good answer.

    ``endpoint`` answers SOAP, ``files`` REST: the national service platform carries SOAP only.
    """

    def __init__(self, endpoint: Endpoint, *, files: Endpoint, include_test_people: bool) -> None:
        self._endpoint = files
        self._include_test_people = include_test_people
        self._caller = Caller(files)
        self._files = Operation(
            endpoint=endpoint, contract=_CONTRACTS / "get_files_for_order_id_4", name=_FILES
        )
        self._schema = etree.XMLSchema(etree.parse(_CONTRACTS / "get_persons_for_profile_5.xsd"))

    def order(
        self, numbers: Sequence[PersonalIdentityNumber], *, changed_since: datetime | None = None
    ) -> str:
        """Hand the numbers in and return the order's id.

        With ``changed_since`` only what has changed is told, so that nothing follows from who is not.
        """
        parameters = {"profile": PROFILE}
        if changed_since is not None:
            local = changed_since.astimezone(SWEDEN)  # as PU keeps its versions
            parameters["fromDate"] = f"{local:%Y-%m-%dT%H:%M:%S}"
        content_type, body = _form(parameters, _lines(numbers))
        status, content = self._caller.call(
            "POST",
            f"{self._endpoint.url}/getPersonsByFile",
            body,
            {"Content-Type": content_type},
            media_type="application/json",
        )
        try:
            order_id = json.loads(content)["orderId"]
        except (ValueError, KeyError, TypeError):
            self._fail("malformed", "order")
        if status != _CREATED or not isinstance(order_id, str) or not 0 < len(order_id) <= _LONGEST_ID:
            self._fail("malformed", "order")
        return order_id

    def addresses(self, order_id: str) -> tuple[str, ...]:
        """Return where the order's files are; none while PU works on it."""
        answer = self._files.read({"orderId": order_id})
        found = [
            (one.findtext("{*}mediaType"), one.findtext("{*}reference") or "")
            for one in answer.iterchildren("{*}multimedia")
        ]
        if len(found) > _MOST_FILES or any(kind != "application/zip" for kind, _ in found):
            self._fail("malformed", "files")
        return tuple(self._checked(address) for _, address in found)

    def fetch(self, address: str) -> dict[str, PuPerson | None]:
        """Return what a file says, by number: None where PU knows nobody."""
        _, content = self._caller.call("GET", self._checked(address), media_type="application/zip")
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                return self._read(archive)
        except (zipfile.BadZipFile, etree.XMLSyntaxError, zlib.error, *_BROKEN):
            # ``from None``: the error may quote the file, and the file holds people.
            self._fail("malformed", "file")
        except RecordMismatched:
            self._fail("mismatched")

    def messages(self) -> dict[str, bytes]:
        """Return an example of each message that is sent, for checking against the contracts."""
        return {_FILES: self._files.message({"orderId": str(uuid4())})}

    def _read(self, archive: zipfile.ZipFile) -> dict[str, PuPerson | None]:
        members = archive.infolist()
        if sum(one.file_size for one in members) > _MOST_BYTES:
            self._fail("too_large")
        found: dict[str, PuPerson | None] = {}
        for one in members:
            with archive.open(one) as member:
                told = self._records(_Bounded(member, _MOST_BYTES))
            if told.keys() & found.keys():
                raise RecordMismatched
            found |= told
        if not members:
            self._fail("malformed", "file")
        return found

    def _records(self, member: "_Bounded") -> dict[str, PuPerson | None]:
        """Read one document, record by record: a file of a million records is never whole in memory."""
        events = etree.iterparse(
            member,
            events=("end",),
            tag="{*}requestedPersonRecord",
            schema=self._schema,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
        )
        found = read_records(
            _each(element for _, element in events), include_test_people=self._include_test_people
        )
        if getattr(events.root.getroottree().docinfo, "doctype", ""):
            self._fail("malformed", "DTD")
        return found

    def _checked(self, address: str) -> str:
        """Return an address that lies where PU lies: what an answer names is not fetched from elsewhere."""
        ours, theirs = urlsplit(self._endpoint.url), urlsplit(address)
        if (theirs.scheme, theirs.netloc) != (ours.scheme, ours.netloc):
            self._fail("malformed", "address")
        return address

    def _fail(self, reason: str, detail: str = "") -> NoReturn:
        raise RegisterUnavailable(register=self._endpoint.register, reason=reason, detail=detail) from None


class _Bounded:
    """Reads a file up to a limit: what a zip says of its sizes is the sender's word only."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self._left = most

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises ``ValueError`` beyond the limit."""
        piece = self._file.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise ValueError("the file is longer than it says")
        return piece


def _each(elements: Iterable[etree._Element]) -> Iterable[etree._Element]:
    """Yield elements and let go of each when it was read."""
    for element in elements:
        yield element
        element.clear()
        while (before := element.getprevious()) is not None and before.getparent() is not None:
            before.getparent().remove(before)  # type: ignore[union-attr]  # asked on the line above


def _lines(numbers: Iterable[PersonalIdentityNumber]) -> bytes:
    return "".join(f"{number.value};{root_of(number)}\r\n" for number in numbers).encode()


def _form(fields: dict[str, str], file: bytes) -> tuple[str, bytes]:
    """Return the media type and body of a form with a file (RFC 7578)."""
    boundary = uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="persons.csv"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    )
    body = b"".join([*parts, head.encode(), file, f"\r\n--{boundary}--\r\n".encode()])
    return f"multipart/form-data; boundary={boundary}", body
