"""Each check of authn.md section 7 says no by itself; the certificate's checks and the status's manners."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from authn import evidence
from authn.certificate import MalformedCertificate, read_certificate
from authn.checks import (
    Requirement,
    check_assurance,
    check_card,
    check_carrier,
    check_issuer,
    check_path,
    check_risk,
    check_subject,
    check_usage,
)
from authn.errors import CheckFailed
from authn.evidence import Purpose
from authn.hints import FailureHint
from authn.models import AuthnOrder, UsedNonce
from authn.orders import Failed
from authn.status import recheck
from authn.trust import LOA2, LOA3, load_trust
from tests.authn import card_register
from tests.authn.conftest import Service
from tests.authn.pki import ARC, CARD, NUMBER, START, Holder, Pki
from tests.authn.status_service import StatusService
from tests.authn.test_ocsp_answer import forged

if TYPE_CHECKING:
    from pytest_django import Settings

NOW = datetime.now(UTC)
LOGIN = Requirement(loas=(LOA3,), carriers=("card",))


def refused(act: Callable[[], object]) -> FailureHint:
    with pytest.raises(CheckFailed) as failure:
        act()
    return failure.value.hint


def outcome(service: Service, certificate_der: bytes, **changes: object) -> str:
    """Run a whole answer through the API and return the hint that the waiting page sees."""
    started, robot = service.claimed(**changes)
    status, answer = robot.respond(certificate_der)
    seen = service.progress(started)
    if isinstance(seen, Failed):
        assert (status, answer["errorCode"]) == (400, seen.hint)
        return seen.hint
    return "complete"


# --- 2: strict DER ----------------------------------------------------------------------------------


def test_only_one_strict_certificate_is_read(pki: Pki) -> None:
    der = pki.holder(Holder())
    assert read_certificate(der).card_number == CARD
    for octets in (
        b"",
        der + b"\x00",
        der[:-1],
        der + der,
        b"\x30\x00",
        der.replace(b"\x13\x13", b"\x0c\x13"),
    ):
        with pytest.raises(MalformedCertificate):
            read_certificate(octets)


# --- 3: the server key ------------------------------------------------------------------------------


def test_a_client_behind_an_intercepting_proxy_logs_nobody_in(service: Service, pki: Pki) -> None:
    """T7."""
    started, robot = service.claimed()
    robot.spki = evidence.hashed(b"proxy")
    assert robot.respond(pki.holder(Holder()))[1]["errorCode"] == "bindingMismatch"
    assert service.progress(started) == Failed(hint=FailureHint.BINDING_MISMATCH)


# --- 4: algorithm -----------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES384", "ES512"])
def test_an_algorithm_that_does_not_fit_the_key_is_refused(
    service: Service, pki: Pki, algorithm: str
) -> None:
    _, robot = service.claimed()
    answer = robot.answer(pki.holder(Holder())) | {"alg": algorithm}
    assert robot.call("/c/v1/respond", answer)[1]["errorCode"] == "signatureInvalid"


# --- 5: usage ---------------------------------------------------------------------------------------

SIGNATURE_KEY = Holder(usages=("content_commitment",), extended=())


@pytest.mark.parametrize(
    ("holder", "purpose", "fits"),
    [
        (Holder(), Purpose.AUTH, True),
        (Holder(), Purpose.AUTH_FOR_SIGN, True),
        (Holder(), Purpose.ENROL, True),
        (Holder(), Purpose.SIGN, False),
        (Holder(), Purpose.RECEIPT, False),
        (SIGNATURE_KEY, Purpose.SIGN, True),
        (SIGNATURE_KEY, Purpose.RECEIPT, True),
        (SIGNATURE_KEY, Purpose.AUTH, False),
        (Holder(usages=("digital_signature", "content_commitment")), Purpose.AUTH, False),
        (Holder(usages=("digital_signature", "content_commitment")), Purpose.SIGN, False),
        (Holder(usages=("content_commitment",)), Purpose.SIGN, False),
        (Holder(usages=("key_encipherment",)), Purpose.AUTH, False),
        (Holder(usages=()), Purpose.AUTH, False),
        (Holder(extended=()), Purpose.AUTH, False),
        (Holder(extended=(ExtendedKeyUsageOID.SERVER_AUTH,)), Purpose.AUTH, False),
        (Holder(is_ca=True), Purpose.AUTH, False),
    ],
)
def test_a_key_does_what_it_was_certified_for_and_nothing_else(
    pki: Pki, holder: Holder, purpose: Purpose, *, fits: bool
) -> None:
    """T9."""
    certificate = read_certificate(pki.holder(holder))
    if fits:
        check_usage(certificate, purpose=purpose)
    else:
        assert refused(lambda: check_usage(certificate, purpose=purpose)) is FailureHint.CERTIFICATE_USAGE


def test_a_signature_key_does_not_log_in(service: Service, pki: Pki) -> None:
    """T9."""
    assert outcome(service, pki.holder(SIGNATURE_KEY)) == "certificateUsage"


# --- 6: issuer --------------------------------------------------------------------------------------


def test_an_issuer_of_the_same_name_with_another_key_is_refused(service: Service, pki: Pki) -> None:
    der = pki.holder(Holder(), issuer=pki.stranger, signer="stranger")
    assert outcome(service, der) == "certificateUntrusted"


def test_the_issuer_of_functions_lets_no_person_in(service: Service, pki: Pki) -> None:
    der = pki.holder(Holder(), issuer=pki.function_issuer, signer="function")
    assert outcome(service, der) == "certificateUntrusted"


def test_a_certificate_of_qa_lets_nobody_in_though_qas_issuers_are_published_too(
    service: Service, pki: Pki, settings: "Settings"
) -> None:
    """QA-3: QA's issuers lie in aia/ beside PROD's, under a root that this login does not know."""
    qa_issuer = pki.stranger.public_bytes(Encoding.DER)
    (Path(settings.SIGILL_PUBLIC) / "aia" / "testpersonid3.cer").write_bytes(qa_issuer)
    trust = load_trust()
    assert qa_issuer not in trust.issuers
    assert len(trust.issuers) == 2
    der = pki.holder(Holder(), issuer=pki.stranger, signer="stranger")
    assert outcome(service, der) == "certificateUntrusted"


def test_the_relying_party_may_narrow_the_issuers(trusted: Pki) -> None:
    wanted = Requirement(issuers=(trusted.issuer.subject.rfc4514_string(),))
    other = read_certificate(trusted.holder(Holder(), issuer=trusted.other_issuer, signer="other"))
    right = read_certificate(trusted.holder(Holder()))
    trust = load_trust()
    check_issuer(right, requirement=wanted, trust=trust)
    check_issuer(other, requirement=Requirement(), trust=trust)
    hint = refused(lambda: check_issuer(other, requirement=wanted, trust=trust))
    assert hint is FailureHint.CERTIFICATE_UNTRUSTED


# --- 7: path ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("holder", "hint"),
    [
        (Holder(not_after=START + timedelta(days=1)), "certificateExpired"),
        (Holder(not_before=NOW + timedelta(days=1)), "certificateExpired"),
        (Holder(policies=()), "loaTooLow"),
        (Holder(policies=("1.2.3.4",)), "loaTooLow"),
        (Holder(policies=(f"{ARC}.4",)), "loaTooLow"),
        (Holder(policies=("2.5.29.32.0",)), "loaTooLow"),
    ],
)
def test_a_certificate_out_of_time_or_of_another_policy_is_refused(
    service: Service, pki: Pki, holder: Holder, hint: str
) -> None:
    """T8 (the LoA2 twin) and T10."""
    assert outcome(service, pki.holder(holder)) == hint


def test_the_twin_of_a_lower_level_is_refused_by_its_path_and_by_its_policy(trusted: Pki) -> None:
    """T8: two guards, each by itself."""
    twin, trust = read_certificate(trusted.holder(Holder(policies=(f"{ARC}.4",)))), load_trust()
    wanted = Requirement(loas=(LOA3,))
    at = datetime.now(UTC)
    assert (
        refused(lambda: check_path(twin, requirement=wanted, trust=trust, at=at)) is FailureHint.LOA_TOO_LOW
    )
    low = refused(lambda: check_assurance(twin, requirement=wanted, trust=trust))
    assert low is FailureHint.LOA_TOO_LOW


@pytest.mark.parametrize("skew", [timedelta(minutes=-10), timedelta(minutes=10)])
def test_a_clock_ten_minutes_off_does_not_stretch_a_certificate(trusted: Pki, skew: timedelta) -> None:
    """T18: the moment decides, to the second."""
    at = datetime.now(UTC).replace(microsecond=0)
    edge = at + skew
    der = trusted.holder(Holder(not_before=at, not_after=at + timedelta(hours=1)))

    def check() -> object:
        certificate = read_certificate(der)
        return check_path(certificate, requirement=LOGIN, trust=load_trust(), at=edge)

    if skew > timedelta(0):
        assert len(check()) == 2  # type: ignore[arg-type]
    else:
        assert refused(check) is FailureHint.CERTIFICATE_EXPIRED


def test_without_anchors_nobody_is_trusted(trusted: Pki, settings: "Settings", tmp_path: object) -> None:
    der = trusted.holder(Holder())
    settings.SIGILL_PUBLIC = tmp_path
    (tmp_path / "aia").mkdir()  # type: ignore[operator]
    hint = refused(lambda: check_path(read_certificate(der), requirement=LOGIN, trust=load_trust(), at=NOW))
    assert hint is FailureHint.CERTIFICATE_UNTRUSTED


# --- 8: status --------------------------------------------------------------------------------------


def test_a_revoked_certificate_logs_nobody_in(
    service: Service, pki: Pki, status_service: StatusService
) -> None:
    """T10."""
    status_service.behave(status=ocsp.OCSPCertStatus.REVOKED)
    assert outcome(service, pki.holder(Holder())) == "certificateRevoked"


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "wrong"},
        {"nonce": "none", "produced_ago": timedelta(minutes=16)},
        {"produced_ago": timedelta(minutes=-10)},
        {"produced_ago": timedelta(minutes=1), "lasts": timedelta(seconds=30)},
        {"other_serial": True},
        {"change": forged},
        {"signer": "issuer384", "change": forged},
        {"change": lambda der: der[:-1]},
        {"change": lambda der: der[:-20] + bytes(20)},
        {"change": lambda _: b""},
        {"change": lambda _: ocsp_error(ocsp.OCSPResponseStatus.TRY_LATER)},
        {"change": lambda _: ocsp_error(ocsp.OCSPResponseStatus.UNAUTHORIZED)},
        {"change": lambda _: b"x" * 100_000},
    ],
)
def test_an_answer_that_is_wrong_in_any_part_is_no_answer(
    trusted: Pki, status_service: StatusService, changes: dict[str, object]
) -> None:
    """T10 and F35: accepts good only, and fails closed; the issuer's CRL is no way around a bad answer."""
    del status_service.crls["issuer"]
    status_service.behave(**changes)
    assert refused(lambda: look(trusted)) is FailureHint.REVOCATION_UNAVAILABLE


def ocsp_error(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)


def look(trusted: Pki, holder: Holder | None = None) -> None:
    der = trusted.holder(holder or Holder())
    recheck(der, trust=load_trust(), loas=(LOA3,), at=datetime.now(UTC))


@pytest.mark.parametrize("kind", ["no usage", "other usage", "stranger", "expired"])
def test_a_responder_that_was_not_delegated_is_not_believed(
    trusted: Pki, status_service: StatusService, kind: str
) -> None:
    """F35: wrong signer, wrong EKU, expired signer."""
    match kind:
        case "no usage":
            signer = trusted.ocsp_signer("evil", extended=())
        case "other usage":
            signer = trusted.ocsp_signer("evil", extended=(ExtendedKeyUsageOID.CLIENT_AUTH,))
        case "stranger":
            signer = trusted.ocsp_signer("evil", signer="stranger")
        case _:
            signer = trusted.ocsp_signer("evil", not_after=START + timedelta(days=1))
    status_service.behave(signer="evil", signer_certificate=signer)
    assert refused(lambda: look(trusted)) is FailureHint.REVOCATION_UNAVAILABLE


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"signer": "issuer384"},
        {"produced_ago": timedelta(minutes=1)},
        {"nonce": "none", "produced_ago": timedelta(minutes=10)},
    ],
)
def test_a_right_answer_is_accepted(
    trusted: Pki, status_service: StatusService, changes: dict[str, object]
) -> None:
    status_service.behave(**changes)
    look(trusted)
    assert status_service.asked == 1


def test_a_responder_that_does_not_know_the_certificate_lets_nobody_in(
    trusted: Pki, status_service: StatusService
) -> None:
    status_service.behave(status=ocsp.OCSPCertStatus.UNKNOWN)
    assert refused(lambda: look(trusted)) is FailureHint.CERTIFICATE_UNTRUSTED


@pytest.mark.parametrize("skew", [timedelta(minutes=-10), timedelta(minutes=10)])
def test_with_a_clock_ten_minutes_off_no_status_is_fresh(trusted: Pki, skew: timedelta) -> None:
    """T18."""
    der = trusted.holder(Holder())
    hint = refused(lambda: recheck(der, trust=load_trust(), loas=(LOA3,), at=datetime.now(UTC) + skew))
    assert hint is FailureHint.REVOCATION_UNAVAILABLE


def test_a_certificate_without_a_responder_is_refused(trusted: Pki, status_service: StatusService) -> None:
    """T10: hard-fail would have said yes."""
    hint = refused(lambda: look(trusted, Holder(with_aia=False)))
    assert hint is FailureHint.REVOCATION_UNAVAILABLE
    assert status_service.asked == 0


@pytest.mark.parametrize(
    "address", ["http://evil.test/ocsp", "file:///etc/passwd", "http://[::1", "http://127.0.0.1:1@evil/"]
)
def test_no_address_outside_the_allowed_services_is_fetched(
    trusted: Pki, status_service: StatusService, address: str
) -> None:
    hint = refused(lambda: look(trusted, Holder(aia=address)))
    assert hint is FailureHint.REVOCATION_UNAVAILABLE
    assert status_service.asked == 0


def test_when_the_responder_is_down_a_fresh_revocation_list_is_enough(
    trusted: Pki, status_service: StatusService
) -> None:
    status_service.behave(http_status=503)
    look(trusted)
    status_service.crls["issuer"] = trusted.crl("issuer", this_update=NOW - timedelta(hours=25))
    assert refused(lambda: look(trusted)) is FailureHint.REVOCATION_UNAVAILABLE
    status_service.crls["issuer"] = trusted.crl("issuer", revoked=range(1000, 2000))
    assert refused(lambda: look(trusted)) is FailureHint.CERTIFICATE_REVOKED
    status_service.crls["issuer"] = b"junk"
    assert refused(lambda: look(trusted)) is FailureHint.REVOCATION_UNAVAILABLE


def test_an_issuer_without_status_or_revoked_lets_nobody_in(
    trusted: Pki, status_service: StatusService
) -> None:
    status_service.crls["root"] = trusted.crl("root", revoked=[trusted.issuer.serial_number])
    assert refused(lambda: look(trusted)) is FailureHint.CERTIFICATE_REVOKED
    del status_service.crls["root"]
    assert refused(lambda: look(trusted)) is FailureHint.REVOCATION_UNAVAILABLE


# --- 9, 10: level and carrier -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policies", "loa"),
    [
        ((f"{ARC}.1",), LOA3),
        ((f"{ARC}.2",), LOA3),
        ((f"{ARC}.3",), LOA3),
        ((f"{ARC}.4",), LOA2),
        ((f"{ARC}.6",), LOA2),
        ((f"{ARC}.10",), None),
        ((f"{ARC}.1", f"{ARC}.4"), None),
        ((), None),
    ],
)
def test_the_level_of_assurance_is_read_from_the_policy_alone(
    trusted: Pki, policies: tuple[str, ...], loa: str | None
) -> None:
    """PKI-4: an unknown or ambiguous policy is no level."""
    certificate = read_certificate(trusted.holder(Holder(policies=policies)))
    trust = load_trust()
    if loa is None:
        hint = refused(lambda: check_assurance(certificate, requirement=Requirement(), trust=trust))
        assert hint is FailureHint.LOA_TOO_LOW
        return
    assert check_assurance(certificate, requirement=Requirement(), trust=trust).loa == loa


def test_a_mobile_policy_is_no_card(service: Service, pki: Pki) -> None:
    """MOB-2: the policy OID alone says that the key lies in a mobile."""
    assert outcome(service, pki.holder(Holder(policies=(f"{ARC}.3",)))) == "wrongCarrier"
    meaning = check_assurance(
        read_certificate(pki.holder(Holder())), requirement=Requirement(), trust=load_trust()
    )
    check_carrier(meaning, requirement=Requirement(carriers=("card", "mobile")))


def test_a_mobile_is_held_against_the_register_of_mobiles(pki: Pki, service: Service) -> None:
    """MOB-3, check 11: not "no card, so no question": one that is not in use there logs nobody in."""
    certificate = read_certificate(pki.holder(Holder(policies=(f"{ARC}.3",))))
    meaning = check_assurance(certificate, requirement=Requirement(), trust=load_trust())
    card_register.ACTIVE_MOBILES.clear()
    hint = refused(lambda: check_card(certificate, meaning, at=NOW))
    assert hint is FailureHint.CARD_NOT_ACTIVE
    card_register.ACTIVE_MOBILES.add(certificate.sha256_hex)
    check_card(certificate, meaning, at=NOW)


# --- 11: card state ---------------------------------------------------------------------------------


def test_a_card_that_is_not_active_logs_nobody_in(service: Service, pki: Pki) -> None:
    card_register.ACTIVE.clear()
    assert outcome(service, pki.holder(Holder())) == "cardNotActive"


def test_a_card_policy_without_a_card_number_logs_nobody_in(service: Service, pki: Pki) -> None:
    assert outcome(service, pki.holder(Holder(card_number=""))) == "cardNotActive"


def test_a_card_blocked_between_claim_and_answer_logs_nobody_in(service: Service, pki: Pki) -> None:
    """T15."""
    started, robot = service.claimed()
    card_register.ACTIVE.clear()
    robot.respond(pki.holder(Holder()))
    assert service.progress(started) == Failed(hint=FailureHint.CARD_NOT_ACTIVE)


# --- 12: subject ------------------------------------------------------------------------------------


def test_an_order_for_one_person_is_not_answered_by_another(service: Service, pki: Pki) -> None:
    wanted = replace(LOGIN, subject_hashes=(evidence.hashed(NUMBER.encode()),))
    assert outcome(service, pki.holder(Holder()), requirement=wanted) == "complete"
    other = pki.holder(Holder(serial_number="198002029999"))
    assert outcome(service, other, requirement=wanted) == "wrongSubject"
    by_hsa_id = read_certificate(pki.holder(Holder(serial_number="SE0000000000-A1")))
    assert by_hsa_id.hsa_id == "SE0000000000-A1"
    assert refused(lambda: check_subject(by_hsa_id, requirement=wanted)) is FailureHint.WRONG_SUBJECT


# --- 13: signature ----------------------------------------------------------------------------------


def test_a_signature_by_another_key_is_refused(service: Service, pki: Pki) -> None:
    started, robot = service.claimed()
    robot.respond(pki.holder(Holder()), label="somebody else")
    assert service.progress(started) == Failed(hint=FailureHint.SIGNATURE_INVALID)


def test_a_twin_certificate_on_the_same_key_cannot_be_put_in_its_place(service: Service, pki: Pki) -> None:
    """T8: line 15 holds the certificate itself."""
    started, robot = service.claimed()
    twin = pki.holder(Holder(serial_number="198002029999"))
    answer = robot.answer(pki.holder(Holder())) | {"certificate": evidence.b64(twin)}
    robot.call("/c/v1/respond", answer)
    assert service.progress(started) == Failed(hint=FailureHint.SIGNATURE_INVALID)


@pytest.mark.parametrize(
    "lie",
    [
        {"purpose": "sign"},
        {"rpName": "Banken"},
        {"rpOrigin": "http://evil.test"},
        {"visible": {"text": "Något annat"}},
        {"flow": "other-device"},
        {"expiresAt": 4_000_000_000},
    ],
)
def test_a_client_that_was_shown_something_else_signed_something_else(
    service: Service, pki: Pki, lie: dict[str, object]
) -> None:
    """The server rebuilds the lines from its own row and parses nothing that the client echoes."""
    started, robot = service.claimed()
    robot.claimed |= lie
    robot.respond(pki.holder(Holder()))
    assert service.progress(started) == Failed(hint=FailureHint.SIGNATURE_INVALID)


# --- 14: nonces -------------------------------------------------------------------------------------


def test_nonces_are_spent_once(service: Service, pki: Pki) -> None:
    """T1: even if two orders were given the same random values, the second is not completed."""
    started, robot = service.claimed()
    order = AuthnOrder.objects.get(pk=started.order_ref)
    digest = evidence.sha256(bytes(order.server_random) + bytes(order.rp_challenge)).hex()
    UsedNonce.objects.create(digest=digest, order=order, used_at=NOW)
    robot.respond(pki.holder(Holder()))
    assert service.progress(started) == Failed(hint=FailureHint.SIGNATURE_INVALID)


# --- 15: risk ---------------------------------------------------------------------------------------


def test_no_certificate_logs_in_faster_than_a_person(
    service: Service, pki: Pki, settings: "Settings"
) -> None:
    settings.AUTHN_LOGINS_PER_CERTIFICATE = 2
    der = pki.holder(Holder())
    assert [outcome(service, der) for _ in range(3)] == ["complete", "complete", "riskBlocked"]
    other = read_certificate(pki.holder(Holder()))
    check_risk(other, purpose=Purpose.AUTH, at=NOW)
    # Acts have a bound of their own: logins do not use it up, and it holds too.
    signer = read_certificate(der)
    check_risk(signer, purpose=Purpose.AUTH_FOR_SIGN, at=NOW)
    settings.AUTHN_ACTS_PER_CERTIFICATE = 0
    with pytest.raises(CheckFailed, match="too many"):
        check_risk(signer, purpose=Purpose.AUTH_FOR_SIGN, at=NOW)
