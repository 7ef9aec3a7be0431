"""Where the token is and how its module is told: values only, no absolute path is ever kept on disk."""

import os
from dataclasses import dataclass
from pathlib import Path

from ca.hsm.faults import PinMissing, Remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenConfiguration:
    """One token: its module, its label, the file with its PIN and, for SoftHSM, its folder.

    ``home`` is the folder ``hsm/`` under ``$SIGILL_HOME``; ``run`` is a private folder for what lives
    as long as the process. ``is_file_token`` is true for SoftHSM and modules that wrap it: only these
    have a token folder that can be lost and must be copied.
    """

    module: Path
    label: str
    pin_file: Path
    home: Path
    run: Path
    is_file_token: bool

    @property
    def tokens(self) -> Path:
        """The live token folder."""
        return self.home / "tokens"

    @property
    def copies(self) -> Path:
        """The folder of verified copies."""
        return self.home / "copies"

    @property
    def lock_file(self) -> Path:
        """The file whose lock says who owns the token."""
        return self.home / "token.lock"

    @property
    def certificates(self) -> Path:
        """The folder of ``<label>.cer``: certificates whose public halves must match the keys."""
        return self.home / "certificates"

    def pin(self) -> str:
        """Read the PIN; it is kept by nobody longer than a login takes. Raises ``PinMissing``."""
        try:
            return self.pin_file.read_text().strip()
        except OSError as error:
            msg = f"secrets/{self.pin_file.name} cannot be read ({error.strerror})"
            raise PinMissing(msg, remedy_for=Remedy.NEW_START) from error


def is_file_token_module(module: Path) -> bool:
    """Tell whether a module is SoftHSM or wraps it (ours: ``hsm_sim``)."""
    return any(word in module.name for word in ("softhsm", "sigill"))


def write_softhsm_configuration(*, tokens: Path, file: Path) -> None:
    """Write SoftHSM's configuration and name it in the environment, before the module is loaded.

    The file holds an absolute path, so it belongs in the run folder, never under ``$SIGILL_HOME``.
    """
    file.write_text(
        f"directories.tokendir = {tokens.absolute()}\n"
        "objectstore.backend = file\n"
        "log.level = ERROR\n"
        "slots.removable = false\n"
        "library.reset_on_fork = false\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(file)
