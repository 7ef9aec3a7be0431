"""The registry: errors stop, warnings are told, and a lint that falls over is an error."""

from collections.abc import Iterator

import pytest

from ca.pki.errors import LintFailed
from ca.pki.lints import Finding, Registry, Severity, differences, stop_on_errors


def finding(severity: Severity) -> Finding:
    return Finding(lint="x", severity=severity, citation="RFC 1", detail="y")


def test_an_error_stops_and_tells_everything_that_was_found() -> None:
    found = (finding(Severity.WARNING), finding(Severity.ERROR))
    with pytest.raises(LintFailed, match="x: y") as failed:
        stop_on_errors(found)
    assert failed.value.findings == found
    assert failed.value.facts == {"lints": "x"}
    assert failed.value.code == "lint_failed"


def test_warnings_and_notices_are_told_and_do_not_stop() -> None:
    found = (finding(Severity.WARNING), finding(Severity.NOTICE))
    assert stop_on_errors(found) == found


def test_two_lints_cannot_have_one_name() -> None:
    registry: Registry[bytes] = Registry()

    def rule(subject: bytes) -> Iterator[str]:
        yield from (subject.decode(),)

    registry.rule("RFC 1")(rule)
    with pytest.raises(ValueError, match="two lints are called rule"):
        registry.rule("RFC 2")(rule)


def test_a_lint_that_falls_over_is_an_error_whatever_its_severity() -> None:
    """F17: what nobody thought of does not pass."""
    registry: Registry[bytes] = Registry()

    def careless(subject: bytes) -> Iterator[str]:
        yield subject.decode("ascii")

    registry.rule("RFC 1", severity=Severity.NOTICE)(careless)
    assert [one.severity for one in registry.run(b"fine")] == [Severity.NOTICE]
    (found,) = registry.run(b"\xff")
    assert found.severity is Severity.ERROR
    assert found.detail.startswith("cannot be read")


def test_parsers_that_read_other_bytes_are_told_of() -> None:
    assert list(differences(b"a", b"a", b"a")) == []
    assert len(list(differences(b"a", b"a", b"b"))) == 1
