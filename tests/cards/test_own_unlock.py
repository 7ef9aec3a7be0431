"""A holder unlocks their own card by a login with their mobile eID: who may, what ends it (POR-6, MOB-3)."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from authn.evidence import client_key_of
from ca.environments import Environment
from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from ca.revocation import revoke
from cards import lifecycle
from cards.admin_key import activation_key, unlock_key
from cards.errors import (
    CardNotFound,
    IllegalTransition,
    Refused,
    TokenInvalid,
    UnlockAborted,
    UnlockExpired,
    UnlockNotFound,
)
from cards.identity import SuspicionFacts
from cards.lifecycle import OpenedUnlock
from cards.mobile.blocking import block_own_mobile
from cards.mobile.models import MobileEid
from cards.models import Activation, Card
from cards.own_policies import OwnLogin, may_unlock_own
from cards.person_blocking import block_everything, blockable_of
from cards.reasons import BlockReason
from cards.states import UnlockState
from cards.unlock_models import Unlock
from cards.unlocking import own_unlock
from directory.models import Employment, Person, RegistrationStatus
from directory.swedish_time import swedish_day
from hsm_sim.challenge import response
from journal.models import Entry, EntryReference
from tests.cards.mobile.phone import an_active_mobile, an_own_unlock, holder, login_with
from tests.cards.test_unlock import answered, certificate_on, signed, types
from tests.scenarios import (
    CLIENT,
    WORKER,
    Client,
    Scene,
    a_scene,
    a_shipped_card,
    an_active_card,
    an_open_unlock,
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


@pytest.fixture
def mobile(scene: Scene, card: Card) -> MobileEid:
    return an_active_mobile(scene, card)


def claimed(scene: Scene, start: OpenedUnlock) -> Unlock:
    return lifecycle.claim_unlock(
        token=start.token,
        client_key=client_key_of(scene.client.key),
        client_name="sigill-eid",
        client_version="1.0",
        actor=CLIENT,
        at=scene.at,
    )


def confirm(scene: Scene, unlock: Unlock) -> Unlock:
    return lifecycle.confirm_unlock(
        unlock_id=str(unlock.pk),
        answer=signed(scene, unlock, certificate_on(unlock.card)),
        actor=CLIENT,
        at=scene.at,
    )


def block(scene: Scene, mobile: MobileEid) -> None:
    block_own_mobile(
        mobile_id=str(mobile.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        actor=holder(mobile.card),
        at=scene.later(seconds=1),
    )


def refused(scene: Scene, card: Card, login: OwnLogin, *, loa: int = 3) -> str:
    """Return why it is not opened; nothing is, and the journal is as it was."""
    before = (Unlock.objects.count(), Entry.objects.count())
    with pytest.raises(Refused) as raised:
        lifecycle.open_own_unlock(card_id=str(card.pk), login=login, actor=holder(card, loa=loa), at=scene.at)
    assert (Unlock.objects.count(), Entry.objects.count()) == before
    return raised.value.refusal.code


def test_a_holder_unlocks_their_card_by_their_mobile_eid(scene: Scene, card: Card, mobile: MobileEid) -> None:
    """POR-6, MOB-3: no identity check; what it rests on is kept and told, and the card itself signs."""
    before = len(types())
    unlock = claimed(scene, an_own_unlock(scene, card, mobile))
    number = card.card_number or ""
    old = activation_key(number, str(Activation.objects.get().pk))
    new = unlock_key(number, str(unlock.pk))
    assert answered(scene, unlock) == response(old, number, bytes(16), renewed=new)
    done = confirm(scene, unlock)
    assert done.state == UnlockState.UNLOCKED
    assert (done.identity_check, done.mobile) == (None, mobile)
    assert done.login_evidence_id == login_with(mobile, at=scene.at).evidence_id
    assert types()[before:] == [
        "unlock.opened", "unlock.claimed", "key.card_challenge_answered", "card.unlocked",
    ]  # fmt: skip
    entry = Entry.objects.get(type="unlock.opened")
    told = json.loads(entry.content)
    assert (told["version"], told["event"]["identity_check_id"]) == (2, "")
    assert told["event"]["mobile_id"] == str(mobile.pk)
    assert told["event"]["evidence_id"] == done.login_evidence_id
    assert told["actor"]["person"] == str(card.person_id)
    assert set(EntryReference.objects.filter(entry=entry).values_list("kind", flat=True)) >= {
        "mobile",
        "evidence",
    }


def test_the_desks_unlocking_tells_its_identity_check_and_no_mobile_eid(scene: Scene, card: Card) -> None:
    unlock = an_open_unlock(scene, card).unlock
    assert unlock.identity_check is not None
    event = json.loads(Entry.objects.get(type="unlock.opened").content)["event"]
    assert event["identity_check_id"] == str(unlock.identity_check.pk)
    assert (event["mobile_id"], event["evidence_id"]) == ("", "")


def test_a_card_is_unlocked_again_by_the_same_login(scene: Scene, card: Card, mobile: MobileEid) -> None:
    """POR-6: who forgets twice begins twice; one call more of what is done changes nothing."""
    for _ in range(2):
        unlock = claimed(scene, an_own_unlock(scene, card, mobile))
        answered(scene, unlock)
        confirm(scene, unlock)
        assert confirm(scene, unlock).unlocked_at == scene.at
    assert Unlock.objects.filter(state=UnlockState.UNLOCKED, mobile=mobile).count() == 2
    assert types().count("card.unlocked") == 2


def test_a_card_shows_for_no_other_card_nor_for_itself(scene: Scene, card: Card, mobile: MobileEid) -> None:
    """POR-6: by the card, scanned or not, its certificate is no mobile eID's; nor is one that nobody has."""
    on_card = Certificate.objects.filter(carrier_id=str(card.pk))[0]
    good = login_with(mobile, at=scene.at)
    for login in (
        replace(good, certificate_sha256=on_card.sha256),
        replace(good, certificate_sha256=""),
        replace(good, certificate_sha256="0" * 64),
        replace(good, evidence_id=""),
    ):
        assert refused(scene, card, login) == "own_unlock_needs_mobile"


def test_a_mobile_eid_that_is_not_in_use_opens_nothing(scene: Scene, card: Card, mobile: MobileEid) -> None:
    """MOB-3, POR-15: blocked, past its end, or revoked with its issuer."""
    rows = MobileEid.objects.filter(pk=mobile.pk)
    ends = mobile.valid_until
    rows.update(valid_until=scene.at)
    assert refused(scene, card, login_with(mobile, at=scene.at)) == "own_unlock_needs_mobile"
    rows.update(valid_until=ends)
    assert (
        may_unlock_own(card, login=login_with(mobile, at=scene.at), actor=holder(card), at=scene.at) is None
    )
    another = an_active_mobile(scene, card)
    block(scene, another)
    assert refused(scene, card, login_with(another, at=scene.at)) == "own_unlock_needs_mobile"
    revoke(
        certificate_id=mobile.certificate_id, reason=RevocationReason.CA_COMPROMISE, requested_at=scene.at,
        actor=WORKER, at=scene.at,
    )  # fmt: skip
    assert refused(scene, card, login_with(mobile, at=scene.at)) == "own_unlock_needs_mobile"


def test_nobody_elses_card_is_unlocked_nor_by_anybody_elses_mobile_eid(
    scene: Scene, card: Card, mobile: MobileEid
) -> None:
    """Doris has nothing, and Alva's role at the desk gives nothing here."""
    for actor in (scene.cast.doris, scene.cast.alva, replace(holder(card), person_id="")):
        with pytest.raises(CardNotFound):
            lifecycle.open_own_unlock(
                card_id=str(card.pk), login=login_with(mobile, at=scene.at), actor=actor, at=scene.at
            )
        refusal = may_unlock_own(card, login=login_with(mobile, at=scene.at), actor=actor, at=scene.at)
        assert refusal is not None
        assert refusal.code == "outside_scope"
    # Erik is logged in by what is Åsa's: his card stays as it is.
    MobileEid.objects.filter(pk=mobile.pk).update(person=scene.cast.erik.person)
    assert refused(scene, card, login_with(mobile, at=scene.at)) == "own_unlock_needs_mobile"
    MobileEid.objects.filter(pk=mobile.pk).update(person=card.person)
    unlock = an_own_unlock(scene, card, mobile).unlock
    for actor in (scene.cast.doris, scene.cast.alva):
        with pytest.raises(UnlockNotFound):
            own_unlock(str(unlock.pk), actor=actor)
        with pytest.raises(UnlockNotFound):
            lifecycle.cancel_own_unlock(unlock_id=str(unlock.pk), actor=actor, at=scene.at)
    unlock.refresh_from_db()
    assert unlock.state == UnlockState.OPENED


def test_a_weaker_login_opens_nothing(scene: Scene, card: Card, mobile: MobileEid) -> None:
    assert refused(scene, card, login_with(mobile, at=scene.at), loa=2) == "login_too_weak"
    Card.objects.filter(pk=card.pk).update(loa=2)
    card.refresh_from_db()
    assert refused(scene, card, login_with(mobile, at=scene.at), loa=2) == "login_too_weak"


def test_what_was_made_with_a_test_card_opens_no_card_in_earnest(
    scene: Scene, card: Card, mobile: MobileEid
) -> None:
    """QA-1."""
    Card.objects.filter(pk=card.pk).update(environment=Environment.QA.value)
    scene.client = Client()
    other = an_active_card(scene)
    assert refused(scene, other, login_with(mobile, at=scene.at)) == "own_unlock_needs_mobile"


def test_another_card_of_the_holder_is_unlocked_too(scene: Scene, card: Card, mobile: MobileEid) -> None:
    """POR-6: the card that the mobile eID was made with is broken, and it outlived it."""
    scene.client = Client()
    other = an_active_card(scene)
    lifecycle.block_card(
        card_id=str(card.pk), reason=BlockReason.DEFECTIVE, requested_at=scene.at,
        actor=scene.cast.alva, at=scene.at,
    )  # fmt: skip
    unlock = claimed(scene, an_own_unlock(scene, other, mobile))
    answered(scene, unlock)
    assert confirm(scene, unlock).state == UnlockState.UNLOCKED


def test_a_card_that_is_not_in_use_has_nothing_to_unlock(scene: Scene, card: Card, mobile: MobileEid) -> None:
    shipped = a_shipped_card(scene)
    assert refused(scene, shipped, login_with(mobile, at=scene.at)) == "card_not_in_use"
    lifecycle.block_card(
        card_id=str(card.pk), reason=BlockReason.DEFECTIVE, requested_at=scene.at,
        actor=scene.cast.alva, at=scene.at,
    )  # fmt: skip
    card.refresh_from_db()
    assert refused(scene, card, login_with(mobile, at=scene.at)) == "card_blocked"


def test_an_expired_card_is_not_unlocked(scene: Scene, card: Card, mobile: MobileEid) -> None:
    scene.at = datetime(card.valid_until.year + 1, 1, 2, 12, tzinfo=UTC)
    MobileEid.objects.filter(pk=mobile.pk).update(valid_until=scene.at + timedelta(days=9))
    assert refused(scene, card, login_with(mobile, at=scene.at)) == "card_expired"


def left(scene: Scene, card: Card) -> None:
    yesterday = swedish_day(scene.at) - timedelta(days=1)
    Employment.objects.filter(hsa_id=card.hsa_id).update(ends_on=yesterday)


def lost_by_hsa(scene: Scene, card: Card) -> None:
    Employment.objects.filter(hsa_id=card.hsa_id).update(missing_since=scene.at)


def lost_by_pu(scene: Scene, card: Card) -> None:
    Person.objects.filter(pk=card.person_id).update(pu_missing_since=scene.at)


GONE = [
    (left, "employment_ended"),
    (lost_by_hsa, "employment_missing_in_register"),
    (lost_by_pu, "holder_missing_in_register"),
]


@pytest.mark.parametrize(("goes", "code"), GONE)
def test_who_has_left_or_is_in_no_register_unlocks_nothing(
    scene: Scene, card: Card, mobile: MobileEid, goes: object, code: str
) -> None:
    """POR-6: as a mobile eID is made for no such person; before it is opened, and at each step of it."""
    assert callable(goes)
    start = an_own_unlock(scene, card, mobile)
    goes(scene, card)
    card = Card.objects.get(pk=card.pk)
    assert refused(scene, card, login_with(mobile, at=scene.at)) == code
    with pytest.raises(Refused) as raised:
        claimed(scene, start)
    assert raised.value.refusal.code == code


def test_who_is_dead_unlocks_nothing(scene: Scene, card: Card, mobile: MobileEid) -> None:
    unlock = claimed(scene, an_own_unlock(scene, card, mobile))
    Person.objects.filter(pk=card.person_id).update(registration_status=RegistrationStatus.DECEASED.value)
    assert refused(scene, card, login_with(mobile, at=scene.at)) == "own_unlock_needs_mobile"
    with pytest.raises(Refused):
        answered(scene, unlock)


@pytest.mark.parametrize("step", ["claim", "answer", "confirm"])
def test_a_mobile_eid_blocked_meanwhile_unlocks_nothing(
    scene: Scene, card: Card, mobile: MobileEid, step: str
) -> None:
    """POR-15, MOB-3: whichever step is next is refused, nothing is told as done, and time ends it."""
    start = an_own_unlock(scene, card, mobile)
    unlock = start.unlock if step == "claim" else claimed(scene, start)
    if step == "confirm":
        answered(scene, unlock)
    go_on = {
        "claim": lambda: claimed(scene, start),
        "answer": lambda: answered(scene, unlock),
        "confirm": lambda: confirm(scene, unlock),
    }[step]
    state = Unlock.objects.get().state
    block(scene, mobile)
    before = types()
    with pytest.raises(Refused) as raised:
        go_on()
    refusal = raised.value.refusal
    assert (refusal.code, refusal.fixer) == ("own_unlock_mobile_ended", "id_administrator")
    assert (types(), Unlock.objects.get().state) == (before, state)
    scene.later(minutes=16)
    assert lifecycle.expire_unlocks(actor=CLIENT, at=scene.at) == 1


def test_an_answer_is_not_given_again_after_the_block(scene: Scene, card: Card, mobile: MobileEid) -> None:
    unlock = claimed(scene, an_own_unlock(scene, card, mobile))
    answered(scene, unlock)
    block(scene, mobile)
    with pytest.raises(Refused):
        answered(scene, unlock)


def test_what_the_desk_begins_meanwhile_does_not_ask_for_the_mobile_eid(
    scene: Scene, card: Card, mobile: MobileEid
) -> None:
    """The way that is left: the holder comes to the desk."""
    mine = an_own_unlock(scene, card, mobile).unlock
    block(scene, mobile)
    unlock = claimed(scene, an_open_unlock(scene, card))
    answered(scene, unlock)
    assert confirm(scene, unlock).state == UnlockState.UNLOCKED
    mine.refresh_from_db()
    assert mine.abort_reason == "superseded"


def test_blocking_the_persons_cards_ends_it_at_once(scene: Scene, card: Card, mobile: MobileEid) -> None:
    """POR-15: everything of the person, or the card alone."""
    unlock = claimed(scene, an_own_unlock(scene, card, mobile))
    shown = blockable_of(card.person, actor=scene.cast.alva, at=scene.at)
    block_everything(
        card.person, shown=shown.ids, reason=BlockReason.LOST_OR_STOLEN, requested_at=scene.at,
        actor=scene.cast.alva, at=scene.at,
    )  # fmt: skip
    unlock.refresh_from_db()
    assert (unlock.state, unlock.abort_reason) == (UnlockState.ABORTED, "cardBlocked")
    with pytest.raises(UnlockAborted):
        answered(scene, unlock)


def test_one_begun_anew_ends_the_one_under_way_whoever_began_it(
    scene: Scene, card: Card, mobile: MobileEid
) -> None:
    desk = an_open_unlock(scene, card).unlock
    first = an_own_unlock(scene, card, mobile)
    second = an_own_unlock(scene, card, mobile).unlock
    for one in (desk, first.unlock):
        one.refresh_from_db()
        assert (one.state, one.abort_reason) == (UnlockState.ABORTED, "superseded")
    assert second.state == UnlockState.OPENED
    with pytest.raises(TokenInvalid):
        claimed(scene, first)


def test_the_holder_ends_it_and_not_what_the_desk_began(scene: Scene, card: Card, mobile: MobileEid) -> None:
    mine = an_own_unlock(scene, card, mobile).unlock
    for _ in range(2):
        ended = lifecycle.cancel_own_unlock(unlock_id=str(mine.pk), actor=holder(card), at=scene.at)
        assert (ended.state, ended.abort_reason) == (UnlockState.ABORTED, "userCancel")
    desk = an_open_unlock(scene, card).unlock
    with pytest.raises(UnlockNotFound):
        lifecycle.cancel_own_unlock(unlock_id=str(desk.pk), actor=holder(card), at=scene.at)
    with pytest.raises(UnlockNotFound):
        own_unlock("no id", actor=holder(card))


def test_what_is_unlocked_is_not_ended(scene: Scene, card: Card, mobile: MobileEid) -> None:
    unlock = claimed(scene, an_own_unlock(scene, card, mobile))
    answered(scene, unlock)
    confirm(scene, unlock)
    with pytest.raises(IllegalTransition):
        lifecycle.cancel_own_unlock(unlock_id=str(unlock.pk), actor=holder(card), at=scene.at)


def test_what_is_not_finished_in_time_is_over(scene: Scene, card: Card, mobile: MobileEid) -> None:
    unlock = claimed(scene, an_own_unlock(scene, card, mobile))
    scene.later(minutes=16)
    with pytest.raises(UnlockExpired):
        answered(scene, unlock)


def test_the_desk_sees_it_ends_it_and_breaks_it_off_on_suspicion(
    scene: Scene, card: Card, mobile: MobileEid
) -> None:
    mine = an_own_unlock(scene, card, mobile).unlock
    ended = lifecycle.cancel_unlock(unlock_id=str(mine.pk), actor=scene.cast.alva, at=scene.at)
    assert ended.abort_reason == "deskCancel"
    mine = an_own_unlock(scene, card, mobile).unlock
    with pytest.raises(UnlockNotFound):
        lifecycle.cancel_unlock(unlock_id=str(mine.pk), actor=scene.cast.doris, at=scene.at)
    lifecycle.report_unlock_suspicion(
        card_id=str(card.pk), facts=SuspicionFacts(), actor=scene.cast.alva, at=scene.at
    )
    mine.refresh_from_db()
    assert mine.abort_reason == "suspicion"


def test_a_login_that_is_not_fresh_unlocks_nothing(scene: Scene, card: Card, mobile: MobileEid) -> None:
    """Whoever finds the browser left open, and the card in its reader, does not choose its PIN."""
    login = login_with(mobile, at=scene.at)
    scene.later(minutes=5)
    assert may_unlock_own(card, login=login, actor=holder(card), at=scene.at) is None
    scene.later(seconds=1)
    assert refused(scene, card, login) == "own_unlock_login_old"
    assert not Unlock.objects.exists()
