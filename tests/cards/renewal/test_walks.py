"""Random walks through renewals of one card: the table is walked, and the card works whatever is done."""

from contextlib import suppress
from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ca.errors import CaError
from ca.models import Certificate
from cards import lifecycle
from cards.card_keys import revoke_superseded_certificate
from cards.errors import CardsError
from cards.models import Card
from cards.reasons import BlockReason
from cards.renewal.keys import left_over
from cards.renewal.models import Renewal, RenewalKey, RenewalPurpose
from cards.renewal.names import LABELS, certificates_on
from cards.renewal.states import OPEN_RENEWAL_STATES, RENEWAL_MOVES, RenewalState
from cards.states import CardState
from journal.models import Entry
from tests.cards.renewal import steps
from tests.cards.renewal.steps import Chip
from tests.cards.stops import undone
from tests.scenarios import CLIENT, WORKER, Scene, a_scene, an_active_card, an_open_renewal

ROAD = ("begin", "claim", "make_keys", "collect", "write", "sign")
OPEN = [state.value for state in OPEN_RENEWAL_STATES]


class RenewalWalk(RuleBasedStateMachine):
    """A card in use, and every verb of a renewal at any moment, by the client or from behind the desk."""

    stage: ClassVar[Scene]
    card: ClassVar[Card]
    moves: ClassVar[set[tuple[str, str]]] = set()

    @initialize()
    def begin_walk(self) -> None:
        self._around = undone()
        self._around.__enter__()
        self.scene = replace(self.stage)
        self.purpose = RenewalPurpose.RENEW
        self.chips: dict[str, Chip] = {}
        self.start: lifecycle.OpenedRenewal | None = None

    def teardown(self) -> None:
        if hasattr(self, "_around"):
            self._around.__exit__(None, None, None)

    @rule(steps=st.integers(1, len(ROAD)), purpose=st.sampled_from(list(RenewalPurpose)[:2]))
    def go_on(self, steps: int, purpose: RenewalPurpose) -> None:
        """Do what would come next in real life, so that walks also get far."""
        self.purpose = purpose
        for name in ROAD[:steps]:
            self.does(name)

    @rule(name=st.sampled_from([*ROAD, "abort", "expire"]))
    def does(self, name: str) -> None:
        """Do one thing, allowed or not, and note how it moved the renewals."""
        before = dict(Renewal.objects.values_list("pk", "state"))
        with suppress(CardsError, CaError):
            getattr(self, f"_{name}")()
        for pk, state in Renewal.objects.values_list("pk", "state"):
            if before.get(pk, "OPENED") != state:
                type(self).moves.add((before[pk], state))

    @rule(minutes=st.sampled_from([1, 11, 31]))
    def time_passes(self, minutes: int) -> None:
        self.scene.later(minutes=minutes)

    @rule()
    def worker_issues(self) -> None:
        self.scene.authority.issue_and_publish(at=self.scene.later(seconds=31))
        for request_id in RenewalKey.objects.values_list("certificate_request_id", flat=True):
            revoke_superseded_certificate(certificate_request_id=request_id, actor=WORKER, at=self.scene.at)

    @rule(is_meant=st.sampled_from([False, False, True]))
    def block(self, is_meant: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        if is_meant:
            with suppress(CardsError):
                lifecycle.block_card(
                    card_id=str(self.card.pk),
                    reason=BlockReason.LOST_OR_STOLEN,
                    requested_at=self.scene.at,
                    actor=self.scene.cast.alva,
                    at=self.scene.at,
                )

    def _begin(self) -> None:
        self.start = an_open_renewal(self.scene, self.card, purpose=self.purpose)

    def _claim(self) -> None:
        if self.start is not None:
            steps.claimed(self.scene, self.start)

    def _make_keys(self) -> None:
        for renewal in Renewal.objects.filter(state__in=OPEN):
            chip = self.chips.setdefault(str(renewal.pk), Chip())
            chip.requests(renewal)
            made = {f"{renewal.pk} {name}": key for name, key in chip.made.items()}
            self.scene.client.chip.update(made)  # type: ignore[arg-type] # more keys than those of activation
            steps.with_keys(self.scene, renewal, chip)

    def _collect(self) -> None:
        self.worker_issues()
        for renewal in Renewal.objects.filter(state__in=OPEN):
            lifecycle.collect_renewed(renewal_id=str(renewal.pk), actor=CLIENT, at=self.scene.at)

    def _write(self) -> None:
        for renewal in Renewal.objects.filter(state=RenewalState.ISSUED.value):
            steps.written(self.scene, renewal)

    def _sign(self) -> None:
        for renewal in Renewal.objects.filter(state__in=OPEN):
            lifecycle.sign_renewal(
                renewal_id=str(renewal.pk),
                answer=steps.proof(self.scene, renewal),
                actor=CLIENT,
                at=self.scene.at,
            )

    def _abort(self) -> None:
        for renewal in Renewal.objects.all():
            with suppress(CardsError):
                lifecycle.abort_renewal(
                    renewal_id=str(renewal.pk), reason="userCancel", actor=CLIENT, at=self.scene.at
                )

    def _expire(self) -> None:
        lifecycle.expire_renewals(actor=WORKER, at=self.scene.at)

    @invariant()
    def what_always_holds(self) -> None:
        if not hasattr(self, "scene"):
            return
        self.card.refresh_from_db()
        rows, held = Renewal.objects.all(), certificates_on(self.card)
        certificates = Certificate.objects.filter(carrier_id=str(self.card.pk))
        in_force = {one.pk for one in certificates.filter(revoked_at__isnull=True)}
        being_made = rows.filter(state__in=OPEN)
        requests = RenewalKey.objects.filter(renewal__in=being_made)
        fresh = certificates.filter(
            request_id__in=list(requests.values_list("certificate_request_id", flat=True))
        )
        assert being_made.count() <= 1
        if self.card.state == CardState.BLOCKED:
            assert (in_force, being_made.exists()) == (set(), False)
        else:
            kept = {one.certificate.pk for one in held.values()}
            assert {"hsa_authentication", "id_authentication"} <= {name.value for name in held}
            assert kept <= in_force <= kept | {one.pk for one in fresh}
        labels = {
            one.key.label if isinstance(one.key, RenewalKey) else LABELS[name] for name, one in held.items()
        }
        assert labels.isdisjoint(left_over(self.card))
        told = dict.fromkeys(("renewal.opened", "renewal.aborted", "card.renewed"), 0)
        for kind in Entry.objects.filter(type__in=told).values_list("type", flat=True):
            told[kind] += 1
        assert told == {
            "renewal.opened": rows.count(),
            "renewal.aborted": rows.filter(state=RenewalState.ABORTED.value).count(),
            "card.renewed": rows.filter(state=RenewalState.RENEWED.value).count(),
        }


@pytest.mark.django_db
def test_every_move_of_the_table_is_walked_and_no_other_and_the_card_works_on() -> None:
    """POR-2, R8: the diagram in the README is the table (test_renewing), and here it is walked."""
    RenewalWalk.stage = a_scene()
    RenewalWalk.card = an_active_card(RenewalWalk.stage)
    run_state_machine_as_test(
        RenewalWalk,
        settings=settings(
            max_examples=6,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    for length in range(1, len(ROAD) + 1):
        walk = RenewalWalk()
        walk.begin_walk()
        walk.go_on(length, RenewalPurpose.RENEW)
        walk.what_always_holds()
        walk.does("abort")
        walk.what_always_holds()
        walk.teardown()
    assert RenewalWalk.moves == {(source, goal) for (source, _), goal in RENEWAL_MOVES.items()}
