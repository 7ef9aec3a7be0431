"""Rules of the house that no single part can hold: processes without Django, one word for each code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from journal.errors import DomainError
from journal.events import Event, known_events

ROOT = Path(__file__).resolve().parents[2]
HOUSE = (
    "authn", "ca", "cards", "client", "deploy", "directory", "functioncerts", "hsm_sim", "journal", "ocsp",
    "portal", "reports", "tests", "worker",
)  # fmt: skip


@pytest.mark.parametrize(
    "module",
    [
        "ca.pki.issuance", "ca.pki.crl", "ocsp.wire.request", "ocsp.wire.response", "ocsp.store.lmdb_store",
        "ocsp.responder.server", "authn.evidence", "cards.states", "cards.stock_states", "ca.states",
        "authn.states",
        "journal.merkle", "journal.verify", "client.flows", "hsm_sim.factory",
    ],
)  # fmt: skip
def test_the_core_loads_without_django(module: str) -> None:
    program = f"import {module}, sys; sys.exit(any(name == 'django' for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_the_responder_process_loads_neither_django_nor_pkcs11() -> None:
    program = (
        "import worker.mains.responder, sys; "
        "sys.exit(any(name in sys.modules for name in ('django', 'PyKCS11')))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("folder", HOUSE)
def test_every_folder_says_what_it_is_for(folder: str) -> None:
    text = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {folder}"), folder
    assert len(text.split()) > 20


def all_errors() -> list[type[DomainError]]:
    found, pending = [], [DomainError]
    while pending:
        kind = pending.pop()
        found.append(kind)
        pending.extend(kind.__subclasses__())
    return found


def test_no_code_means_two_things() -> None:
    """Siblings may know the same fact under the same name and code; no code has two names."""
    by_code: dict[str, set[str]] = {}
    for kind in all_errors():
        if kind.__module__.startswith("tests.") or "code" not in vars(kind):
            continue
        by_code.setdefault(kind.code, set()).add(kind.__name__)
    assert {code: names for code, names in by_code.items() if len(names) > 1} == {}


def test_events_are_named_in_the_past_and_hold_no_personal_data() -> None:
    forbidden = re.compile(r"name_|surname|given_name|personal|pin|puk|secret|password|token$", re.IGNORECASE)
    for (name, _), kind in known_events().items():
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", name), name
        assert not [field for field in kind.__dataclass_fields__ if forbidden.search(field)], name
    assert Event.TYPE == ""


def test_no_committed_file_names_a_package_registry() -> None:
    listed = subprocess.run(
        ["git", "grep", "-lIE", "pypi\\.org|registry\\.npmjs|deb\\.debian|files\\.pythonhosted"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [file for file in listed.stdout.split() if file != "tests/architecture/test_rules.py"] == []
