"""Random walks through the life of a card: whatever is done, in whatever order, some things always hold."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Q
from django.test import override_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from authn import append_only as evidence_append_only
from authn.evidence import client_key_of
from ca.errors import CaError
from ca.models import Certificate
from cards import lifecycle
from cards.card_keys import KeyName
from cards.errors import CardsError
from cards.models import Activation, Card, CardKey, CardOrder
from cards.reasons import BlockReason
from cards.selectors import is_card_active
from cards.states import ActivationState, CardOrderState, CardState, UnlockState
from cards.unlock_answers import question_of_unlock
from cards.unlock_models import Unlock
from journal import append_only as journal_append_only
from journal.models import Entry
from tests.scenarios import (
    CHECK,
    CLIENT,
    Scene,
    a_claimed_activation,
    a_pending_order,
    a_scene,
    card_number,
    report,
)

REFUSALS = (CardsError, CaError)


class CardWalk(RuleBasedStateMachine):
    """One holder, one chip at a time; every verb may come at any moment, from either administrator."""

    scene: Scene
    opened: lifecycle.OpenedActivation | None
    blocked: set[str]
    walks_into_use: ClassVar[set[int]] = set()
    walks_beyond_use: ClassVar[set[int]] = set()
    walks_unlocked: ClassVar[set[int]] = set()

    @initialize()
    def begin(self) -> None:
        self.scene = a_scene()
        self.opened = None
        self.blocked = set()

    @rule()
    def order(self) -> None:
        with suppress(*REFUSALS):
            a_pending_order(self.scene)
            self.scene.client = replace(self.scene.client, chip={})

    @rule(steps=st.sampled_from([8, 3, 4, 5, 6, 7, 8]))
    def go_on(self, steps: int) -> None:
        """Do what would come next in real life, so that walks also get far."""
        road = (
            self.order,
            lambda: self.factory_reports("shipped", CardOrder.objects.count() - 1),
            self.open_activation,
            self.claim,
            lambda: self.make_keys(forgets=False),
            self.worker_issues,
            self.write,
            self.sign,
        )
        for step in road[:steps]:
            step()

    @rule()
    def cancel(self) -> None:
        for order in CardOrder.objects.all():
            with suppress(*REFUSALS):
                lifecycle.cancel_order(
                    card_order_id=str(order.pk), actor=self.scene.cast.alva, at=self.scene.at
                )

    @rule(
        kind=st.sampled_from(["accepted", "produced", "shipped", "rejected", "painted"]),
        which=st.integers(0, 3),
    )
    def factory_reports(self, kind: str, which: int) -> None:
        orders = list(CardOrder.objects.order_by("placed_at", "pk"))
        if orders:
            place = which % len(orders)
            report(self.scene, str(orders[place].pk), kind, card_number=card_number(place))

    @rule(minutes=st.sampled_from([1, 5, 11, 40]))
    def time_passes(self, minutes: int) -> None:
        self.scene.later(minutes=minutes)

    @rule()
    def open_activation(self) -> None:
        for card in Card.objects.all():
            with suppress(*REFUSALS):
                self.opened = lifecycle.open_activation(
                    card_id=str(card.pk),
                    identity_check=CHECK,
                    actor=self.scene.cast.alva,
                    at=self.scene.at,
                )

    @rule()
    def claim(self) -> None:
        if self.opened is not None:
            with suppress(*REFUSALS):
                a_claimed_activation(self.scene, self.opened)

    @rule(forgets=st.booleans())
    def make_keys(self, forgets: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        if forgets:
            self.scene.client.chip.pop(KeyName.ID_AUTHENTICATION, None)
        for activation in Activation.objects.all():
            with suppress(*REFUSALS):
                lifecycle.register_keys(
                    activation_id=str(activation.pk),
                    requests=self.scene.client.requests(),
                    actor=CLIENT,
                    at=self.scene.at,
                )

    @rule()
    def worker_issues(self) -> None:
        self.scene.authority.issue_and_publish(at=self.scene.later(seconds=1))
        for request_id in CardKey.objects.values_list("certificate_request_id", flat=True):
            lifecycle.revoke_superseded_certificate(
                certificate_request_id=request_id, actor=CLIENT, at=self.scene.at
            )

    @rule()
    def write(self) -> None:
        for activation in Activation.objects.all():
            with suppress(*REFUSALS):
                issued = lifecycle.collect_certificates(
                    activation_id=str(activation.pk), actor=CLIENT, at=self.scene.at
                )
                lifecycle.confirm_written(
                    activation_id=str(activation.pk),
                    digests={item.name.value: item.certificate.sha256 for item in issued},
                    actor=CLIENT,
                    at=self.scene.at,
                )

    @rule()
    def sign(self) -> None:
        for activation in Activation.objects.filter(receipt__isnull=False):
            for certificate in Certificate.objects.filter(carrier_id=str(activation.card_id)):
                with suppress(*REFUSALS, StopIteration):
                    answer = self.scene.client.answer(activation, bytes(certificate.certificate_der))
                    lifecycle.sign_receipt(
                        activation_id=str(activation.pk), answer=answer, actor=CLIENT, at=self.scene.at
                    )

    @rule()
    def abort(self) -> None:
        for activation in Activation.objects.all():
            with suppress(*REFUSALS):
                lifecycle.abort_activation(
                    activation_id=str(activation.pk), reason="userCancel", actor=CLIENT, at=self.scene.at
                )

    @rule()
    def expire(self) -> None:
        lifecycle.expire_activations(actor=CLIENT, at=self.scene.at)

    @rule(steps=st.sampled_from([1, 2, 3, 4, 4, 4]), answers=st.integers(1, 10))
    def unlock(self, steps: int, answers: int) -> None:
        """Walk an unlocking as far as it goes, with as many challenges as the card asks."""
        for card in Card.objects.all():
            with suppress(*REFUSALS):
                opened = lifecycle.open_unlock(
                    card_id=str(card.pk), identity_check=CHECK, actor=self.scene.cast.alva, at=self.scene.at
                )
                unlock_id = str(opened.unlock.pk)
                if steps > 1:
                    lifecycle.claim_unlock(
                        token=opened.token,
                        client_key=client_key_of(self.scene.client.key),
                        client_name="sigill-eid",
                        client_version="1.0",
                        actor=CLIENT,
                        at=self.scene.at,
                    )
                for place in range(answers if steps > 2 else 0):
                    lifecycle.answer_for_card(
                        unlock_id=unlock_id, challenge=f"{place:032x}", actor=CLIENT, at=self.scene.at
                    )
                if steps > 3:
                    self._confirm(unlock_id, card)

    def _confirm(self, unlock_id: str, card: Card) -> None:
        for certificate in Certificate.objects.filter(carrier_id=str(card.pk)):
            with suppress(StopIteration):
                answer = self.scene.client.signs(
                    question_of_unlock(Unlock.objects.get(pk=unlock_id)), bytes(certificate.certificate_der)
                )
                lifecycle.confirm_unlock(unlock_id=unlock_id, answer=answer, actor=CLIENT, at=self.scene.at)

    @rule()
    def expire_unlocks(self) -> None:
        lifecycle.expire_unlocks(actor=CLIENT, at=self.scene.at)

    @rule(answers=st.integers(1, 8))
    def use_and_unlock(self, answers: int) -> None:
        self.go_on(steps=8)
        self.unlock(steps=4, answers=answers)

    @rule()
    def use_and_block(self) -> None:
        self.go_on(steps=8)
        self.block(reason=BlockReason.LOST_OR_STOLEN, early=0)

    @rule(reason=st.sampled_from(list(BlockReason)), early=st.integers(0, 60))
    def block(self, reason: BlockReason, early: int) -> None:
        for card in Card.objects.all():
            with suppress(*REFUSALS):
                lifecycle.block_card(
                    card_id=str(card.pk),
                    reason=reason,
                    requested_at=self.scene.at - timedelta(minutes=early),
                    actor=self.scene.cast.another_administrator,
                    at=self.scene.at,
                )

    @invariant()
    def what_always_holds(self) -> None:
        if not hasattr(self, "scene"):
            return
        for card in Card.objects.select_related("order"):
            key = str(card.pk)
            assert not (key in self.blocked and card.state != CardState.BLOCKED), "a block was undone"
            if card.state == CardState.BLOCKED:
                self.blocked.add(key)
                if card.activated_at is not None:
                    type(self).walks_beyond_use.add(id(self))
                assert not is_card_active(card.card_number or "", self.scene.at)
                assert not Certificate.objects.filter(carrier_id=key, revoked_at__isnull=True).exists()
                assert not card.activations.exclude(state__in=["ABORTED", "ACTIVE"]).exists()
                assert not card.unlocks.exclude(state__in=["ABORTED", "UNLOCKED"]).exists()
                assert card.order.state not in {CardOrderState.PLACED, CardOrderState.SHIPPED}
            if card.state == CardState.ACTIVE:
                type(self).walks_into_use.add(id(self))
                assert card.order.state == CardOrderState.ACTIVATED
                done = card.activations.get(state=ActivationState.ACTIVE)
                assert done.receipt.signed_at is not None
                assert Certificate.objects.filter(carrier_id=key, revoked_at__isnull=True).count() == 2
            if card.unlocks.exists():
                assert card.activated_at is not None, "a card without a PIN was unlocked"
            assert card.unlocks.filter(state__in=["OPENED", "CLAIMED", "ANSWERED"]).count() <= 1
        unlocked = Unlock.objects.filter(state=UnlockState.UNLOCKED)
        assert not unlocked.filter(Q(answers=0) | Q(signature__isnull=True)).exists()
        assert Entry.objects.filter(type="card.unlocked").count() == unlocked.count()
        answers = sum(Unlock.objects.values_list("answers", flat=True))
        assert Entry.objects.filter(type="key.card_challenge_answered").count() == answers
        if unlocked.exists():
            type(self).walks_unlocked.add(id(self))
        in_use = Card.objects.filter(activated_at__isnull=False).count()
        assert Entry.objects.filter(type="card.activated").count() == in_use
        assert Entry.objects.filter(type="card.blocked").count() == len(self.blocked)


@pytest.mark.django_db(transaction=True)
def test_no_walk_leads_from_blocked_to_use(tmp_path: Path) -> None:
    """F15; each walk begins with empty tables."""
    (tmp_path / "card-master.key").write_bytes(b"the factory and we share this\n")
    with override_settings(SIGILL_SECRETS=tmp_path):
        _walk()
    assert CardWalk.walks_into_use, "no walk came to a card in use: the test saw nothing"
    assert CardWalk.walks_beyond_use, "no walk blocked a card in use: the test saw nothing"
    assert CardWalk.walks_unlocked, "no walk unlocked a card: the test saw nothing"


def _walk() -> None:
    run_state_machine_as_test(
        CardWalkInFreshDatabase,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


class CardWalkInFreshDatabase(CardWalk):
    """Begins each walk with empty tables: hypothesis runs many walks within one test."""

    @initialize()
    def begin(self) -> None:
        _empty()
        super().begin()


def _empty() -> None:
    for append_only in (journal_append_only, evidence_append_only):
        append_only.run(connection, append_only.remove_statements(connection.vendor))
    try:
        call_command("flush", interactive=False, verbosity=0, reset_sequences=False)
    finally:  # a test after this one must not find its rows unguarded
        for append_only in (journal_append_only, evidence_append_only):
            append_only.run(connection, append_only.install_statements(connection.vendor))
