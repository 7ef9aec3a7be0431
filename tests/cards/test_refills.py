"""New certificates for a reserve card in use that has none that is valid (domain.md 2.5, CRD-4)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from ca.models import Certificate, CertificateRequest
from ca.pki.reasons import RevocationReason
from cards import lifecycle
from cards.card_keys import revoke_superseded_certificate
from cards.envelope_code import envelope_code
from cards.errors import (
    CardNotFound,
    ConfirmationInvalid,
    OrderAlreadyRunning,
    Refused,
    TokenInvalid,
)
from cards.identity import SuspicionFacts
from cards.models import BlockRequest, Card, IdentityCheck
from cards.outdated import remove_outdated_orders
from cards.own_policies import waits_to_be_fetched
from cards.reasons import BlockReason
from cards.refill_policies import may_order_refill
from cards.refills import order_refill, report_refill_suspicion
from cards.renewal.keys import left_over, question_of_renewal, register_renewal_keys
from cards.renewal.models import Renewal, RenewalKey, RenewalPurpose
from cards.renewal.names import certificates_on
from cards.renewal.policies import may_renew_own
from cards.renewal.renewing import OpenedRenewal
from cards.reserve_approving import approve_as_second, refuse_as_second
from cards.reserve_fetching import open_fetching
from cards.reserve_models import ReserveRefill
from cards.reserve_selectors import awaiting_second, get_reserve_order
from cards.reserve_suspicions import report_approval_suspicion
from cards.stock_errors import EnvelopeCodeWrong, ReserveHandOutNotFound
from cards.suspicions import open_suspicions
from cards.unlocking import report_unlock_suspicion
from directory.models import Employment
from journal.actor import Actor, ActorKind
from journal.models import Entry
from journal.selectors import content_of
from tests.cards.refills import (
    HOLDER,
    NUMBER,
    a_refill,
    a_spent_card,
    an_approved_refill,
    filled,
    opened,
    registered,
    spent,
    spent_proof,
)
from tests.cards.renewal.steps import Chip, claimed, signed, working, written
from tests.cards.stock_violations import a_hand_out
from tests.cards.test_reserve_cards import in_use
from tests.scenarios import CHECK, CLIENT, WORKER, Client, Scene, an_active_card, card_number

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _master_key(settings: Settings, tmp_path: Path) -> None:
    settings.SIGILL_SECRETS = tmp_path
    (tmp_path / "card-master.key").write_bytes(b"the factory and we share this\n")


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.refusal.code


def order(scene: Scene, *, number: str = NUMBER, actor: Actor | None = None) -> ReserveRefill:
    return order_refill(
        card_number=number, identity_check=CHECK, actor=actor or scene.cast.alva, at=scene.later(minutes=1)
    )


def test_at_level_two_an_order_and_the_envelopes_code_fill_the_card_again(scene: Scene) -> None:
    """domain.md 2.5: an order by an ID administrator, and then the holder alone."""
    card = a_spent_card(scene)
    old = {one.certificate.sha256 for one in certificates_on(card).values()}
    refill = a_refill(scene)
    assert (refill.state, refill.loa, refill.first_by) == ("READY", 2, scene.cast.alva.identifier)
    assert waits_to_be_fetched(str(card.person_id))
    renewal = filled(scene)
    refill.refresh_from_db()
    card.refresh_from_db()
    assert (renewal.state, refill.state, refill.ended_at, card.state) == (
        "RENEWED",
        "FETCHED",
        scene.at,
        "ACTIVE",
    )
    held = certificates_on(card)
    assert set(held) == {"hsa_authentication", "id_authentication"}
    assert all(one.works(at=scene.at) for one in held.values())
    assert {one.certificate.sha256 for one in held.values()}.isdisjoint(old)
    assert left_over(card) == ("SITHS HSA-id legitimering", "SITHS Person-ID legitimering")
    assert {str(one.subject["policy"]) for one in CertificateRequest.objects.all()} == {"loa2_reserve"}
    assert not waits_to_be_fetched(str(card.person_id))
    assert renewal.standing_check == refill.first_check
    told = [content_of(one)["event"] for one in Entry.objects.filter(type="reserve_refill.fetched")]
    assert [(one["reserve_refill_id"], one["renewal_id"]) for one in told] == [
        (str(refill.pk), str(renewal.pk))
    ]
    with pytest.raises(EnvelopeCodeWrong):
        opened(scene)


def test_what_ran_out_is_filled_again_until_the_cards_last_day(scene: Scene) -> None:
    """Extended too late for a renewal: the certificates end with the day that the card had first."""
    card = a_spent_card(scene, loa=3, how=None)
    later = scene.later(days=7 * 30)
    Card.objects.filter(pk=card.pk).update(valid_until=(later + timedelta(days=3)).date())
    assert not any(one.works(at=later) for one in certificates_on(card).values())
    an_approved_refill(scene)
    filled(scene)
    assert all(one.works(at=scene.at) for one in certificates_on(card).values())
    scene.later(days=5)
    refused = may_order_refill(Card.objects.get(), actor=scene.cast.alva, at=scene.at)
    assert refused is not None
    assert refused.code == "card_expired"


def test_at_level_three_two_people_order_it(scene: Scene) -> None:
    """DIGG K3.4: nobody alone, under whatever HSA-id."""
    a_spent_card(scene, loa=3)
    refill = a_refill(scene)
    assert refill.state == "AWAITING_SECOND"
    with pytest.raises(EnvelopeCodeWrong):
        opened(scene)
    second = scene.cast.another_administrator
    for first in (scene.cast.alva, replace(second, person_id=scene.cast.alva.person_id)):
        with pytest.raises(Refused) as caught:
            approve_as_second(refill, identity_check=CHECK, actor=first, at=scene.at)
        assert code_of(caught) == "second_person_needed"
    with pytest.raises(Refused) as caught:
        approve_as_second(refill, identity_check=replace(CHECK, steps=frozenset()), actor=second, at=scene.at)
    assert code_of(caught) == "identity_check_incomplete"
    assert [one.pk for one in awaiting_second(actor=second)] == [refill.pk]
    approve_as_second(refill, identity_check=CHECK, actor=second, at=scene.at)
    refill.refresh_from_db()
    assert (refill.state, refill.second_by) == ("READY", second.identifier)
    assert refill.first_person_id != refill.second_person_id
    renewal = filled(scene)
    assert renewal.standing_check == refill.second_check
    assert {str(one.subject["policy"]) for one in CertificateRequest.objects.all()} == {"loa3_reserve"}
    with pytest.raises(Refused) as caught:
        approve_as_second(
            get_reserve_order(str(refill.pk), actor=second), identity_check=CHECK, actor=second, at=scene.at
        )
    assert code_of(caught) == "reserve_card_decided"


def test_a_suspicion_counts_though_another_approved_meanwhile(scene: Scene) -> None:
    """Else whoever was quicker would have let it through: the alarm is there, and nothing is fetched."""
    a_spent_card(scene, loa=3)
    refill, second = an_approved_refill(scene), scene.cast.another_administrator
    assert refill.state == "READY"
    with pytest.raises(Refused) as caught:
        report_approval_suspicion(
            order_id=str(refill.pk), facts=SuspicionFacts(), actor=scene.cast.alva, at=scene.at
        )
    assert code_of(caught) == "second_person_needed"
    report_approval_suspicion(order_id=str(refill.pk), facts=SuspicionFacts(), actor=second, at=scene.at)
    refill.refresh_from_db()
    assert refill.state == "ENDED"
    assert IdentityCheck.objects.filter(outcome="suspected").count() == 1
    with pytest.raises(EnvelopeCodeWrong):
        opened(scene)


def test_a_suspicion_at_the_first_check_counts_though_another_ordered_meanwhile(scene: Scene) -> None:
    a_spent_card(scene)
    refill = a_refill(scene)
    report_refill_suspicion(
        card_number=NUMBER, facts=SuspicionFacts(), actor=scene.cast.another_administrator, at=scene.at
    )
    refill.refresh_from_db()
    assert refill.state == "ENDED"
    assert IdentityCheck.objects.filter(outcome="suspected").count() == 1
    for stranger in (scene.cast.doris, scene.cast.cia):
        with pytest.raises((CardNotFound, Refused)):
            report_refill_suspicion(card_number=NUMBER, facts=SuspicionFacts(), actor=stranger, at=scene.at)


@pytest.mark.parametrize("is_suspected", [False, True])
def test_what_is_not_approved_leaves_the_card_as_it_was(scene: Scene, is_suspected: bool) -> None:  # noqa: FBT001 - drawn by pytest
    card = a_spent_card(scene, loa=3)
    refill, second = a_refill(scene), scene.cast.another_administrator
    if is_suspected:
        report_approval_suspicion(order_id=str(refill.pk), facts=SuspicionFacts(), actor=second, at=scene.at)
    else:
        refuse_as_second(refill, reason="not_approved", actor=second, at=scene.at)
    refill.refresh_from_db()
    card.refresh_from_db()
    assert (refill.state, card.state) == ("REFUSED", "ACTIVE")
    assert IdentityCheck.objects.filter(outcome="suspected").exists() is is_suspected
    with pytest.raises(EnvelopeCodeWrong):
        opened(scene)
    assert a_refill(scene).state == "AWAITING_SECOND", "and it is ordered again"
    alarms = open_suspicions(actor=scene.cast.alva, at=scene.later(minutes=1))
    assert bool(alarms) is is_suspected, "who could be suspected clears up nothing alone"
    if is_suspected:
        again = ReserveRefill.objects.get(state="AWAITING_SECOND")
        approve_as_second(again, identity_check=CHECK, actor=second, at=scene.later(minutes=1))
        assert open_suspicions(actor=scene.cast.alva, at=scene.later(minutes=1)) == []


def test_a_suspicion_at_the_desk_takes_an_order_back(scene: Scene) -> None:
    """It would be fetched with the code by whoever was sent away."""
    card = a_spent_card(scene)
    refill = a_refill(scene)
    opened(scene)
    report_unlock_suspicion(
        card_id=str(card.pk), facts=SuspicionFacts(), actor=scene.cast.alva, at=scene.later(minutes=1)
    )
    refill.refresh_from_db()
    assert refill.state == "ENDED"
    with pytest.raises(EnvelopeCodeWrong):
        opened(scene)


def test_what_was_said_later_of_a_certificate_counts_too(scene: Scene) -> None:
    """Revoked as superseded first: that somebody else may use the card is known from the request alone."""
    card = a_spent_card(scene)
    assert may_order_refill(card, actor=scene.cast.alva, at=scene.at) is None
    BlockRequest.objects.create(
        person=card.person, organization=card.organization, card=card, certificate_id="",
        reason=BlockReason.CODES_KNOWN_TO_OTHERS.value, received_at=scene.at, registered_at=scene.at,
        registered_by="x", had_effect=False,
    )  # fmt: skip
    refusal = may_order_refill(card, actor=scene.cast.alva, at=scene.at)
    assert refusal is not None
    assert refusal.code == "reserve_card_not_filled_again"


def test_who_works_elsewhere_since_the_order_fetches_nothing(scene: Scene) -> None:
    """The certificates would name an organization that ordered none."""
    card = a_spent_card(scene)
    a_refill(scene)
    Employment.objects.filter(hsa_id=card.hsa_id).update(organization=scene.cast.syd)
    with pytest.raises(Refused) as caught:
        opened(scene)
    assert code_of(caught) == "no_employment_in_scope"


@pytest.mark.parametrize("is_suspected", [False, True])
@pytest.mark.parametrize("why", ["name_changed", "employment_missing_in_register", "too_late"])
def test_what_cannot_be_approved_can_still_be_refused_or_suspected(
    scene: Scene,
    why: str,
    is_suspected: bool,  # noqa: FBT001 - drawn by pytest
) -> None:
    """What stands in the way of new certificates is no reason to be silent about a suspicion."""
    card = a_spent_card(scene, loa=3)
    refill, second = a_refill(scene), scene.cast.another_administrator
    if why == "name_changed":
        type(card.person).objects.filter(pk=card.person_id).update(surname="Ek")
    elif why == "employment_missing_in_register":
        Employment.objects.filter(hsa_id=card.hsa_id).update(missing_since=scene.at)
    else:
        scene.later(days=15)
    refill = ReserveRefill.objects.get()
    with pytest.raises(Refused) as caught:
        approve_as_second(refill, identity_check=CHECK, actor=second, at=scene.at)
    assert code_of(caught) == ("reserve_card_not_fetched_in_time" if why == "too_late" else why)
    with pytest.raises(Refused) as caught:
        refuse_as_second(refill, reason="not_approved", actor=scene.cast.alva, at=scene.at)
    assert code_of(caught) == "second_person_needed"
    if is_suspected:
        report_approval_suspicion(order_id=str(refill.pk), facts=SuspicionFacts(), actor=second, at=scene.at)
    else:
        refuse_as_second(refill, reason="not_approved", actor=second, at=scene.at)
    refill.refresh_from_db()
    assert refill.state == "REFUSED"
    assert IdentityCheck.objects.filter(outcome="suspected").exists() is is_suspected
    with pytest.raises(Refused) as caught:
        refuse_as_second(refill, reason="not_approved", actor=second, at=scene.at)
    assert code_of(caught) == "reserve_card_decided"


def test_a_card_with_a_valid_certificate_is_not_filled_again(scene: Scene) -> None:
    card = a_spent_card(scene, how=None)
    with pytest.raises(Refused) as caught:
        a_refill(scene)
    assert code_of(caught) == "reserve_card_has_certificates"
    spent(scene, card, names=("hsa_authentication",))
    with pytest.raises(Refused) as caught:
        a_refill(scene)
    assert code_of(caught) == "reserve_card_has_certificates", "one of two is enough"
    assert ReserveRefill.objects.count() == 0


def test_an_ordinary_card_is_renewed_or_replaced(scene: Scene) -> None:
    card = an_active_card(scene)
    spent(scene, card)
    with pytest.raises(Refused) as caught:
        order(scene, number=card.card_number or "")
    assert code_of(caught) == "not_a_reserve_card"


def test_only_a_card_in_use_is_filled_again(scene: Scene) -> None:
    a_hand_out(scene, loa=2)
    with pytest.raises(Refused) as caught:
        a_refill(scene)
    assert code_of(caught) == "card_not_in_use"
    card = in_use(scene)
    block(scene, card)
    with pytest.raises(Refused) as caught:
        a_refill(scene)
    assert code_of(caught) == "card_blocked"


def test_a_card_that_somebody_else_may_use_gets_nothing_more(scene: Scene) -> None:
    """It keeps its PIN: whose code others know, or who lost it for a while, is handed another."""
    card = a_spent_card(scene, how=None)
    spent(scene, card, names=("id_authentication",))
    spent(scene, card, names=("hsa_authentication",), how=RevocationReason.KEY_COMPROMISE)
    with pytest.raises(Refused) as caught:
        a_refill(scene)
    assert code_of(caught) == "reserve_card_not_filled_again"


def test_who_may_hand_out_may_order_and_nobody_else(scene: Scene) -> None:
    card = a_spent_card(scene)
    alva = scene.cast.alva
    for actor in (scene.cast.doris, replace(alva, organization_ids=frozenset())):
        with pytest.raises(CardNotFound):
            order(scene, actor=actor)
    for actor, code in (
        (replace(alva, person_id=str(card.person_id)), "self_service_forbidden"),
        (replace(alva, loa=2), "login_too_weak"),
        (scene.cast.cia, "role_missing"),
    ):
        with pytest.raises(Refused) as caught:
            order(scene, actor=actor)
        assert code_of(caught) == code
    with pytest.raises(Refused) as caught:
        order_refill(
            card_number=NUMBER, identity_check=replace(CHECK, steps=frozenset()), actor=alva, at=scene.at
        )
    assert code_of(caught) == "identity_check_incomplete"
    Employment.objects.filter(hsa_id=card.hsa_id).update(missing_since=scene.at)
    with pytest.raises(Refused) as caught:
        order(scene)
    assert code_of(caught) == "employment_missing_in_register"
    assert ReserveRefill.objects.count() == 0
    assert not IdentityCheck.objects.filter(first_of_refill__isnull=False).exists()


def test_whoever_would_be_handed_none_today_gets_no_new_certificates(scene: Scene) -> None:
    """The holder is held against the level as at a hand-out: PU says other things than it did then."""
    card = a_spent_card(scene, loa=3)
    type(card.person).objects.filter(pk=card.person_id).update(number_kind="coordination_number")
    with pytest.raises(Refused) as caught:
        order(scene)
    assert code_of(caught) == "identity_kind_not_allowed"


def test_who_has_not_the_role_is_told_that_and_nothing_of_the_card(scene: Scene) -> None:
    refused = may_order_refill(an_active_card(scene), actor=scene.cast.cia, at=scene.at)
    assert refused is not None
    assert refused.code == "role_missing"


def test_a_protected_holder_is_for_those_with_the_right(scene: Scene) -> None:
    card = a_spent_card(scene)
    type(card.person).objects.filter(pk=card.person_id).update(
        protected_identity=True, search_key="", address_lines=[]
    )
    with pytest.raises(CardNotFound):
        order(scene)
    assert order(scene, actor=replace(scene.cast.alva, may_see_protected=True)).state == "READY"
    refill = ReserveRefill.objects.get()
    with pytest.raises(ReserveHandOutNotFound):
        get_reserve_order(str(refill.pk), actor=scene.cast.alva)


def test_doris_sees_and_approves_nothing_of_norr(scene: Scene) -> None:
    a_spent_card(scene, loa=3)
    refill, doris = a_refill(scene), scene.cast.doris
    assert awaiting_second(actor=doris) == ()
    with pytest.raises(ReserveHandOutNotFound):
        get_reserve_order(str(refill.pk), actor=doris)
    for act in (
        lambda: approve_as_second(refill, identity_check=CHECK, actor=doris, at=scene.at),
        lambda: refuse_as_second(refill, reason="x", actor=doris, at=scene.at),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert code_of(caught) == "outside_scope"


def test_one_order_at_a_time_and_a_suspicion_orders_nothing(scene: Scene) -> None:
    a_spent_card(scene)
    report_refill_suspicion(card_number=NUMBER, facts=SuspicionFacts(), actor=scene.cast.alva, at=scene.at)
    assert ReserveRefill.objects.count() == 0
    assert Entry.objects.filter(type="identity.suspected").count() == 1
    a_refill(scene)
    with pytest.raises(Refused) as caught:
        a_refill(scene)
    assert code_of(caught) == "reserve_refill_under_way"


def test_five_wrong_codes_end_the_order_and_not_the_card(scene: Scene) -> None:
    card = a_spent_card(scene)
    refill, right = a_refill(scene), envelope_code(NUMBER)
    wrong = f"{(int(right) + 1) % 10**8:08d}"
    begun = claimed(scene, opened(scene))
    for _ in range(5):
        with pytest.raises(EnvelopeCodeWrong):
            opened(scene, code=wrong)
    with pytest.raises(EnvelopeCodeWrong):
        opened(scene)
    refill.refresh_from_db()
    card.refresh_from_db()
    begun.refresh_from_db()
    assert (refill.state, refill.wrong_codes, card.state) == ("LOCKED", 5, "ACTIVE")
    assert (begun.state, begun.abort_reason) == ("ABORTED", "refillEnded")
    told = [content_of(one)["event"] for one in Entry.objects.filter(type="reserve_refill.code_refused")]
    assert {one["attempts"]: one["is_locked"] for one in told} == {n: n == 5 for n in range(1, 6)}
    assert a_refill(scene).wrong_codes == 0
    filled(scene)


def test_a_number_without_an_order_is_answered_like_a_wrong_code(scene: Scene) -> None:
    a_spent_card(scene)
    answers = []
    for number, code in ((NUMBER, envelope_code(NUMBER)), (card_number(77), "12345678"), (NUMBER, "x")):
        with pytest.raises(EnvelopeCodeWrong) as caught:
            open_fetching(card_number=number, code=code, actor=HOLDER, at=scene.at)
        answers.append((caught.value.code, caught.value.facts))
    a_refill(scene)
    with pytest.raises(EnvelopeCodeWrong) as caught:
        opened(scene, code="x")
    answers.append((caught.value.code, caught.value.facts))
    assert answers == [("envelope_code_wrong", {})] * 4


def test_no_certificate_is_asked_for_before_this_card_has_signed(scene: Scene) -> None:
    """Order, code and session are no card: it is its key, certified before, that shows it."""
    other, other_client = an_active_card(scene), scene.client
    foreign = Certificate.objects.filter(carrier_id=str(other.pk)).earliest("pk")
    scene.client = Client()
    a_spent_card(scene)
    a_refill(scene)
    renewal, chip = claimed(scene, opened(scene)), Chip()
    requests, right = chip.requests(renewal), spent_proof(scene, renewal)
    forgeries = (
        replace(right, certificate_der=bytes(foreign.certificate_der)),
        replace(right, certificate_der=requests["hsa_authentication"]),
        replace(right, signature=right.signature[:-1] + bytes([right.signature[-1] ^ 1])),
        other_client.signs(question_of_renewal(renewal), bytes(foreign.certificate_der)),
    )
    asked = CertificateRequest.objects.count()
    for forged in forgeries:
        with pytest.raises(ConfirmationInvalid):
            register_renewal_keys(
                renewal_id=str(renewal.pk), requests=requests, proof=forged, actor=CLIENT, at=scene.at
            )
    assert CertificateRequest.objects.count() == asked
    assert not RenewalKey.objects.filter(renewal=renewal).exists()
    assert registered(scene, renewal, chip).state == "KEYS_MADE"


def test_a_certificate_that_is_no_longer_valid_renews_nothing_without_an_order(scene: Scene) -> None:
    """Only the re-fill takes it: at the desk and by a login a valid one is needed, at the start and later."""
    card = a_spent_card(scene, loa=3, how=None)

    def start() -> OpenedRenewal:
        return lifecycle.open_renewal(
            card_id=str(card.pk),
            purpose=RenewalPurpose.RENEW,
            identity_check=CHECK,
            actor=scene.cast.alva,
            at=scene.at,
        )

    renewal = claimed(scene, start())
    spent(scene, card)
    with pytest.raises(ConfirmationInvalid) as refused:
        registered(scene, renewal, Chip())
    assert refused.value.facts["check"] == "certificate_revoked"
    with pytest.raises(Refused) as caught:
        start()
    assert code_of(caught) == "no_certificate_to_prove_by"
    holder = Actor(kind=ActorKind.PERSON, identifier=card.hsa_id, person_id=str(card.person_id), loa=3)
    own = may_renew_own(card, actor=holder, at=scene.at)
    assert own is not None
    assert own.code == "no_certificate_to_prove_by"


def test_the_receipt_is_signed_with_what_the_card_was_given(scene: Scene) -> None:
    a_spent_card(scene)
    a_refill(scene)
    chip = Chip()
    renewal = written(scene, registered(scene, claimed(scene, opened(scene)), chip))
    with pytest.raises(ConfirmationInvalid):
        lifecycle.sign_renewal(
            renewal_id=str(renewal.pk), answer=spent_proof(scene, renewal), actor=CLIENT, at=scene.at
        )
    assert signed(scene, renewal, chip).state == "RENEWED"


Step = Callable[[Scene, Chip], Renewal]
STEPS: dict[str, Step] = {
    "claimed": lambda s, _: claimed(s, opened(s)),
    "keys": lambda s, chip: registered(s, claimed(s, opened(s)), chip),
    "written": lambda s, chip: written(s, registered(s, claimed(s, opened(s)), chip)),
}


@pytest.mark.parametrize("name", STEPS)
def test_broken_off_at_any_step_it_begins_again_with_the_code_and_nothing_is_doubled(
    scene: Scene, name: str
) -> None:
    card = a_spent_card(scene)
    refill = a_refill(scene)
    broken = STEPS[name](scene, Chip())
    again = opened(scene)
    broken.refresh_from_db()
    assert (broken.state, broken.abort_reason) == ("ABORTED", "superseded")
    chip = Chip()
    signed(scene, written(scene, registered(scene, claimed(scene, again), chip)), chip)
    for key in RenewalKey.objects.all():  # the worker's consumer of certificate.issued
        revoke_superseded_certificate(
            certificate_request_id=key.certificate_request_id, actor=WORKER, at=scene.at
        )
    assert len(working(card)) == 2
    refill.refresh_from_db()
    assert refill.state == "FETCHED"
    assert Entry.objects.filter(type="reserve_refill.fetched").count() == 1
    assert IdentityCheck.objects.filter(card=card, first_of_refill=refill).count() == 1


def test_what_is_not_fetched_in_a_fortnight_is_ended_by_the_job_of_the_hand_outs(scene: Scene) -> None:
    card = a_spent_card(scene)
    refill = a_refill(scene)
    assert remove_outdated_orders(actor=WORKER, at=scene.later(days=13)) == "0 outdated orders removed"
    begun = claimed(scene, opened(scene))
    scene.later(days=2)
    with pytest.raises(Refused) as caught:
        opened(scene)
    assert code_of(caught) == "reserve_card_not_fetched_in_time"
    assert remove_outdated_orders(actor=WORKER, at=scene.at) == "1 outdated orders removed"
    refill.refresh_from_db()
    card.refresh_from_db()
    begun.refresh_from_db()
    assert (refill.state, card.state, begun.state) == ("ENDED", "ACTIVE", "ABORTED")
    assert remove_outdated_orders(actor=WORKER, at=scene.at) == "0 outdated orders removed"
    a_refill(scene)


def test_one_too_old_that_the_job_has_not_seen_is_in_nobodys_way(scene: Scene) -> None:
    a_spent_card(scene)
    first = a_refill(scene)
    scene.later(days=15)
    second = a_refill(scene)
    first.refresh_from_db()
    assert (first.state, second.state) == ("ENDED", "READY")


def block(scene: Scene, card: Card) -> None:
    lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.later(seconds=5),
    )


def test_blocking_the_card_ends_it_at_any_step(scene: Scene) -> None:
    card = a_spent_card(scene)
    refill = a_refill(scene)
    renewal = written(scene, registered(scene, claimed(scene, opened(scene)), Chip()))
    block(scene, card)
    for row in (refill, renewal):
        row.refresh_from_db()
    assert (refill.state, renewal.state, renewal.abort_reason) == ("ENDED", "ABORTED", "cardBlocked")
    assert working(card) == {}
    told = content_of(Entry.objects.get(type="reserve_refill.ended"))["event"]
    assert told["reason"] == "card_blocked"
    with pytest.raises(EnvelopeCodeWrong):
        opened(scene)


def test_the_token_of_an_ended_order_is_worth_nothing(scene: Scene) -> None:
    a_spent_card(scene)
    refill = a_refill(scene)
    start = opened(scene)
    renewal = claimed(scene, opened(scene))
    with pytest.raises(TokenInvalid):
        claimed(scene, start)
    ReserveRefill.objects.filter(pk=refill.pk).update(state="ENDED", ended_at=scene.at)
    with pytest.raises(Refused) as caught:
        registered(scene, renewal, Chip())
    assert code_of(caught) == "reserve_card_needs_order"


def test_an_order_is_for_its_card_alone(scene: Scene) -> None:
    """Åsa's order and code open nothing of another person's card."""
    a_spent_card(scene)
    a_refill(scene)
    with pytest.raises(EnvelopeCodeWrong):
        open_fetching(card_number=card_number(501), code=envelope_code(NUMBER), actor=HOLDER, at=scene.at)
    with pytest.raises(EnvelopeCodeWrong):
        opened(scene, code=envelope_code(card_number(501)))
    assert not Renewal.objects.exists()


def test_two_orders_at_once_are_one(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have seen that nothing is ordered; the second sees the first under the card's lock."""
    a_spent_card(scene)

    def faster(card: Card, *, actor: Actor, at: datetime) -> None:
        monkeypatch.undo()
        a_refill(scene)

    monkeypatch.setattr("cards.refills.may_order_refill", faster)
    with pytest.raises((Refused, OrderAlreadyRunning)):
        order(scene)
    assert [one.state for one in ReserveRefill.objects.all()] == ["READY"]
