"""Stand-alone verifier of Sigill's journal: needs this file, ``cryptography`` and the audit key, no server.

    python journal/verify.py WHAT --key AUDIT_KEY [--head NOTE] [--tiles PLACE] [--of FILE]

WHAT is an export (JSON lines: every row, every signed head), a proof bundle (one head, some rows, each with
its inclusion proof), a PDF that carries a bundle, a folder or URL of tiles (C2SP tlog-tiles), or the proof
that one head contains another. Leaves and heads are hashed anew (RFC 6962 section 2.1), signatures checked,
and the first row that is not as signed is named. ``--head`` is a head that was kept elsewhere, ``--tiles``
names the row where an export and the published tiles part, ``--of`` is the file whose SHA-256 a row names.
"""

import sys

if __name__ == "__main__" and not (sys.flags.isolated or sys.flags.safe_path):
    # As a program this file's own folder comes first on the path, and its selectors.py would hide
    # the standard library's.
    del sys.path[0]

import argparse
import base64
import binascii
import contextlib
import hashlib
import hmac
import io
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

MOST_OCTETS = 1 << 28


class BrokenJournal(Exception):
    """It is not what was signed; the message names where."""


@dataclass(slots=True)
class Tree:
    """A growing Merkle tree, kept as the roots of its full subtrees."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        node, size = leaf, self.size
        while size & 1:
            node = _node(self.peaks.pop(), node)
            size >>= 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the tree head."""
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = _node(peak, node)
        return node


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_over(leaves: Sequence[bytes]) -> bytes:
    """Return the tree head over leaf hashes."""
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def roots_by_proof(position: int, size: int, node: bytes, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the root of the tree that ends with a node, and of the whole (RFC 9162 2.1.3.2, 2.1.4.2).

    ``node`` is the hash at ``position`` of ``size`` nodes of its height. Raises ``ValueError`` when there is
    no such position or the proof has another length.
    """
    if not 0 <= position < size:
        raise ValueError("there is no such row")
    last, old, new = size - 1, node, node
    for step in path:
        if last == 0:
            raise ValueError("the proof is too long")
        if position & 1 or position == last:
            old, new = _node(step, old), _node(step, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = _node(new, step)
        position, last = position >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return old, new


# --- Heads ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Head:
    """A signed head: the tree's size, its root hash, and who signed."""

    origin: str
    size: int
    root_hash: bytes


PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def read_head(note: str, key: PublicKey) -> Head:
    """Return the head in a signed note (C2SP tlog-checkpoint) whose signature verifies with ``key``.

    Signatures by other keys (witnesses) are passed over. Raises ``BrokenJournal`` when the note is malformed
    or not signed by this key.
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
            key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))  # type 2: SHA-256 on every curve
        else:
            key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def check_growth(old: Head, new: Head, path: Sequence[bytes]) -> None:
    """Check that the tree of one head begins with that of another; raises ``BrokenJournal``."""
    parted = BrokenJournal(f"the head over {new.size} rows does not contain the one over {old.size} rows")
    if old == new and not path:
        return
    if not 0 < old.size < new.size:
        raise parted
    above, position, last = list(path), old.size - 1, new.size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    first = above.pop(0) if position and above else old.root_hash
    try:
        if roots_by_proof(position, last + 1, first, above) != (old.root_hash, new.root_hash):
            raise parted
    except ValueError as error:
        raise parted from error


# --- Rows -----------------------------------------------------------------------------------------------


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


def leaf_of(row: dict[str, object]) -> bytes:
    """Return the leaf hash of an entry's content."""
    return hashlib.sha256(b"\x00" + str(row["content"]).encode()).digest()


def check_row(row: dict[str, object]) -> bytes:
    """Return a row's leaf hash; raises ``BrokenJournal`` unless its content and personal parts give it.

    A personal part that is absent is no fault: it was erased, or is not for this reader.
    """
    leaf, position = leaf_of(row), row["position"]
    if row["leaf_hash"] != leaf.hex():
        raise BrokenJournal(f"row {position} was changed: its content does not give its leaf hash")
    parts = row.get("personal")
    committed = json.loads(str(row["content"])).get("personal", {}) if parts else {}
    for part, opening in parts.items() if isinstance(parts, dict) else ():
        if not isinstance(opening, dict) or not _has_form(opening, salt=str, fields=dict):
            raise BrokenJournal(f"row {position}: its personal part {part!r} has not the form of one")
        told = json.dumps(opening["fields"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        try:
            salt = bytes.fromhex(str(opening["salt"]))
        except ValueError as error:
            raise BrokenJournal(f"row {position}: a salt is not hexadecimal") from error
        if committed.get(part) != hmac.new(salt, told.encode(), hashlib.sha256).hexdigest():
            raise BrokenJournal(f"row {position}: its personal part {part!r} is not what was committed to")
    return leaf


# --- An export: every row, every head -------------------------------------------------------------------


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


def verify(lines: Iterator[str], key: PublicKey, *, published: Sequence[bytes] = ()) -> Head:
    """Check a whole export and return the head that covers it; ``published`` are leaf hashes of its tiles.

    Raises ``BrokenJournal`` naming the first row that is not as signed, or what is missing.
    """
    export = read_export(lines, key)
    tree, good_until, pending = Tree(), 0, list(export.heads)
    for expected, row in enumerate(export.entries):
        if row["position"] != expected:
            raise BrokenJournal(f"row {expected} is missing or out of order: found {row['position']}")
        leaf = check_row(row)
        if expected < len(published) and leaf != published[expected]:
            raise BrokenJournal(f"row {expected} is not the one that was signed and published")
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
    if len(published) > tree.size:
        raise BrokenJournal(
            f"cut or rolled back: {len(published)} rows were published, the export holds {tree.size}"
        )
    return export.heads[-1]


def check_outside_head(lines: Iterator[str], head: Head) -> None:
    """Check that a verified export begins with just what a head that was kept elsewhere is signed over.

    Raises ``BrokenJournal`` when the export is shorter than the head, or has another root at its size.
    """
    leaves = [leaf_of(row) for row in rows(lines) if "content" in row]
    check_prefix(leaves, head, "the export holds")


def check_prefix(leaves: Sequence[bytes], head: Head, held: str) -> None:
    """Check that verified leaves begin with what a head is signed over; raises ``BrokenJournal``."""
    if len(leaves) < head.size:
        raise BrokenJournal(f"the given head is signed over {head.size} rows, {held} {len(leaves)}")
    if root_over(leaves[: head.size]) != head.root_hash:
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


# --- A proof bundle: some rows under one head -----------------------------------------------------------


@dataclass(slots=True)
class Bundle:
    """A checked bundle: its head, its rows, and how many octets of a PDF the row's SHA-256 is over."""

    head: Head
    rows: list[dict[str, object]]
    octets: int

    def names(self, digest: str) -> bool:
        """Tell whether a row's event names a file's SHA-256."""
        told = (json.loads(str(row["content"])) for row in self.rows if "content" in row)
        return any(digest == content["event"].get("sha256") for content in told)


def verify_bundle(lines: Iterator[str], key: PublicKey) -> Bundle:
    """Check every row of a bundle against its head; raises ``BrokenJournal`` naming the first that fails."""
    stream = rows(lines)
    header = next(stream, {})
    kinds = {"format": str, "version": int, "rows": int, "note": str, "octets": int}
    if not _has_form({"octets": 0, **header}, **kinds) or header["version"] != 1:
        raise BrokenJournal("the header is not that of a proof bundle of version 1")
    head, found = read_head(str(header["note"]), key), []
    for number, row in enumerate(stream, start=2):
        whole = {"personal": {}, "content": "", **row}
        if not _has_form(whole, position=int, content=str, leaf_hash=str, personal=dict, proof=list):
            raise BrokenJournal(f"line {number} is not a row with its proof: {', '.join(row)}")
        position = int(str(row["position"]))
        try:
            leaf = check_row(row) if "content" in row else bytes.fromhex(str(row["leaf_hash"]))
            path = [bytes.fromhex(str(step)) for step in whole["proof"]]  # type: ignore[attr-defined]
            _, root = roots_by_proof(position, head.size, leaf, path)
        except ValueError as error:
            raise BrokenJournal(f"row {position}: its proof does not fit: {error}") from error
        if root != head.root_hash:
            raise BrokenJournal(f"row {position} is not in the tree of {head.size} rows that was signed")
        found.append(row)
    if len(found) != header["rows"]:
        raise BrokenJournal(f"the header announces {header['rows']} rows, the bundle holds {len(found)}")
    return Bundle(head, found, int(str(header.get("octets", 0))))


def bundle_in_pdf(pdf: bytes) -> str:
    """Return the bundle that a PDF carries as an attachment; raises ``BrokenJournal`` unless it is one."""
    found = []
    for opening in re.finditer(rb"(?s)/EmbeddedFile\b.{0,2000}?>>\s*stream\r?\n", pdf):
        octets = pdf[opening.end() : pdf.find(b"endstream", opening.end())]
        with contextlib.suppress(zlib.error):  # else it is stored as it is
            octets = zlib.decompressobj().decompress(octets, MOST_OCTETS)
        if octets.startswith(b'{"format":"sigill-journal-proofs"'):
            found.append(octets.decode())
    if len(found) != 1:
        raise BrokenJournal(f"the PDF carries {len(found)} proof bundles, not one")
    return found[0]


def verify_growth(lines: Iterator[str], key: PublicKey) -> tuple[Head, Head]:
    """Check the proof that one head contains another and return both; raises ``BrokenJournal``."""
    told = next(rows(lines))
    if not _has_form(told, format=str, version=int, old=str, new=str, proof=list) or told["version"] != 1:
        raise BrokenJournal("this is no consistency proof of version 1")
    old, new = read_head(str(told["old"]), key), read_head(str(told["new"]), key)
    path: list[object] = told["proof"]  # type: ignore[assignment]
    check_growth(old, new, [bytes.fromhex(str(step)) for step in path])
    return old, new


# --- Tiles ----------------------------------------------------------------------------------------------


def read_tiles(place: str, key: PublicKey) -> tuple[Head, list[bytes]]:
    """Read every tile of a folder or URL and return the head and its leaf hashes.

    Raises ``BrokenJournal`` naming the first tile that is missing or does not belong to the signed head.
    """
    head = read_head((_fetch(place, "checkpoint") or b"").decode(), key)
    level = 0
    leaves: list[bytes] = []
    hashes_below: list[bytes] = []
    while count := head.size >> (8 * level):
        hashes_here: list[bytes] = []
        for index in range(-(-count // 256)):
            width = min(256, count - index * 256)
            name = f"tile/{level}/{_number(index)}"
            partial = _fetch(place, f"{name}.p/{width}") if width < 256 else None  # noqa: PLR2004
            tile = (partial or _fetch(place, name) or b"")[: width * 32]
            here = [tile[at : at + 32] for at in range(0, len(tile), 32)]
            rows_of = (
                f"rows {index << (8 * level + 8)} to {min(head.size, (index + 1) << (8 * level + 8)) - 1}"
            )
            if len(tile) != width * 32:
                raise BrokenJournal(f"{name} is missing or too short: {rows_of}")
            if level and here != hashes_below[index * 256 :][:width]:
                raise BrokenJournal(f"{name} is not what the tiles below it give: {rows_of}")
            hashes_here += here
        leaves = leaves or hashes_here
        full = range(0, len(hashes_here) - 255, 256)
        hashes_below = [root_over(hashes_here[start : start + 256]) for start in full]
        level += 1
    if root_over(leaves) != head.root_hash:
        raise BrokenJournal(f"the tiles do not give the root that is signed over {head.size} rows")
    return head, leaves


def _number(index: int) -> str:
    text = f"{index:03d}"
    text = text.zfill(-(-len(text) // 3) * 3)
    groups = [text[at : at + 3] for at in range(0, len(text), 3)]
    return "/".join(chain((f"x{group}" for group in groups[:-1]), groups[-1:]))


def _fetch(place: str, name: str) -> bytes | None:
    try:
        if place.startswith(("http://", "https://")):
            with urlopen(f"{place.rstrip('/')}/{name}", timeout=30) as answer:  # noqa: S310 - as the user asked
                octets: bytes = answer.read(MOST_OCTETS)
                return octets
        return (Path(place) / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except HTTPError as error:
        if error.code == 404:  # noqa: PLR2004 - not there
            return None
        raise


# --- The program ----------------------------------------------------------------------------------------


def main() -> int:
    """Verify what is named and say in one sentence what was found; 0 intact, 1 broken, 2 not to be read."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", help="an export, a proof bundle, a PDF, or a folder or URL of tiles")
    parser.add_argument("--key", type=Path, required=True, help="the audit key: certificate, PEM or note key")
    parser.add_argument("--head", type=Path, metavar="NOTE", help="a signed head that was kept elsewhere")
    parser.add_argument("--tiles", metavar="PLACE", help="the tiles that were published, folder or URL")
    parser.add_argument("--of", type=Path, metavar="FILE", help="the file whose SHA-256 a row names")
    arguments = parser.parse_args()
    try:
        key = load_key(arguments.key.read_bytes())
        for sentence in _examine(arguments, key):
            print(sentence)
    except BrokenJournal as error:
        print(f"BROKEN: {error}")
        return 1
    except (OSError, ValueError) as error:
        print(f"cannot verify: {error}")
        return 2
    return 0


def _examine(arguments: argparse.Namespace, key: PublicKey) -> Iterator[str]:
    outside = read_head(arguments.head.read_text(encoding="utf-8"), key) if arguments.head else None
    published = read_tiles(arguments.tiles, key)[1] if arguments.tiles else []
    place = arguments.what
    if place.startswith(("http://", "https://")) or Path(place).is_dir():
        head, leaves = read_tiles(place, key)
        if outside:
            check_prefix(leaves, outside, "the tiles hold")
    else:
        octets = Path(place).read_bytes()
        text = bundle_in_pdf(octets) if octets.startswith(b"%PDF") else octets.decode()
        kind = _format_of(text)
        if kind == "sigill-journal-proofs":
            yield from _told_bundle(text, octets, arguments, key)
            return
        if kind == "sigill-journal-growth":
            old, head = verify_growth(io.StringIO(text), key)
            yield f"the head over {old.size} rows is in it"
        else:
            head = verify(io.StringIO(text), key, published=published)
            yield from told_restores(io.StringIO(text))
            if outside:
                check_outside_head(io.StringIO(text), outside)
    if outside:
        yield f"the given head is in it: {outside.size} rows"
    yield f"intact: {head.size} rows, root {head.root_hash.hex()}, signed by {head.origin}"


def _format_of(text: str) -> str:
    with contextlib.suppress(ValueError, RecursionError, AttributeError):
        return str(json.loads(text.partition("\n")[0]).get("format"))
    return ""


def _told_bundle(text: str, octets: bytes, arguments: argparse.Namespace, key: PublicKey) -> Iterator[str]:
    bundle = verify_bundle(io.StringIO(text), key)
    for row in bundle.rows:
        told = json.loads(str(row.get("content", "{}")))
        yield f"row {row['position']}: {told.get('type', 'content withheld')} {told.get('at', '')}".rstrip()
    of = arguments.of.read_bytes() if arguments.of else octets[: bundle.octets]
    if of and not bundle.names(hashlib.sha256(of).hexdigest()):
        raise BrokenJournal("no row names the SHA-256 of this file")
    if of:
        yield "the file is the one that the row names"
    yield (
        f"intact: {len(bundle.rows)} rows proven in the tree of {bundle.head.size} rows, "
        f"root {bundle.head.root_hash.hex()}, signed by {bundle.head.origin}"
    )


def load_key(octets: bytes) -> PublicKey:
    """Return the key of a certificate, a PEM or a note verifier key; raises ``BrokenJournal`` for others."""
    if b"-----BEGIN CERTIFICATE" in octets:
        key = x509.load_pem_x509_certificate(octets).public_key()
    elif b"-----BEGIN" in octets:
        key = serialization.load_pem_public_key(octets)  # type: ignore[assignment]
    else:
        typed = base64.b64decode(octets.strip().split(b"+", 2)[-1])
        key = serialization.load_der_public_key(typed[typed.index(b"0") :])  # type: ignore[assignment]
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise BrokenJournal("the key is neither EC nor RSA")
    return key


if __name__ == "__main__":
    sys.exit(main())
