"""Proof bundles, growth proofs and tiles are checked by the program alone, which names what is wrong."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
import weasyprint
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction

from journal import checkpoints, proofs, tile_files, verify
from journal.events import Event
from journal.exporting import export_lines
from journal.models import Leaf
from journal.recording import record
from reports.sealing import seal
from tests.journal.growing import ORIGIN, grow
from tests.journal.test_recording import ACTOR, AT
from tests.journal.test_verifying import KEY, SPKI

pytestmark = pytest.mark.django_db(transaction=True)
Program = Callable[..., tuple[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMade(Event):
    TYPE: ClassVar[str] = "test.file_made"
    sha256: str


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """Run the verifier's main with the note key; texts and octets are put into a file."""
    key = tmp_path / "verifier-key"
    key.write_text(checkpoints.verifier_key(ORIGIN, SPKI))

    def run(what: str | bytes | Path, *options: str) -> tuple[int, str]:
        octets = what.encode() if isinstance(what, str) and not what.startswith("http") else what
        if isinstance(octets, bytes):
            (tmp_path / "what").write_bytes(octets)
            octets = tmp_path / "what"
        monkeypatch.setattr("sys.argv", ["verify.py", str(octets), "--key", str(key), *options])
        code = verify.main()
        return code, capsys.readouterr().out

    return run


def test_a_bundle_proves_its_rows_and_no_others(tmp_path: Path, program: Program) -> None:
    head = grow(300, outside=tmp_path / "heads")
    bundle = "".join(proofs.proof_bundle([299, 4, 256, 4], head.size))
    code, said = program(bundle)
    assert code == 0, said
    assert [line.split(":")[0] for line in said.splitlines()] == ["row 4", "row 256", "row 299", "intact"]
    bare = "".join(proofs.proof_bundle([4], head.size, with_content=False))
    assert "test.bell_rung" not in bare
    assert program(bare)[0] == 0
    lines = bundle.splitlines()

    def with_row(number: int, **changed: object) -> str:
        return "\n".join(
            [*lines[:number], json.dumps({**json.loads(lines[number]), **changed}), *lines[number + 1 :]]
        )

    path = json.loads(lines[2])["proof"]
    other = json.loads(lines[3])
    for false, named in (
        (with_row(2, content="{}"), "row 256 was changed"),
        (with_row(2, content=other["content"], leaf_hash=other["leaf_hash"]), "row 256 is not in the tree"),
        (with_row(2, position=257), "row 257 is not in the tree"),
        (with_row(2, position=300), "row 300: its proof does not fit: there is no such row"),
        (with_row(2, proof=path[:-1]), "row 256: its proof does not fit: the proof is too short"),
        (with_row(2, proof=[*path, path[0]]), "row 256: its proof does not fit: the proof is too long"),
        (with_row(2, proof=["x"]), "row 256: its proof does not fit"),
        (with_row(2, comment="x"), "line 3 is not a row"),
        (with_row(0, rows=4), "announces 4 rows"),
        (with_row(0, note=str(json.loads(lines[0])["note"]).replace("\n300\n", "\n301\n")), "not signed"),
        (with_row(0, version=2), "version 1"),
    ):  # fmt: skip
        code, said = program(false)
        assert (code, named in said, "intact" in said) == (1, True, False), said


def test_one_head_is_shown_to_contain_another(tmp_path: Path, program: Program) -> None:
    sizes = [grow(count, outside=tmp_path / "heads").size for count in (3, 4, 250, 9)]
    for old in sizes:
        for new in (size for size in sizes if size >= old):
            code, said = program(proofs.growth_proof(old, new))
            assert (code, f"the head over {old} rows is in it" in said) == (0, True), said
    told = json.loads(proofs.growth_proof(7, 266))
    for change in (
        {"proof": told["proof"][:-1]}, {"proof": [*told["proof"], "00" * 32]}, {"old": told["new"]},
        {"new": told["old"]}, {"proof": ["00" * 32, *told["proof"][1:]]},
    ):  # fmt: skip
        false = json.dumps({**told, **change}, separators=(",", ":"), sort_keys=True)
        code, said = program(false)
        assert (code, "does not contain" in said) == (1, True), said


def test_tiles_are_checked_in_a_folder_and_at_an_address(tmp_path: Path, program: Program) -> None:
    old = grow(100, outside=tmp_path / "heads")
    grow(500, outside=tmp_path / "heads")
    log = tmp_path / "log"
    tile_files.publish(log)
    (tmp_path / "old").write_text(old.note)
    code, said = program(log, "--head", str(tmp_path / "old"))
    assert code == 0, said
    assert said.startswith("the given head is in it: 100 rows\nintact: 600 rows")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(log)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        assert program(address)[1] == said.splitlines()[1] + "\n"
        tile = log / "tile/0/001"
        tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
        code, said = program(address)
        assert (code, "rows 0 to 599" in said) == (1, True), said
    finally:
        server.shutdown()
        server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    """A plain file server."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def test_the_published_tiles_tell_which_row_of_an_export_was_forged(tmp_path: Path, program: Program) -> None:
    grow(20, outside=tmp_path / "heads")
    tile_files.publish(tmp_path / "log")
    lines = list(export_lines())
    row = json.loads(lines[8])
    row["content"] = row["content"].replace('"times":7', '"times":8')
    row["leaf_hash"] = verify.leaf_of(row).hex()
    lines[8] = json.dumps(row) + "\n"
    assert "rows 0 to 19 are not those" in program("".join(lines))[1]
    assert "row 7 is not the one" in program("".join(lines), "--tiles", str(tmp_path / "log"))[1]


def test_a_file_is_the_one_that_its_row_names(tmp_path: Path, program: Program) -> None:
    table = tmp_path / "cards.csv"
    table.write_bytes(b"a;b\r\n1;2\r\n")
    with transaction.atomic():
        entry = record(FileMade(sha256=hashlib.sha256(table.read_bytes()).hexdigest()), actor=ACTOR, at=AT)
    assert proofs.receipt_proof([entry.pk]) is None
    grow(5, outside=tmp_path / "heads")
    proof = proofs.receipt_proof([entry.pk])
    assert proof is not None
    code, said = program(proof.bundle, "--of", str(table))
    assert (code, "the file is the one that the row names" in said) == (0, True), said
    table.write_bytes(b"a;b\r\n1;3\r\n")
    code, said = program(proof.bundle, "--of", str(table))
    assert (code, "no row names" in said) == (1, True), said
    assert Leaf.objects.count() == 6


@pytest.fixture
def seal_certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "TEST report seal")])
    usage = dict.fromkeys(
        (
            "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
            "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(AT - timedelta(days=1))
        .not_valid_after(AT + timedelta(days=3650))
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .sign(KEY, hashes.SHA256())
    )
    return made.public_bytes(Encoding.DER)


def test_a_sealed_report_carries_the_proof_of_what_it_was_before_the_seal(
    tmp_path: Path, program: Program, seal_certificate: bytes
) -> None:
    plain = weasyprint.HTML(string="<html lang=sv><title>Rapport</title><p>12 kort").write_pdf(
        pdf_variant="pdf/ua-1"
    )
    with transaction.atomic():
        entry = record(FileMade(sha256=hashlib.sha256(plain).hexdigest()), actor=ACTOR, at=AT)
    grow(300, outside=tmp_path / "heads")
    proof = proofs.receipt_proof([entry.pk], octets=len(plain))
    assert proof is not None
    sealed = seal(
        plain,
        certificate_der=seal_certificate,
        chain_der=[],
        digest_algorithm="sha256",
        sign=lambda octets: KEY.sign(octets, ec.ECDSA(hashes.SHA256())),
        stamp=None,
        evidence=None,
        carried={"journal-proof.jsonl": proof.bundle.encode()},
    )
    assert sealed.startswith(plain)
    code, said = program(sealed)
    assert (code, "the file is the one that the row names" in said) == (0, True), said
    forged = sealed.replace(plain, plain[:-9] + b"x" + plain[-8:])
    code, said = program(forged)
    assert (code, "no row names" in said) == (1, True), said
