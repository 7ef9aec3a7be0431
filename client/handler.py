"""Makes siths:// links of this user open this client (XDG desktop entry), and takes that back."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ENTRY_NAME = "sigill-eid.desktop"
MIME_TYPE = "x-scheme-handler/siths"
_ENTRY = """[Desktop Entry]
Type=Application
Name=Sigill
Comment=Answers siths:// links with your card
Comment[sv]=Besvarar siths://-länkar med ditt kort
Exec={command} open %u
Terminal=false
NoDisplay=true
MimeType={mime_type};
"""
SETTINGS = (
    "SIGILL_HOME",
    "SIGILL_CARDS",
    "SIGILL_READERS",
    "SIGILL_CARD_MODULE",
    "SIGILL_CLIENT_API",
    "SIGILL_CLIENT_SPKI_PINS",
    "SIGILL_CLIENT_CA_FILE",
    "SIGILL_CLIENT_PORT",
    "SIGILL_PORTAL_URL",
    "SIGILL_PORTAL_PORT",
)
_RESERVED = '"`$\\'


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """Where this user's entries lie: $XDG_DATA_HOME/applications and $XDG_CONFIG_HOME/mimeapps.list."""

    applications: Path
    defaults: Path

    @property
    def entry(self) -> Path:
        """Return the desktop file."""
        return self.applications / ENTRY_NAME

    @property
    def is_installed(self) -> bool:
        """Return whether links open a client that is there: the entry, the default, and what it starts."""
        if not self.entry.is_file() or _lines(self.defaults).get(MIME_TYPE) != ENTRY_NAME:
            return False
        return _ENTRY.format(command=_command(), mime_type=MIME_TYPE) == self.entry.read_text(
            encoding="utf-8"
        )

    def install(self) -> None:
        """Write the entry and make it the default for siths; may be repeated. Raises OSError."""
        self.applications.mkdir(parents=True, exist_ok=True)
        fresh = self.entry.with_suffix(".new")
        fresh.write_text(_ENTRY.format(command=_command(), mime_type=MIME_TYPE), encoding="utf-8")
        fresh.replace(self.entry)
        self._set_default(ENTRY_NAME)
        self._tell_desktop()

    def uninstall(self) -> None:
        """Remove entry and default; nothing happens where there are none. Raises OSError."""
        self.entry.unlink(missing_ok=True)
        if _lines(self.defaults).get(MIME_TYPE) == ENTRY_NAME:
            self._set_default(None)
        self._tell_desktop()

    def _set_default(self, entry: str | None) -> None:
        """Write the one line; what others have in the file stays as it is."""
        rows = self.defaults.read_text(encoding="utf-8").splitlines() if self.defaults.is_file() else []
        rows = [row for row in rows if row.partition("=")[0].strip() != MIME_TYPE]
        if entry is not None:
            if "[Default Applications]" not in rows:
                rows += ["[Default Applications]"]
            rows.insert(rows.index("[Default Applications]") + 1, f"{MIME_TYPE}={entry}")
        self.defaults.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.defaults.with_name(f".{self.defaults.name}.sigill")
        fresh.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        fresh.replace(self.defaults)

    def _tell_desktop(self) -> None:
        """Let desktops that keep a cache read it anew; there is none on many machines."""
        if tool := shutil.which("update-desktop-database"):
            subprocess.run([tool, str(self.applications)], check=False, capture_output=True)  # noqa: S603 - by its path


def handler_of_user() -> Handler:
    """Return the places of the user who runs this (XDG Base Directory Specification)."""
    home = Path.home()
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    return Handler(applications=data / "applications", defaults=config / "mimeapps.list")


def _command() -> str:
    """Return what starts this client here, with the settings of now: a desktop starts it without them."""
    starter = Path(__file__).resolve().parent / "sigill-eid"
    settings = [f"{name}={os.environ[name]}" for name in SETTINGS if os.environ.get(name)]
    start = ["/usr/bin/env", *settings] if settings else []
    return " ".join(_quoted(part) for part in (*start, sys.executable, str(starter)))


def _quoted(part: str) -> str:
    """Quote for Exec (Desktop Entry Specification, "The Exec key"): reserved signs twice, percent doubled."""
    escaped = "".join(f"\\{sign}" if sign in _RESERVED else sign for sign in part)
    return f'"{escaped}"'.replace("\\", "\\\\").replace("%", "%%")


def _lines(path: Path) -> dict[str, str]:
    """Return the default applications by type."""
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    section = ""
    for row in path.read_text(encoding="utf-8").splitlines():
        if row.startswith("["):
            section = row.strip()
        elif section == "[Default Applications]" and "=" in row:
            name, _, value = row.partition("=")
            found[name.strip()] = value.strip().rstrip(";")
    return found
