"""The published tree: every head has its tiles, whenever the worker is killed, and nothing is rewritten."""

import base64
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection

from journal import append_only, checkpoints, merkle, tile_files, verify
from journal.models import Checkpoint, Leaf, Subtree
from ocsp.responder.log_files import log_answer
from tests.journal.growing import ORIGIN, grow
from tests.journal.test_verifying import KEY, SPKI

pytestmark = pytest.mark.django_db(transaction=True)


def verified(folder: Path) -> int:
    head, leaves = verify.read_tiles(str(folder), KEY.public_key())
    assert leaves == [
        bytes(leaf)
        for leaf in Leaf.objects.order_by("position").values_list("leaf_hash", flat=True)[: head.size]
    ]
    return head.size


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "public" / "log"


@pytest.fixture
def more(tmp_path: Path) -> Callable[[int], Checkpoint]:
    return lambda count: grow(count, outside=tmp_path / "heads")


def test_the_tree_is_published_head_by_head(log: Path, more: Callable[[int], Checkpoint]) -> None:
    assert tile_files.publish(log) == 0
    for count, names in (
        (5, ["tile/0/000.p/5"]),
        (251, ["tile/0/000", "tile/1/000.p/1"]),
        (1, ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]),
        (300, ["tile/0/000", "tile/0/001", "tile/0/002.p/45", "tile/1/000.p/1", "tile/1/000.p/2"]),
    ):
        head = more(count)
        assert tile_files.publish(log) == head.size
        assert tile_files.publish(log) == 0
        found = sorted(str(path.relative_to(log)) for path in (log / "tile").rglob("*") if path.is_file())
        assert found == names
        assert (log / "checkpoint").read_text() == head.note
        assert verified(log) == head.size
    leaves = [bytes(leaf) for leaf in Leaf.objects.order_by("position").values_list("leaf_hash", flat=True)]
    assert (log / "tile/0/001").read_bytes() == b"".join(leaves[256:512])
    assert (log / "tile/1/000.p/2").read_bytes() == merkle.root_of(leaves[:256]) + merkle.root_of(
        leaves[256:512]
    )


class Killed(BaseException):
    """The process ended here."""


def test_killed_between_any_two_files_the_published_head_still_has_its_tiles(
    log: Path, more: Callable[[int], Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    more(250)
    tile_files.publish(log)
    more(300)
    before, really = log.with_name("before"), Path.replace
    shutil.copytree(log, before)
    for survived in range(100):
        left = survived

        def replace(path: Path, target: Path) -> Path:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return really(path, target)

        shutil.rmtree(log)
        shutil.copytree(before, log)
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", replace)
            try:
                tile_files.publish(log)
            except Killed:
                assert verified(log) == 250
            else:
                break
        assert tile_files.publish(log) == 550
        assert verified(log) == 550
    assert survived == 5  # two full tiles, two partial ones, the head
    assert verified(log) == 550


def test_what_was_published_is_never_replaced_by_something_else(
    log: Path, more: Callable[[int], Checkpoint]
) -> None:
    more(300)
    tile_files.publish(log)
    more(5)
    note = (log / "checkpoint").read_text()
    (log / "checkpoint").write_text(note.replace("\n300\n", "\n299\n"))
    with pytest.raises(tile_files.PublishedOtherwise, match="over 299 rows"):
        tile_files.publish(log)
    (log / "checkpoint").write_text(note)
    tile = log / "tile/0/001.p/49"
    tile.write_bytes(bytes(49 * 32))
    with pytest.raises(tile_files.PublishedOtherwise, match="49"):
        tile_files.publish(log)
    tile.unlink()
    assert tile_files.publish(log) == 305
    assert verified(log) == 305


def test_a_tree_that_was_rewritten_in_the_database_is_not_published(
    log: Path, more: Callable[[int], Checkpoint]
) -> None:
    more(300)
    append_only.run(connection, append_only.remove_statements(connection.vendor))
    Leaf.objects.filter(position=299).update(leaf_hash=bytes(32))
    with pytest.raises(tile_files.PublishedOtherwise, match="not the one that was signed"):
        tile_files.publish(log)
    assert not (log / "checkpoint").exists()


def test_tiles_that_are_wrong_are_named(log: Path, more: Callable[[int], Checkpoint]) -> None:
    more(600)
    tile_files.publish(log)
    good = {path: path.read_bytes() for path in log.rglob("*") if path.is_file()}

    def broken(name: str, change: Callable[[bytes], bytes | None]) -> str:
        for path, octets in good.items():
            path.write_bytes(octets)
        changed = change((log / name).read_bytes())
        if changed is None:
            (log / name).unlink()
        else:
            (log / name).write_bytes(changed)
        with pytest.raises(verify.BrokenJournal) as caught:
            verify.read_tiles(str(log), KEY.public_key())
        return str(caught.value)

    def flipped(octets: bytes) -> bytes:
        return bytes([octets[0] ^ 1]) + octets[1:]

    assert "tile/0/001 is missing or too short: rows 256 to 511" in broken("tile/0/001", lambda _: None)
    assert "rows 512 to 599" in broken("tile/0/002.p/88", lambda octets: octets[:-32])
    assert "tile/1/000 is not what the tiles below it give" in broken("tile/1/000.p/2", flipped)
    assert "tile/1/000 is not what the tiles below" in broken("tile/0/001", flipped)
    assert "do not give the root" in broken("tile/0/002.p/88", flipped)
    assert "not signed" in broken("checkpoint", lambda note: note.replace(b"\n600\n", b"\n601\n"))
    assert "not a checkpoint" in broken("checkpoint", lambda _: None)


def test_the_status_service_serves_tiles_for_ever_and_the_head_anew(
    log: Path, more: Callable[[int], Checkpoint]
) -> None:
    more(300)
    tile_files.publish(log)
    tile_files.publish_key(log, checkpoints.verifier_key(ORIGIN, SPKI))

    def answer(path: str, **headers: str) -> tuple[bytes, bytes]:
        given = {name.replace("_", "-").lower().encode(): value.encode() for name, value in headers.items()}
        whole = log_answer(log.parent, path, given, now=1_800_000_000)
        assert whole is not None, path
        head, _, body = whole.partition(b"\r\n\r\n")
        return head, body

    head, body = answer("/log/tile/0/000")
    assert head.startswith(b"HTTP/1.1 200")
    assert (len(body), b"application/octet-stream" in head, b"immutable" in head) == (8192, True, True)
    tag = head.partition(b'ETag: "')[2].partition(b'"')[0].decode()
    assert answer("/log/tile/0/000", If_None_Match=f'"{tag}"')[0].startswith(b"HTTP/1.1 304")
    head, body = answer("/log/checkpoint")
    assert body.decode() == Checkpoint.objects.get().note
    assert b"text/plain; charset=utf-8" in head
    assert b"max-age=2," in head
    assert answer("/log/tile/0/001.p/44")[0].startswith(b"HTTP/1.1 200")
    assert verify.load_key(answer("/log/verifier-key")[1]) == KEY.public_key()
    for path in (
        "/log/tile/0/002", "/log/tile/0/0", "/log/tile/00/000", "/log/tile/64/000",
        "/log/tile/0/x000/../000", "/log/publishing.lock", "/log/", "/log/tile/0/001.p/0",
        "/log/../crl", "/log/tile/0/001.p", "/log/tile/0/000/000", "/log/tile/entries/000",
    ):  # fmt: skip
        assert log_answer(log.parent, path, {}, now=1_800_000_000) is None, path


def test_after_a_restore_the_log_is_what_the_journal_is_and_the_lost_tiles_are_kept(
    log: Path, tmp_path: Path, more: Callable[[int], Checkpoint]
) -> None:
    more(290)
    tile_files.publish(log)
    kept = tmp_path / "kept"
    same = log.with_name("same")
    shutil.copytree(log, same)
    assert not tile_files.start_over(log, before=same, aside=kept)
    assert (verified(log), kept.exists()) == (290, False)
    # The world saw 300 rows of another future, which the restored database does not know.
    lost = log.with_name("lost")
    shutil.copytree(log, lost)
    body = checkpoints.note_body(origin=ORIGIN, size=300, root_hash=bytes(32))
    (lost / "checkpoint").write_text(f"{body}\n\N{EM DASH} {ORIGIN} AAAA\n")
    (lost / "tile/0/001.p/44").write_bytes(bytes(44 * 32))
    assert tile_files.start_over(log, before=lost, aside=kept)
    assert verified(log) == 290
    assert (kept / "tile/0/001.p/44").exists()
    assert not (log / "tile/0/001.p/44").exists()
    assert not (kept / "publishing.lock").exists()
    more(5)
    assert tile_files.publish(log) == 295
    assert verified(log) == 295
    assert Subtree.objects.count() == 1


def test_the_verifier_key_names_the_key_and_its_kind() -> None:
    name, key_id, encoded = checkpoints.verifier_key(ORIGIN, SPKI).split("+", 2)
    assert (name, key_id) == (ORIGIN, hashlib.sha256(SPKI).hexdigest()[:8])
    assert base64.b64decode(encoded) == b"\x02" + SPKI
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    line = checkpoints.verifier_key(
        ORIGIN, other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    assert base64.b64decode(line.split("+", 2)[2])[:1] == b"\xff"
    assert verify.load_key(line.encode()) == other
