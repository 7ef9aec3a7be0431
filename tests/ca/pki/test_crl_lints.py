"""Every CRL lint finds the list that breaks its rule."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.pki import der
from ca.pki.crl import prepare_crl
from ca.pki.crl_entries import Entries, RevokedEntry
from ca.pki.crl_lints import lint_crl
from ca.pki.crl_reading import CRL_LINTS, READ_IN_FULL, SAMPLE, CrlReading
from ca.pki.issuer import IssuerFacts
from ca.pki.reasons import RevocationReason
from ca.pki.signer import SignatureAlgorithm
from tests.ca.pki.mutations import (
    CRL_ALGORITHM,
    CRL_ISSUER,
    CRL_VERSION,
    NEXT_UPDATE,
    REVOKED,
    THIS_UPDATE,
    children,
    with_criticality,
    with_extension,
    with_part,
    without_extension,
)
from tests.ca.pki.world import AT as CEREMONY
from tests.ca.pki.world import serial_for, world_of

WORLD = world_of("p384")
ISSUER = WORLD.issuer("function")
NUMBER, DELTA, POINT, AKI = "2.5.29.20", "2.5.29.27", "2.5.29.28", "2.5.29.35"
DAY = timedelta(days=1)
AT = CEREMONY + 30 * DAY
GOOD = prepare_crl(
    issuer=ISSUER,
    entries=[
        RevokedEntry(
            serial_number=serial_for(name), revoked_at=AT - DAY, reason=reason, invalidity_at=AT - 2 * DAY
        ).encode()
        for name, reason in (("a", RevocationReason.KEY_COMPROMISE), ("b", RevocationReason.UNSPECIFIED))
    ],
    crl_number=7,
    this_update=AT,
    next_update=AT + DAY,
).tbs_der


@dataclass(frozen=True)
class Broken:
    """A change to good bytes, and the lint that must find it."""

    lint: str
    change: Callable[[bytes], bytes]
    unreadable: bool = False
    issuer: IssuerFacts = ISSUER


def revoked(*entries: bytes) -> Callable[[bytes], bytes]:
    return with_part(REVOKED, der.sequence(*entries))


def entry(serial_number: int = serial_for("c"), *extensions: bytes, ahead: timedelta = -DAY) -> bytes:
    extra = der.sequence(*extensions) if extensions else b""
    return der.sequence(der.integer(serial_number), der.time(AT + ahead), extra)


def reason(number: int, *, critical: bool = False) -> bytes:
    return der.extension("2.5.29.21", der.enumerated(number), critical=critical)


def invalid_from(moment: datetime) -> bytes:
    return der.extension("2.5.29.24", der.generalized_time(moment), critical=False)


def point(*, url: str = ISSUER.crl_url, **scope: object) -> Callable[[bytes], bytes]:
    facts: dict[str, object] = {
        "full_name": [x509.UniformResourceIdentifier(url)],
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
        **scope,
    }
    value = x509.IssuingDistributionPoint(**facts)  # type: ignore[arg-type]
    return with_extension(POINT, value.public_bytes(), critical=True)


WITH_DELTAS = replace(
    ISSUER, plan=replace(ISSUER.plan, delta_crl_interval=timedelta(minutes=5), announces_deltas=True)
)


def freshest(*, url: str = ISSUER.delta_crl_url) -> Callable[[bytes], bytes]:
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    return with_extension("2.5.29.46", x509.FreshestCRL([point]).public_bytes())


BROKEN = [
    Broken("bytes_are_a_der_crl", lambda tbs: tbs + b"\x00", unreadable=True),
    Broken("bytes_are_a_der_crl", lambda _tbs: b"\x30\x00", unreadable=True),
    Broken("crl_version_is_2", with_part(CRL_VERSION, der.integer(0)), unreadable=True),
    Broken("crl_version_is_2", with_part(CRL_VERSION, b"")),
    Broken(
        "crl_signature_algorithm_is_the_issuers",
        with_part(CRL_ALGORITHM, SignatureAlgorithm.ECDSA_SHA256.identifier_der),
    ),
    Broken("crl_issuer_name_is_the_issuers_subject", with_part(CRL_ISSUER, WORLD.issuer("root").name_der)),
    Broken("crl_dates_are_written_as_their_year_asks", with_part(THIS_UPDATE, der.generalized_time(AT))),
    Broken("crl_dates_are_written_as_their_year_asks", with_part(NEXT_UPDATE, b"")),
    Broken("crl_is_replaced_in_time", with_part(NEXT_UPDATE, der.time(AT))),
    Broken("crl_is_replaced_in_time", with_part(NEXT_UPDATE, der.time(AT + 3 * DAY))),
    Broken("crl_is_replaced_in_time", with_part(NEXT_UPDATE, b"")),
    Broken("crl_extensions_are_known", without_extension(NUMBER)),
    Broken("crl_extensions_are_known", with_extension("2.5.29.60", b"\x05\x00")),
    Broken("crl_extensions_are_critical_where_they_must_be", with_criticality(NUMBER, critical=True)),
    Broken("crl_extensions_are_critical_where_they_must_be", with_extension(DELTA, der.integer(3))),
    Broken("crl_authority_key_identifier_is_the_issuers", without_extension(AKI)),
    Broken(
        "crl_authority_key_identifier_is_the_issuers",
        with_extension(AKI, der.sequence(der.implicit(0, b"x" * 20))),
    ),
    Broken("crl_number_is_in_range", without_extension(NUMBER)),
    Broken("crl_number_is_in_range", with_extension(NUMBER, der.integer(1 << 159))),
    Broken("delta_builds_on_an_earlier_crl", with_extension(DELTA, der.integer(7), critical=True)),
    Broken(
        "delta_builds_on_an_earlier_crl",
        lambda tbs: without_extension(NUMBER)(with_extension(DELTA, der.integer(3), critical=True)(tbs)),
    ),
    Broken("issuing_distribution_point_is_one_of_the_issuers", point(url="http://else.example/a.crl")),
    Broken("issuing_distribution_point_is_one_of_the_issuers", point(indirect_crl=True)),
    Broken("issuing_distribution_point_is_one_of_the_issuers", point(only_contains_user_certs=True)),
    Broken("freshest_crl_is_the_issuers_delta", freshest()),
    Broken("freshest_crl_is_the_issuers_delta", lambda tbs: tbs, issuer=WITH_DELTAS),
    Broken("freshest_crl_is_the_issuers_delta", freshest(url=ISSUER.crl_url), issuer=WITH_DELTAS),
    Broken(
        "freshest_crl_is_the_issuers_delta",
        lambda tbs: freshest()(with_extension(DELTA, der.integer(3), critical=True)(tbs)),
        issuer=WITH_DELTAS,
    ),
    Broken("freshest_crl_is_the_issuers_delta", lambda tbs: freshest()(point()(tbs)), issuer=WITH_DELTAS),
    Broken("an_empty_list_is_left_out", revoked()),
    Broken("serial_numbers_stand_once", revoked(entry(), entry(serial_for("c"), reason(1)))),
    Broken(
        "serial_numbers_stand_once",
        revoked(entry(serial_for("c"), der.extension("1.2.3", b"x" * 200, critical=False))),
        unreadable=True,
    ),
    Broken("revoked_serial_numbers_are_in_range", revoked(entry(1 << 159))),
    Broken("revocations_lie_in_the_past", revoked(entry(ahead=timedelta(seconds=1)))),
    Broken(
        "entry_extensions_are_known_and_not_critical",
        revoked(entry(serial_for("c"), reason(1, critical=True))),
    ),
    Broken(
        "entry_extensions_are_known_and_not_critical",
        revoked(entry(serial_for("c"), der.extension("1.2.3", b"\x05\x00", critical=False))),
    ),
    Broken("reasons_are_said_rightly", revoked(entry(serial_for("c"), reason(0)))),
    Broken("reasons_are_said_rightly", revoked(entry(serial_for("c"), reason(8)))),
    Broken(
        "invalidity_precedes_revocation",
        revoked(entry(serial_for("c"), invalid_from(AT))),
    ),
    Broken(
        "invalidity_lies_in_the_issuers_life",
        revoked(entry(serial_for("c"), invalid_from(CEREMONY - timedelta(seconds=1)))),
    ),
    Broken(
        "invalidity_lies_in_the_issuers_life",
        revoked(entry(serial_for("c"), invalid_from(datetime(1900, 1, 1, tzinfo=UTC)))),
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.lint}-{BROKEN.index(broken)}")
def test_the_lint_finds_the_crl_that_breaks_its_rule(broken: Broken) -> None:
    """A7, A18."""
    found = lint_crl(broken.change(GOOD), issuer=broken.issuer)
    details = [finding.detail for finding in found if finding.lint == broken.lint]
    assert details
    if not broken.unreadable:
        assert not any(detail.startswith("cannot be read") for detail in details), details


def test_every_lint_has_a_crl_that_breaks_it_and_cites_its_rule() -> None:
    assert {lint.name for lint in CRL_LINTS} == {broken.lint for broken in BROKEN}
    for lint in CRL_LINTS:
        assert len(lint.citation) > 8, lint.name
        assert lint.check.__doc__, lint.name


def test_nothing_is_found_in_a_good_crl() -> None:
    assert lint_crl(GOOD, issuer=ISSUER) == ()
    assert lint_crl(point()(GOOD), issuer=ISSUER) == ()
    assert lint_crl(freshest()(GOOD), issuer=WITH_DELTAS) == ()


def test_remove_from_crl_is_right_in_a_delta() -> None:
    delta = with_extension(DELTA, der.integer(3), critical=True)(
        revoked(entry(serial_for("c"), reason(8)))(GOOD)
    )
    assert lint_crl(delta, issuer=ISSUER) == ()


def test_a_shard_names_one_of_the_issuers_points() -> None:
    sharded = replace(ISSUER, plan=replace(ISSUER.plan, crl_shards=3))
    assert lint_crl(point(url=sharded.crl_url_of(2))(GOOD), issuer=sharded) == ()
    assert lint_crl(point(url=sharded.crl_url_of(3))(GOOD), issuer=sharded)


def test_a_sample_is_spread_over_the_whole_list() -> None:
    entries = [entry((1 << 126) + n) for n in range(3 * READ_IN_FULL)]
    reading = CrlReading(tbs_der=revoked(*entries)(GOOD), issuer=ISSUER)
    assert list(reading.entries.pieces) == entries
    assert len(reading.entries.serials) == 3 * READ_IN_FULL
    numbers = [one.serial_number - (1 << 126) for one in reading.sample]
    assert numbers == list(range(0, 3 * READ_IN_FULL, 3 * READ_IN_FULL // SAMPLE))


@settings(max_examples=200, deadline=None)
@given(place=st.integers(min_value=0, max_value=1000), octet=st.integers(min_value=0, max_value=255))
def test_hostile_octets_are_a_finding_and_never_a_crash(place: int, octet: int) -> None:
    """F20."""
    place %= len(GOOD)
    lint_crl(GOOD[:place] + bytes((octet,)) + GOOD[place + 1 :], issuer=ISSUER)


def test_the_pieces_of_a_good_crl_are_where_the_changes_expect_them() -> None:
    assert len(children(GOOD)) == 7


def test_pieces_are_taken_only_when_they_are_the_list() -> None:
    """The short cut for long lists does not hide what is in the bytes."""
    pieces = [entry(serial_for("c")), entry(serial_for("d"))]
    good = revoked(*pieces)(GOOD)
    assert lint_crl(good, issuer=ISSUER, entries=Entries.gather(pieces)) == ()
    joined, half = b"".join(pieces), len(pieces[0]) // 2
    longer = [entry(serial_for("e"), reason(1)), entry(serial_for("f"))]
    for wrong in (
        longer,
        [],
        pieces[:1],
        [joined],
        [joined[:half], joined[half:]],
        [*pieces[:1], b"x" * len(pieces[1])],
    ):
        found = {finding.lint for finding in lint_crl(good, issuer=ISSUER, entries=Entries.gather(wrong))}
        assert found & {"bytes_are_a_der_crl", "serial_numbers_stand_once"}, wrong
