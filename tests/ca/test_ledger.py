"""The ledger: what was appended stays, and what was changed is noticed."""

import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ca.errors import LedgerDamaged
from ca.ledger import LedgerEntry, RevocationLedger


def entry(number: int) -> LedgerEntry:
    return LedgerEntry(
        issuer="person_id_3",
        serial=f"{number:032x}",
        certificate_id=str(number),
        revoked_at="2026-07-01T12:00:00.000000Z",
        requested_at="2026-07-01T11:00:00.000000Z",
        invalidity_at="",
        not_after="2031-07-01T12:00:00.000000Z",
        reason=4,
    )


def test_what_was_appended_is_read_by_another_reader(tmp_path: Path) -> None:
    file = tmp_path / "ledger" / "revocations.log"
    assert RevocationLedger(file).append([entry(1), entry(2)]) == 2
    assert RevocationLedger(file).entries() == [entry(1), entry(2)]


def test_the_same_revocation_is_appended_once(tmp_path: Path) -> None:
    file = tmp_path / "revocations.log"
    ledger = RevocationLedger(file)
    assert ledger.append([entry(1), entry(1)]) == 1
    assert ledger.append([entry(1)]) == 0
    assert RevocationLedger(file).append([entry(1)]) == 0
    assert len(file.read_bytes().splitlines()) == 1


def test_a_ledger_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert RevocationLedger(tmp_path / "none.log").entries() == []


@pytest.mark.parametrize("kept", [1, 40, 200])
def test_a_last_line_cut_by_a_crash_is_removed_and_the_ledger_goes_on(tmp_path: Path, kept: int) -> None:
    file = tmp_path / "revocations.log"
    RevocationLedger(file).append([entry(1), entry(2)])
    first, second = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + second[:kept])
    assert RevocationLedger(file).entries() == [entry(1)]
    assert RevocationLedger(file).append([entry(2), entry(3)]) == 2
    assert RevocationLedger(file).entries() == [entry(1), entry(2), entry(3)]


def change_a_serial(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b"0001", b"0009"), *lines[1:]]


def drop_the_first(lines: list[bytes]) -> list[bytes]:
    return lines[1:]


def drop_the_middle(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[2]]


def swap(lines: list[bytes]) -> list[bytes]:
    return [lines[1], lines[0], lines[2]]


def add_rubbish(lines: list[bytes]) -> list[bytes]:
    return [*lines, b"rubbish\n"]


@pytest.mark.parametrize("tamper", [change_a_serial, drop_the_first, drop_the_middle, swap, add_rubbish])
def test_a_changed_ledger_is_noticed_and_nothing_is_appended_to_it(tmp_path: Path, tamper) -> None:  # noqa: ANN001
    file = tmp_path / "revocations.log"
    RevocationLedger(file).append([entry(1), entry(2), entry(3)])
    file.write_bytes(b"".join(tamper(file.read_bytes().splitlines(keepends=True))))
    before = file.read_bytes()
    with pytest.raises(LedgerDamaged):
        RevocationLedger(file).entries()
    with pytest.raises(LedgerDamaged):
        RevocationLedger(file).append([entry(4)])
    assert file.read_bytes() == before


def test_several_processes_append_without_losing_a_line(tmp_path: Path) -> None:
    file = tmp_path / "revocations.log"
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.starmap(_append_many, [(file, start) for start in range(0, 400, 100)])
    assert {one.serial for one in RevocationLedger(file).entries()} == {f"{n:032x}" for n in range(400)}


def _append_many(file: Path, start: int) -> None:
    ledger = RevocationLedger(file)
    for number in range(start, start + 100):
        ledger.append([entry(number)])


def test_only_unexpired_revocations_count_for_a_crl(tmp_path: Path) -> None:
    ledger = RevocationLedger(tmp_path / "revocations.log")
    ledger.append([entry(1)])
    assert ledger.revoked_serials("person_id_3", at=datetime(2030, 1, 1, tzinfo=UTC)) == {entry(1).serial}
    assert not ledger.revoked_serials("person_id_3", at=datetime(2032, 1, 1, tzinfo=UTC))
    assert not ledger.revoked_serials("root", at=datetime(2030, 1, 1, tzinfo=UTC))


def test_what_lies_ahead_of_the_clock_is_left_to_a_later_crl(tmp_path: Path) -> None:
    """Another host's clock may be ahead: a CRL may not list what was revoked after its thisUpdate."""
    ledger = RevocationLedger(tmp_path / "revocations.log")
    ledger.append([entry(1)])
    revoked_at = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert not ledger.revoked_serials("person_id_3", at=revoked_at - timedelta(seconds=1))
    assert list(ledger.revoked_since("person_id_3", at=revoked_at)) == [entry(1).serial]
    assert not list(ledger.revoked_since("person_id_3", at=revoked_at, since=revoked_at))


def test_what_others_appended_is_known_without_reading_all_again(tmp_path: Path) -> None:
    file = tmp_path / "revocations.log"
    one, other = RevocationLedger(file), RevocationLedger(file)
    one.append([entry(1)])
    assert other.count() == 1
    one.append([entry(2)])
    assert other.unknown("person_id_3", [entry(2).serial, entry(3).serial]) == [entry(3).serial]
    assert other.unknown("person_id_2", [entry(2).serial]) == [entry(2).serial]
    file.unlink()
    assert other.count() == 0
