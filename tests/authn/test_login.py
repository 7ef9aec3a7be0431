"""The whole same-device flow over the real client API, with real certificates and a real responder."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from authn import lifecycle, orders, selectors
from authn.errors import InvalidParameters, OrderMoved, OrderNotFound, ReturnUrlNotRegistered, TooManyRequests
from authn.evidence import (
    Answer,
    Purpose,
    Question,
    client_key_of,
    return_proof,
    unb64,
    verify,
    verify_return,
)
from authn.hints import FailureHint, PendingHint
from authn.lifecycle import Claim
from authn.models import AuthnOrder, Evidence
from authn.orders import Complete, Failed, Pending, Ready
from authn.path import validate_status
from authn.states import LIMITS, OrderState
from authn.trust import LOA3, load_trust
from journal.selectors import content_of, entries_about
from tests.authn.conftest import ACTOR, RP, Service
from tests.authn.pki import CARD, NUMBER, Holder, Pki
from tests.authn.robot import Robot


def test_a_card_holder_logs_in_on_the_same_device(service: Service, pki: Pki) -> None:
    """AUT-2, APP-7: autostart token, claim, signature, return with d and u, collected once."""
    started, robot = service.claimed()
    assert service.progress(started) == Pending(hint=PendingHint.STARTED)
    status, answer = robot.respond(pki.holder(Holder()))
    assert (status, answer["ok"]) == (200, True)
    assert answer["d"] == return_proof(started.session_secret)
    assert answer["returnUrl"] == "http://rp.test/login/oob/return"
    assert service.progress(started) == Ready()
    done = service.collect(started)
    assert isinstance(done, Complete)
    assert (done.personal_identity_number, done.given_name, done.card_number) == (NUMBER, "Åsa", CARD)
    assert (done.loa, done.carrier) == (LOA3, "card")
    verify_return(
        session_secret=started.session_secret,
        user_challenge=done.user_challenge,
        d=str(answer["d"]),
        u=robot.u,
    )
    with pytest.raises(OrderNotFound):
        service.collect(started)


def test_the_claim_tells_the_person_who_asks_and_what_for(service: Service) -> None:
    started, robot = service.claimed()
    claimed = robot.claimed
    assert claimed["rpName"] == "Test"
    assert claimed["rpOrigin"] == "http://rp.test"
    assert claimed["visible"] == {"text": "Logga in i Test", "lang": "sv"}
    assert claimed["verificationCode"] == started.verification_code
    assert claimed["sameIp"] is True
    assert re.fullmatch(r"\d{4}", started.verification_code)


def test_each_step_is_in_the_journal_without_names_or_numbers(service: Service, pki: Pki) -> None:
    started, robot = service.claimed()
    robot.respond(pki.holder(Holder()))
    service.collect(started)
    entries = list(entries_about("authn_order", started.order_ref))
    assert [entry.type for entry in reversed(entries)] == [
        "authn.order_started",
        "authn.order_claimed",
        "authn.order_answered",
        "authn.evidence_stored",
        "authn.order_completed",
        "authn.order_collected",
    ]
    text = "".join(entry.content for entry in entries)
    assert NUMBER not in text
    assert "Åsa" not in text


def test_the_evidence_row_is_tied_to_the_journal_and_cannot_be_changed(service: Service, pki: Pki) -> None:
    started, robot = service.claimed()
    robot.respond(pki.holder(Holder()))
    row = Evidence.objects.get(order_id=started.order_ref)
    entries = entries_about("authn_order", started.order_ref)
    (stored,) = [entry for entry in entries if entry.type == "authn.evidence_stored"]
    digest = content_of(stored)["event"]["evidence_sha256"]
    assert digest == lifecycle.evidence_digest(row)
    with pytest.raises(DatabaseError), transaction.atomic():
        Evidence.objects.filter(pk=row.pk).update(loa="x")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM authn_evidence")


def test_stored_evidence_verifies_offline_and_long_after(service: Service, pki: Pki) -> None:
    """T20: nothing but the row, the anchors and the moment of the login."""
    started, robot = service.claimed()
    robot.respond(pki.holder(Holder()))
    row = selectors.evidence(str(Evidence.objects.get(order_id=started.order_ref).pk))
    question = Question.from_json(row.question)
    answer = Answer(
        certificate_der=bytes(row.certificate_der),
        algorithm=row.algorithm,
        signature=bytes(row.signature),
        user_challenge=row.user_challenge,
        server_spki=row.server_spki,
    )
    assert verify(question, answer, server_spki_pins=[row.server_spki]) == bytes(row.tbs)
    trust = load_trust()
    given = {
        "anchors": trust.anchors,
        "issuers": trust.issuers,
        "policy_oids": trust.policy_oids_of((LOA3,)),
        "ocsp_der": bytes(row.ocsp_der),
    }
    crls = [unb64(text) for text in row.crls_der]
    validate_status(answer.certificate_der, crls_der=crls, at=row.checked_at, **given)  # type: ignore[arg-type]


def test_only_the_first_client_gets_an_order(service: Service) -> None:
    """T2."""
    started, _ = service.claimed()
    assert Robot().claim(started.autostart_token) == (
        409,
        {"errorCode": "alreadyClaimed", "details": "Conflict"},
    )


def test_an_unknown_token_and_a_late_one_look_the_same(service: Service) -> None:
    started = service.start()
    late = datetime.now(UTC) - LIMITS[OrderState.CREATED] - timedelta(seconds=1)
    AuthnOrder.objects.filter(pk=started.order_ref).update(state_since=late)
    assert service.progress(started) == Failed(hint=FailureHint.START_FAILED)
    assert Robot().claim(started.autostart_token) == Robot().claim("A" * 32)
    assert Robot().claim("A" * 32)[0] == 404


def test_an_answer_is_taken_once(service: Service, pki: Pki) -> None:
    """T1: the same octets again, and another answer to the same order."""
    started, robot = service.claimed()
    answer = robot.answer(pki.holder(Holder()))
    assert robot.call("/c/v1/respond", answer)[0] == 200
    assert robot.call("/c/v1/respond", answer)[0] == 404
    assert robot.respond(pki.holder(Holder()))[0] == 404
    assert service.progress(started) == Ready()


def test_an_answer_to_one_order_is_no_answer_to_another(service: Service, pki: Pki) -> None:
    """T1: a signature replayed into a later order of the same client."""
    _, robot = service.claimed()
    old = robot.answer(pki.holder(Holder()))
    later = service.start(rp_challenge=b"x" * 64)
    robot.claim(later.autostart_token)
    status, answer = robot.call("/c/v1/respond", {**old, "orderId": later.order_ref})
    assert (status, answer["errorCode"]) == (400, "signatureInvalid")
    assert service.progress(later) == Failed(hint=FailureHint.SIGNATURE_INVALID)


def test_a_stolen_order_id_is_worth_nothing_without_the_client_key(service: Service, pki: Pki) -> None:
    started, robot = service.claimed()
    thief = Robot(claimed=robot.claimed)
    assert thief.respond(pki.holder(Holder()))[0] == 401
    assert thief.abort("userCancel")[0] == 401
    assert robot.call("/c/v1/respond", robot.answer(pki.holder(Holder())), signed=False)[0] == 401
    assert service.progress(started) == Pending(hint=PendingHint.STARTED)


def test_a_late_answer_is_not_taken(service: Service, pki: Pki) -> None:
    started, robot = service.claimed()
    late = datetime.now(UTC) - LIMITS[OrderState.CLAIMED] - timedelta(seconds=1)
    AuthnOrder.objects.filter(pk=started.order_ref).update(state_since=late)
    assert robot.respond(pki.holder(Holder()))[0] == 404
    assert service.progress(started) == Failed(hint=FailureHint.EXPIRED)


@pytest.mark.parametrize(
    "reason", ["userCancel", "noCard", "noCertificate", "pinBlocked", "pinFailed", "readerError", "notMe"]
)
def test_the_client_may_give_up_and_the_page_learns_why(service: Service, reason: str) -> None:
    started, robot = service.claimed()
    assert robot.abort(reason)[0] == 200
    assert service.progress(started) == Failed(hint=FailureHint(reason))
    assert robot.abort(reason)[0] == 404


def test_an_unknown_reason_is_refused(service: Service) -> None:
    _, robot = service.claimed()
    assert robot.abort("tired")[0] == 400


def test_the_relying_party_may_cancel_again_and_again(service: Service, pki: Pki) -> None:
    started, robot = service.claimed()
    for _ in range(2):
        orders.cancel(RP, started.order_ref, actor=ACTOR, at=datetime.now(UTC))
    assert service.progress(started) == Failed(hint=FailureHint.RP_CANCEL)
    assert robot.respond(pki.holder(Holder()))[0] == 404


def test_another_relying_party_sees_no_order(service: Service) -> None:
    """T11: unknown, foreign and consumed orders are not told apart."""
    started, _ = service.claimed()
    for ask in (orders.progress, orders.collect, orders.cancel):
        arguments = {} if ask is orders.progress else {"actor": ACTOR}
        with pytest.raises(OrderNotFound):
            ask("SE0000000000-OTHER", started.order_ref, at=datetime.now(UTC), **arguments)  # type: ignore[operator]


def test_of_two_who_collect_at_once_one_gets_the_answer(service: Service, pki: Pki) -> None:
    """T13: both have read the order as complete; the database lets one of them move it."""
    started, robot = service.claimed()
    robot.respond(pki.holder(Holder()))
    first, second = (AuthnOrder.objects.get(pk=started.order_ref) for _ in range(2))
    lifecycle.collect(first, actor=ACTOR, at=datetime.now(UTC))
    with pytest.raises(OrderMoved):
        lifecycle.collect(second, actor=ACTOR, at=datetime.now(UTC))


def test_of_two_who_claim_at_once_one_gets_the_order(service: Service) -> None:
    """T2: both have read the order as created."""
    started = service.start()
    first, second = (AuthnOrder.objects.get(pk=started.order_ref) for _ in range(2))
    claim = Claim(client_key=client_key_of(Robot().client_key), app="a", address="")
    lifecycle.claim(first, claim, actor=ACTOR, at=datetime.now(UTC))
    with pytest.raises(OrderMoved):
        lifecycle.claim(second, claim, actor=ACTOR, at=datetime.now(UTC))


def test_a_client_below_the_least_version_is_told_to_update(service: Service) -> None:
    """T19, APP-6."""
    started, robot = service.start(), Robot(version="0.9.9")
    assert robot.claim(started.autostart_token)[1]["errorCode"] == "clientTooOld"
    assert service.progress(started) == Failed(hint=FailureHint.CLIENT_TOO_OLD)


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.test/login/oob/return",
        "//rp.test/login/oob/return",
        "http://rp.test@evil.test/",
        "http://RP.test/login/oob/return",
        "http://rp.test:80/login/oob/return",
        "http://rp.test:8080/login/oob/return",
        "https://rp.test/login/oob/return",
        "http://rp.test.evil.test/",
        "http://rp.test\\@evil.test/",
        "http://rp.test/return?next=x",
        "http://rp.test/return#x",
        "http://rp.test/" + "x" * 500,
    ],
)
def test_a_return_address_of_another_origin_is_refused(service: Service, url: str) -> None:
    """T6."""
    with pytest.raises(ReturnUrlNotRegistered):
        service.start(return_url=url)


@pytest.mark.parametrize("text", ["", "a\u202eb", "A\u030a", "a\u200bb"])
def test_a_text_nobody_can_read_as_it_is_starts_nothing(service: Service, text: str) -> None:
    """T14."""
    with pytest.raises(InvalidParameters):
        service.start(visible_text=text)


def test_a_relying_party_gets_only_the_purposes_it_is_registered_for(service: Service) -> None:
    service.row.purposes = ["auth"]
    service.row.save()
    with pytest.raises(InvalidParameters):
        service.start(purpose=Purpose.SIGN)


@pytest.mark.usefixtures("in_one_minute")
def test_a_flood_of_orders_from_one_address_is_refused(service: Service, settings: object) -> None:
    """T17: others are still let in, and the flood is over with the minute."""
    settings.AUTHN_STARTS_PER_MINUTE = 3  # type: ignore[attr-defined]
    for _ in range(3):
        service.start()
    with pytest.raises(TooManyRequests) as refused:
        service.start()
    assert 0 < int(refused.value.facts["retry_after"]) <= 60
    service.start(end_user_address="192.0.2.9")


@pytest.mark.usefixtures("in_one_minute")
def test_what_one_address_is_refused_does_not_use_up_what_all_share(
    service: Service, settings: object
) -> None:
    """One stranger who asks for logins all the time must not lock out everybody else."""
    settings.AUTHN_STARTS_PER_MINUTE = 2  # type: ignore[attr-defined]
    service.row.orders_per_minute = 4
    service.row.save()
    for _ in range(2):
        service.start()
    for _ in range(5):
        with pytest.raises(TooManyRequests):
            service.start()
    service.start(end_user_address="192.0.2.9")


@pytest.mark.usefixtures("in_one_minute")
def test_guessing_tokens_is_slowed_down(service: Service, settings: object) -> None:
    """T17."""
    settings.AUTHN_CLAIMS_PER_MINUTE = 3  # type: ignore[attr-defined]
    statuses = [Robot().claim("A" * 32)[0] for _ in range(4)]
    assert statuses == [404, 404, 404, 429]


def test_time_is_written_down_and_addresses_are_forgotten(service: Service) -> None:
    started, _ = service.claimed()
    later = datetime.now(UTC) + LIMITS[OrderState.CLAIMED] + timedelta(seconds=1)
    assert lifecycle.fail_late_orders(actor=ACTOR, at=later) == 1
    assert lifecycle.reduce_finished_orders(at=later + LIMITS[OrderState.FAILED] * 2) == 1
    row = AuthnOrder.objects.get(pk=started.order_ref)
    assert (row.failure, row.client_address, row.end_user_address) == ("expired", "", "")
