"""Renewal and unlocking, ended between any two writes and taken up again: nothing lost or doubled (R8)."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Self

import pytest
from pytest_django import Settings

from ca.models import Certificate, CertificateRequest
from cards import lifecycle
from cards.card_keys import revoke_superseded_certificate
from cards.errors import TokenInvalid
from cards.models import Card, CardKey
from cards.renewal.keys import left_over, question_of_renewal
from cards.renewal.models import Renewal, RenewalKey
from cards.renewal.names import LABELS, certificates_on
from cards.renewal.states import OPEN_RENEWAL_STATES, RenewalState
from cards.states import OPEN_UNLOCK_STATES, UnlockState
from cards.unlock_answers import question_of_unlock
from cards.unlock_models import Unlock
from journal.models import Entry
from tests.cards.renewal import steps
from tests.cards.renewal.steps import Chip
from tests.cards.stops import counted, stops_of, undone
from tests.cards.test_unlock import claimed as claimed_unlock
from tests.scenarios import CLIENT, WORKER, Scene, a_scene, an_active_card, an_open_renewal, an_open_unlock

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db: None, settings: Settings, tmp_path: Path) -> Scene:
    settings.SIGILL_SECRETS = tmp_path
    (tmp_path / "card-master.key").write_bytes(b"the factory and we share this\n")
    return a_scene()


@pytest.fixture
def card(scene: Scene) -> Card:
    return an_active_card(scene)


def events(kind: str) -> int:
    return Entry.objects.filter(type=kind).count()


@dataclass
class Renewing:
    """One attempt to renew, as its client knows it; a copy knows the same and goes its own way."""

    scene: Scene
    card: Card
    chip: Chip = field(default_factory=Chip)
    start: lifecycle.OpenedRenewal | None = None
    renewal: Renewal | None = None

    def copy(self) -> Self:
        return replace(self, scene=replace(self.scene))

    def another(self) -> Self:
        """Return an attempt that begins anew, by another client that makes other keys."""
        return type(self)(scene=replace(self.scene), card=self.card)

    def begin(self) -> None:
        self.start = an_open_renewal(self.scene, self.card)

    def claim(self) -> None:
        assert self.start is not None
        self.renewal = steps.claimed(self.scene, self.start)

    def make_keys(self) -> None:
        assert self.renewal is not None
        steps.with_keys(self.scene, self.renewal, self.chip)
        made = {f"{id(self.chip)} {name}": key for name, key in self.chip.made.items()}
        self.scene.client.chip.update(made)  # type: ignore[arg-type] # more keys than those of activation

    def issue(self) -> None:
        """Do what the worker does, twice: what another one that ended had taken is free after its lease."""
        for _ in range(2):
            self.scene.authority.issue_and_publish(at=self.scene.later(seconds=31))
        for key in [*CardKey.objects.all(), *RenewalKey.objects.all()]:
            revoke_superseded_certificate(
                certificate_request_id=key.certificate_request_id, actor=WORKER, at=self.scene.at
            )

    def write(self) -> None:
        assert self.renewal is not None
        self.renewal = steps.written(self.scene, self.renewal)

    def sign(self) -> None:
        assert self.renewal is not None
        key = RenewalKey.objects.get(renewal=self.renewal, name="hsa_authentication")
        certificate = Certificate.objects.get(sha256=key.written_sha256)
        answer = self.scene.client.signs(
            question_of_renewal(self.renewal), bytes(certificate.certificate_der)
        )
        lifecycle.sign_renewal(
            renewal_id=str(self.renewal.pk), answer=answer, actor=CLIENT, at=self.scene.later(seconds=5)
        )

    def abort(self) -> None:
        for renewal in Renewal.objects.exclude(state=RenewalState.RENEWED.value):
            lifecycle.abort_renewal(
                renewal_id=str(renewal.pk), reason="cardRemoved", actor=CLIENT, at=self.scene.at
            )

    def expire(self) -> None:
        lifecycle.expire_renewals(actor=WORKER, at=self.scene.at + timedelta(hours=1))

    @property
    def road(self) -> Sequence[str]:
        return ("begin", "claim", "make_keys", "issue", "write", "sign", "issue")

    def told(self) -> Hashable:
        return counted(
            iter(
                [
                    *Entry.objects.values_list("type", flat=True),
                    *Renewal.objects.values_list("state"),
                    *RenewalKey.objects.values_list("name", "superseded_at", "written_sha256"),
                    *Certificate.objects.values_list("name", "revoked_at"),
                ]
            )
        )

    def demand_sound(self, *, is_over: bool = True) -> None:
        """See that the card has one certificate in force for each name, and each thing was told once."""
        rows = Renewal.objects.filter(card=self.card)
        if is_over:
            assert not rows.filter(state__in=[state.value for state in OPEN_RENEWAL_STATES]).exists()
        assert events("renewal.opened") == rows.count()
        assert events("renewal.claimed") == rows.filter(claimed_at__isnull=False).count()
        assert events("renewal.keys_made") == rows.filter(keys_made_at__isnull=False).count()
        assert events("renewal.issued") == rows.filter(issued_at__isnull=False).count()
        assert events("renewal.written") == rows.filter(written_at__isnull=False).count()
        assert events("card.renewed") == rows.filter(state=RenewalState.RENEWED.value).count()
        assert events("renewal.aborted") == rows.filter(state=RenewalState.ABORTED.value).count()
        certificates = Certificate.objects.filter(carrier_id=str(self.card.pk))
        assert events("certificate.revoked") == certificates.filter(revoked_at__isnull=False).count()
        held = certificates_on(self.card)
        in_force = {one.pk for one in certificates.filter(revoked_at__isnull=True)}
        assert in_force == {one.certificate.pk for one in held.values()}
        assert {name.value for name in held} == {"hsa_authentication", "id_authentication"}
        keys = CardKey.objects.count() + RenewalKey.objects.count()
        assert (CertificateRequest.objects.count(), certificates.count()) == (keys, keys)
        on_the_card = {
            one.key.label if isinstance(one.key, RenewalKey) else LABELS[name] for name, one in held.items()
        }
        assert on_the_card.isdisjoint(left_over(self.card))


@dataclass
class Unlocking:
    """One attempt to unlock, as its client knows it, with the card: ``opens`` is whose key opens it now."""

    scene: Scene
    card: Card
    opens: str
    start: lifecycle.OpenedUnlock | None = None
    unlock: Unlock | None = None

    def copy(self) -> Self:
        return replace(self, scene=replace(self.scene))

    def another(self) -> Self:
        """Return an attempt that begins anew with the card as it is."""
        return type(self)(scene=replace(self.scene), card=self.card, opens=self.opens)

    def begin(self) -> None:
        self.start = an_open_unlock(self.scene, self.card)

    def claim(self) -> None:
        assert self.start is not None
        self.unlock = claimed_unlock(self.scene, self.card, self.start)

    def open_card(self) -> None:
        """Challenge and answer until the card takes one: made with the key that it has."""
        assert self.unlock is not None
        for place in range(8):
            lifecycle.answer_for_card(
                unlock_id=str(self.unlock.pk), challenge=f"{place:032x}", actor=CLIENT, at=self.scene.at
            )
            self.unlock.refresh_from_db()
            if self.unlock.key_act_id == self.opens:
                self.opens = str(self.unlock.pk)
                return
        pytest.fail("the card took no answer")

    def confirm(self) -> None:
        assert self.unlock is not None
        certificate = Certificate.objects.filter(carrier_id=str(self.card.pk)).order_by("name")[0]
        answer = self.scene.client.signs(question_of_unlock(self.unlock), bytes(certificate.certificate_der))
        lifecycle.confirm_unlock(
            unlock_id=str(self.unlock.pk), answer=answer, actor=CLIENT, at=self.scene.later(seconds=5)
        )

    def abort(self) -> None:
        for unlock in Unlock.objects.exclude(state=UnlockState.UNLOCKED.value):
            lifecycle.abort_unlock(
                unlock_id=str(unlock.pk), reason="cardRemoved", actor=CLIENT, at=self.scene.at
            )

    def expire(self) -> None:
        lifecycle.expire_unlocks(actor=WORKER, at=self.scene.at + timedelta(hours=1))

    @property
    def road(self) -> Sequence[str]:
        return ("begin", "claim", "open_card", "confirm")

    def told(self) -> Hashable:
        types = Entry.objects.values_list("type", flat=True)
        return counted(iter([*types, *Unlock.objects.values_list("state", "answers")]))

    def demand_sound(self, *, is_over: bool = True) -> None:
        """See that each thing was told once, and that every answer is counted."""
        rows = Unlock.objects.filter(card=self.card)
        if is_over:
            assert not rows.filter(state__in=[state.value for state in OPEN_UNLOCK_STATES]).exists()
        assert events("unlock.opened") == rows.count()
        assert events("unlock.claimed") == rows.filter(claimed_at__isnull=False).count()
        assert events("unlock.aborted") == rows.filter(state=UnlockState.ABORTED.value).count()
        assert events("card.unlocked") == rows.filter(state=UnlockState.UNLOCKED.value).count()
        assert events("key.card_challenge_answered") == sum(rows.values_list("answers", flat=True))


Attempt = Renewing | Unlocking


def attempt_at(kind: str, scene: Scene, card: Card) -> Attempt:
    if kind == "renewal":
        return Renewing(scene=scene, card=card)
    return Unlocking(scene=scene, card=card, opens=str(card.activations.get().pk))


def go(attempt: Attempt, road: Sequence[str]) -> None:
    for name in road:
        getattr(attempt, name)()


def step_of(attempt: Attempt, name: str) -> Callable[[], None]:
    """Return a step that each time is walked from the same knowledge."""
    return lambda: go(attempt.copy(), [name])


@pytest.mark.parametrize("kind", ["renewal", "unlock"])
def test_what_was_ended_between_any_two_writes_is_taken_up_and_done_once(
    kind: str, scene: Scene, card: Card
) -> None:
    """R8, issue 7: by the same client asking again, and by another one that begins anew."""
    attempt = attempt_at(kind, scene, card)
    stops = 0
    for place, name in enumerate(attempt.road):
        before = attempt.told()
        for where in stops_of(step_of(attempt, name), attempt.told):
            stops += 1
            if where != "after 0 writes" or place == 0:
                with undone():
                    other = attempt.another()
                    go(other, other.road)
                    other.demand_sound()
            with undone():
                _asks_again(attempt.copy(), place, is_lost=attempt.told() != before)
        go(attempt, [name])
    attempt.demand_sound()
    assert stops >= 2 * len(set(attempt.road)), "each step was ended before and after it"


def _asks_again(attempt: Attempt, place: int, *, is_lost: bool) -> None:
    """Walk on from a step whose answer never came; a token that is spent is no client's any more."""
    if attempt.road[place] == "claim" and is_lost:
        with pytest.raises(TokenInvalid):
            go(attempt, ["claim"])
        attempt.expire()
    else:
        go(attempt, attempt.road[place:])
    # A page that was opened twice has ended the first one, or the first one has run out.
    attempt.demand_sound()


@pytest.mark.parametrize("end", ["abort", "expire"])
@pytest.mark.parametrize("kind", ["renewal", "unlock"])
def test_an_end_that_was_ended_itself_is_done_once_when_it_is_done_again(
    kind: str, end: str, scene: Scene, card: Card
) -> None:
    """From every state on the road; what was made for nothing is revoked, also what is issued afterwards."""
    attempt = attempt_at(kind, scene, card)
    for name in attempt.road[:-1]:
        go(attempt, [name])
        for _where in stops_of(step_of(attempt, end), attempt.told):
            ending = attempt.copy()
            go(ending, [end])
            if isinstance(ending, Renewing):
                go(ending, ["issue"])
            ending.demand_sound()
