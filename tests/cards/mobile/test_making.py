"""A mobile eID from the code to the block, by the lifecycle (MOB-1 to MOB-6)."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.db import IntegrityError, transaction

from authn.evidence import client_key_of, mobile_mark
from ca.models import Certificate, CertificateRequest
from ca.pki.reasons import RevocationReason
from ca.revocation import revoke
from cards import lifecycle
from cards.block_requests import Received, block_certificate
from cards.errors import (
    CardNotFound,
    CertificateNotFound,
    ConfirmationInvalid,
    IllegalTransition,
    KeysInvalid,
    MobileEnded,
    MobileExpired,
    MobileNotApproved,
    MobileNotFound,
    Refused,
    TokenInvalid,
)
from cards.mobile.blocking import block_own_mobile
from cards.mobile.keys import collect_mobile, confirm_mobile, register_mobile_key
from cards.mobile.making import (
    CODE_GOOD_FOR,
    abort_mobile,
    approve_own_mobile,
    cancel_own_mobile,
    claim_mobile,
    expire_mobiles,
    open_mobile,
)
from cards.mobile.models import MOST_ACTIVE, MobileEid
from cards.mobile.policies import may_make_mobile
from cards.mobile.selectors import is_mobile_active, own_mobiles
from cards.mobile.states import MOBILE_MOVES, OPEN_MOBILE_STATES, MobileState
from cards.mobile.terms import current_mobile_terms
from cards.models import Card
from cards.person_blocking import block_everything, blockable_of
from cards.reasons import BlockReason
from directory.models import Employment, Person, RegistrationStatus
from journal.models import Entry
from tests.cards.mobile.phone import (
    Phone,
    an_active_mobile,
    claimed,
    confirmed,
    holder,
    issued,
    opened,
    second_login,
    with_key,
)
from tests.scenarios import CLIENT, WORKER, Scene, a_shipped_card, an_active_card

pytestmark = pytest.mark.django_db
README = (Path(__file__).parents[3] / "cards" / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def card(scene: Scene) -> Card:
    return an_active_card(scene)


@pytest.fixture
def phone() -> Phone:
    return Phone()


def certificates(mobile: MobileEid) -> list[Certificate]:
    return list(Certificate.objects.filter(carrier_kind="mobile", carrier_id=str(mobile.pk)))


def code_of(raised: pytest.ExceptionInfo[Refused]) -> str:
    return raised.value.refusal.code


def test_the_diagram_in_the_readme_is_the_table() -> None:
    chapter = README.split("## The mobile eID\n", 1)[1].split("\n## ", 1)[0]
    drawn = set(re.findall(r"^\s+(\w+) --> (\w+): (\w+)$", chapter, flags=re.MULTILINE))
    assert drawn == {(source, goal, action) for (source, action), goal in MOBILE_MOVES.items()}
    assert {source for source, _ in MOBILE_MOVES} == OPEN_MOBILE_STATES | {MobileState.ACTIVE}


def test_a_holder_makes_a_mobile_eid_with_their_card(scene: Scene, card: Card, phone: Phone) -> None:
    """MOB-1, MOB-2: by the mobile issuer, for the person by number, level 3, 24 months, P-256, no card."""
    mobile = an_active_mobile(scene, card, phone)
    assert mobile.state == MobileState.ACTIVE
    certificate = Certificate.objects.get(pk=mobile.certificate_id)
    assert (certificate.issuer.key, certificate.profile) == ("person_id_mobile", "mobile")
    assert (certificate.carrier_kind, certificate.carrier_id) == ("mobile", str(mobile.pk))
    parsed = x509.load_der_x509_certificate(bytes(certificate.certificate_der))
    named = {one.oid: one.value for one in parsed.subject}
    assert named[x509.NameOID.SERIAL_NUMBER] == card.person.personal_identity_number
    assert x509.NameOID.ORGANIZATION_NAME not in named
    assert parsed.public_key() == phone.key.public_key()
    policy = parsed.extensions.get_extension_for_class(x509.CertificatePolicies).value[0]
    assert policy.policy_identifier.dotted_string.endswith(".3")
    assert 728 <= (parsed.not_valid_after_utc - parsed.not_valid_before_utc).days <= 731
    assert is_mobile_active(mobile.certificate_sha256, scene.at)
    assert [one.pk for one in own_mobiles(str(card.person_id))] == [mobile.pk]
    told = Entry.objects.filter(type__startswith="mobile.").values_list("type", flat=True)
    assert set(told) == {
        f"mobile.{one}" for one in ("opened", "claimed", "approved", "key_made", "issued", "activated")
    }


def test_the_second_login_is_just_before_by_the_same_person_and_card_and_opens_one(
    scene: Scene, card: Card
) -> None:
    """MOB-4: missing, old, of the future, another person's, another card's, used before: nothing is made."""
    for changes in (
        {"evidence_id": ""},
        {"person_id": "00000000-0000-0000-0000-000000000000"},
        {"card_number": "9752278900000000000"},
        {"signed_at": scene.at - timedelta(minutes=6)},
        {"signed_at": scene.at + timedelta(minutes=1)},
    ):
        with pytest.raises(Refused) as raised:
            opened(scene, card, **changes)
        assert code_of(raised) == "second_login_needed"
    assert not MobileEid.objects.exists()
    opened(scene, card, evidence_id="the one")
    with pytest.raises(IllegalTransition):
        opened(scene, card, evidence_id="the one")
    assert MobileEid.objects.count() == 1


def test_the_terms_in_force_are_accepted(scene: Scene, card: Card) -> None:
    """MOB-4."""
    with pytest.raises(Refused) as raised:
        open_mobile(
            card_id=str(card.pk),
            terms_version="2020-01",
            second_login=second_login(scene, card),
            actor=holder(card),
            at=scene.at,
        )
    assert code_of(raised) == "mobile_terms_not_accepted"


def test_the_code_is_good_once_and_for_fifteen_minutes(scene: Scene, card: Card, phone: Phone) -> None:
    """MOB-5: the first phone has it; a replay and one who comes later have nothing."""
    start = opened(scene, card)
    assert timedelta(0) < CODE_GOOD_FOR <= timedelta(minutes=15)
    claimed(scene, start, phone)
    with pytest.raises(TokenInvalid):
        claimed(scene, start, Phone())
    late = opened(scene, card)
    scene.at = late.mobile.expires_at - timedelta(seconds=5)
    with pytest.raises(TokenInvalid):
        claimed(scene, late, Phone())


def test_only_the_digest_of_the_code_is_stored(scene: Scene, card: Card) -> None:
    """MOB-5."""
    start = opened(scene, card)
    row = MobileEid.objects.filter(pk=start.mobile.pk).values().get()
    assert start.token not in str(row)
    assert start.token not in repr(start)


def test_the_code_is_bound_to_the_personal_identity_number(scene: Scene, card: Card, phone: Phone) -> None:
    """MOB-5: a code whose mark is for another number, or whose holder got another one, is none."""
    start = opened(scene, card)
    with pytest.raises(TokenInvalid):
        claim_mobile(
            token=start.token,
            mark="A" * 22,
            client_key=client_key_of(phone.client_key),
            client_name="x",
            client_version="1",
            actor=CLIENT,
            at=scene.at,
        )
    Person.objects.filter(pk=card.person_id).update(personal_identity_number="198308309916")
    *_, token, mark = start.code_text.split("/")
    with pytest.raises(TokenInvalid):
        claim_mobile(
            token=token,
            mark=mark,
            client_key=client_key_of(phone.client_key),
            client_name="x",
            client_version="1",
            actor=CLIENT,
            at=scene.at,
        )


@pytest.mark.parametrize(
    "key",
    [rsa.generate_private_key(65537, 3072), ec.generate_private_key(ec.SECP384R1())],
    ids=["RSA", "P-384"],
)
def test_no_other_kind_of_key_is_certified(
    scene: Scene, card: Card, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
) -> None:
    """MOB-2: P-256 and nothing else (domain.md 2.9)."""
    phone = Phone(key=key)
    mobile = claimed(scene, opened(scene, card), phone)
    with pytest.raises(KeysInvalid):
        with_key(scene, mobile, phone)
    assert not CertificateRequest.objects.filter(carrier_kind="mobile").exists()


def test_a_request_for_a_key_that_is_not_there_proves_nothing(scene: Scene, card: Card, phone: Phone) -> None:
    """MOB-1: proof of possession."""
    mobile = claimed(scene, opened(scene, card), phone)
    with pytest.raises(KeysInvalid):
        register_mobile_key(
            mobile_id=str(mobile.pk), csr=phone.csr(signed_by=Phone().key), actor=CLIENT, at=scene.at
        )


def test_a_key_of_a_card_or_of_another_phone_is_refused(scene: Scene, card: Card, phone: Phone) -> None:
    an_active_mobile(scene, card, phone)
    for key in (phone.key, next(iter(scene.client.chip.values()))):
        other = Phone(key=key)
        mobile = claimed(scene, opened(scene, card), other)
        with pytest.raises(KeysInvalid) as raised:
            with_key(scene, mobile, other)
        assert raised.value.facts["check"] == "key_reused"


def test_only_the_new_key_confirms_what_the_phone_keeps(scene: Scene, card: Card, phone: Phone) -> None:
    """MOB-1: another key, another certificate, or one revoked meanwhile: not in use."""
    mobile = with_key(scene, claimed(scene, opened(scene, card), phone), phone)
    certificate = issued(scene, mobile)
    with pytest.raises(ConfirmationInvalid):
        confirmed(scene, mobile, certificate, Phone())
    of_card = Certificate.objects.filter(carrier_kind="card").first()
    assert of_card is not None
    with pytest.raises(ConfirmationInvalid):
        confirmed(scene, mobile, of_card, phone)
    mobile.refresh_from_db()
    assert mobile.state == MobileState.ISSUED
    assert not is_mobile_active(certificate.sha256, scene.at)
    assert confirmed(scene, mobile, certificate, phone).state == MobileState.ACTIVE


def test_what_was_revoked_elsewhere_is_not_confirmed(scene: Scene, card: Card, phone: Phone) -> None:
    """MOB-1: as with a compromised issuer, whose certificates are revoked without a block."""
    mobile = with_key(scene, claimed(scene, opened(scene, card), phone), phone)
    certificate = issued(scene, mobile)
    revoke(
        certificate_id=certificate.pk,
        reason=RevocationReason.CA_COMPROMISE,
        requested_at=scene.at,
        actor=WORKER,
        at=scene.at,
    )
    with pytest.raises(ConfirmationInvalid):
        confirmed(scene, mobile, certificate, phone)
    in_use = an_active_mobile(scene, card)
    revoke(
        certificate_id=in_use.certificate_id,
        reason=RevocationReason.CA_COMPROMISE,
        requested_at=scene.at,
        actor=WORKER,
        at=scene.at,
    )
    assert not is_mobile_active(in_use.certificate_sha256, scene.at)


def test_each_call_may_be_repeated(scene: Scene, card: Card, phone: Phone) -> None:
    """An answer lost on the way: the same call again changes nothing; another key is refused."""
    mobile = claimed(scene, opened(scene, card), phone)
    with_key(scene, mobile, phone)
    with_key(scene, mobile, phone)
    with pytest.raises(IllegalTransition):
        with_key(scene, mobile, Phone())
    certificate = issued(scene, mobile)
    assert issued(scene, mobile) == certificate
    confirmed(scene, mobile, certificate, phone)
    assert confirmed(scene, mobile, certificate, phone).state == MobileState.ACTIVE
    assert CertificateRequest.objects.filter(carrier_kind="mobile").count() == 1
    assert Entry.objects.filter(type="mobile.activated").count() == 1


@pytest.mark.parametrize("step", ["opened", "claimed", "key", "signing", "issued"])
def test_a_phone_killed_at_any_step_leaves_nothing_that_is_good(
    scene: Scene, card: Card, phone: Phone, step: str
) -> None:
    """MOB-1: what was issued and never confirmed is revoked when the time is out; the place is free again."""
    start = opened(scene, card)
    mobile = start.mobile
    if step != "opened":
        mobile = claimed(scene, start, phone)
    if step in {"key", "signing", "issued"}:
        mobile = with_key(scene, mobile, phone)
    if step == "signing":
        scene.authority.issue_and_publish(at=scene.later(seconds=1))  # issued, and never fetched
    if step == "issued":
        issued(scene, mobile)
    assert expire_mobiles(actor=WORKER, at=scene.at) == 0
    assert expire_mobiles(actor=WORKER, at=scene.later(minutes=16)) == 1
    scene.authority.issue_and_publish(at=scene.later(seconds=1))
    mobile.refresh_from_db()
    assert (mobile.state, mobile.abort_reason, mobile.slot) == (MobileState.ABORTED, "expired", None)
    assert all(one.revoked_at is not None for one in certificates(mobile))
    assert len(certificates(mobile)) == (1 if step in {"signing", "issued"} else 0)
    with pytest.raises(MobileEnded):
        register_mobile_key(mobile_id=str(mobile.pk), csr=phone.csr(), actor=CLIENT, at=scene.at)
    an_active_mobile(scene, card)


def test_a_phone_that_is_late_is_told_so(scene: Scene, card: Card, phone: Phone) -> None:
    mobile = claimed(scene, opened(scene, card), phone)
    scene.later(minutes=16)
    with pytest.raises(MobileExpired):
        with_key(scene, mobile, phone)


def test_the_phone_or_the_holder_gives_up(scene: Scene, card: Card, phone: Phone) -> None:
    mobile = with_key(scene, claimed(scene, opened(scene, card), phone), phone)
    certificate = issued(scene, mobile)
    abort_mobile(mobile_id=str(mobile.pk), reason="userCancel", actor=CLIENT, at=scene.later(seconds=1))
    certificate.refresh_from_db()
    assert certificate.revocation_reason == RevocationReason.SUPERSEDED
    second = opened(scene, card).mobile
    cancel_own_mobile(mobile_id=str(second.pk), actor=holder(card), at=scene.later(seconds=1))
    second.refresh_from_db()
    assert second.state == MobileState.ABORTED


def test_a_new_one_ends_the_one_under_way(scene: Scene, card: Card) -> None:
    first = opened(scene, card).mobile
    opened(scene, card)
    first.refresh_from_db()
    assert (first.state, first.abort_reason) == (MobileState.ABORTED, "superseded")


def test_a_person_has_three_and_not_four(scene: Scene, card: Card) -> None:
    """MOB-6: the fourth is refused until one is blocked."""
    made = [an_active_mobile(scene, card) for _ in range(MOST_ACTIVE)]
    assert {one.slot for one in made} == {1, 2, 3}
    with pytest.raises(Refused) as raised:
        opened(scene, card)
    assert code_of(raised) == "mobile_limit_reached"
    block_own_mobile(
        mobile_id=str(made[1].pk),
        reason=BlockReason.LOST_OR_STOLEN,
        actor=holder(card),
        at=scene.later(seconds=1),
    )
    assert an_active_mobile(scene, card).slot == made[1].slot


def test_the_database_itself_lets_no_fourth_in(scene: Scene, card: Card) -> None:
    """MOB-6: whatever the code thinks, two of one person are not in one place, and there are three."""
    first, second = an_active_mobile(scene, card), an_active_mobile(scene, card)
    for slot in (first.slot, MOST_ACTIVE + 1):
        with pytest.raises(IntegrityError), transaction.atomic():
            MobileEid.objects.filter(pk=second.pk).update(slot=slot)


def test_one_past_its_end_makes_room(scene: Scene, card: Card) -> None:
    """MOB-6: three that are active; what time has ended is not."""
    for _ in range(MOST_ACTIVE):
        an_active_mobile(scene, card)
    MobileEid.objects.filter(slot=2).update(valid_until=scene.at)
    assert an_active_mobile(scene, card).slot == 2


def test_who_may_not_have_level_three_makes_none(scene: Scene, card: Card) -> None:
    """MOB-4, domain.md 2.2, 2.9: gone from the register, a coordination number, a child, a weaker login."""

    def why() -> str:
        fresh = Card.objects.select_related("person", "order").get(pk=card.pk)
        refusal = may_make_mobile(fresh, actor=holder(fresh), at=scene.at)
        return refusal.code if refusal else ""

    people, before = Person.objects.filter(pk=card.person_id), Person.objects.values().get(pk=card.person_id)
    assert why() == ""
    for change, code in (
        ({"registration_status": RegistrationStatus.DECEASED.value}, "holder_deceased"),
        ({"registration_status": RegistrationStatus.EMIGRATED.value}, "holder_emigrated"),
        ({"pu_missing_since": scene.at}, "holder_missing_in_register"),
        ({"number_kind": "coordination_number"}, "identity_kind_not_allowed"),
        ({"birth_date": scene.at.date() - timedelta(days=17 * 365)}, "under_age"),
    ):
        people.update(**change)
        assert why() == code
        people.update(**{name: before[name] for name in change})
    weak = may_make_mobile(card, actor=holder(card, loa=2), at=scene.at)
    assert weak is not None
    assert weak.code == "login_too_weak"


def test_a_card_blocked_between_login_and_claim_makes_no_mobile(
    scene: Scene, card: Card, phone: Phone
) -> None:
    """MOB-4: the card that it rests on is gone: the code is dead, and what is under way ends."""
    start = opened(scene, card)
    lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.later(seconds=1),
    )
    with pytest.raises(TokenInvalid):
        claimed(scene, start, phone)
    start.mobile.refresh_from_db()
    assert (start.mobile.state, start.mobile.abort_reason) == (MobileState.ABORTED, "cardBlocked")


@pytest.mark.parametrize("reason", list(BlockReason))
def test_the_reason_of_a_cards_block_says_which_mobiles_end_too(
    scene: Scene, card: Card, reason: BlockReason
) -> None:
    """MOB-3, POR-11: a holder who is gone has none; what another person may have made goes with the card."""
    made_with_it, with_another = an_active_mobile(scene, card), an_active_mobile(scene, card)
    elsewhere = an_active_mobile(scene, card)
    MobileEid.objects.filter(pk__in=[with_another.pk, elsewhere.pk]).update(card=a_shipped_card(scene))
    MobileEid.objects.filter(pk=elsewhere.pk).update(organization=scene.cast.syd)
    lifecycle.block_card(
        card_id=str(card.pk),
        reason=reason,
        requested_at=scene.at,
        actor=WORKER,
        at=scene.later(seconds=1),
    )
    ends = {
        BlockReason.HOLDER_DECEASED_OR_GONE: {made_with_it, with_another},
        BlockReason.EMPLOYMENT_ENDED: {made_with_it, with_another},
        BlockReason.CODES_KNOWN_TO_OTHERS: {made_with_it},
        BlockReason.WRONGLY_ISSUED: {made_with_it},
    }.get(reason, set())
    assert set(MobileEid.objects.filter(state=MobileState.BLOCKED.value)) == ends
    for one in (made_with_it, with_another, elsewhere):
        certificate = Certificate.objects.get(pk=one.certificate_id)
        assert (certificate.revoked_at is not None) is (one in ends)
        assert is_mobile_active(one.certificate_sha256, scene.at) is (one not in ends)
    assert Entry.objects.filter(type="mobile.blocked").count() == len(ends)


def test_a_phone_that_nobody_calls_theirs_gets_nothing(scene: Scene, card: Card, phone: Phone) -> None:
    """MOB-5: whoever photographed the code first waits for the holder, who sees other digits and cancels."""
    start = opened(scene, card)
    with pytest.raises(IllegalTransition):
        approve_own_mobile(mobile_id=str(start.mobile.pk), actor=holder(card), at=scene.at)
    mobile = claimed(scene, start, phone)
    with pytest.raises(MobileNotApproved):
        register_mobile_key(mobile_id=str(mobile.pk), csr=phone.csr(), actor=CLIENT, at=scene.at)
    for other in (scene.cast.alva, scene.cast.doris):
        with pytest.raises(MobileNotFound):
            approve_own_mobile(mobile_id=str(mobile.pk), actor=other, at=scene.at)
    assert not CertificateRequest.objects.filter(carrier_kind="mobile").exists()
    for _ in range(2):
        approve_own_mobile(mobile_id=str(mobile.pk), actor=holder(card), at=scene.at)
    assert Entry.objects.filter(type="mobile.approved").count() == 1
    register_mobile_key(mobile_id=str(mobile.pk), csr=phone.csr(), actor=CLIENT, at=scene.at)


def test_a_picture_of_the_code_does_not_tell_the_number(scene: Scene, card: Card) -> None:
    """MOB-5: the mark takes a salt that stands in no code."""
    start = opened(scene, card)
    *_, token, mark = start.code_text.split("/")
    number = card.person.personal_identity_number
    assert mark == mobile_mark(token, number, start.mobile.mark_salt)
    assert mark != mobile_mark(token, number, "")
    assert start.mobile.mark_salt not in start.code_text


def _blocked(scene: Scene, card: Card, reason: BlockReason, *, requested_at: datetime) -> set[MobileEid]:
    lifecycle.block_card(
        card_id=str(card.pk),
        reason=reason,
        requested_at=requested_at,
        actor=WORKER,
        at=scene.later(seconds=1),
    )
    return set(MobileEid.objects.filter(state=MobileState.BLOCKED.value))


def test_who_is_dead_has_no_mobile_of_any_organization(scene: Scene, card: Card) -> None:
    """POR-11: the population register's word reaches everywhere; until then it opens nothing all the same."""
    elsewhere = an_active_mobile(scene, card)
    MobileEid.objects.filter(pk=elsewhere.pk).update(organization=scene.cast.syd)
    Person.objects.filter(pk=card.person_id).update(registration_status=RegistrationStatus.DECEASED.value)
    assert not is_mobile_active(elsewhere.certificate_sha256, scene.at)
    gone = BlockReason.HOLDER_DECEASED_OR_GONE
    assert _blocked(scene, card, gone, requested_at=scene.at) == {elsewhere}


def test_what_was_made_with_a_card_after_its_loss_was_told_goes_with_it(scene: Scene, card: Card) -> None:
    """POR-15: a loss noted on paper at ten, a mobile eID made by who had the card, the paper read at noon."""
    before = an_active_mobile(scene, card)
    told_at = scene.later(minutes=1)
    after = an_active_mobile(scene, card)
    assert _blocked(scene, card, BlockReason.LOST_OR_STOLEN, requested_at=told_at) == {after}
    assert is_mobile_active(before.certificate_sha256, scene.at)


def test_the_block_of_a_test_card_leaves_what_is_real(scene: Scene, card: Card) -> None:
    """QA-3."""
    real = an_active_mobile(scene, card)
    other = a_shipped_card(scene)
    Card.objects.filter(pk=other.pk).update(environment="QA")
    assert _blocked(scene, other, BlockReason.EMPLOYMENT_ENDED, requested_at=scene.at) == set()
    assert is_mobile_active(real.certificate_sha256, scene.at)


@pytest.mark.parametrize("change", ["ended", "missing"])
def test_who_has_left_makes_none(scene: Scene, card: Card, change: str) -> None:
    """MOB-4, authn.md section 7: for an employment that is over nothing new is issued, at any step."""
    start = opened(scene, card)
    ended = {"ends_on": scene.at.date() - timedelta(days=2)}
    employment = Employment.objects.filter(hsa_id=card.hsa_id)
    employment.update(**(ended if change == "ended" else {"missing_since": scene.at}))
    for step in (lambda: claimed(scene, start, Phone()), lambda: opened(scene, card)):
        with pytest.raises(Refused) as raised:
            step()
        assert code_of(raised) in {"employment_ended", "employment_missing_in_register"}


def test_a_holder_who_dies_meanwhile_gets_nothing(scene: Scene, card: Card, phone: Phone) -> None:
    start = opened(scene, card)
    Person.objects.filter(pk=card.person_id).update(registration_status=RegistrationStatus.DECEASED.value)
    with pytest.raises(Refused):
        claimed(scene, start, phone)


def test_nobody_elses_card_or_mobile_is_touched(scene: Scene, card: Card) -> None:
    """Doris, and Alva who administers the holder's region, have nothing to do with it."""
    mobile = an_active_mobile(scene, card)
    for actor in (scene.cast.doris, scene.cast.alva):
        with pytest.raises(CardNotFound):
            open_mobile(
                card_id=str(card.pk),
                terms_version=current_mobile_terms().version,
                second_login=second_login(scene, card),
                actor=actor,
                at=scene.at,
            )
        with pytest.raises(MobileNotFound):
            block_own_mobile(mobile_id=str(mobile.pk), reason=BlockReason.DEFECTIVE, actor=actor, at=scene.at)
        with pytest.raises(MobileNotFound):
            cancel_own_mobile(mobile_id=str(mobile.pk), actor=actor, at=scene.at)
    mobile.refresh_from_db()
    assert mobile.state == MobileState.ACTIVE


def test_a_holder_blocks_their_own_at_once_and_for_ever(scene: Scene, card: Card) -> None:
    """MOB-3, domain.md 2.8: the certificate is revoked in the same transaction; the card goes on."""
    mobile = an_active_mobile(scene, card)

    def block() -> MobileEid:
        return block_own_mobile(
            mobile_id=str(mobile.pk),
            reason=BlockReason.LOST_OR_STOLEN,
            actor=holder(card),
            at=scene.later(seconds=1),
        )

    blocked = block()
    assert (blocked.state, blocked.slot) == (MobileState.BLOCKED, None)
    certificate = Certificate.objects.get(pk=mobile.certificate_id)
    assert certificate.revocation_reason == RevocationReason.KEY_COMPROMISE
    assert not is_mobile_active(mobile.certificate_sha256, scene.at)
    assert Entry.objects.filter(type="mobile.blocked").count() == 1
    with pytest.raises(Refused):
        block()
    card.refresh_from_db()
    assert card.state == "ACTIVE"


def test_the_desk_blocks_one_and_doris_does_not(scene: Scene, card: Card) -> None:
    """POR-2, POR-15, MOB-3: by its certificate, as any other, and the mobile eID ends with it."""
    mobile = an_active_mobile(scene, card)
    asked = {
        "certificate_id": mobile.certificate_id,
        "reason": BlockReason.LOST_OR_STOLEN,
        "received": Received(at=scene.later(seconds=1)),
    }
    with pytest.raises(CertificateNotFound):
        block_certificate(**asked, actor=scene.cast.doris, at=scene.at)  # type: ignore[arg-type]
    block_certificate(**asked, actor=scene.cast.alva, at=scene.at)  # type: ignore[arg-type]
    mobile.refresh_from_db()
    assert (mobile.state, mobile.block_reason) == (MobileState.BLOCKED, BlockReason.LOST_OR_STOLEN)
    assert mobile.blocked_by == scene.cast.alva.identifier


def test_blocking_everything_of_a_person_includes_their_mobiles(scene: Scene, card: Card) -> None:
    """POR-2."""
    mobile = an_active_mobile(scene, card)
    shown = blockable_of(card.person, actor=scene.cast.alva, at=scene.at)
    assert mobile.certificate_id in {str(one.pk) for one in shown.certificates}
    block_everything(
        card.person,
        shown=shown.ids,
        reason=BlockReason.EMPLOYMENT_ENDED,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.later(seconds=1),
    )
    mobile.refresh_from_db()
    assert mobile.state == MobileState.BLOCKED


def test_what_the_desk_blocks_before_the_phone_confirmed_comes_to_nothing(
    scene: Scene, card: Card, phone: Phone
) -> None:
    mobile = with_key(scene, claimed(scene, opened(scene, card), phone), phone)
    certificate = issued(scene, mobile)
    block_certificate(
        certificate_id=certificate.pk,
        reason=BlockReason.LOST_OR_STOLEN,
        received=Received(at=scene.later(seconds=1)),
        actor=scene.cast.alva,
        at=scene.at,
    )
    with pytest.raises(MobileEnded):
        confirm_mobile(
            mobile_id=str(mobile.pk),
            answer=phone.signs(mobile, bytes(certificate.certificate_der)),
            actor=CLIENT,
            at=scene.at,
        )


def test_a_certificate_that_is_not_published_is_not_handed_out(
    scene: Scene, card: Card, phone: Phone
) -> None:
    mobile = claimed(scene, opened(scene, card), phone)
    with pytest.raises(IllegalTransition):
        collect_mobile(mobile_id=str(mobile.pk), actor=CLIENT, at=scene.at)
    with_key(scene, mobile, phone)
    assert collect_mobile(mobile_id=str(mobile.pk), actor=CLIENT, at=scene.at) is None
