"""What the bench computes, and that it asks what a client asks; nothing here measures time."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from bench.authority import Authority, serial_numbers
from bench.goals import GOALS
from bench.load import answered
from bench.measuring import NotMeasured, Work, cpu_seconds, family, interleaved, percentile, ratio

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_variants_take_turns_and_medians_are_compared() -> None:
    ran: list[str] = []
    ours, theirs = iter((2.0, 8.0, 4.0)), iter((8.0, 8.0, 80.0))

    def variant(name: str, rates: object) -> Work:
        ran.append(name)
        return Work(done=next(rates), cpu=1.0)  # type: ignore[call-overload]

    rates = interleaved(
        {"ours": lambda: variant("ours", ours), "theirs": lambda: variant("theirs", theirs)},
        rounds=3,
        say=lambda _: None,
    )
    assert ran == ["ours", "theirs"] * 3
    value, note = ratio(rates, "ours", "theirs")
    assert value == 0.5
    assert "0.05 to 1.00" in note


def test_work_without_visible_cpu_time_is_not_a_rate() -> None:
    with pytest.raises(NotMeasured):
        Work(done=1, cpu=0.0).rate  # noqa: B018 - reading it is what raises


@pytest.mark.parametrize(("share", "expected"), [(0.99, 99), (0.5, 50), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_the_nearest_rank(share: float, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected


def test_cpu_time_of_a_process_only_grows() -> None:
    before = cpu_seconds(os.getpid())
    assert before > 0
    assert cpu_seconds(*family(os.getpid())) >= before


def test_answers_that_are_not_200_do_not_count() -> None:
    assert answered("  120 requests in 1.00s, 2MB read") == 120
    for said in ("", "  0 requests in 1.00s", "  120 requests in 1.00s\n  Non-2xx or 3xx responses: 1"):
        with pytest.raises(NotMeasured):
            answered(said)


def test_goals_say_which_way_is_good() -> None:
    assert GOALS["ocsp_get_vs_nginx"].is_reached(0.6)
    assert not GOALS["ocsp_get_vs_nginx"].is_reached(0.59)
    assert GOALS["revoke_visible_p99"].is_reached(1.0)
    assert not GOALS["revoke_visible_p99"].is_reached(1.01)


def test_each_goal_stands_in_the_readme_or_has_a_row() -> None:
    folder = Path(__file__).resolve().parents[2] / "bench"
    told = (folder / "README.md").read_text() + (folder / "__main__.py").read_text()
    assert [row for row in GOALS if f'"{row}"' not in told and f"`{row}`" not in told] == []


def test_a_question_is_the_one_that_clients_send() -> None:
    authority = Authority.make(at=AT)
    (serial,) = serial_numbers(1)
    asked = x509.CertificateBuilder(
        subject_name=authority.certificate.subject,
        issuer_name=authority.certificate.subject,
        public_key=authority.signer_key.public_key(),
        serial_number=serial,
        not_valid_before=AT,
        not_valid_after=AT.replace(year=2027),
    ).sign(authority.key, hashes.SHA384())
    builder = ocsp.OCSPRequestBuilder().add_certificate(asked, authority.certificate, hashes.SHA1())  # noqa: S303 - RFC 5019
    assert authority.question(serial) == builder.build().public_bytes(Encoding.DER)
