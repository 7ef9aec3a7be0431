"""Signed tree heads: the text that is signed, and where heads are kept inside and outside the database.

The text is a transparency-dev checkpoint (origin, size, base64 root hash) in a C2SP signed note.
"""

import base64
import hashlib
import os
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.db import IntegrityError, transaction

from journal import verify
from journal.errors import HeadSignedWrongly
from journal.merkle import Peaks
from journal.models import Checkpoint, TreeState

ECDSA_NOTE = b"\x02"
"""C2SP signed-note: ECDSA with SHA-256; the key id is over the SubjectPublicKeyInfo."""
RSA_NOTE = b"\xffRSA-PKCS1-SHA256:"
"""Our own type for an RSA audit key, as the specification asks: 0xff and a longer name."""
NEWEST = "head.newest"
"""Beside the heads, the size of the newest: thousands come a day, too many to list every two seconds."""


def note_body(*, origin: str, size: int, root_hash: bytes) -> str:
    """Return the three lines that are signed."""
    return f"{origin}\n{size}\n{base64.b64encode(root_hash).decode()}\n"


def key_id(public_key: bytes) -> bytes:
    """Return the four octets that name the key in a note: the start of SHA-256 over its SPKI."""
    return hashlib.sha256(public_key).digest()[:4]


def verifier_key(origin: str, public_key: bytes) -> str:
    """Return the line by which verifiers know the audit key (C2SP signed-note): name, key id, type and key.

    Type 2 is ECDSA over SHA-256, on whatever curve. RSA has no number there and takes the type for others.
    """
    is_ec = isinstance(load_der_public_key(public_key), ec.EllipticCurvePublicKey)
    encoded = base64.b64encode((ECDSA_NOTE if is_ec else RSA_NOTE) + public_key).decode()
    return f"{origin}+{key_id(public_key).hex()}+{encoded}"


def signed_note(*, origin: str, size: int, root_hash: bytes, public_key: bytes, signature: bytes) -> str:
    """Return the note: the body, an empty line, and one signature line."""
    body = note_body(origin=origin, size=size, root_hash=root_hash)
    blob = base64.b64encode(key_id(public_key) + signature).decode()
    return f"{body}\n\N{EM DASH} {origin} {blob}\n"


def head_is_signed() -> bool:
    """Return whether the newest head covers every sequenced entry."""
    state = TreeState.objects.filter(id=1).first()
    return state is None or state.size == 0 or Checkpoint.objects.filter(size=state.size).exists()


def sign_head(
    *, origin: str, public_key: bytes, sign: Callable[[bytes], bytes], outside: Path, at: datetime
) -> Checkpoint | None:
    """Sign the present head, keep it in the database and as a file in ``outside``; None if nothing is new.

    ``sign`` is the audit key's only verb. It is called with no transaction open.
    The file is on disk before the row and gets its final place after it, so every named file has its
    row: a file without one means that the database was rolled back. What is kept is kept for ever, so
    the note is first read as an auditor reads it; raises ``HeadSignedWrongly`` when it does not verify.
    """
    _settle_pending(outside)
    state = TreeState.objects.filter(id=1).first()
    if state is None or state.size == 0 or Checkpoint.objects.filter(size=state.size).exists():
        return None
    root = Peaks(state.size, [bytes.fromhex(peak) for peak in state.peaks.split()]).root()
    signature = sign(note_body(origin=origin, size=state.size, root_hash=root).encode())
    note = signed_note(
        origin=origin, size=state.size, root_hash=root, public_key=public_key, signature=signature
    )
    _check_as_auditor(note, public_key)
    _pending(outside).mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(_pending(outside) / f"{state.size:012d}.pending", note)
    try:
        with transaction.atomic():
            checkpoint = Checkpoint.objects.create(size=state.size, root_hash=root, note=note, at=at)
    except IntegrityError:
        return None  # another worker signed the same head: the same root, both signatures are valid
    _keep(outside, checkpoint)  # even if another worker, which did not see the row yet, dropped the file
    _settle_pending(outside)
    return checkpoint


def _check_as_auditor(note: str, public_key: bytes) -> None:
    key = load_der_public_key(public_key)
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise HeadSignedWrongly("the audit key is of a kind that no journal is signed with")
    try:
        verify.read_head(note, key)
    except verify.BrokenJournal as broken:
        raise HeadSignedWrongly(str(broken)) from broken


def _pending(outside: Path) -> Path:
    """Return the folder of the files whose row is on its way: few, so looking there is quick."""
    return outside / "pending"


def _settle_pending(outside: Path) -> None:
    """Give files whose row was committed their final name; drop those whose row never came."""
    for path in _pending(outside).glob("*.pending"):
        row = Checkpoint.objects.filter(size=int(path.stem)).first()
        if row is not None:
            _keep(outside, row)
        path.unlink(missing_ok=True)


def _keep(outside: Path, head: Checkpoint) -> None:
    """Write a committed head outside the database, and which is the newest there.

    A database that was rolled back would hide it by what it signs next: so the newest is never told
    backwards nor past a head that the database does not have, and no head of other rows is replaced.
    """
    place = outside / f"{head.size:012d}.txt"
    if place.exists() and _body(place) != _body_of(head):
        return
    _write(place, head.note)
    newest = newest_outside(outside)
    if newest is None or (int(newest.stem) <= head.size and _is_the_databases(newest)):
        _write(outside / NEWEST, str(head.size))


def _is_the_databases(kept: Path) -> bool:
    row = Checkpoint.objects.filter(size=int(kept.stem)).first()
    return row is not None and _body_of(row) == _body(kept)


def _body(kept: Path) -> str:
    """Return what a head outside was signed over; signatures differ where two workers signed the same."""
    return kept.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]


def _body_of(head: Checkpoint) -> str:
    return head.note.partition("\n\n")[0]


def _write(path: Path, text: str) -> None:
    """Put the whole text on disk under its name, or nothing; several workers may write the same."""
    draft = path.with_suffix(f".{secrets.token_hex(4)}.draft")
    with draft.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(path)


def newest_outside(outside: Path) -> Path | None:
    """Return the file of the newest head that is kept outside the database; None where there is none.

    Where nothing says which it is (after a restore, or when that was spoilt) all are looked through.
    """
    try:
        told = outside / f"{int((outside / NEWEST).read_text()):012d}.txt"
    except (OSError, ValueError):
        told = None
    if told is not None and told.exists():
        return told
    heads = (path for path in outside.glob("*.txt") if path.stem.isdigit())
    return max(heads, key=lambda path: path.name, default=None)
