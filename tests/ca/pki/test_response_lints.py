"""Every lint on OCSP responses finds the response that breaks its rule."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponderEncoding, OCSPResponseBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.pki import der
from ca.pki.keys import key_identifier
from ca.pki.lints import Severity
from ca.pki.response_lints import RESPONSE_LINTS, lint_response
from ca.pki.signer import SignatureAlgorithm
from tests.ca.pki.mutations import children
from tests.ca.pki.software_signer import stored_signer
from tests.ca.pki.world import AT, world_of

WORLD = world_of("p384")
SIGNER = stored_signer("p256-holder", SignatureAlgorithm.ECDSA_SHA256)
KEY_HASH = key_identifier(SIGNER.public_key)
HOUR = timedelta(hours=1)


def response(  # noqa: PLR0917 - a test's builder
    status: OCSPCertStatus = OCSPCertStatus.GOOD,
    this_update: datetime = AT,
    next_update: datetime | None = AT + 8 * HOUR,
    revoked_at: datetime | None = None,
    reason: x509.ReasonFlags | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
    nonce: bytes | None = None,
) -> bytes:
    """Return the ResponseData that cryptography makes."""
    certificate = x509.load_der_x509_certificate(WORLD.certificate_der("person_hsa_authentication"))
    issuer = x509.load_der_x509_certificate(WORLD.issuer("person_hsa_id_3").certificate_der or b"")
    signer = x509.load_der_x509_certificate(WORLD.certificate_der("ocsp_signer"))
    builder = (
        OCSPResponseBuilder()
        .add_response(
            certificate,
            issuer,
            algorithm or hashes.SHA1(),  # noqa: S303 - as most relying parties name certificates
            status,
            this_update,
            next_update,
            revoked_at,
            reason,
        )
        .responder_id(OCSPResponderEncoding.HASH, signer)
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    assert isinstance(SIGNER.key, EllipticCurvePrivateKey)
    return builder.sign(SIGNER.key, hashes.SHA256()).tbs_response_bytes


def produced(moment: datetime, response_data_der: bytes) -> bytes:
    """Return the response with another producedAt (cryptography takes the clock's)."""
    parts = children(response_data_der)
    parts[1] = der.generalized_time(moment)
    return der.sequence(*parts)


def revoked(revoked_at: datetime = AT - HOUR, reason: x509.ReasonFlags | None = None) -> bytes:
    return produced(AT, response(OCSPCertStatus.REVOKED, revoked_at=revoked_at, reason=reason))


def with_reason_extension() -> bytes:
    parts = children(produced(AT, response()))
    (single,) = children(parts[2])
    extension = der.extension("2.5.29.21", der.enumerated(1), critical=False)
    parts[2] = der.sequence(der.sequence(*children(single), der.explicit(1, der.sequence(extension))))
    return der.sequence(*parts)


def empty() -> bytes:
    parts = children(produced(AT, response()))
    parts[2] = der.sequence()
    return der.sequence(*parts)


GOOD = produced(AT, response())


@dataclass(frozen=True)
class Broken:
    """Bytes, and the lint that must find what is wrong with them."""

    lint: str
    response_data: Callable[[], bytes]
    key_hash: bytes = KEY_HASH
    signer_not_after: datetime | None = None
    unreadable: bool = False


BROKEN = [
    Broken("bytes_are_der_response_data", lambda: GOOD + b"\x00", unreadable=True),
    Broken("bytes_are_der_response_data", lambda: GOOD[:-1], unreadable=True),
    Broken("bytes_are_der_response_data", empty),
    Broken("responder_is_the_signer", lambda: GOOD, key_hash=b"x" * 20),
    Broken(
        "certificates_are_named_by_known_hashes", lambda: produced(AT, response(algorithm=hashes.SHA224()))
    ),
    Broken("answers_are_not_from_the_future", lambda: produced(AT - HOUR, response())),
    Broken("answers_end", lambda: produced(AT, response(next_update=None))),
    Broken("answers_end", lambda: produced(AT + 8 * HOUR, response())),
    Broken("answers_end", lambda: produced(AT, response(next_update=AT + 241 * HOUR))),
    Broken("answers_last_for_eight_hours", lambda: produced(AT, response(next_update=AT + HOUR))),
    Broken("answers_end_with_the_signers_certificate", lambda: GOOD, signer_not_after=AT + HOUR),
    Broken("revocations_lie_before_the_answer", lambda: revoked(AT + HOUR)),
    Broken("revocation_reasons_are_said_rightly", lambda: revoked(reason=x509.ReasonFlags.unspecified)),
    Broken("revocation_reasons_are_said_rightly", lambda: revoked(reason=x509.ReasonFlags.remove_from_crl)),
    Broken("answers_carry_no_reason_extension", with_reason_extension),
    Broken("nonce_is_of_allowed_length", lambda: produced(AT, response(nonce=b""))),
    Broken("nonce_is_of_allowed_length", lambda: produced(AT, response(nonce=b"x" * 129))),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.lint}-{BROKEN.index(broken)}")
def test_the_lint_finds_the_response_that_breaks_its_rule(broken: Broken) -> None:
    """A4, A18."""
    found = lint_response(
        broken.response_data(), responder_key_hash=broken.key_hash, signer_not_after=broken.signer_not_after
    )
    details = [finding.detail for finding in found if finding.lint == broken.lint]
    assert details
    if not broken.unreadable:
        assert not any(detail.startswith("cannot be read") for detail in details), details


def test_every_lint_has_a_response_that_breaks_it_and_cites_its_rule() -> None:
    assert {lint.name for lint in RESPONSE_LINTS} == {broken.lint for broken in BROKEN}
    for lint in RESPONSE_LINTS:
        assert len(lint.citation) > 8, lint.name
        assert lint.check.__doc__, lint.name


@pytest.mark.parametrize(
    "good",
    [
        lambda: GOOD,
        revoked,
        lambda: revoked(reason=x509.ReasonFlags.key_compromise),
        lambda: produced(AT, response(algorithm=hashes.SHA256(), nonce=b"n" * 32)),
        lambda: produced(AT, response(OCSPCertStatus.UNKNOWN)),
    ],
)
def test_nothing_is_found_in_a_good_response(good: Callable[[], bytes]) -> None:
    assert lint_response(good(), responder_key_hash=KEY_HASH, signer_not_after=AT + 8 * HOUR) == ()
    assert lint_response(good()) == ()


def test_several_answers_are_all_looked_at() -> None:
    parts, late = children(GOOD), children(produced(AT, response(this_update=AT + HOUR)))
    parts[2] = der.sequence(*children(parts[2]), *children(late[2]))
    found = lint_response(der.sequence(*parts))
    assert {finding.lint for finding in found} >= {"answers_are_not_from_the_future"}


def test_a_short_answer_is_a_warning() -> None:
    (found,) = lint_response(produced(AT, response(next_update=AT + HOUR)))
    assert found.severity is Severity.WARNING


@settings(max_examples=200, deadline=None)
@given(place=st.integers(min_value=0, max_value=1000), octet=st.integers(min_value=0, max_value=255))
def test_hostile_octets_are_a_finding_and_never_a_crash(place: int, octet: int) -> None:
    """F20."""
    place %= len(GOOD)
    lint_response(GOOD[:place] + bytes((octet,)) + GOOD[place + 1 :], responder_key_hash=KEY_HASH)
