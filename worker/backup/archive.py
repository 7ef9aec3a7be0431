"""One file for a whole backup: a compressed tar, manifest first, sealed when there is a passphrase."""

import gzip
import hashlib
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Final, cast

from worker.backup.errors import BackupDamaged, BackupRefused
from worker.backup.manifest import FileFact, Manifest
from worker.backup.sealing import MAGIC, SealedReader, SealedWriter

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
"""Second in the archive where a signer was there: the audit key's signature over the manifest."""
_LARGEST_MANIFEST: Final = 64 * 1024 * 1024
_LARGEST_SIGNATURE: Final = 1024
_UNREADABLE: Final = (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile)


def describe_files(folder: Path) -> tuple[FileFact, ...]:
    """Return path, size and digest of every file under ``folder``."""
    return tuple(
        FileFact(path=file.relative_to(folder).as_posix(), size=file.stat().st_size, sha256=digest_of(file))
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    )


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """An unpacked backup: what it says of itself, in bytes too, and who signed that (empty: nobody)."""

    manifest: Manifest
    content: bytes
    signature: bytes
    is_sealed: bool


def write_archive(
    folder: Path, manifest: Manifest, *, file: Path, passphrase: str, signature: bytes = b""
) -> None:
    """Write everything under ``folder`` to ``file``: beside its place, on disk, then moved.

    It is for its owner only, and unencrypted when the passphrase is empty. Raises ``OSError``; then
    there is no file.
    """
    draft = file.with_name(f".{file.name}.draft")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            if passphrase:
                with closing(SealedWriter(target, passphrase)) as sealed:
                    _write_tar(folder, manifest, signature, cast("BinaryIO", sealed))
            else:
                _write_tar(folder, manifest, signature, target)
            target.flush()
            os.fsync(target.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(file.parent)


def extract_archive(file: Path, *, into: Path, passphrase: str) -> Extracted:
    """Unpack a backup into the folder ``into``, every file checked against its manifest.

    Raises ``BackupDamaged`` when anything is missing, changed or not named in the manifest, and
    ``BackupRefused`` when the file cannot be opened. The caller throws ``into`` away then.
    """
    try:
        with (
            file.open("rb") as source,
            _plain(source, passphrase) as plain,
            gzip.GzipFile(fileobj=cast("IO[bytes]", plain), mode="rb") as whole,
        ):
            with tarfile.open(fileobj=whole, mode="r|") as tar:
                manifest, content, signature = _extract(tar, into)
            while whole.read(1024 * 1024):
                pass  # to the end: only there stand the check sum and the last seal
    except _UNREADABLE as error:
        raise BackupDamaged(f"{file.name} is cut off or is no backup") from error
    except OSError as error:
        raise BackupRefused(f"{file.name} cannot be read or unpacked: {error}") from error
    return Extracted(
        manifest=manifest,
        content=content,
        signature=signature,
        is_sealed=bool(passphrase) and _is_sealed(file),
    )


def _is_sealed(file: Path) -> bool:
    with file.open("rb") as source:
        return source.read(len(MAGIC)) == MAGIC


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_tar(folder: Path, manifest: Manifest, signature: bytes, target: BinaryIO) -> None:
    with (
        gzip.GzipFile(filename="", fileobj=target, mode="wb", compresslevel=1) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        for name, content in ((MANIFEST, manifest.encode()), (SIGNATURE, signature)):
            if content:
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(content), 0o600
                tar.addfile(member, BytesIO(content))
        for path in sorted(folder.rglob("*")):
            tar.add(path, arcname=path.relative_to(folder).as_posix(), recursive=False, filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


@contextmanager
def _plain(source: BinaryIO, passphrase: str) -> Iterator[BinaryIO]:
    is_sealed = source.read(len(MAGIC)) == MAGIC
    if is_sealed and not passphrase:
        raise BackupRefused("the backup is encrypted: name the file with its passphrase (--passphrase-file)")
    if not is_sealed:
        source.seek(0)
    yield cast("BinaryIO", SealedReader(source, passphrase)) if is_sealed else source


def _extract(tar: tarfile.TarFile, into: Path) -> tuple[Manifest, bytes, bytes]:
    first = tar.next()
    content = tar.extractfile(first) if first is not None else None
    if first is None or content is None or first.name != MANIFEST or first.size > _LARGEST_MANIFEST:
        raise BackupDamaged("the backup does not begin with its manifest")
    told, signature = content.read(), b""
    manifest = Manifest.decode(told)
    expected = {fact.path: fact for fact in manifest.files}
    while (member := tar.next()) is not None:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts:
            raise BackupDamaged(f"the backup names a place outside of it: {member.name}")
        if member.isdir():
            (into / path).mkdir(mode=0o700, parents=True, exist_ok=True)
            (into / path).chmod(member.mode & 0o755 | 0o700)
            continue
        source = tar.extractfile(member) if member.isreg() else None
        if member.name == SIGNATURE and source is not None and not signature:
            signature = source.read(_LARGEST_SIGNATURE)
            continue
        fact = expected.pop(path.as_posix(), None)
        if fact is None or source is None:
            raise BackupDamaged(f"the manifest does not know {member.name}")
        _put(source, into / path, fact, mode=member.mode & 0o755 | 0o600)
    if expected:
        raise BackupDamaged(f"{len(expected)} files are missing, the first is {min(expected)}")
    return manifest, told, signature


def _put(source: IO[bytes], file: Path, fact: FileFact, *, mode: int) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        shutil.copyfileobj(source, target, 1024 * 1024)
    file.chmod(mode)
    if file.stat().st_size != fact.size or digest_of(file) != fact.sha256:
        raise BackupDamaged(f"{fact.path} is not what the manifest says")
