"""Stand-alone verifier of a journal export: needs this file, ``cryptography`` and the audit key, no server.

    python journal/verify.py EXPORT --key AUDIT_KEY.pem [--head NOTE_FILE]

An export is JSON lines: a header, one line for each entry (position, content, leaf hash), and one line
for each signed head (a C2SP signed note over a transparency-dev checkpoint). The program recomputes
every leaf and every tree head (RFC 6962 section 2.1) and names the first row that is not as signed. A head
that was kept elsewhere shows whether the export is the whole of what was signed then.
"""

import sys

if __name__ == "__main__" and not (sys.flags.isolated or sys.flags.safe_path):
    # As a program this file's own folder comes first on the path, and its selectors.py would hide
    # the standard library's.
    del sys.path[0]

import argparse
import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa


class BrokenJournal(Exception):
    """The export is not what was signed; the message names where."""


@dataclass(slots=True)
class Tree:
    """A growing Merkle tree, kept as the roots of its full subtrees."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        node, size = leaf, self.size
        while size & 1:
            node = hashlib.sha256(b"\x01" + self.peaks.pop() + node).digest()
            size >>= 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the tree head."""
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = hashlib.sha256(b"\x01" + peak + node).digest()
        return node


@dataclass(frozen=True, slots=True)
class Head:
    """A signed head: the tree's size, its root hash, and who signed."""

    origin: str
    size: int
    root_hash: bytes


PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def read_head(note: str, key: PublicKey) -> Head:
    """Return the head in a signed note whose signature verifies with ``key``.

    Raises ``BrokenJournal`` when the note is malformed or not signed by this key.
    """
    body, separator, signatures = note.partition("\n\n")
    lines = body.split("\n")
    if not separator or len(lines) != 3:  # noqa: PLR2004 - origin, size, root hash
        raise BrokenJournal("a head is not a checkpoint of three lines")
    origin, size, root = lines
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    wanted = hashlib.sha256(spki).digest()[:4]
    for line in signatures.splitlines():
        parts = line.split(" ")
        try:
            blob = base64.b64decode(parts[-1], validate=True)
        except (binascii.Error, ValueError):
            continue
        if len(parts) == 3 and blob[:4] == wanted and _verifies(key, blob[4:], (body + "\n").encode()):  # noqa: PLR2004
            return Head(origin, int(size), base64.b64decode(root, validate=True))
    raise BrokenJournal(f"the head at size {size} is not signed by the given key")


def _verifies(key: PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            wide = key.curve.key_size > 256  # noqa: PLR2004 - P-384 signs with SHA-384
            key.verify(signature, signed, ec.ECDSA(hashes.SHA384() if wide else hashes.SHA256()))
        else:
            key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def rows(lines: Iterator[str]) -> Iterator[dict[str, object]]:
    """Yield the parsed lines; raises ``BrokenJournal`` for one that is not JSON or says a thing twice."""
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line, object_pairs_hook=_each_key_once)
        except (ValueError, RecursionError) as error:
            raise BrokenJournal(f"line {number} is not JSON") from error
        if not isinstance(row, dict):
            raise BrokenJournal(f"line {number} is not an object")
        yield row


def _each_key_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise BrokenJournal(f"a key stands twice in a row: {', '.join(key for key, _ in pairs)}")
    return dict(pairs)


def _has_form(row: dict[str, object], **kinds: type) -> bool:
    """Tell whether the row has exactly these keys with values of these types; a truth is no number."""
    return {key: type(value) for key, value in row.items()} == kinds


@dataclass(slots=True)
class Export:
    """A parsed export: how many rows it announces, the entries as they stand, and the heads by size."""

    size: int
    entries: list[dict[str, object]] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)


def read_export(lines: Iterator[str], key: PublicKey) -> Export:
    """Parse an export and check the signature of every head in it.

    Raises ``BrokenJournal`` when it is no export of version 1, says more or less than one does, holds no
    head, or a head is not signed by ``key``.
    """
    stream = rows(lines)
    header = next(stream, None)
    if header is None or header.get("format") != "sigill-journal-export":
        raise BrokenJournal("the first line is not the header of a journal export")
    if not _has_form(header, format=str, version=int, size=int) or header["version"] != 1:
        raise BrokenJournal("the header is not that of version 1, the only one that this program reads")
    export = Export(size=int(str(header["size"])))
    for number, row in enumerate(stream, start=2):
        if _has_form(row, note=str):
            export.heads.append(read_head(str(row["note"]), key))
        elif _has_form({"personal": {}, **row}, position=int, content=str, leaf_hash=str, personal=dict):
            export.entries.append(row)
        else:
            raise BrokenJournal(f"line {number} is neither an entry nor a head: {', '.join(row)}")
    if not export.heads:
        raise BrokenJournal("the export holds no signed head")
    export.heads.sort(key=lambda head: head.size)
    return export


def verify(lines: Iterator[str], key: PublicKey) -> Head:
    """Check a whole export and return the head that covers it.

    Raises ``BrokenJournal`` naming the first row that is not as signed, or what is missing.
    """
    export = read_export(lines, key)
    tree, good_until, pending = Tree(), 0, list(export.heads)
    for expected, row in enumerate(export.entries):
        if row.get("position") != expected:
            raise BrokenJournal(f"row {expected} is missing or out of order: found {row.get('position')}")
        leaf = leaf_of(row)
        if row.get("leaf_hash") != leaf.hex():
            raise BrokenJournal(f"row {expected} was changed: its content does not give its leaf hash")
        check_personal(row)
        tree.append(leaf)
        while pending and pending[0].size == tree.size:
            if pending[0].root_hash != tree.root():
                raise BrokenJournal(
                    f"rows {good_until} to {tree.size - 1} are not those that were signed: "
                    f"the head at {tree.size} gives another root"
                )
            good_until = pending.pop(0).size
    if pending:
        raise BrokenJournal(
            f"the tail was cut: a head is signed over {pending[-1].size} rows, the export holds {tree.size}"
        )
    if good_until != tree.size:
        raise BrokenJournal(f"rows {good_until} to {tree.size - 1} are covered by no signed head")
    if export.size != tree.size:
        raise BrokenJournal(f"the header announces {export.size} rows, the export holds {tree.size}")
    return export.heads[-1]


def leaf_of(row: dict[str, object]) -> bytes:
    """Return the leaf hash of an entry's content."""
    return hashlib.sha256(b"\x00" + str(row["content"]).encode()).digest()


def check_personal(row: dict[str, object]) -> None:
    """Check that what a row tells of persons beside its leaf is what the leaf committed to (format 2).

    A part that is absent is no fault: it was erased, or is not for this reader. Raises ``BrokenJournal``.
    """
    parts = row.get("personal", {})
    if not parts or not isinstance(parts, dict):
        return  # what has another form was refused before
    committed = json.loads(str(row["content"])).get("personal", {})
    for part, opening in parts.items():
        if not isinstance(opening, dict) or not _has_form(opening, salt=str, fields=dict):
            raise BrokenJournal(f"row {row['position']}: its personal part {part!r} has not the form of one")
        told = json.dumps(opening["fields"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        try:
            salt = bytes.fromhex(str(opening["salt"]))
        except ValueError as error:
            raise BrokenJournal(f"row {row['position']}: a salt is not hexadecimal") from error
        if committed.get(part) != hmac.new(salt, told.encode(), hashlib.sha256).hexdigest():
            raise BrokenJournal(
                f"row {row['position']}: its personal part {part!r} is not what was committed to"
            )


def check_outside_head(lines: Iterator[str], head: Head) -> None:
    """Check that a verified export begins with just what a head that was kept elsewhere is signed over.

    Raises ``BrokenJournal`` when the export is shorter than the head, or has another root at its size.
    """
    tree = Tree()
    for row in rows(lines):
        if "content" in row and tree.size < head.size:
            tree.append(leaf_of(row))
    if tree.size < head.size:
        raise BrokenJournal(f"the given head is signed over {head.size} rows, the export holds {tree.size}")
    if tree.root() != head.root_hash:
        raise BrokenJournal(f"the first {head.size} rows are not those that the given head is signed over")


def told_restores(lines: Iterator[str]) -> Iterator[str]:
    """Yield a sentence for each row that says that the database was restored to an older state.

    An auditor who holds a head that the export does not have finds here what became of it.
    """
    for row in rows(lines):
        if '"type":"database.restored"' not in str(row.get("content", "")):
            continue
        content = json.loads(str(row["content"]))
        if content.get("type") == "database.restored":
            event = content["event"]
            yield (
                f"RESTORED at {content['at']} (row {row['position']}): to an older state of "
                f"{event['restored_rows']} rows; {event['lost_heads']} signed heads are of what was lost, "
                f"the newest over {event['lost_newest_rows']} rows with root {event['lost_newest_root_hash']}"
            )


def main() -> int:
    """Verify the named export and say in one sentence what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("export", type=Path)
    parser.add_argument("--key", type=Path, required=True, help="the audit key or its certificate, PEM")
    parser.add_argument(
        "--head", type=Path, metavar="NOTE_FILE", help="a signed head that was kept elsewhere"
    )
    arguments = parser.parse_args()
    try:
        key = _load_key(arguments.key.read_bytes())
        with arguments.export.open(encoding="utf-8") as lines:
            head = verify(lines, key)
        with arguments.export.open(encoding="utf-8") as lines:
            for sentence in told_restores(lines):
                print(sentence)
        if arguments.head:
            outside = read_head(arguments.head.read_text(encoding="utf-8"), key)
            with arguments.export.open(encoding="utf-8") as lines:
                check_outside_head(lines, outside)
    except BrokenJournal as error:
        print(f"BROKEN: {error}")
        return 1
    except (OSError, ValueError) as error:
        print(f"cannot verify: {error}")
        return 2
    if arguments.head:
        print(f"the given head is in it: {outside.size} rows")
    print(f"intact: {head.size} rows, root {head.root_hash.hex()}, signed by {head.origin}")
    return 0


def _load_key(pem: bytes) -> PublicKey:
    if b"BEGIN CERTIFICATE" in pem:
        from cryptography import x509  # noqa: PLC0415 - only when a certificate is given

        key = x509.load_pem_x509_certificate(pem).public_key()
    else:
        key = serialization.load_pem_public_key(pem)  # type: ignore[assignment]
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise BrokenJournal("the key is neither EC nor RSA")
    return key


if __name__ == "__main__":
    sys.exit(main())
