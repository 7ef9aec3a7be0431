"""Publishes the tree as files in the layout of C2SP tlog-tiles: tiles first, then the head that needs them.

Hash tiles and heads only. Entries are not published: a leaf tells who did what in which role, if only by
pseudonyms, and that is for auditors, who get entries in an export or a proof bundle. What the world sees is
that the journal grows, how fast, and that nothing in it was ever changed.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from journal.models import Checkpoint
from journal.proofs import read_tile, tree_of
from journal.tiles import TILE_WIDTH, NotInTree, Tile, tile_name, tiles_of

CHECKPOINT: Final = "checkpoint"


class PublishedOtherwise(Exception):
    """What was published is not what the database holds: that was rolled back or rewritten."""


def publish(folder: Path) -> int:
    """Publish the newest signed head and the tiles that it needs; return its size, 0 when nothing is new.

    Killed anywhere, it leaves the old head with all its tiles, and the next call goes on.
    Raises ``PublishedOtherwise``, and ``NotInTree`` when hashes are missing from the database.
    """
    head = Checkpoint.objects.order_by("-size").first()
    if head is None or published_size(folder) >= head.size:
        return 0
    with _alone(folder):
        published = published_size(folder)
        if published >= head.size:
            return 0
        tree = tree_of(head.size)
        if tree.root() != bytes(head.root_hash):
            raise PublishedOtherwise(f"the tree over {head.size} rows is not the one that was signed")
        _demand_growth(folder, published)
        new = tiles_of(head.size, after=published)
        for tile in new:
            _write_once(folder / "tile" / tile_name(tile), b"".join(read_tile(*tile)))
        _replace(folder / CHECKPOINT, head.note.encode())
        for tile in new:
            _drop_partial(folder, tile)
    return head.size


def publish_key(folder: Path, verifier_key: str) -> None:
    """Publish by what key heads are verified, as one line (C2SP signed-note verifier key)."""
    path = folder / "verifier-key"
    line = f"{verifier_key}\n".encode()
    if not path.exists() or path.read_bytes() != line:
        _replace(path, line)


def published_size(folder: Path) -> int:
    """Return how many rows the published head covers, 0 when there is none."""
    try:
        return int((folder / CHECKPOINT).read_text().split("\n", maxsplit=2)[1])
    except FileNotFoundError:
        return 0


def start_over(folder: Path, *, before: Path, aside: Path) -> bool:
    """After a restore: publish what the restored database has; tell whether ``before`` showed the world more.

    The tree files of the folder ``before`` the restore are kept in ``aside`` when the restored journal does
    not contain them, so that heads and receipts of what was lost can still be checked.
    """
    is_lost = (before / CHECKPOINT).exists() and not _is_ours(before)
    if is_lost and not aside.exists():
        shutil.copytree(before, aside, ignore=shutil.ignore_patterns("*.draft", "*.lock"))
    (folder / CHECKPOINT).unlink(missing_ok=True)
    shutil.rmtree(folder / "tile", ignore_errors=True)
    publish(folder)
    return is_lost


def _is_ours(folder: Path) -> bool:
    try:
        _demand_growth(folder, published_size(folder))
    except (PublishedOtherwise, NotInTree):
        return False
    return True


def _demand_growth(folder: Path, published: int) -> None:
    """Raise ``PublishedOtherwise`` unless the published head is one of this journal's."""
    if not published:
        return
    body = (folder / CHECKPOINT).read_text().partition("\n\n")[0]
    head = Checkpoint.objects.filter(size=published).first()
    is_one = head is not None and head.note.partition("\n\n")[0] == body
    if head is None or not is_one or tree_of(published).root() != bytes(head.root_hash):
        raise PublishedOtherwise(f"the published head over {published} rows is not one of this journal's")


def _write_once(path: Path, content: bytes) -> None:
    """Write a tile that is not there; one that is there is the same for ever, or something is very wrong."""
    try:
        present = path.read_bytes()
    except FileNotFoundError:
        _replace(path, content)
        return
    if present != content:
        raise PublishedOtherwise(f"tile {path.name} was published with other hashes")


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(path)


def _drop_partial(folder: Path, tile: Tile) -> None:
    """Remove the narrower forms of a tile that is full now; readers take the full one instead."""
    if tile[2] == TILE_WIDTH:
        shutil.rmtree(folder / "tile" / f"{tile_name(tile)}.p", ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: two workers do not publish at once."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "publishing.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
