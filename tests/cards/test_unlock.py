"""Unlocking at the desk, as rules: who may, what a card is answered, what ends it, what is kept of it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection
from django.test import Client as Http
from pytest_django import Settings

from authn.evidence import (
    NO_TLS_SPKI,
    Answer,
    b64,
    client_key_of,
    sign_request,
    to_be_signed,
)
from ca.models import Certificate
from cards import lifecycle
from cards.admin_key import activation_key, unlock_key
from cards.challenges import MOST_ANSWERS
from cards.errors import (
    CallInvalid,
    CardNotFound,
    ConfirmationInvalid,
    IllegalTransition,
    Refused,
    TokenInvalid,
    UnlockAborted,
    UnlockExpired,
    UnlockNotFound,
)
from cards.identity import IdentityCheckStep, SuspicionFacts
from cards.lifecycle import OpenedUnlock
from cards.models import Activation, Card
from cards.reasons import BlockReason
from cards.states import UnlockState
from cards.unlock_answers import question_of_unlock
from cards.unlock_models import Unlock
from cards.unlock_policies import may_unlock
from cards.unlocking import get_unlock
from directory.models import Role
from hsm_sim.challenge import response
from journal.models import Entry
from tests.cast import actor_of
from tests.scenarios import (
    CHECK,
    CLIENT,
    USER_CHALLENGE,
    Scene,
    a_scene,
    a_shipped_card,
    an_active_card,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db: None, settings: Settings, tmp_path: Path) -> Scene:
    settings.SIGILL_SECRETS = tmp_path
    (tmp_path / "card-master.key").write_bytes(b"the factory and we share this\n")
    return a_scene()


@pytest.fixture
def card(scene: Scene) -> Card:
    return an_active_card(scene)


def opened(scene: Scene, card: Card) -> OpenedUnlock:
    return lifecycle.open_unlock(
        card_id=str(card.pk), identity_check=CHECK, actor=scene.cast.alva, at=scene.at
    )


def claimed(scene: Scene, card: Card, start: OpenedUnlock | None = None) -> Unlock:
    return lifecycle.claim_unlock(
        token=(start or opened(scene, card)).token,
        client_key=client_key_of(scene.client.key),
        client_name="sigill-eid",
        client_version="1.0",
        actor=CLIENT,
        at=scene.at,
    )


def answered(scene: Scene, unlock: Unlock, place: int = 0) -> str:
    return lifecycle.answer_for_card(
        unlock_id=str(unlock.pk), challenge=f"{place:032x}", actor=CLIENT, at=scene.at
    )


def signed(scene: Scene, unlock: Unlock, certificate: Certificate) -> Answer:
    public_key = x509.load_der_x509_certificate(bytes(certificate.certificate_der)).public_key()
    key = next(key for key in scene.client.chip.values() if key.public_key() == public_key)
    tbs = to_be_signed(
        question_of_unlock(unlock),
        user_challenge=USER_CHALLENGE,
        server_spki=NO_TLS_SPKI,
        certificate_der=bytes(certificate.certificate_der),
    )
    return Answer(
        certificate_der=bytes(certificate.certificate_der),
        algorithm="ES256",
        signature=key.sign(tbs, ec.ECDSA(hashes.SHA256())),
        user_challenge=USER_CHALLENGE,
        server_spki=NO_TLS_SPKI,
    )


def certificate_on(card: Card) -> Certificate:
    return Certificate.objects.filter(carrier_id=str(card.pk)).order_by("name")[0]


def types() -> list[str]:
    return list(Entry.objects.order_by("id").values_list("type", flat=True))


def test_a_card_is_unlocked_by_its_own_key_and_says_so_itself(scene: Scene, card: Card) -> None:
    """Issue 7, beside POR-6: each step an event, the key renewed, the card's signature kept."""
    before = len(types())
    unlock = claimed(scene, card)
    activation = Activation.objects.get()
    number = card.card_number or ""
    answer = answered(scene, unlock)
    old, new = activation_key(number, str(activation.pk)), unlock_key(number, str(unlock.pk))
    assert answer == response(old, number, bytes(16), renewed=new)
    done = lifecycle.confirm_unlock(
        unlock_id=str(unlock.pk),
        answer=signed(scene, unlock, certificate_on(card)),
        actor=CLIENT,
        at=scene.at,
    )
    assert done.state == UnlockState.UNLOCKED
    assert number in question_of_unlock(done).visible_text
    assert types()[before:] == [
        "identity.checked", "unlock.opened", "unlock.claimed", "key.card_challenge_answered", "card.unlocked",
    ]  # fmt: skip
    again = claimed(scene, card)
    assert answered(scene, again) == response(
        new, number, bytes(16), renewed=unlock_key(number, str(again.pk))
    )


def test_no_key_stands_in_the_journal_the_rows_or_a_repr(scene: Scene, card: Card) -> None:
    unlock = claimed(scene, card)
    answered(scene, unlock)
    number = card.card_number or ""
    secrets = [
        activation_key(number, str(Activation.objects.get().pk)),
        unlock_key(number, str(unlock.pk)),
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cards_unlock")
        kept = repr(cursor.fetchall()) + "".join(Entry.objects.values_list("content", flat=True))
    assert not any(secret in kept for secret in secrets)
    fresh = opened(scene, card)
    assert fresh.token not in repr(fresh)


def test_a_lost_answer_is_given_again_and_counts_once(scene: Scene, card: Card) -> None:
    unlock = claimed(scene, card)
    assert answered(scene, unlock, 7) == answered(scene, unlock, 7)
    assert Entry.objects.filter(type="key.card_challenge_answered").count() == 1


def test_a_card_with_the_key_of_an_unlocking_that_broke_off_is_opened_by_the_next(
    scene: Scene, card: Card
) -> None:
    """Whichever of the two is on the card: the newest is tried first, the sure one is never left out."""
    number = card.card_number or ""
    broken = claimed(scene, card)
    answered(scene, broken)
    unlock = claimed(scene, card)
    new = unlock_key(number, str(unlock.pk))
    tried = [answered(scene, unlock, place) for place in range(3)]
    sure = activation_key(number, str(Activation.objects.get().pk))
    assert tried[0] == response(unlock_key(number, str(broken.pk)), number, bytes(16), renewed=new)
    for place, key in ((1, sure), (2, new)):
        assert tried[place] == response(key, number, place.to_bytes(16, "big"), renewed=new)


def test_too_many_wrong_answers_end_it_before_the_card_locks(scene: Scene, card: Card) -> None:
    unlock = claimed(scene, card)
    for place in range(MOST_ANSWERS):
        answered(scene, unlock, place)
    with pytest.raises(IllegalTransition):
        answered(scene, unlock, MOST_ANSWERS)
    unlock.refresh_from_db()
    assert (unlock.state, unlock.abort_reason) == (UnlockState.ABORTED, "tooManyTries")
    assert types()[-2:] == ["card.unlock_refused", "unlock.aborted"]
    with pytest.raises(UnlockAborted):
        answered(scene, unlock, 0)


@pytest.mark.parametrize("challenge", ["", "00", "g" * 32, "0" * 33, "0" * 64, "AB" * 16, "0" * 31 + "\n"])
def test_only_a_challenge_is_answered(challenge: str, scene: Scene, card: Card) -> None:
    unlock = claimed(scene, card)
    with pytest.raises(CallInvalid):
        lifecycle.answer_for_card(unlock_id=str(unlock.pk), challenge=challenge, actor=CLIENT, at=scene.at)


def test_nothing_is_answered_before_a_client_has_claimed_it(scene: Scene, card: Card) -> None:
    fresh = opened(scene, card).unlock
    with pytest.raises(IllegalTransition):
        answered(scene, fresh)


def test_a_card_that_was_not_answered_cannot_say_that_it_is_open(scene: Scene, card: Card) -> None:
    unlock = claimed(scene, card)
    with pytest.raises(IllegalTransition):
        lifecycle.confirm_unlock(
            unlock_id=str(unlock.pk),
            answer=signed(scene, unlock, certificate_on(card)),
            actor=CLIENT,
            at=scene.at,
        )


def test_another_signature_or_card_does_not_say_that_this_one_is_open(scene: Scene, card: Card) -> None:
    unlock = claimed(scene, card)
    answered(scene, unlock)
    right = signed(scene, unlock, certificate_on(card))
    earlier = signed(scene, claimed_question(scene, card), certificate_on(card))
    for wrong in (
        replace(right, signature=right.signature[:-1] + bytes([right.signature[-1] ^ 1])),
        replace(right, server_spki="another"),
        replace(right, certificate_der=right.certificate_der[:-1]),
        replace(right, signature=earlier.signature),
    ):
        with pytest.raises((ConfirmationInvalid, UnlockAborted)):
            lifecycle.confirm_unlock(unlock_id=str(unlock.pk), answer=wrong, actor=CLIENT, at=scene.at)
    assert not _events("card.unlocked")


def claimed_question(scene: Scene, card: Card) -> Unlock:
    """Return an unlocking that is not in the database: another question over the same card."""
    unlock = Unlock.objects.get(card=card)
    unlock.question = {**unlock.question, "orderId": "another"}
    return unlock


def test_blocking_the_card_ends_its_unlocking_at_once(scene: Scene, card: Card) -> None:
    """CRD-5's other end: what was lost is not opened any more."""
    unlock = claimed(scene, card)
    answered(scene, unlock)
    lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.another_administrator,
        at=scene.at,
    )
    unlock.refresh_from_db()
    assert (unlock.state, unlock.abort_reason) == (UnlockState.ABORTED, "cardBlocked")
    with pytest.raises(UnlockAborted):
        answered(scene, unlock, 1)


def test_a_token_is_good_for_one_client_and_for_ten_minutes(scene: Scene, card: Card) -> None:
    def claim(token: str) -> None:
        lifecycle.claim_unlock(
            token=token,
            client_key=client_key_of(scene.client.key),
            client_name="sigill-eid",
            client_version="1.0",
            actor=CLIENT,
            at=scene.at,
        )

    used = opened(scene, card).token
    claim(used)
    late = opened(scene, card).token
    scene.later(minutes=11)
    for token in (used, late, "unknown"):
        with pytest.raises(TokenInvalid):
            claim(token)


def test_what_is_not_finished_in_time_is_over(scene: Scene, card: Card) -> None:
    unlock = claimed(scene, card)
    scene.later(minutes=16)
    with pytest.raises(UnlockExpired):
        answered(scene, unlock)
    assert lifecycle.expire_unlocks(actor=CLIENT, at=scene.at) == 1
    assert lifecycle.expire_unlocks(actor=CLIENT, at=scene.at) == 0
    unlock.refresh_from_db()
    assert unlock.abort_reason == "expired"
    assert not _events("card.unlock_refused")


def test_who_may_not_unlock_is_told_why_and_who_can(scene: Scene, card: Card) -> None:
    cast = scene.cast
    for actor, code in (
        (cast.bo, "role_missing"),
        (actor_of(cast.alva_herself, Role.ISSUANCE_MANAGER), "role_missing"),
        (actor_of(cast.alva_herself, Role.ID_ADMINISTRATOR, loa=2), "login_too_weak"),
        (actor_of(cast.asa, Role.ID_ADMINISTRATOR), "self_service_forbidden"),
        (cast.doris, "outside_scope"),
    ):
        refusal = may_unlock(card, actor=actor, at=scene.at)
        assert refusal is not None
        assert refusal.code == code
        assert refusal.fixer
        with pytest.raises((Refused, CardNotFound)):
            lifecycle.open_unlock(card_id=str(card.pk), identity_check=CHECK, actor=actor, at=scene.at)
    assert not Unlock.objects.exists()


def test_doris_of_another_organization_finds_no_unlocking(scene: Scene, card: Card) -> None:
    unlock = opened(scene, card).unlock
    with pytest.raises(CardNotFound):
        lifecycle.open_unlock(card_id=str(card.pk), identity_check=CHECK, actor=scene.cast.doris, at=scene.at)
    with pytest.raises(UnlockNotFound):
        get_unlock(str(unlock.pk), actor=scene.cast.doris)
    with pytest.raises(UnlockNotFound):
        lifecycle.cancel_unlock(unlock_id=str(unlock.pk), actor=scene.cast.doris, at=scene.at)


def test_a_card_that_is_not_in_use_has_nothing_to_unlock(scene: Scene) -> None:
    shipped = a_shipped_card(scene)
    assert _refusal(scene, shipped) == "card_not_in_use"
    blocked = a_blocked_card_of(scene, shipped)
    assert _refusal(scene, blocked) == "card_blocked"


def a_blocked_card_of(scene: Scene, card: Card) -> Card:
    return lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.DEFECTIVE,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.at,
    )


def test_an_expired_card_is_not_unlocked(scene: Scene, card: Card) -> None:
    scene.at = datetime(card.valid_until.year + 1, 1, 2, 12, tzinfo=UTC)
    assert _refusal(scene, card) == "card_expired"


def test_an_identity_check_that_is_not_enough_opens_nothing(scene: Scene, card: Card) -> None:
    for check, code in (
        (replace(CHECK, steps=frozenset(list(IdentityCheckStep)[1:])), "identity_check_incomplete"),
        (replace(CHECK, document_valid_until=scene.at.date() - timedelta(days=2)), "document_expired"),
    ):
        with pytest.raises(Refused) as caught:
            lifecycle.open_unlock(
                card_id=str(card.pk), identity_check=check, actor=scene.cast.alva, at=scene.at
            )
        assert caught.value.refusal.code == code


def test_suspicion_ends_the_unlocking_and_says_so(scene: Scene, card: Card) -> None:
    unlock = claimed(scene, card)
    lifecycle.report_unlock_suspicion(
        card_id=str(card.pk), facts=SuspicionFacts(), actor=scene.cast.alva, at=scene.at
    )
    unlock.refresh_from_db()
    assert unlock.abort_reason == "suspicion"
    assert types()[-3:] == ["card.unlock_refused", "unlock.aborted", "identity.suspected"]


def test_a_second_unlocking_ends_the_first(scene: Scene, card: Card) -> None:
    first, second = claimed(scene, card), opened(scene, card).unlock
    first.refresh_from_db()
    assert (first.abort_reason, second.state) == ("superseded", UnlockState.OPENED)
    ended = lifecycle.cancel_unlock(unlock_id=str(second.pk), actor=scene.cast.alva, at=scene.at)
    assert ended.abort_reason == "deskCancel"


# --- the channel ----------------------------------------------------------------------------------------


@pytest.fixture
def channel(scene: Scene, settings: Settings) -> Scene:
    settings.ROOT_URLCONF = "tests.cards.urls"
    settings.MIDDLEWARE = []
    scene.at = datetime.now(UTC) - timedelta(days=30)
    return scene


def call(
    name: str, body: Mapping[str, object], *, by: ec.EllipticCurvePrivateKey | None = None
) -> tuple[int, dict[str, object]]:
    path = f"/c/v1/unlock/{name}"
    octets = json.dumps(body).encode()
    headers = {}
    if by is not None:
        headers["Sigill-Signature"] = sign_request(by, method="POST", path=path, body=octets)
    answer = Http().post(path, data=octets, content_type="application/json", headers=headers)
    return answer.status_code, answer.json()


def test_the_channel_answers_nobody_but_the_client_that_claimed(channel: Scene) -> None:
    """The browser knows the token and the page; it has neither the key of the conversation nor the card."""
    card = an_active_card(channel)
    channel.at = datetime.now(UTC)
    token = opened(channel, card).token
    ours, theirs = channel.client.key, ec.generate_private_key(ec.SECP256R1())
    first = {"token": token, "clientKey": client_key_of(ours).as_jwk(), "app": "sigill-eid", "version": "1.0"}
    status, claim = call("claim", first)
    assert status == 200
    assert claim["cardNumber"] == card.card_number
    assert not {"adminKeys", "newAdminKey", "answer", "puk"} & claim.keys()
    ask: dict[str, object] = {"unlockId": claim["unlockId"], "challenge": "00" * 16}
    assert call("answer", ask)[0] == 401
    assert call("answer", ask, by=theirs)[0] == 401
    again = {"token": token, "clientKey": client_key_of(theirs).as_jwk(), "app": "x", "version": "1"}
    assert call("claim", again)[0] == 404
    assert not _events("key.card_challenge_answered")
    status, given = call("answer", ask, by=ours)
    assert (status, given["state"]) == (200, "answered")
    assert call("answer", {**ask, "challenge": "x"}, by=ours)[0] == 400
    answer = signed(channel, Unlock.objects.get(), certificate_on(card))
    members = {
        "unlockId": claim["unlockId"],
        "certificate": b64(answer.certificate_der),
        "alg": answer.algorithm,
        "signature": b64(answer.signature),
        "userChallenge": answer.user_challenge,
        "spki": answer.server_spki,
    }
    assert call("confirm", members, by=theirs)[0] == 401
    status, done = call("confirm", members, by=ours)
    assert (status, done["state"]) == (200, "unlocked")
    assert call("answer", ask, by=ours)[0] == 409
    assert call("abort", {"unlockId": claim["unlockId"], "reason": "userCancel"}, by=ours)[0] == 409


def test_the_channel_ends_with_the_clients_reason(channel: Scene) -> None:
    card = an_active_card(channel)
    channel.at = datetime.now(UTC)
    unlock = claimed(channel, card)
    ours = channel.client.key
    assert call("abort", {"unlockId": str(unlock.pk), "reason": "superseded"}, by=ours)[0] == 400
    assert call("abort", {"unlockId": str(unlock.pk), "reason": "wrongCard"}, by=ours)[0] == 200
    assert types()[-2:] == ["card.unlock_refused", "unlock.aborted"]
    assert call("abort", {"unlockId": "x", "reason": "wrongCard"}, by=ours)[0] == 404


def _refusal(scene: Scene, card: Card) -> str:
    with pytest.raises(Refused) as caught:
        opened(scene, card)
    return caught.value.refusal.code


def _events(kind: str) -> list[dict[str, str]]:
    rows = Entry.objects.filter(type=kind).order_by("id").values_list("content", flat=True)
    return [json.loads(row)["event"] for row in rows]
