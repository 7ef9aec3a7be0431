"""Guards with another one behind: each alone, so that taking one out is seen although nobody gets in."""

from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pytest_django import Settings

from authn import checks, ocsp_answer, orders, qr
from authn.certificate import read_certificate
from authn.checks import Requirement, check_card, check_subject
from authn.errors import CheckFailed, InvalidParameters, OrderNotFound
from authn.evidence import MAX_NON_VISIBLE_OCTETS, Answer, Flow, hashed
from authn.hints import FailureHint
from authn.levels import LOA3
from authn.models import AuthnOrder, RelyingParty
from authn.trust import Carrier, PolicyMeaning, load_trust
from tests.authn.conftest import ACTOR, RP, Service
from tests.authn.pki import Holder, Pki
from tests.authn.status_service import StatusService
from tests.authn.test_return_code import answered, typed

EXPIRED = Holder(not_after=datetime(2026, 1, 3, tzinfo=UTC))


def _none(_kind: object) -> None:
    raise x509.ExtensionNotFound("no nonce", x509.OCSPNonce.oid)


def every_card_is_active(card_number: str, at: datetime) -> bool:
    assert at.tzinfo is not None
    return card_number is not None


@pytest.mark.parametrize(
    ("holder", "changes"),
    [
        (Holder(), {"spki": hashed(b"proxy")}),
        (Holder(), {"alg": "ES384"}),
        (Holder(usages=("content_commitment",), extended=()), {}),
        (EXPIRED, {}),
    ],
)
def test_what_is_wrong_in_answer_or_path_is_refused_before_anybody_is_asked_of_its_status(
    service: Service, pki: Pki, status_service: StatusService, holder: Holder, changes: dict[str, str]
) -> None:
    """Section 7: the order of the checks; the later ones would refuse it too, by other people's servers."""
    _, robot = service.claimed()
    answer = robot.answer(pki.holder(holder)) | changes
    before = status_service.asked
    assert robot.call("/c/v1/respond", answer)[0] == 400
    assert status_service.asked == before


def test_a_key_is_not_of_another_algorithm(pki: Pki) -> None:
    answer = Answer(
        certificate_der=pki.holder(Holder()),
        algorithm="RS256",
        signature=b"x",
        user_challenge="x",
        server_spki="x",
    )
    with pytest.raises(CheckFailed) as refused:
        checks.check_algorithm_fits(answer)
    assert refused.value.hint is FailureHint.SIGNATURE_INVALID


def test_a_card_without_a_number_is_not_active_whatever_the_register_says(
    pki: Pki, settings: Settings
) -> None:
    settings.AUTHN_CARD_STATE = f"{__name__}.every_card_is_active"
    meaning = PolicyMeaning(oid="1.2", loa=LOA3, carrier=Carrier.CARD)
    certificate = read_certificate(pki.holder(Holder()))
    check_card(certificate, meaning, at=datetime.now(UTC))
    with pytest.raises(CheckFailed):
        check_card(replace(certificate, card_number=""), meaning, at=datetime.now(UTC))


def test_nobody_is_not_the_person_wanted(pki: Pki) -> None:
    """Not even where the hash of nothing is what is wanted."""
    certificate = read_certificate(pki.holder(Holder()))
    nobody = replace(certificate, personal_identity_number="", hsa_id="")
    with pytest.raises(CheckFailed):
        check_subject(nobody, requirement=Requirement(subject_hashes=(hashed(b""),)))


def test_a_frame_made_with_no_secret_is_not_genuine() -> None:
    """T3: an order of the other flow has none, and anybody can compute its MAC."""
    frame = qr.read_frame(qr.qr_text("A" * 22, secret=b"", second=1))
    assert frame is not None
    assert not qr.is_genuine(frame, secret=b"", elapsed=1.0)
    assert not qr.is_genuine(frame, secret=b"x" * 32, elapsed=1.0)


def test_the_second_who_collects_gets_nothing_though_both_saw_it_ready(
    service: Service, pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T13: both looked before either took it."""
    started, robot = service.claimed()
    assert robot.respond(pki.holder(Holder()))[0] == 200
    seen = AuthnOrder.objects.select_related("relying_party").get(pk=started.order_ref)
    monkeypatch.setattr(orders, "_order_of", lambda *_given, **_named: copy(seen))
    assert isinstance(service.collect(started), orders.Complete)
    with pytest.raises(OrderNotFound):
        service.collect(started)


def test_after_three_tries_the_right_digits_open_nothing_though_the_answer_is_still_there(
    service: Service, pki: Pki
) -> None:
    started, code = answered(service, pki)
    AuthnOrder.objects.filter(pk=started.order_ref).update(return_code_tries=3)
    with pytest.raises(OrderNotFound):
        typed(started, code)


@pytest.mark.parametrize(
    "changes",
    [
        {"flow": Flow.OTHER_DEVICE},
        {"non_visible": bytes(MAX_NON_VISIBLE_OCTETS + 1)},
        {"rp_challenge": bytes(65)},
    ],
)
def test_a_service_asks_within_its_registration_and_bounds(
    service: Service, changes: dict[str, object]
) -> None:
    RelyingParty.objects.filter(rp_id=RP).update(flows=[Flow.SAME_DEVICE.value])
    with pytest.raises(InvalidParameters):
        service.start(**changes)
    service.start(non_visible=bytes(MAX_NON_VISIBLE_OCTETS))


def test_a_closed_service_starts_nothing(service: Service) -> None:
    RelyingParty.objects.filter(rp_id=RP).update(closed_at=datetime.now(UTC))
    with pytest.raises(InvalidParameters):
        service.start()
    with pytest.raises(InvalidParameters):
        orders.start(
            "unknown",
            orders.StartRequest(rp_challenge=bytes(64), return_url="x", visible_text="x"),
            actor=ACTOR,
            at=datetime.now(UTC),
        )


def test_only_issuers_are_trusted_as_issuers(trusted: Pki, settings: Settings) -> None:
    """A card's certificate that lies among the issuers' is none, though the root signed it."""
    settings.AUTHN_ISSUER_PATTERN = "Test"
    before = load_trust().issuers
    leaf = trusted.holder(Holder(), issuer=trusted.root, signer="root")
    assert not read_certificate(leaf).is_ca
    (Path(settings.SIGILL_PUBLIC) / "aia" / "leaf.cer").write_bytes(leaf)
    assert load_trust().issuers == before


@pytest.mark.parametrize("digest", [hashes.SHA1(), hashes.MD5(), None])  # noqa: S303 - what must be refused
def test_an_answer_signed_over_a_weak_digest_is_not_believed(
    pki: Pki, digest: hashes.HashAlgorithm | None
) -> None:
    answer = cast("ocsp.OCSPResponse", SimpleNamespace(signature_hash_algorithm=digest))
    with pytest.raises(CheckFailed) as refused:
        ocsp_answer._verify(answer, pki.issuer)
    assert "weak" in str(refused.value)


def test_an_answer_without_nonce_and_without_end_is_not_fresh() -> None:
    """RFC 6960 section 2.4: without nextUpdate it would be fresh for ever."""
    now = datetime.now(UTC)
    no_extensions = SimpleNamespace(get_extension_for_class=_none)
    answer = cast(
        "ocsp.OCSPResponse",
        SimpleNamespace(
            this_update_utc=now - timedelta(minutes=1), produced_at_utc=now, next_update_utc=None,
            extensions=no_extensions,
        ),
    )  # fmt: skip
    with pytest.raises(CheckFailed) as refused:
        ocsp_answer._check_freshness(answer, bytes(32), at=now)
    assert refused.value.hint is FailureHint.REVOCATION_UNAVAILABLE


def test_a_responder_that_refuses_is_told_from_one_that_cannot_be_read(pki: Pki) -> None:
    refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    with pytest.raises(CheckFailed) as refused:
        ocsp_answer.check_ocsp(
            refusal.public_bytes(Encoding.DER),
            request=ocsp.OCSPRequestBuilder().add_certificate(pki.issuer, pki.root, hashes.SHA256()).build(),
            issuer=pki.issuer,
            nonce=bytes(32),
            at=datetime.now(UTC),
        )
    assert "the responder refused" in str(refused.value)
