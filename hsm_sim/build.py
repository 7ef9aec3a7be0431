"""Builds the PKCS#11 module of the simulated hardware with the system's C compiler."""

import argparse
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

MODULE_NAME = "sigill_card.so"
SOURCES = Path(__file__).parent / "pkcs11"
HEADER_FOLDERS = ("/usr/include/p11-kit-1/p11-kit", "/usr/include/softhsm")
FLAGS = ("-std=c11", "-O2", "-g", "-Wall", "-Wextra", "-Wpedantic", "-fPIC", "-shared", "-pthread")
LINK_FLAGS = ("-Wl,-z,nodelete", "-ldl")


class BuildFailed(Exception):
    """The module could not be compiled; the message is the compiler's."""


def default_folder() -> Path:
    """Where the module lies when nobody says otherwise."""
    return Path(__file__).parent / "build"


def build(folder: Path | None = None, *, extra_flags: tuple[str, ...] = ()) -> Path:
    """Return the path of the module, compiled anew only when its sources or flags differ from last time.

    Safe to call from several processes at once: the finished file is moved into place. Raises BuildFailed.
    """
    folder = folder or default_folder()
    folder.mkdir(parents=True, exist_ok=True)
    module = folder / MODULE_NAME
    command = ["gcc", *FLAGS, *extra_flags, f"-I{_header_folder()}", *map(str, _sources()), *LINK_FLAGS]
    fingerprint = _fingerprint(command)
    stamp = module.with_suffix(".sha256")
    if module.exists() and stamp.exists() and stamp.read_text() == fingerprint:
        return module
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        fresh = Path(scratch) / MODULE_NAME
        try:
            subprocess.run(  # noqa: S603 - gcc with our own sources
                [*command, "-o", str(fresh)], check=True, capture_output=True, text=True
            )
        except FileNotFoundError as error:
            raise BuildFailed("gcc is not installed") from error
        except subprocess.CalledProcessError as error:
            raise BuildFailed(error.stderr) from error
        fresh.replace(module)
        fresh_stamp = Path(scratch) / stamp.name
        fresh_stamp.write_text(fingerprint)
        fresh_stamp.replace(stamp)
    return module


def _sources() -> list[Path]:
    return sorted(SOURCES.glob("*.c"))


def _header_folder() -> str:
    for folder in HEADER_FOLDERS:
        if (Path(folder) / "pkcs11.h").exists():
            return folder
    message = "pkcs11.h was not found: install libp11-kit-dev or libsofthsm2-dev"
    raise BuildFailed(message)


def _fingerprint(command: list[str]) -> str:
    digest = hashlib.sha256("\0".join(command).encode())
    for source in sorted(SOURCES.glob("*.[ch]")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def main() -> int:
    """Build and prints the path."""
    parser = argparse.ArgumentParser(prog="python -m hsm_sim.build", description=__doc__)
    parser.add_argument("--out", type=Path, help="folder for the module (default: hsm_sim/build)")
    try:
        module = build(parser.parse_args().out)
    except BuildFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{module}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
