"""The key in the phone: registered, certified, fetched, and signed for with itself."""

from datetime import datetime
from typing import Final

from django.db import transaction

from authn.evidence import Answer, Question, sha256
from ca.environments import Environment
from ca.errors import KeyRefused
from ca.models import Certificate
from ca.pki.subject import SubjectFacts, short_common_name
from ca.registration import request_certificate, request_state
from ca.selectors import certificate as get_certificate
from cards.card_keys import proven_public_key
from cards.conversation import demand_going_on, locked_conversation
from cards.errors import ConfirmationInvalid, IllegalTransition, KeysInvalid, MobileEnded, MobileNotApproved
from cards.mobile.events import MobileActivated, MobileIssued, MobileKeyMade
from cards.mobile.making import MOBILES
from cards.mobile.models import MobileEid
from cards.mobile.selectors import MOBILE_CARRIER_KIND
from cards.mobile.states import MobileAction, MobileState
from cards.mobile.transitions import mobile_after
from cards.models import CardKey
from cards.renewal.models import RenewalKey
from cards.statements import signed_by_one_of
from cards.transitions import demand_moved
from directory.models import Person
from journal.actor import Actor
from journal.recording import record

PROFILE: Final = "mobile"
_POLICY: Final = "loa3_mobile"
_AFTER_KEY: Final = frozenset(
    {MobileState.KEY_MADE.value, MobileState.ISSUED.value, MobileState.ACTIVE.value}
)


def register_mobile_key(*, mobile_id: str, csr: bytes, actor: Actor, at: datetime) -> MobileEid:
    """Take the phone's certificate request (PKCS#10, DER or PEM) and ask the CA for the certificate.

    The same again changes nothing. Raises MobileNotApproved, KeysInvalid (no proof of possession, a weak
    key, one used before or of another kind than the profile's), IllegalTransition, and what demand_going_on
    raises.
    """
    public_key = proven_public_key(PROFILE, csr)
    with transaction.atomic():
        mobile = locked_conversation(MOBILES, mobile_id)
        _demand_going_on(mobile, at=at)
        if mobile.state in _AFTER_KEY:
            return _demand_same(mobile, public_key)
        if mobile.approved_at is None:
            raise MobileNotApproved("the holder has not said that it is their phone")
        following = mobile_after(mobile.state, MobileAction.REGISTER_KEY)
        _demand_unused(public_key)
        request_id = _request(mobile, public_key, actor=actor, at=at)
        moved = MobileEid.objects.filter(pk=mobile.pk, state=mobile.state).update(
            state=following, key_made_at=at, public_key=public_key, certificate_request_id=request_id
        )
        demand_moved(moved, thing="mobile", state=mobile.state, action=MobileAction.REGISTER_KEY)
        event = MobileKeyMade(
            mobile_id=str(mobile.pk),
            card_id=str(mobile.card_id),
            person_id=str(mobile.person_id),
            organization_id=str(mobile.organization_id),
            certificate_request_id=request_id,
        )
        record(event, actor=actor, at=at)
    mobile.refresh_from_db()
    return mobile


def collect_mobile(*, mobile_id: str, actor: Actor, at: datetime) -> Certificate | None:
    """Return the certificate once it is published, and nothing before that; asked again, the same.

    Raises KeysInvalid when the CA could not certify the key: then this one is to be given up.
    """
    with transaction.atomic():
        mobile = locked_conversation(MOBILES, mobile_id)
        _demand_going_on(mobile, at=at)
        if mobile.state not in _AFTER_KEY:
            raise IllegalTransition.of(thing="mobile", state=mobile.state, action="COLLECT")
        certificate = _published(mobile)
        if certificate is None or mobile.state != MobileState.KEY_MADE.value:
            return certificate
        following = mobile_after(mobile.state, MobileAction.ISSUE)
        moved = MobileEid.objects.filter(pk=mobile.pk, state=mobile.state).update(
            state=following,
            issued_at=at,
            certificate_id=str(certificate.pk),
            certificate_sha256=certificate.sha256,
            valid_until=certificate.not_after,
        )
        demand_moved(moved, thing="mobile", state=mobile.state, action=MobileAction.ISSUE)
        event = MobileIssued(
            mobile_id=str(mobile.pk),
            card_id=str(mobile.card_id),
            person_id=str(mobile.person_id),
            organization_id=str(mobile.organization_id),
            certificate_id=str(certificate.pk),
        )
        record(event, actor=actor, at=at)
        return certificate


def confirm_mobile(*, mobile_id: str, answer: Answer, actor: Actor, at: datetime) -> MobileEid:
    """Check the phone's signature: the mobile eID is in use from now on.

    The new key has signed sixteen lines, of which the fifteenth is the SHA-256 of the certificate that the
    phone read back from where it keeps it. Signing twice changes nothing. Raises ConfirmationInvalid,
    IllegalTransition, and what demand_going_on raises.
    """
    with transaction.atomic():
        mobile = locked_conversation(MOBILES, mobile_id)
        _demand_going_on(mobile, at=at)
        if mobile.state == MobileState.ACTIVE.value:
            return mobile
        following = mobile_after(mobile.state, MobileAction.CONFIRM)
        certificate = get_certificate(mobile.certificate_id)
        if certificate.revoked_at is not None:
            raise ConfirmationInvalid.because("certificate_revoked")
        signed_octets = signed_by_one_of([certificate], question_of_mobile(mobile), answer)
        moved = MobileEid.objects.filter(pk=mobile.pk, state=mobile.state).update(
            state=following,
            activated_at=at,
            certificate_der=answer.certificate_der,
            algorithm=answer.algorithm,
            signature=answer.signature,
            user_challenge=answer.user_challenge,
            server_spki=answer.server_spki,
            signed_octets=signed_octets,
        )
        demand_moved(moved, thing="mobile", state=mobile.state, action=MobileAction.CONFIRM)
        event = MobileActivated(
            mobile_id=str(mobile.pk),
            card_id=str(mobile.card_id),
            person_id=str(mobile.person_id),
            organization_id=str(mobile.organization_id),
            certificate_id=mobile.certificate_id,
            certificate_sha256=mobile.certificate_sha256,
            signed_octets_sha256=sha256(signed_octets).hex(),
        )
        record(event, actor=actor, at=at)
    mobile.refresh_from_db()
    return mobile


def question_of_mobile(mobile: MobileEid) -> Question:
    """Return what the phone is asked to sign, from our own row."""
    return Question.from_json(mobile.question)


def _demand_going_on(mobile: MobileEid, *, at: datetime) -> None:
    """As demand_going_on; one that was blocked since has ended too."""
    if mobile.state == MobileState.BLOCKED.value:
        raise MobileEnded("blocked", facts={"reason": mobile.block_reason})
    demand_going_on(MOBILES, mobile, at=at)


def _demand_same(mobile: MobileEid, public_key: bytes) -> MobileEid:
    if bytes(mobile.public_key or b"") != public_key:
        raise IllegalTransition.of(thing="mobile", state=mobile.state, action=MobileAction.REGISTER_KEY.value)
    return mobile


def _demand_unused(public_key: bytes) -> None:
    tables = (CardKey.objects, RenewalKey.objects, MobileEid.objects)
    if any(rows.filter(public_key=public_key).exists() for rows in tables):
        raise KeysInvalid("the key was used before", facts={"key": PROFILE, "check": "key_reused"})


def _request(mobile: MobileEid, public_key: bytes, *, actor: Actor, at: datetime) -> str:
    """Ask the CA; the profile says issuer, kind of key and 24 months (ca/profiles/mobile.toml)."""
    try:
        request = request_certificate(
            profile=PROFILE,
            subject=_subject(mobile.card.person),
            public_key=public_key,
            person_id=str(mobile.person_id),
            organization_id=str(mobile.organization_id),
            carrier_kind=MOBILE_CARRIER_KIND,
            carrier_id=str(mobile.pk),
            name=PROFILE,
            idempotency_key=f"mobile-key:{mobile.pk}",
            environment=Environment(mobile.card.environment),
            actor=actor,
            at=at,
        )
    except KeyRefused as error:
        raise KeysInvalid("the CA refuses the key", facts={"key": PROFILE, "check": error.code}) from error
    return str(request.pk)


def _subject(person: Person) -> SubjectFacts:
    """Return what the certificate says: the person by their number, and no organization."""
    return SubjectFacts(
        common_name=short_common_name(person.full_name),
        given_name=person.given_name or person.calling_name,
        surname=person.surname,
        serial_number=person.personal_identity_number,
        policy=_POLICY,
    )


def _published(mobile: MobileEid) -> Certificate | None:
    state = request_state(mobile.certificate_request_id)
    if state.state == "failed":
        raise KeysInvalid(
            "the CA could not certify the key", facts={"key": PROFILE, "check": "issuance_failed"}
        )
    if state.state != "published" or state.certificate_id is None:
        return None
    return get_certificate(state.certificate_id)
