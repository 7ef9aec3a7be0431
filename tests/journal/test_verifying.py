"""The stand-alone verifier finds every kind of change, with only the export and the audit key."""

import base64
import contextlib
import json
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from journal import checkpoints, sequencing, verify
from journal.errors import HeadSignedWrongly
from journal.exporting import export_lines
from journal.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_from_inclusion,
    root_of,
)
from journal.models import Checkpoint
from tests.journal.test_recording import ring

AT = datetime(2026, 11, 21, 9, 41, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
SPKI = KEY.public_key().public_bytes(
    serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
)


def sign(body: bytes) -> bytes:
    return KEY.sign(body, ec.ECDSA(hashes.SHA256()))


@pytest.fixture
def export(transactional_db: None, tmp_path: Path) -> list[str]:
    """Twelve rows with heads at 5 and 12."""
    for count in (5, 7):
        for times in range(count):
            ring(times)
        sequencing.sequence_committed()
        checkpoints.sign_head(origin="sigill.test", public_key=SPKI, sign=sign, outside=tmp_path, at=AT)
    assert sorted(path.name for path in tmp_path.glob("*.txt")) == ["000000000005.txt", "000000000012.txt"]
    return list(export_lines())


def test_a_head_that_does_not_verify_is_not_kept_and_the_next_one_is(
    transactional_db: None, tmp_path: Path
) -> None:
    """PKI-8: an HSM that errs once must not break the journal for ever."""

    def sign_wrongly(body: bytes) -> bytes:
        return sign(body + b"x")

    ring(1)
    sequencing.sequence_committed()
    with pytest.raises(HeadSignedWrongly):
        checkpoints.sign_head(
            origin="sigill.test", public_key=SPKI, sign=sign_wrongly, outside=tmp_path, at=AT
        )
    assert not Checkpoint.objects.exists()
    assert list(tmp_path.iterdir()) == []
    checkpoints.sign_head(origin="sigill.test", public_key=SPKI, sign=sign, outside=tmp_path, at=AT)
    assert verify.verify(iter(list(export_lines())), KEY.public_key()).size == 1


def test_an_untouched_export_is_intact(export: list[str]) -> None:
    head = verify.verify(iter(export), KEY.public_key())
    assert (head.size, head.origin) == (12, "sigill.test")
    assert head.root_hash == bytes(Checkpoint.objects.get(size=12).root_hash)


def change_content(lines: list[str]) -> None:
    row = json.loads(lines[4])
    row["content"] = row["content"].replace('"times":3', '"times":9')
    lines[4] = json.dumps(row)


def change_content_and_leaf(lines: list[str]) -> None:
    row = json.loads(lines[8])
    row["content"] = row["content"].replace('"times":2', '"times":9')
    row["leaf_hash"] = leaf_hash(row["content"].encode()).hex()
    lines[8] = json.dumps(row)


def delete(lines: list[str]) -> None:
    del lines[3]


def delete_and_renumber(lines: list[str]) -> None:
    del lines[3]
    for index in range(3, 12):
        row = json.loads(lines[index])
        row["position"] = index - 1
        lines[index] = json.dumps(row)


def reorder(lines: list[str]) -> None:
    lines[6], lines[7] = lines[7], lines[6]


def insert(lines: list[str]) -> None:
    lines.insert(13, json.dumps({"position": 12, "content": "{}", "leaf_hash": leaf_hash(b"{}").hex()}))


def cut_tail(lines: list[str]) -> None:
    del lines[10:13]


def cut_tail_and_head(lines: list[str]) -> None:
    del lines[10:13]
    del lines[-1]


def swap_head(lines: list[str]) -> None:
    note = json.loads(lines[-1])["note"]
    body, signature = note.split("\n\n")
    other = base64.b64encode(bytes(32)).decode()
    lines[-1] = json.dumps({"note": "\n".join([*body.split("\n")[:2], other]) + "\n\n" + signature})


def drop_all_heads(lines: list[str]) -> None:
    del lines[13:]


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (change_content, "row 3 was changed"),
        (change_content_and_leaf, "rows 5 to 11 are not those"),
        (delete, "row 2 is missing"),
        (delete_and_renumber, "rows 0 to 4 are not those"),
        (reorder, "row 5 is missing or out of order"),
        (insert, "rows 12 to 12 are covered by no signed head"),
        (cut_tail, "the tail was cut"),
        (cut_tail_and_head, "rows 5 to 8 are covered by no signed head"),
        (swap_head, "not signed by the given key"),
        (drop_all_heads, "holds no signed head"),
    ],
)
def test_tampering_is_found_and_named(
    export: list[str], tamper: Callable[[list[str]], None], named: str
) -> None:
    tamper(export)
    with pytest.raises(verify.BrokenJournal, match=named):
        verify.verify(iter(export), KEY.public_key())


def test_the_program_runs_alone_and_says_what_it_found(export: list[str], tmp_path: Path) -> None:
    file, key = tmp_path / "export.jsonl", tmp_path / "key.pem"
    key.write_bytes(
        KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    program = [sys.executable, str(Path(verify.__file__)), str(file), "--key", str(key)]
    file.write_text("".join(export))
    for command in (program, [program[0], "-I", *program[1:]]):
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert (done.returncode, done.stdout.split(":")[0]) == (0, "intact"), done.stderr
    change_content(export)
    file.write_text("".join(line if line.endswith("\n") else line + "\n" for line in export))
    done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert "row 3 was changed" in done.stdout


def naive_root(leaves: list[bytes]) -> bytes:
    """Follow the definition of RFC 6962 section 2.1 word for word: the oracle."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


@given(st.integers(1, 70), st.randoms(use_true_random=False))
def test_every_leaf_proves_its_place_and_no_other(size: int, chance: random.Random) -> None:
    leaves = [leaf_hash(bytes([index])) for index in range(size)]
    root = root_of(leaves)
    assert root == naive_root(leaves)
    index = chance.randrange(size)
    proof = inclusion_proof(leaves, index)
    assert root_from_inclusion(leaves[index], index, size, proof) == root
    other = (index + 1) % size
    if other != index:
        # A proof of another length does not fit the other place at all.
        with contextlib.suppress(ValueError):
            assert root_from_inclusion(leaves[index], other, size, proof) != root
    assert len(consistency_proof(leaves, chance.randint(1, size))) <= size.bit_length() + 1
