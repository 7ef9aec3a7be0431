"""Tells every lint with its severity, its citation and what it asks for, as a table (`LINTS.md`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ca.pki.certificate_lints import LINT_MODULES
from ca.pki.certificate_reading import CERTIFICATE_LINTS
from ca.pki.crl_lints import ENTRY_LINTS
from ca.pki.crl_reading import CRL_LINTS
from ca.pki.response_lints import RESPONSE_LINTS
from ca.pki.time_stamp_lints import TIME_STAMP_LINTS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ca.pki.lints import Lint

FILLED = (*LINT_MODULES, ENTRY_LINTS)
"""Importing them filled the registries."""


def lint_table() -> str:
    """Return all lints in Markdown, by name."""
    parts = (
        ("Certificates", CERTIFICATE_LINTS),
        ("CRLs", CRL_LINTS),
        ("OCSP responses", RESPONSE_LINTS),
        ("Time-stamps", TIME_STAMP_LINTS),
    )
    return "\n\n".join(_part(title, lints) for title, lints in parts)


def _part(title: str, lints: Iterable[Lint[Any]]) -> str:
    rows = [
        f"| `{lint.name}` | {lint.severity.value} | {lint.citation} | {_asks(lint)} |"
        for lint in sorted(lints, key=lambda one: one.name)
    ]
    return "\n".join(
        [f"## {title}", "", "| lint | severity | by | asks |", "| --- | --- | --- | --- |", *rows]
    )


def _asks(lint: Lint[Any]) -> str:
    return (lint.check.__doc__ or "").strip().partition("\n")[0].replace("|", "\\|")
