"""An export says exactly what its version says, and holds what a head kept elsewhere was signed over."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from journal import checkpoints, sequencing, verify
from journal.exporting import export_lines
from journal.models import Checkpoint
from tests.journal.test_recording import ring
from tests.journal.test_verifying import AT, KEY, SPKI, export, sign

__all__ = ["export"]


def changed(**fields: object) -> Callable[[str], str]:
    return lambda line: json.dumps({**json.loads(line), **fields})


def twice(key: str) -> Callable[[str], str]:
    return lambda line: f'{{"{key}":{json.dumps(json.loads(line)[key])},' + line[1:]


@pytest.mark.parametrize(
    ("number", "change", "named"),
    [
        (0, changed(version=2), "version 1"),
        (0, changed(version="1"), "version 1"),
        (0, changed(version=True), "version 1"),
        (0, changed(note="more"), "version 1"),
        (0, changed(size=13), "announces 13 rows"),
        (0, twice("version"), "twice"),
        (3, twice("content"), "twice"),
        (3, changed(comment="approved by the auditor"), "line 4 is neither"),
        (3, changed(note="x"), "line 4 is neither"),
        (2, changed(position=True), "line 3 is neither"),
        (3, changed(position=2.0), "line 4 is neither"),
        (-1, changed(comment="x"), "line 15 is neither"),
        (-1, twice("note"), "twice"),
        (4, lambda _: "[" * 100_000, "line 5 is not JSON"),
    ],
)
def test_what_an_export_of_version_1_does_not_say_breaks_it(
    export: list[str],
    number: int,
    change: Callable[[str], str],
    named: str,
) -> None:
    export[number] = change(export[number])
    with pytest.raises(verify.BrokenJournal, match=named):
        verify.verify(iter(export), KEY.public_key())


def test_a_head_signed_while_the_export_is_written_does_not_break_it(
    export: list[str],
    tmp_path: Path,
) -> None:
    lines = export_lines()
    begun = [next(lines)]
    ring(1)
    sequencing.sequence_committed()
    checkpoints.sign_head(origin="sigill.test", public_key=SPKI, sign=sign, outside=tmp_path, at=AT)
    assert Checkpoint.objects.filter(size=13).exists()
    assert verify.verify(iter([*begun, *lines]), KEY.public_key()).size == 12
    assert len(export) == 15


@pytest.fixture
def program(export: list[str], tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Run the verifier on the export with a head."""
    file, key = tmp_path / "export.jsonl", tmp_path / "key.pem"
    key.write_bytes(
        KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )

    def run(note: str, *, lines: list[str] = export) -> tuple[int, str]:
        head = tmp_path / "head.txt"
        head.write_text(note)
        file.write_text("".join(lines))
        done = subprocess.run(
            [sys.executable, str(Path(verify.__file__)), str(file), "--key", str(key), "--head", str(head)],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def note_of(size: int, root_hash: bytes, key: ec.EllipticCurvePrivateKey = KEY) -> str:
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    body = checkpoints.note_body(origin="sigill.test", size=size, root_hash=root_hash)
    signature = key.sign(body.encode(), ec.ECDSA(hashes.SHA256()))
    return checkpoints.signed_note(
        origin="sigill.test", size=size, root_hash=root_hash, public_key=spki, signature=signature
    )


def test_a_head_kept_elsewhere_is_found_in_the_export(
    export: list[str],
    program: Callable[..., tuple[int, str]],
) -> None:
    tree = verify.Tree()
    for line in export[1:8]:
        tree.append(verify.leaf_of(json.loads(line)))
    for head in (*Checkpoint.objects.values_list("note", flat=True), note_of(7, tree.root())):
        code, said = program(head)
        assert (code, "the given head is in it" in said, "intact: 12 rows" in said) == (0, True, True), said


def test_a_head_that_the_export_does_not_hold_breaks_it(
    export: list[str],
    program: Callable[..., tuple[int, str]],
) -> None:
    newest = Checkpoint.objects.get(size=12)
    rolled_back = [export[0].replace('"size":12', '"size":5'), *export[1:6], export[-2]]
    stranger = ec.generate_private_key(ec.SECP256R1())
    assert program(Checkpoint.objects.get(size=5).note, lines=rolled_back)[0] == 0
    for note, lines, named in (
        (newest.note, rolled_back, "signed over 12 rows, the export holds 5"),
        (note_of(13, bytes(newest.root_hash)), export, "signed over 13 rows, the export holds 12"),
        (note_of(7, bytes(newest.root_hash)), export, "the first 7 rows are not those"),
        (note_of(12, bytes(32)), export, "the first 12 rows are not those"),
        (note_of(12, bytes(newest.root_hash), stranger), export, "not signed by the given key"),
        ("no head", export, "not a checkpoint"),
    ):
        code, said = program(note, lines=lines)
        assert (code, named in said, "intact" in said) == (1, True, False), said
