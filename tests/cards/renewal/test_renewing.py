"""Certificates renewed and added on a card in use, by the lifecycle (POR-2, MIN-2, domain.md 2.1, 2.10)."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from authn.evidence import Answer, sha256
from ca.models import Certificate, CertificateRequest
from ca.pki.reasons import RevocationReason
from ca.revocation import revoke
from cards import lifecycle
from cards.card_keys import revoke_superseded_certificate
from cards.errors import (
    CardNotFound,
    ConfirmationInvalid,
    IllegalTransition,
    KeysInvalid,
    Refused,
    RenewalAborted,
    RenewalNotFound,
    WrittenMismatch,
)
from cards.models import Card
from cards.reasons import BlockReason
from cards.renewal.keys import left_over, question_of_renewal
from cards.renewal.models import RenewalKey, RenewalPurpose
from cards.renewal.names import certificates_on
from cards.renewal.policies import may_renew_at_desk, may_renew_own
from cards.renewal.renewing import get_renewal
from cards.renewal.states import OPEN_RENEWAL_STATES, RENEWAL_MOVES, RenewalState
from directory.models import Employment
from journal.models import Entry
from tests.cards.renewal.steps import (
    Chip,
    claimed,
    holder,
    opened,
    proof,
    renewed,
    signed,
    with_keys,
    working,
    written,
)
from tests.scenarios import CHECK, CLIENT, WORKER, Scene, a_scene, an_active_card

pytestmark = pytest.mark.django_db
README = (Path(__file__).parents[3] / "cards" / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def scene(db: None) -> Scene:
    return a_scene()


@pytest.fixture
def card(scene: Scene) -> Card:
    return an_active_card(scene)


@pytest.fixture
def chip() -> Chip:
    return Chip()


def test_the_diagram_in_the_readme_is_the_table() -> None:
    chapter = README.split("## The renewal\n", 1)[1].split("\n## ", 1)[0]
    drawn = set(re.findall(r"^\s+(\w+) --> (\w+): (\w+)$", chapter, flags=re.MULTILINE))
    assert drawn == {(source, goal, action) for (source, action), goal in RENEWAL_MOVES.items()}
    leads_on = {source for source, _ in RENEWAL_MOVES}
    assert leads_on == OPEN_RENEWAL_STATES
    assert set(RENEWAL_MOVES.values()) == set(RenewalState) - {RenewalState.OPENED}


def test_a_holder_renews_and_the_old_certificates_are_superseded_at_the_end_and_not_before(
    scene: Scene, card: Card, chip: Chip
) -> None:
    """POR-2, domain.md 2.8: replaced by renewal is superseded."""
    before = working(card)
    renewal = with_keys(scene, claimed(scene, opened(scene, card)), chip)
    renewal = written(scene, renewal)
    assert renewal.state == RenewalState.WRITTEN
    old = Certificate.objects.filter(sha256__in=before.values())
    assert not old.filter(revoked_at__isnull=False).exists()
    renewal = signed(scene, renewal, chip)
    assert renewal.state == RenewalState.RENEWED
    assert {one.revocation_reason for one in old} == {RevocationReason.SUPERSEDED}
    after = working(card)
    assert after.keys() == before.keys()
    assert set(after.values()).isdisjoint(before.values())
    assert {one.certificate.sha256 for one in certificates_on(card).values()} == set(after.values())
    assert left_over(card) == ("SITHS HSA-id legitimering", "SITHS Person-ID legitimering")
    assert {key.label for key in renewal.keys.all()} == {
        "SITHS HSA-id legitimering 2",
        "SITHS Person-ID legitimering 2",
    }
    assert Entry.objects.filter(type="card.renewed").count() == 1


def test_a_renewal_says_what_the_register_says_now(scene: Scene, card: Card, chip: Chip) -> None:
    Employment.objects.filter(hsa_id=card.hsa_id).update(title="Överläkare")
    renewed(scene, card, chip)
    der = bytes(certificates_on(card)["hsa_authentication"].certificate.certificate_der)  # type: ignore[index]
    subject = x509.load_der_x509_certificate(der).subject
    assert [one.value for one in subject.get_attributes_for_oid(x509.NameOID.TITLE)] == ["Överläkare"]


def test_certificates_for_signatures_are_fetched_and_replace_nothing(
    scene: Scene, card: Card, chip: Chip
) -> None:
    """MIN-2: the signature certificates of HSA-id and of the person, nonRepudiation and nothing else."""
    before = working(card)
    renewed(scene, card, chip, RenewalPurpose.SIGNATURE)
    after = working(card)
    assert set(after) - set(before) == {"person_hsa_signature", "person_id_signature"}
    assert before.items() <= after.items()
    for name in ("hsa_signature", "id_signature"):
        der = bytes(certificates_on(card)[name].certificate.certificate_der)  # type: ignore[index]
        usage = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage.content_commitment
        assert not usage.digital_signature
    # Another renewal makes these anew too: what works is not lost by it.
    renewed(scene, card, Chip())
    assert working(card).keys() == after.keys()
    assert set(working(card).values()).isdisjoint(after.values())


def test_a_renewal_that_breaks_off_leaves_the_card_as_it_was(scene: Scene, card: Card, chip: Chip) -> None:
    before = working(card)
    first = written(scene, with_keys(scene, claimed(scene, opened(scene, card)), chip))
    second = opened(scene, card)  # the client went away; the holder begins again
    first.refresh_from_db()
    assert (first.state, first.abort_reason) == (RenewalState.ABORTED, "superseded")
    assert working(card) == before
    assert left_over(card) == ("SITHS HSA-id legitimering 2", "SITHS Person-ID legitimering 2")
    with pytest.raises(RenewalAborted):
        signed(scene, first, chip)
    again = with_keys(scene, claimed(scene, second), Chip())
    assert {key.label for key in again.keys.all()} == {
        "SITHS HSA-id legitimering 3",
        "SITHS Person-ID legitimering 3",
    }


def test_no_certificate_is_asked_for_before_the_card_has_signed_with_one_that_it_has(
    scene: Scene, card: Card, chip: Chip
) -> None:
    """K3.4: whoever holds a session and makes two keys in software has no card."""
    renewal = claimed(scene, opened(scene, card))
    requests, right = chip.requests(renewal), proof(scene, renewal)
    asked = CertificateRequest.objects.count()
    flipped = right.signature[:-1] + bytes([right.signature[-1] ^ 1])

    def refused(forged: Answer) -> None:
        with pytest.raises(ConfirmationInvalid):
            lifecycle.register_renewal_keys(
                renewal_id=str(renewal.pk), requests=requests, proof=forged, actor=CLIENT, at=scene.at
            )

    refused(replace(right, certificate_der=requests["hsa_authentication"]))
    refused(replace(right, signature=flipped))
    assert CertificateRequest.objects.count() == asked
    assert not RenewalKey.objects.filter(renewal=renewal).exists()
    renewal.refresh_from_db()
    assert renewal.state == RenewalState.CLAIMED


def test_a_revoked_certificate_of_the_card_is_no_proof(scene: Scene, card: Card, chip: Chip) -> None:
    """What was blocked alone (POR-2) speaks for nobody, though key, PIN and signature are right."""
    renewal = claimed(scene, opened(scene, card))
    requests, right = chip.requests(renewal), proof(scene, renewal)
    used = Certificate.objects.get(sha256=sha256(right.certificate_der).hex())
    revoke(
        certificate_id=used.pk,
        reason=RevocationReason.KEY_COMPROMISE,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.at,
    )
    with pytest.raises(ConfirmationInvalid) as refused:
        lifecycle.register_renewal_keys(
            renewal_id=str(renewal.pk),
            requests=requests,
            proof=right,
            actor=CLIENT,
            at=scene.later(seconds=5),
        )
    assert refused.value.facts["check"] == "certificate_revoked"
    assert not RenewalKey.objects.filter(renewal=renewal).exists()
    with_keys(scene, renewal, chip)  # the card's other certificate is one


def test_who_has_left_an_employment_gets_it_certified_no_longer(scene: Scene, card: Card) -> None:
    """authn.md: missing in HSA, the own pages only read."""
    Employment.objects.filter(hsa_id=card.hsa_id).update(missing_since=scene.at)
    with pytest.raises(Refused):
        opened(scene, card)


def test_a_certificate_issued_after_its_renewal_broke_off_is_revoked(
    scene: Scene, card: Card, chip: Chip
) -> None:
    before = working(card)
    renewal = with_keys(scene, claimed(scene, opened(scene, card)), chip)
    lifecycle.abort_renewal(
        renewal_id=str(renewal.pk), reason="cardRemoved", actor=CLIENT, at=scene.later(seconds=1)
    )
    scene.authority.issue_and_publish(at=scene.later(seconds=1))
    for key in renewal.keys.all():
        assert revoke_superseded_certificate(
            certificate_request_id=key.certificate_request_id, actor=WORKER, at=scene.at
        )
    assert working(card) == before


def test_time_ends_it(scene: Scene, card: Card, chip: Chip) -> None:
    renewal = with_keys(scene, claimed(scene, opened(scene, card)), chip)
    assert lifecycle.expire_renewals(actor=WORKER, at=scene.later(minutes=31)) == 1
    renewal.refresh_from_db()
    assert (renewal.state, renewal.abort_reason) == (RenewalState.ABORTED, "expired")


def test_every_step_may_be_repeated_and_none_skipped(scene: Scene, card: Card, chip: Chip) -> None:
    renewal = claimed(scene, opened(scene, card))
    with pytest.raises(IllegalTransition):
        lifecycle.collect_renewed(renewal_id=str(renewal.pk), actor=CLIENT, at=scene.at)
    requests = chip.requests(renewal)
    with pytest.raises(KeysInvalid):
        lifecycle.register_renewal_keys(
            renewal_id=str(renewal.pk),
            requests={"hsa_authentication": requests["hsa_authentication"]},
            proof=proof(scene, renewal),
            actor=CLIENT,
            at=scene.at,
        )
    for _ in range(2):
        with_keys(scene, renewal, chip)
    with pytest.raises(IllegalTransition):
        with_keys(scene, renewal, Chip())
    assert lifecycle.collect_renewed(renewal_id=str(renewal.pk), actor=CLIENT, at=scene.at) == ()
    scene.authority.issue_and_publish(at=scene.later(seconds=1))
    with pytest.raises(WrittenMismatch):
        lifecycle.confirm_renewed_written(
            renewal_id=str(renewal.pk), digests={"hsa_authentication": "0" * 64}, actor=CLIENT, at=scene.at
        )
    for _ in range(2):
        renewal = written(scene, renewal)
    for _ in range(2):
        renewal = signed(scene, renewal, chip)
    assert Entry.objects.filter(type="card.renewed").count() == 1


def test_only_a_certificate_of_this_card_signs(scene: Scene, card: Card, chip: Chip) -> None:
    renewal = written(scene, with_keys(scene, claimed(scene, opened(scene, card)), chip))
    answer = scene.client.signs(
        question_of_renewal(renewal),
        bytes(certificates_on(card)["id_authentication"].certificate.certificate_der),  # type: ignore[index]
    )
    with pytest.raises(ConfirmationInvalid):
        lifecycle.sign_renewal(
            renewal_id=str(renewal.pk),
            answer=replace(answer, certificate_der=b"another"),
            actor=CLIENT,
            at=scene.at,
        )


def test_a_key_that_was_used_before_is_refused(scene: Scene, card: Card, chip: Chip) -> None:
    renewed(scene, card, chip)
    renewal = claimed(scene, opened(scene, card))
    with pytest.raises(KeysInvalid) as caught:
        with_keys(scene, renewal, chip)
    assert caught.value.facts["check"] == "key_reused"


def test_blocking_the_card_ends_it_and_revokes_what_it_made(scene: Scene, card: Card, chip: Chip) -> None:
    renewal = written(scene, with_keys(scene, claimed(scene, opened(scene, card)), chip))
    lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.later(seconds=5),
    )
    renewal.refresh_from_db()
    assert (renewal.state, renewal.abort_reason) == (RenewalState.ABORTED, "cardBlocked")
    assert working(card) == {}
    with pytest.raises(Refused):
        opened(scene, card)


def test_nobody_renews_a_card_of_somebody_else_as_their_own(scene: Scene, card: Card) -> None:
    stranger = replace(holder(card), person_id=str(scene.cast.erik.person_id))
    with pytest.raises(CardNotFound):
        lifecycle.open_own_renewal(
            card_id=str(card.pk), purpose=RenewalPurpose.RENEW, actor=stranger, at=scene.at
        )
    renewal = opened(scene, card).renewal
    for actor in (stranger, scene.cast.doris):
        with pytest.raises(RenewalNotFound):
            get_renewal(str(renewal.pk), actor=actor)
        with pytest.raises(RenewalNotFound):
            lifecycle.cancel_renewal(renewal_id=str(renewal.pk), actor=actor, at=scene.at)


def test_a_holder_is_refused_with_the_reason(scene: Scene, card: Card) -> None:
    weak = may_renew_own(card, actor=holder(card, loa=2), at=scene.at)
    assert weak is not None
    assert weak.code == "login_too_weak"
    last_days = may_renew_own(card, actor=holder(card), at=scene.at + timedelta(days=365 * 5 - 20))
    assert last_days is not None
    assert last_days.code == "card_ends_soon"
    card.person.surname = "Ny"
    card.person.save()
    renamed = may_renew_own(card, actor=holder(card), at=scene.at)
    assert renamed is not None
    assert (renamed.code, renamed.fixer) == ("name_changed", "id_administrator")


def test_the_desk_renews_after_an_identity_check_and_never_for_oneself(
    scene: Scene, card: Card, chip: Chip
) -> None:
    assert may_renew_at_desk(card, actor=scene.cast.doris, at=scene.at) is not None
    self_service = may_renew_at_desk(
        card, actor=replace(scene.cast.alva, person_id=str(card.person_id)), at=scene.at
    )
    assert self_service is not None
    assert self_service.code == "self_service_forbidden"
    start = lifecycle.open_renewal(
        card_id=str(card.pk),
        purpose=RenewalPurpose.RENEW,
        identity_check=CHECK,
        actor=scene.cast.alva,
        at=scene.at,
    )
    assert start.renewal.identity_check is not None
    renewal = signed(scene, written(scene, with_keys(scene, claimed(scene, start), chip)), chip)
    assert renewal.state == RenewalState.RENEWED
