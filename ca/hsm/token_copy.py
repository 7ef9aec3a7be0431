"""Verified copies of a file token: made after each change, proved by signing, put back after damage.

SoftHSM rewrites ``token.object`` in place at every login; a kill at that moment leaves it empty and
the token is lost (reliability.md, the key store). A copy counts only after a child process has signed
with every key in a scratch copy of it, so that the copy itself is never logged in to.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ca.errors import CaError
from ca.hsm.configuration import TokenConfiguration

MANIFEST: Final = "manifest.json"
_KEEP: Final = 3
_VERIFICATION_SECONDS: Final = 60
# SoftHSM writes these at each login; all other files change only when an object does.
_VOLATILE: Final = frozenset({"token.object", "token.lock", "generation"})


class CopyUnusable(CaError):
    """A copy of the token does not sign, or its files are not what they were."""

    code = "token_copy_unusable"


def make_copy(configuration: TokenConfiguration, public_keys: Mapping[str, bytes]) -> Path:
    """Copy the live token folder, prove the copy, and return it; older copies beyond three go.

    The caller owns the token and does nothing with it meanwhile. ``public_keys`` maps every label to
    the SubjectPublicKeyInfo that the copy must sign for. Raises ``CopyUnusable``.
    """
    configuration.copies.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = max((int(path.name) for path in _copies(configuration)), default=0) + 1
    draft = configuration.copies / f"{number}.partial"
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(configuration.tokens, draft / "tokens")
    manifest = {
        "keys": {label: base64.b64encode(key).decode() for label, key in sorted(public_keys.items())},
        "files": _digests(draft / "tokens"),
    }
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True))
    _sync_tree(draft)
    _prove(configuration, draft, public_keys)
    final = configuration.copies / str(number)
    draft.rename(final)
    _sync(configuration.copies)
    for old in _copies(configuration)[:-_KEEP]:
        shutil.rmtree(old)
    return final


def newest_copy(configuration: TokenConfiguration) -> Path | None:
    """Return the newest copy whose files are what they were when it was proved, or none."""
    for copy in reversed(_copies(configuration)):
        try:
            _check_files(copy)
        except (CopyUnusable, OSError, ValueError):
            continue
        return copy
    return None


def copied_keys(copy: Path) -> dict[str, bytes]:
    """Return label and SubjectPublicKeyInfo of every key that the copy was proved for."""
    manifest = json.loads((copy / MANIFEST).read_text())
    return {label: base64.b64decode(key) for label, key in manifest["keys"].items()}


def is_current(configuration: TokenConfiguration, copy: Path) -> bool:
    """Tell whether the live token has the same objects as the copy."""
    manifest = json.loads((copy / MANIFEST).read_text())
    return _objects(manifest["files"]) == _objects(_digests(configuration.tokens))


def is_visibly_damaged(tokens: Path) -> bool:
    """Tell, without opening it, that a token folder is gone or has an empty or missing token file."""
    folders = [path for path in tokens.iterdir() if path.is_dir()] if tokens.is_dir() else []
    return not folders or any(not _size(folder / "token.object") for folder in folders)


def put_back(configuration: TokenConfiguration, copy: Path) -> Path:
    """Replace the live token folder by a proved copy; the damaged one is kept and returned.

    A crash between the steps leaves no live folder, which is visible damage: the next start repeats it.
    Raises ``CopyUnusable`` before anything is moved.
    """
    _check_files(copy)
    _prove(configuration, copy, copied_keys(copy))
    fresh = configuration.home / "tokens.fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(copy / "tokens", fresh)
    _sync_tree(fresh)
    damaged = configuration.home / "damaged"
    damaged.mkdir(mode=0o700, exist_ok=True)
    aside = damaged / str(1 + max((int(path.name) for path in damaged.iterdir()), default=0))
    if configuration.tokens.exists():
        configuration.tokens.rename(aside)
    fresh.rename(configuration.tokens)
    _sync(configuration.home)
    return aside


def _prove(configuration: TokenConfiguration, copy: Path, public_keys: Mapping[str, bytes]) -> None:
    scratch = configuration.run / "token-proof"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    shutil.copytree(copy / "tokens", scratch / "tokens")
    question = {
        "module": str(configuration.module),
        "label": configuration.label,
        "pin_file": str(configuration.pin_file),
        "home": str(scratch),
        "keys": {label: base64.b64encode(key).decode() for label, key in public_keys.items()},
    }
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "ca.hsm.copy_proof"],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=_VERIFICATION_SECONDS,
            check=False,
            cwd=Path(__file__).resolve().parents[2],
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if answer.returncode != 0:
        msg = f"copy {copy.name} of the token does not sign: {answer.stderr.strip()[-400:]}"
        raise CopyUnusable(msg)


def _check_files(copy: Path) -> None:
    manifest = json.loads((copy / MANIFEST).read_text())
    if manifest["files"] != _digests(copy / "tokens"):
        msg = f"the files of copy {copy.name} of the token are not what they were"
        raise CopyUnusable(msg)


def _copies(configuration: TokenConfiguration) -> list[Path]:
    if not configuration.copies.is_dir():
        return []
    return sorted(
        (path for path in configuration.copies.iterdir() if path.name.isdigit()),
        key=lambda path: int(path.name),
    )


def _digests(tokens: Path) -> dict[str, str]:
    return {
        str(file.relative_to(tokens)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in _files(tokens)
    }


def _objects(files: Mapping[str, str]) -> dict[str, str]:
    return {
        name: digest
        for name, digest in files.items()
        if name.endswith(".object") and Path(name).name not in _VOLATILE
    }


def _files(folder: Path) -> Iterator[Path]:
    # Lock files are empty, and a copy of the home may well leave them out.
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".lock")


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _sync_tree(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
