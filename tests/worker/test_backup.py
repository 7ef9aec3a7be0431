"""The restore drill: what was revoked stays revoked, nothing is half restored, and nothing is hidden."""

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Self

import psycopg
import pytest
from cryptography import x509

from deploy.free_ports import free_port
from deploy.private_services import postgresql
from tests.ca.installation import ROOT, Installation, hold_ceremony, new_installation
from tests.ocsp.responder.conftest import _listens
from tests.temporary import short_folder
from tests.worker import drill
from worker.backup import exchange
from worker.backup.archive import describe_files, extract_archive, write_archive
from worker.backup.errors import BackupDamaged, BackupRefused
from worker.backup.manifest import DatabaseFacts, Manifest
from worker.backup.putting_back import PartWish, put_back

CRL = "sigilleidpersonhsaid3cav1.crl"
REVOKED_AFTER = ("lost-1", "lost-2", "lost-3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """An installation whose backup is older than its revocations; ``pem`` holds certificates by name."""

    installation: Installation
    backup: Path
    pem: dict[str, str]
    port: int

    @property
    def home(self) -> Path:
        return self.installation.home

    def crl_number(self) -> int:
        crl = x509.load_der_x509_crl((self.home / "public" / "crl" / CRL).read_bytes())
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    def crl_serials(self) -> set[int]:
        crl = x509.load_der_x509_crl((self.home / "public" / "crl" / CRL).read_bytes())
        return {entry.serial_number for entry in crl}

    def serial(self, name: str) -> int:
        return x509.load_pem_x509_certificate(self.pem[name].encode()).serial_number


def act(installation: Installation, verb: str, *names: str) -> str:
    done = installation.python(f"from tests.worker import drill; drill.{verb}(*{names!r})")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    """Issue, back up, and only then revoke; one certificate is issued and revoked after the backup."""
    port = free_port()
    folder = tmp_path_factory.mktemp("drill")
    with new_installation(folder / "home", SIGILL_STATUS_PORT=str(port)) as installation:
        hold_ceremony(installation)
        pem = json.loads(act(installation, "issue", "good", *REVOKED_AFTER))
        act(installation, "tell_of", "kept", "erased-after")
        backup = folder / "backup.tar.gz"
        done = installation.manage("backup", "--out", str(backup))
        assert done.returncode == 0, done.stderr
        assert backup.stat().st_mode & 0o777 == 0o600
        pem |= json.loads(act(installation, "issue", "unheard-of"))
        act(installation, "revoke_named", *REVOKED_AFTER, "unheard-of")
        act(installation, "burn")
        act(installation, "forget", "erased-after")
        yield Drill(installation=installation, backup=backup, pem=pem, port=port)


@pytest.fixture
def drilled(made: Drill, tmp_path: Path) -> Drill:
    """Return a copy of the installation, for one test to restore."""
    copied = made.installation.copy_to(tmp_path / "home")
    return Drill(installation=copied, backup=made.backup, pem=made.pem, port=made.port)


def state_of(home: Path) -> dict[str, str]:
    """Return the digest of every file but locks, which a refused command may make."""
    return {
        str(file.relative_to(home)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(home.rglob("*"))
        if file.is_file() and file.suffix != ".lock" and not file.name.endswith(("-shm", "-wal"))
    }


class Responder:
    """The real status server over a home."""

    def __init__(self, drilled: Drill) -> None:
        self._drilled = drilled
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "worker.mains.responder"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._drilled.installation.environment, stderr=subprocess.DEVNULL
        )
        poll(lambda: _listens(self._drilled.port))
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        assert self._process.wait(60) == 0

    def openssl(self, *question: str) -> str:
        """Ask with openssl about a certificate or serial, verify the answer, return its status."""
        ceremony = self._drilled.home / "ceremony"
        done = subprocess.run(
            ["openssl", "ocsp", "-issuer", str(ceremony / "person_hsa_id_3.pem"), *question,
             "-CAfile", str(ceremony / "root.pem"), "-no_nonce",
             "-verify_other", str(ceremony / "person_hsa_id_3.pem"),
             "-url", f"http://127.0.0.1:{self._drilled.port}/ocsp"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert "Response verify OK" in done.stderr
        return done.stdout.split(": ")[1].split()[0]


def poll(look: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_what_was_revoked_after_the_backup_is_revoked_after_its_restore(
    drilled: Drill, tmp_path: Path
) -> None:
    """PKI-3, R6, F14: by OCSP and by a CRL with a higher number; the journal tells of the restore."""
    number_before = drilled.crl_number()
    refused = drilled.installation.manage("restore", str(drilled.backup))
    assert refused.returncode != 0
    assert "is newer than the backup" in refused.stderr

    done = drilled.installation.manage("restore", str(drilled.backup), "--replace")
    assert done.returncode == 0, done.stderr
    assert "3 certificates revoked again, 2 serials that the backup does not know" in done.stdout

    files = {name: tmp_path / f"{name}.pem" for name in drilled.pem}
    for name, file in files.items():
        file.write_text(drilled.pem[name])
    with Responder(drilled) as responder:
        said = {name: responder.openssl("-cert", str(file)) for name, file in files.items()}
        burnt = responder.openssl("-serial", hex(drill.BURNT))
    assert said == {"good": "good", **dict.fromkeys((*REVOKED_AFTER, "unheard-of"), "revoked")}
    assert burnt == "revoked"
    assert drilled.crl_number() > number_before
    wanted = {drilled.serial(name) for name in (*REVOKED_AFTER, "unheard-of")} | {drill.BURNT}
    assert wanted <= drilled.crl_serials()
    assert drilled.serial("good") not in drilled.crl_serials()

    export = tmp_path / "export.jsonl"
    verified = drilled.installation.manage("verify_journal", "--export", str(export))
    assert verified.returncode == 0, verified.stderr
    assert "RESTORED at" in verified.stdout
    assert "signed heads, the newest over" in verified.stdout
    alone = subprocess.run(
        [sys.executable, "journal/verify.py", export, "--key", drilled.home / "ceremony" / "audit.pem"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert alone.returncode == 0
    assert alone.stdout.startswith("RESTORED at")

    # The world sees the tree that there is now; what it saw of the lost one is kept.
    tiles = subprocess.run(
        [sys.executable, "journal/verify.py", drilled.home / "public" / "log",
         "--key", drilled.home / "ceremony" / "audit.pem"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert tiles.stdout.startswith("intact:"), tiles.stdout
    assert alone.stdout.splitlines()[-1] == tiles.stdout.strip()
    assert list((drilled.home / "journal" / "checkpoints" / "superseded").glob("*/log/checkpoint"))

    # What the auditor may not be denied: the heads of what was lost.
    heads = sorted((drilled.home / "journal" / "checkpoints" / "superseded").glob("*/*.txt"))
    assert heads
    kept = heads[-1].read_text()
    heads[-1].unlink()
    denied = drilled.installation.manage("verify_journal")
    assert denied.returncode != 0
    assert "BROKEN" in denied.stderr
    heads[-1].write_text(kept)
    heads[-1].parent.rename(heads[-1].parent.with_name("elsewhere"))
    assert "BROKEN" in drilled.installation.manage("verify_journal").stderr


def test_who_was_erased_after_the_backup_is_erased_after_its_restore(drilled: Drill) -> None:
    """GDPR: the backup holds the person's key; nobody reads with it what was forgotten since."""
    assert json.loads(act(drilled.installation, "known")) == ["kept"]
    done = drilled.installation.manage("restore", str(drilled.backup), "--replace")
    assert done.returncode == 0, done.stderr
    assert json.loads(act(drilled.installation, "known")) == ["kept"]


def test_a_rollback_without_a_restore_is_still_a_broken_journal(drilled: Drill, tmp_path: Path) -> None:
    """R12: only the database is put back by hand: the heads outside give it away."""
    unpacked = tmp_path / "unpacked"
    extract_archive(drilled.backup, into=unpacked, passphrase="")
    (drilled.home / "db.sqlite3").write_bytes((unpacked / "home" / "db.sqlite3").read_bytes())
    verified = drilled.installation.manage("verify_journal")
    assert verified.returncode != 0
    assert "rolled back" in verified.stderr


def test_an_empty_machine_serves_again_from_backup_and_ledger(drilled: Drill, tmp_path: Path) -> None:
    """R22: nothing but the two files; keys sign, the chain verifies, revoked stays revoked."""
    number_before = drilled.crl_number()
    ledger = tmp_path / "ledger-kept-elsewhere.log"
    ledger.write_bytes((drilled.home / "ledger" / "revocations.log").read_bytes())
    machine = Installation(
        home=tmp_path / "machine" / "home", run=short_folder("r"), extra=dict(drilled.installation.extra)
    )
    done = machine.manage("restore", str(drilled.backup), "--ledger", str(ledger))
    assert done.returncode == 0, done.stderr
    there = Drill(installation=machine, backup=drilled.backup, pem=drilled.pem, port=drilled.port)
    leaf = tmp_path / "lost-1.pem"
    leaf.write_text(drilled.pem["lost-1"])
    with Responder(there) as responder:
        assert responder.openssl("-cert", str(leaf)) == "revoked"
    assert there.crl_number() > number_before
    assert {there.serial(name) for name in (*REVOKED_AFTER, "unheard-of")} <= there.crl_serials()
    ceremony = machine.home / "ceremony"
    chain = ["-CAfile", ceremony / "root.pem", "-untrusted", ceremony / "person_hsa_id_3.pem", leaf]
    verified = subprocess.run(["openssl", "verify", *chain], capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stderr
    doctor = machine.manage("doctor")
    assert "keys are those in their certificates" in doctor.stdout + doctor.stderr
    assert machine.manage("verify_journal").returncode == 0


def test_a_part_is_put_back_and_the_rest_is_left(drilled: Drill) -> None:
    """What the doctor tells to do about a lost PIN, a torn protocol and counters that are gone."""

    def put(part: str, file: Path = drilled.backup) -> list[str]:
        wish = PartWish(file=file, part=part, home=drilled.home, passphrase="", at=datetime.now(UTC))
        return put_back(wish)

    pin, protocol = drilled.home / "secrets" / "hsm-pin", drilled.home / "ceremony" / "protocol.json"
    counter, newer = drilled.home / "hsm" / "counts" / "person_hsa_id_3", drilled.home / "ceremony" / "later"
    right, whole, signed = pin.read_text(), protocol.read_bytes(), counter.read_bytes()
    pin.write_text("999999")
    protocol.write_text("{")
    newer.write_text("a later ceremony's")
    killed, running = drilled.home / ".putting-back-killed", drilled.home / ".putting-back-running"
    for draft in (killed, running):
        draft.mkdir()
    os.utime(killed, (0, 0))
    before = state_of(drilled.home)
    assert put("secrets/hsm-pin") == ["secrets/hsm-pin"]
    assert (killed.exists(), running.exists()) == (False, True), "what a killed run unpacked is cleared away"
    running.rmdir()
    assert pin.read_text() == right
    assert pin.stat().st_mode & 0o777 == 0o600
    assert put("ceremony") == ["ceremony/protocol.json"]
    assert protocol.read_bytes() == whole
    assert newer.exists()
    kept = [file for file in (drilled.home / "backups").rglob("*") if file.is_file()]
    assert sorted(file.read_text() for file in kept) == ["999999", "{"]
    assert put("hsm/counts") == [], "what was signed since is not forgotten"
    assert counter.read_bytes() == signed
    counter.unlink()
    assert put("hsm/counts") == ["hsm/counts/person_hsa_id_3"]
    after = state_of(drilled.home)
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert {name.split("/")[0] for name in changed} == {"secrets", "ceremony", "backups", "hsm"}
    for never in ("ledger", "db.sqlite3", "secrets/../db.sqlite3", "journal", ""):
        with pytest.raises(BackupRefused):
            put(never)


def test_a_damaged_backup_is_refused_and_changes_nothing(drilled: Drill, tmp_path: Path) -> None:
    before = state_of(drilled.home)
    whole = drilled.backup.read_bytes()
    tar = gzip.decompress(whole)
    at = tar.index(b"SQLite format 3") + 5000
    damaged = {
        "one bit": gzip.compress(tar[:at] + bytes([tar[at] ^ 1]) + tar[at + 1 :]),
        "a file more": gzip.compress(tar.replace(b"home/public/root.pem", b"home/secrets/r00t.pem"[:20])),
        "cut": whole[: len(whole) * 2 // 3],
        "none": b"no backup at all",
    }
    for name, content in damaged.items():
        file = tmp_path / name
        file.write_bytes(content)
        refused = drilled.installation.manage("restore", str(file), "--replace")
        assert refused.returncode != 0, name
        assert "CommandError" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert state_of(drilled.home) == before
        assert not exchange.draft_of(drilled.home).exists()


def test_a_backup_that_was_changed_and_packed_again_is_refused_for_its_signature(
    drilled: Drill, tmp_path: Path
) -> None:
    """Reliability 6: a signed manifest; whoever can write the file can also write its digests."""
    changed, stripped = tmp_path / "changed.tar.gz", tmp_path / "stripped.tar.gz"
    _pack_again(drilled.backup, changed, lambda manifest: manifest.replace(b'"engine"', b'"engine" '))
    _pack_again(drilled.backup, stripped, lambda manifest: manifest, keep_signature=False)
    before = state_of(drilled.home)
    for file, said in ((changed, "not what the audit key signed"), (stripped, "nobody vouches for it")):
        refused = drilled.installation.manage("restore", str(file), "--replace")
        assert refused.returncode == 1
        assert said in refused.stderr, refused.stderr
    assert state_of(drilled.home) == before


def _pack_again(
    source: Path, target: Path, change: Callable[[bytes], bytes], *, keep_signature: bool = True
) -> None:
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            content = old.extractfile(member)
            if content is None:
                new.addfile(member)
            elif member.name == "manifest.json":
                told = change(content.read())
                member.size = len(told)
                new.addfile(member, BytesIO(told))
            elif member.name != "manifest.sig" or keep_signature:
                new.addfile(member, content)


def test_nothing_is_restored_under_running_processes(drilled: Drill) -> None:
    pid_file = drilled.installation.run / "worker.pid"
    pid_file.write_text(f"{os.getpid()}\n")
    refused = drilled.installation.manage("restore", str(drilled.backup), "--replace")
    assert "worker still run" in refused.stderr
    pid_file.unlink()
    drilled.installation.start_signer()
    try:
        refused = drilled.installation.manage("restore", str(drilled.backup), "--replace")
    finally:
        drilled.installation.stop()
    assert "the signer runs" in refused.stderr


@pytest.mark.parametrize("moment", ["unpacked", "ocsp", "restored.json"])
def test_a_restore_killed_before_the_exchange_leaves_the_old_installation(
    drilled: Drill, moment: str
) -> None:
    """R10: what was there serves on, and the next restore clears the rest away."""
    before = state_of(drilled.home)
    command = [sys.executable, "manage.py", "restore", str(drilled.backup), "--replace"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=drilled.installation.environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    draft = exchange.draft_of(drilled.home)
    poll(lambda: (draft / moment).exists() or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.wait()
    if exchange.is_exchanged(drilled.home) or not draft.exists():
        # The kill came after the exchange: the new installation is whole.
        assert drilled.installation.manage("verify_journal").returncode == 0
        return
    assert state_of(drilled.home) == before
    refused = drilled.installation.manage("restore", str(drilled.backup))  # clears, then sees what is newer
    assert "is newer than the backup" in refused.stderr
    assert not draft.exists()
    assert state_of(drilled.home) == before


def test_a_restore_killed_after_the_exchange_is_finished_by_the_next(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "backups").mkdir(parents=True)
    (home / "ceremony").mkdir()
    (home / "backups" / "kept").touch()
    draft = exchange.begin(home)
    (draft / "ledger").mkdir()
    exchange.put_in_place(home)
    assert exchange.is_exchanged(home)
    assert (home / "ledger").exists()
    aside = exchange.settle(home, stamp="now")
    assert aside is not None
    assert (aside / "ceremony").exists()
    assert (home / "backups" / "kept").exists()
    assert not exchange.is_exchanged(home)
    assert exchange.settle(home, stamp="now") == aside


def test_postgresql_is_exchanged_for_a_database_made_beside_it(tmp_path: Path) -> None:
    """R22: the same drill with pg_dump and pg_restore; what was there stays under another name."""
    with ExitStack() as stack:
        url = stack.enter_context(postgresql()).removesuffix("postgres") + "sigill"
        with psycopg.connect(url.removesuffix("sigill") + "postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE sigill")
        installation = stack.enter_context(new_installation(tmp_path / "home", DATABASE_URL=url))
        hold_ceremony(installation)
        act(installation, "issue", "lost")
        backup = tmp_path / "backup.tar.gz"
        made = installation.manage("backup", "--out", str(backup))
        assert made.returncode == 0, made.stderr
        act(installation, "revoke_named", "lost")
        refused = installation.manage("restore", str(backup))
        assert "is newer than the backup" in refused.stderr
        done = installation.manage("restore", str(backup), "--replace")
        assert done.returncode == 0, done.stderr
        assert "1 certificates revoked again" in done.stdout
        verified = installation.manage("verify_journal")
        assert "RESTORED at" in verified.stdout, verified.stderr
        with psycopg.connect(url) as connection:
            names = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
            refusal = "UPDATE journal_entry SET type = 'x'"
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                connection.execute(refusal)
        assert any("_before_" in name for name in names)
        assert not any(name.endswith("_restoring") for name in names)


def test_an_encrypted_backup_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.mkdir()
    (content / "secret").write_bytes(os.urandom(3 * 1024 * 1024))
    nothing = DatabaseFacts(
        last_entry=0, journal_rows=0, journal_root_hash="", newest_head_rows=0, certificates=0, revoked=0,
        crl_numbers={},
    )  # fmt: skip
    manifest = Manifest(
        backup_id="1", made_at="", engine="sqlite", root_sha256="", database=nothing,
        files=describe_files(content),
    )  # fmt: skip
    file = tmp_path / "sealed"
    write_archive(content, manifest, file=file, passphrase="rätt lösenord")
    extracted = extract_archive(file, into=tmp_path / "1", passphrase="rätt lösenord")
    assert (extracted.manifest, extracted.is_sealed) == (manifest, True)
    assert describe_files(tmp_path / "1") == manifest.files
    sealed = file.read_bytes()
    assert b"secret" not in sealed
    with pytest.raises(BackupRefused, match="encrypted"):
        extract_archive(file, into=tmp_path / "2", passphrase="")
    with pytest.raises(BackupDamaged):
        extract_archive(file, into=tmp_path / "3", passphrase="fel lösenord")
    chunk = 1024 * 1024 + 16
    start = len(sealed) % chunk or chunk
    for number, changed in enumerate((sealed[:-1], sealed[:-start], sealed + b"x")):
        file.write_bytes(changed)
        with pytest.raises(BackupDamaged):
            extract_archive(file, into=tmp_path / f"cut-{number}", passphrase="rätt lösenord")
