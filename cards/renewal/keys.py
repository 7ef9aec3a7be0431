"""The keys of a renewal: registered, certified, written, read back, and what they replace revoked."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from authn.evidence import Answer, Question, sha256
from ca.environments import Environment
from ca.errors import KeyRefused
from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from ca.registration import request_certificate, request_state
from ca.revocation import revoke
from ca.selectors import certificate as get_certificate
from cards.card_keys import person_subject, proven_public_key, service_subject
from cards.conversation import demand_going_on, locked_conversation
from cards.errors import IllegalTransition, KeysInvalid, WrittenMismatch
from cards.models import Card, CardKey
from cards.refill_ends import refill_fetched
from cards.refill_policies import proving_certificates
from cards.renewal.events import CardRenewed, RenewalIssued, RenewalKeysMade, RenewalWritten
from cards.renewal.models import Renewal, RenewalKey, RenewalPurpose
from cards.renewal.names import (
    LABELS,
    PROFILES,
    CertificateName,
    KeyToMake,
    OnCard,
    certificates_on,
    keys_to_make,
)
from cards.renewal.renewing import RENEWALS, kind_of
from cards.renewal.states import RenewalAction, RenewalState
from cards.renewal.transitions import renewal_after
from cards.selectors import CARRIER_KIND
from cards.statements import signed_by_card, signed_by_one_of
from cards.transitions import demand_moved
from directory.swedish_time import end_of_swedish_day
from journal.actor import Actor
from journal.recording import record

_AFTER_KEYS: Final = frozenset(
    {
        RenewalState.KEYS_MADE.value,
        RenewalState.ISSUED.value,
        RenewalState.WRITTEN.value,
        RenewalState.RENEWED.value,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCertificate:
    """A key of a renewal with its published certificate."""

    key: RenewalKey
    certificate: Certificate


def register_renewal_keys(
    *, renewal_id: str, requests: Mapping[str, bytes], proof: Answer, actor: Actor, at: datetime
) -> Renewal:
    """Take certificate requests (PKCS#10, DER or PEM) by name, all of them, and ask the CA for certificates.

    ``proof`` is the renewal's question signed with a certificate that the card has: before anything is
    issued it is known that the card and its PIN are there, not only whoever opened the renewal. A reserve
    card that is filled again signs with one that was valid (``proving_certificates``). The same again
    changes nothing. Raises ConfirmationInvalid (not this card's signature), KeysInvalid (unknown or
    missing name, no proof of possession, weak or re-used key), IllegalTransition, and what demand_going_on
    raises.
    """
    public_keys = {name: proven_public_key(name, csr) for name, csr in requests.items()}
    with transaction.atomic():
        renewal = locked_conversation(RENEWALS, renewal_id)
        demand_going_on(kind_of(renewal), renewal, at=at)
        if renewal.state in _AFTER_KEYS:
            return _demand_same(renewal, public_keys)
        following = renewal_after(renewal.state, RenewalAction.REGISTER_KEYS)
        # None of this renewal's certificates exists yet: only an old one can have signed.
        _prove(renewal, proof)
        wanted = {key.name.value: key for key in keys_to_make(renewal)}
        if set(public_keys) != set(wanted):
            raise KeysInvalid("other keys than those asked for", facts={"check": "names"})
        _demand_unused(public_keys)
        for name, public_key in public_keys.items():
            _request(renewal, wanted[name], public_key, actor=actor, at=at)
        moved = _row(renewal).update(state=following, keys_made_at=at)
        demand_moved(moved, thing="renewal", state=renewal.state, action=RenewalAction.REGISTER_KEYS)
        event = RenewalKeysMade(
            renewal_id=str(renewal.pk),
            card_id=str(renewal.card_id),
            person_id=str(renewal.card.person_id),
            organization_id=str(renewal.card.organization_id),
            names=tuple(sorted(wanted)),
        )
        record(event, actor=actor, at=at)
    renewal.refresh_from_db()
    return renewal


def collect_renewed(*, renewal_id: str, actor: Actor, at: datetime) -> tuple[NewCertificate, ...]:
    """Return the certificates of all keys once every one is published, and nothing before that.

    Raises KeysInvalid when the CA could not certify a key: then this renewal is to be given up.
    """
    with transaction.atomic():
        renewal = locked_conversation(RENEWALS, renewal_id)
        demand_going_on(kind_of(renewal), renewal, at=at)
        if renewal.state not in _AFTER_KEYS:
            raise IllegalTransition.of(thing="renewal", state=renewal.state, action="COLLECT")
        issued = _published(renewal)
        if issued and renewal.state == RenewalState.KEYS_MADE.value:
            following = renewal_after(renewal.state, RenewalAction.ISSUE)
            moved = _row(renewal).update(state=following, issued_at=at)
            demand_moved(moved, thing="renewal", state=renewal.state, action=RenewalAction.ISSUE)
            event = RenewalIssued(
                renewal_id=str(renewal.pk),
                card_id=str(renewal.card_id),
                person_id=str(renewal.card.person_id),
                organization_id=str(renewal.card.organization_id),
                certificate_ids=tuple(str(one.certificate.pk) for one in issued),
            )
            record(event, actor=actor, at=at)
        return issued


def confirm_renewed_written(
    *, renewal_id: str, digests: Mapping[str, str], actor: Actor, at: datetime
) -> Renewal:
    """Compare what was read back from the card (SHA-256, hexadecimal) with what was issued.

    Right: the renewal is WRITTEN and may be signed. Raises WrittenMismatch, IllegalTransition.
    """
    issued = collect_renewed(renewal_id=renewal_id, actor=actor, at=at)
    with transaction.atomic():
        renewal = locked_conversation(RENEWALS, renewal_id)
        demand_going_on(kind_of(renewal), renewal, at=at)
        for one in issued:
            digest = digests.get(one.key.name, "").lower()
            if not hmac.compare_digest(digest.encode(), one.certificate.sha256.encode()):
                raise WrittenMismatch("read back something else", facts={"key": one.key.name})
        if renewal.state in {RenewalState.WRITTEN.value, RenewalState.RENEWED.value}:
            return renewal
        following = renewal_after(renewal.state, RenewalAction.CONFIRM_WRITTEN)
        moved = _row(renewal).update(state=following, written_at=at)
        demand_moved(moved, thing="renewal", state=renewal.state, action=RenewalAction.CONFIRM_WRITTEN)
        for one in issued:
            RenewalKey.objects.filter(pk=one.key.pk).update(written_sha256=one.certificate.sha256)
        event = RenewalWritten(
            renewal_id=str(renewal.pk),
            card_id=str(renewal.card_id),
            person_id=str(renewal.card.person_id),
            organization_id=str(renewal.card.organization_id),
            certificate_ids=tuple(str(one.certificate.pk) for one in issued),
        )
        record(event, actor=actor, at=at)
    renewal.refresh_from_db()
    return renewal


def sign_renewal(*, renewal_id: str, answer: Answer, actor: Actor, at: datetime) -> Renewal:
    """Check the card's signature; what the new certificates replace is revoked in the same transaction.

    Signing twice changes nothing. Raises ConfirmationInvalid, IllegalTransition, and what demand_going_on
    raises.
    """
    with transaction.atomic():
        renewal = locked_conversation(RENEWALS, renewal_id)
        demand_going_on(kind_of(renewal), renewal, at=at)
        if renewal.state == RenewalState.RENEWED.value:
            return renewal
        following = renewal_after(renewal.state, RenewalAction.SIGN_RECEIPT)
        signed_octets = _signed(renewal, answer)
        replaced = _replaced(renewal)
        moved = _row(renewal).update(
            state=following,
            finished_at=at,
            certificate_der=answer.certificate_der,
            algorithm=answer.algorithm,
            signature=answer.signature,
            user_challenge=answer.user_challenge,
            server_spki=answer.server_spki,
            signed_octets=signed_octets,
        )
        demand_moved(moved, thing="renewal", state=renewal.state, action=RenewalAction.SIGN_RECEIPT)
        for old in replaced:
            _supersede(old, actor=actor, at=at)
        refill_fetched(renewal, actor=actor, at=at)
        event = CardRenewed(
            renewal_id=str(renewal.pk),
            card_id=str(renewal.card_id),
            person_id=str(renewal.card.person_id),
            organization_id=str(renewal.card.organization_id),
            certificate_ids=tuple(str(one.certificate.pk) for one in _published(renewal)),
            superseded_certificate_ids=tuple(str(old.certificate.pk) for old in replaced),
            certificate_sha256=sha256(answer.certificate_der).hex(),
            signed_octets_sha256=sha256(signed_octets).hex(),
        )
        record(event, actor=actor, at=at)
    renewal.refresh_from_db()
    return renewal


def question_of_renewal(renewal: Renewal) -> Question:
    """Return what the card is asked to sign, from our own row."""
    return Question.from_json(renewal.question)


def left_over(card: Card) -> tuple[str, ...]:
    """Return what the card calls keys of ours that have no business on it now.

    Replaced ones, and those of renewals that came to nothing: the client takes them off with what belongs to
    them.
    """
    first, made = CardKey.objects.filter(card=card), RenewalKey.objects.filter(renewal__card=card)
    spent = {LABELS[CertificateName(key.name)] for key in first.filter(superseded_at__isnull=False)}
    spent |= set(made.filter(superseded_at__isnull=False).values_list("label", flat=True))
    held = {LABELS[CertificateName(key.name)] for key in first.filter(superseded_at__isnull=True)}
    held |= set(made.filter(superseded_at__isnull=True).values_list("label", flat=True))
    return tuple(sorted(spent - held))


def _prove(renewal: Renewal, proof: Answer) -> None:
    """Demand that the card itself has signed the question, with a key that was certified on it before."""
    question = question_of_renewal(renewal)
    if renewal.purpose == RenewalPurpose.REFILL.value:
        signed_by_one_of(proving_certificates(renewal.card), question, proof)
    else:
        signed_by_card(renewal.card, question, proof)


def _signed(renewal: Renewal, answer: Answer) -> bytes:
    """Return what the card signed at the end; after a re-fill with what it was given, not with the old."""
    question = question_of_renewal(renewal)
    if renewal.purpose == RenewalPurpose.REFILL.value:
        given = [one.certificate for one in _published(renewal) if one.certificate.revoked_at is None]
        return signed_by_one_of(given, question, answer)
    return signed_by_card(renewal.card, question, answer)


def _demand_same(renewal: Renewal, public_keys: Mapping[str, bytes]) -> Renewal:
    known = {key.name: bytes(key.public_key) for key in renewal.keys.all()}
    if known != dict(public_keys):
        raise IllegalTransition.of(
            thing="renewal", state=renewal.state, action=RenewalAction.REGISTER_KEYS.value
        )
    return renewal


def _demand_unused(public_keys: Mapping[str, bytes]) -> None:
    if len(set(public_keys.values())) < len(public_keys):
        raise KeysInvalid("two names for one key", facts={"check": "one_key_two_names"})
    for name, public_key in public_keys.items():
        made = CardKey.objects.filter(public_key=public_key).exists()
        if made or RenewalKey.objects.filter(public_key=public_key).exists():
            raise KeysInvalid("the key was used before", facts={"key": name, "check": "key_reused"})


def _request(renewal: Renewal, wanted: KeyToMake, public_key: bytes, *, actor: Actor, at: datetime) -> None:
    card, name = renewal.card, wanted.name
    key = RenewalKey(
        renewal=renewal,
        name=name.value,
        label=wanted.label,
        hsa_id=wanted.hsa_id,
        public_key=public_key,
        made_at=at,
    )
    subject = service_subject(card, hsa_id=wanted.hsa_id) if name.is_of_service else person_subject(card)
    try:
        request = request_certificate(
            profile=PROFILES[name],
            subject=subject,
            public_key=public_key,
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            carrier_kind=CARRIER_KIND,
            carrier_id=str(card.pk),
            name=name.value,
            idempotency_key=f"renewal-key:{key.pk}",
            not_after=end_of_swedish_day(card.valid_until),
            environment=Environment(card.environment),
            actor=actor,
            at=at,
        )
    except KeyRefused as error:
        raise KeysInvalid("the CA refuses the key", facts={"key": name.value, "check": error.code}) from error
    key.certificate_request_id = str(request.pk)
    key.save(force_insert=True)


def _published(renewal: Renewal) -> tuple[NewCertificate, ...]:
    """Return the certificates of all keys, or nothing while one is missing."""
    issued = []
    for key in renewal.keys.order_by("label"):
        state = request_state(key.certificate_request_id)
        if state.state == "failed":
            raise KeysInvalid(
                "the CA could not certify the key", facts={"key": key.name, "check": "issuance_failed"}
            )
        if state.state != "published" or state.certificate_id is None:
            return ()
        issued.append(NewCertificate(key=key, certificate=get_certificate(state.certificate_id)))
    return tuple(issued)


def _replaced(renewal: Renewal) -> list[OnCard]:
    held = certificates_on(renewal.card)
    return [held[CertificateName(key.name)] for key in renewal.keys.all() if key.name in held]


def _supersede(old: OnCard, *, actor: Actor, at: datetime) -> None:
    type(old.key).objects.filter(pk=old.key.pk, superseded_at__isnull=True).update(superseded_at=at)
    if old.works(at=at):
        revoke(
            certificate_id=str(old.certificate.pk),
            reason=RevocationReason.SUPERSEDED,
            requested_at=at,
            actor=actor,
            at=at,
        )


def _row(renewal: Renewal) -> QuerySet[Renewal]:
    return Renewal.objects.filter(pk=renewal.pk, state=renewal.state)
