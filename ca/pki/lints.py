"""The registry of lints: each has a name, a severity and the rule it cites, and returns what it found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from ca.pki.errors import LintFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_T = TypeVar("_T")


class Severity(StrEnum):
    """ERROR stops the signature; WARNING and NOTICE are reported."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a lint found."""

    lint: str
    severity: Severity
    citation: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lint(Generic[_T]):
    """One rule about to-be-signed bytes."""

    name: str
    severity: Severity
    citation: str
    check: Callable[[_T], Iterable[str]]

    def finding(self, detail: str) -> Finding:
        """Return one way in which the rule is broken."""
        return Finding(lint=self.name, severity=self.severity, citation=self.citation, detail=detail)


class Registry(Generic[_T]):
    """All lints about one kind of bytes, in the order they were written."""

    def __init__(self) -> None:
        self._lints: dict[str, Lint[_T]] = {}

    def __iter__(self) -> Iterator[Lint[_T]]:
        return iter(self._lints.values())

    def rule(
        self, citation: str, *, severity: Severity = Severity.ERROR
    ) -> Callable[[Callable[[_T], Iterable[str]]], Callable[[_T], Iterable[str]]]:
        """Register the decorated function under its own name."""

        def register(check: Callable[[_T], Iterable[str]]) -> Callable[[_T], Iterable[str]]:
            name = check.__name__
            if name in self._lints:
                raise ValueError(f"two lints are called {name}")
            self._lints[name] = Lint(name=name, severity=severity, citation=citation, check=check)
            return check

        return register

    def run(self, subject: _T) -> tuple[Finding, ...]:
        """Ask every lint. A lint that falls over on hostile bytes has found something, and is an error."""
        found: list[Finding] = []
        for lint in self._lints.values():
            try:
                for detail in lint.check(subject):
                    found.append(lint.finding(detail))  # noqa: PERF401 - what came before a fall counts
            except Exception as error:  # noqa: BLE001 - fails closed: whatever it is, it becomes a finding
                found.append(
                    Finding(
                        lint=lint.name,
                        severity=Severity.ERROR,
                        citation=lint.citation,
                        detail=f"cannot be read: {error}",
                    )
                )
        return tuple(found)


def differences(linted: _T, *read: _T) -> Iterator[str]:
    """Yield a detail unless every parser reads the same (bytes, or number of things) as was given to it."""
    if any(again != linted for again in read):
        yield "a parser reads something else than was given to it"


def stop_on_errors(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings when none is an error; else raise LintFailed with all of them."""
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise LintFailed(findings)
    return findings
