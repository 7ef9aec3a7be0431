"""Every text that a person sees has Swedish words, and what is compiled is what is written."""

import gettext
import re
import shutil
import subprocess
import sys
from pathlib import Path

PORTAL = Path(__file__).resolve().parents[2] / "portal"
CATALOGUE = PORTAL / "locale" / "sv" / "LC_MESSAGES" / "django.po"
_ENTRY = re.compile(
    r"(?m)^msgid ((?:\".*\"\n)+)(?:msgid_plural (?:\".*\"\n)+)?((?:msgstr.* (?:\".*\"\n?)+)+)"
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PLACE = re.compile(r"%\(\w+\)[sd]")


def _joined(quoted: str) -> str:
    return "".join(_QUOTED.findall(quoted)).replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")


def _entries(path: Path) -> dict[str, list[str]]:
    text = path.read_text(encoding="utf-8")
    return {
        _joined(found.group(1)): [_joined(one) for one in re.split(r"(?m)^msgstr", found.group(2))[1:]]
        for found in _ENTRY.finditer(text + "\n")
        if _joined(found.group(1))
    }


def test_no_msgid_lacks_swedish() -> None:
    entries = _entries(CATALOGUE)
    assert len(entries) > 600
    assert [msgid for msgid, texts in entries.items() if not all(texts)] == []


def test_every_translation_names_the_same_facts() -> None:
    for msgid, texts in _entries(CATALOGUE).items():
        for text in texts:
            assert set(_PLACE.findall(text)) == set(_PLACE.findall(msgid)), msgid


def test_every_text_in_the_tree_is_in_the_catalogue(tmp_path: Path) -> None:
    """The catalogue is made anew from a copy of the tree and compared."""
    copy = tmp_path / "portal"
    shutil.copytree(PORTAL, copy, ignore=shutil.ignore_patterns("static", "locale", "__pycache__"))
    (copy / "locale").mkdir()
    command = [sys.executable, "-m", "django", "makemessages", "-l", "sv", "--no-location"]
    subprocess.run(command, cwd=copy, check=True, capture_output=True, env={"PATH": "/usr/bin:/bin"})
    fresh = set(_entries(copy / "locale" / "sv" / "LC_MESSAGES" / "django.po"))
    assert fresh - set(_entries(CATALOGUE)) == set()


def test_what_is_compiled_is_what_is_written() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for msgid, texts in _entries(CATALOGUE).items():
        if len(texts) == 1:
            assert compiled.gettext(msgid) == texts[0]


def test_the_record_of_what_happened_has_one_word_in_each_language() -> None:
    """*Logg* in Swedish, where a journal is a patient's; *journal* in English, where a log is a program's."""
    english = re.compile(r"\blogs?\b(?! (?:in|out)\b)", re.IGNORECASE)
    swedish = re.compile(r"\bjournal(?![/._-])", re.IGNORECASE)  # a file's or fact's name is no word
    entries = _entries(CATALOGUE)
    assert [msgid for msgid in entries if english.search(msgid)] == []
    assert [text for texts in entries.values() for text in texts if swedish.search(text)] == []
