"""Builds the compiled quick way with the system's C compiler: ``python -m ocsp.responder.native.build``."""

import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

from ocsp.responder.native.place import SOURCE, module_path

_FLAGS: Final = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared")


class BuildFailed(Exception):
    """The module could not be compiled; the message is the compiler's."""


def build(*, extra_flags: tuple[str, ...] = (), into: Path | None = None) -> Path:
    """Compile unless it is done, and return the module's path.

    Safe to call from several processes at once: the finished file is moved into place. Raises
    ``BuildFailed``.
    """
    module = into or module_path()
    if module.exists():
        return module
    module.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=module.parent) as scratch:
        fresh = Path(scratch) / "quick.so"
        headers = f"-I{sysconfig.get_paths()['include']}"
        command = ["gcc", *_FLAGS, *extra_flags, headers, str(SOURCE), "-o", str(fresh)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - gcc, our source
        except FileNotFoundError as error:
            raise BuildFailed("gcc is not installed") from error
        except subprocess.CalledProcessError as error:
            raise BuildFailed(error.stderr) from error
        fresh.replace(module)
    return module


def main() -> int:
    """Build; without a compiler or Python's headers say so, and that is no failure: plain Python serves."""
    try:
        build()
    except BuildFailed as error:
        first = str(error).strip().splitlines()[0]
        sys.stderr.write(f"the quick way is not compiled ({first}); the responder does it in plain Python\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
