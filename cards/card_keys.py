"""The keys on a card during its activation: registered, certified, written and read back."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.db import transaction
from django.db.models import Q

from ca.environments import Environment
from ca.errors import KeyRefused
from ca.models import Certificate
from ca.pki.csr import parse_csr
from ca.pki.errors import PkiError
from ca.pki.reasons import RevocationReason
from ca.pki.subject import SubjectFacts, short_common_name
from ca.registration import request_certificate, request_state
from ca.revocation import revoke, revoke_with_carrier
from ca.selectors import certificate as get_certificate
from cards.activation import ACTIVATIONS
from cards.conversation import demand_going_on, locked_conversation
from cards.errors import IllegalTransition, KeysInvalid, WrittenMismatch
from cards.events import (
    CardCertificatesIssued,
    CardCertificatesWritten,
    CardKeysMade,
    CardKeySuperseded,
)
from cards.models import Activation, Card, CardKey
from cards.receipts import ask_for_receipt
from cards.renewal.models import RenewalKey
from cards.selectors import CARRIER_KIND
from cards.states import ActivationAction, ActivationState
from cards.transitions import activation_after, demand_moved
from directory.models import Employment
from directory.swedish_time import end_of_swedish_day
from journal.actor import Actor
from journal.recording import record


class KeyName(StrEnum):
    """The keys made at activation; signature keys come later, from the holder's own pages (domain.md 2.1)."""

    HSA_AUTHENTICATION = "hsa_authentication"
    ID_AUTHENTICATION = "id_authentication"


PROFILES: Final[Mapping[KeyName, str]] = {
    KeyName.HSA_AUTHENTICATION: "person_hsa_authentication",
    KeyName.ID_AUTHENTICATION: "person_id_authentication",
}

# Certificate policies by level of assurance (domain.md 3.3); no LoA2 product can be ordered yet.
POLICIES: Final[Mapping[int, str]] = {2: "loa2_reserve", 3: "loa3_card"}

_AFTER_KEYS: Final = frozenset(
    {
        ActivationState.KEYS_MADE.value,
        ActivationState.ISSUED.value,
        ActivationState.WRITTEN.value,
        ActivationState.ACTIVE.value,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """A key on the card with its published certificate."""

    name: KeyName
    certificate: Certificate


def current_keys(card: Card) -> dict[KeyName, CardKey]:
    """Return the keys that the card holds as far as we know, by name."""
    return {KeyName(key.name): key for key in CardKey.objects.filter(card=card, superseded_at__isnull=True)}


def usable_keys(card: Card) -> frozenset[KeyName]:
    """Return the names of keys that need not be made again: registered, and not failed or revoked since."""
    return frozenset(name for name, key in current_keys(card).items() if not _is_spent(key))


def register_keys(
    *,
    activation_id: str,
    requests: Mapping[str, bytes],
    actor: Actor,
    at: datetime,
) -> Activation:
    """Take certificate requests (PKCS#10, DER or PEM) by key name and ask the CA for certificates.

    Keys that exist since an interrupted activation may be left out. The same keys again change nothing.
    Raises KeysInvalid (unknown or missing name, no proof of possession, weak or re-used key), and what
    demand_going_on raises.
    """
    public_keys = {_key_name(name): proven_public_key(name, csr) for name, csr in requests.items()}
    with transaction.atomic():
        activation = locked_conversation(ACTIVATIONS, activation_id)
        demand_going_on(ACTIVATIONS, activation, at=at)
        existing = current_keys(activation.card)
        if activation.state in _AFTER_KEYS:
            return _demand_same(activation, existing, public_keys)
        fresh = {
            name: public_key
            for name, public_key in public_keys.items()
            if name not in existing
            or bytes(existing[name].public_key) != public_key
            or _is_spent(existing[name])
        }
        _demand_complete(existing, fresh)
        _demand_unused(activation.card, public_keys)
        for name, public_key in fresh.items():
            if name in existing:
                _supersede(activation, existing[name], actor=actor, at=at)
            _request(activation, name, public_key, actor=actor, at=at)
        _move_to_keys_made(activation, actor=actor, at=at)
    activation.refresh_from_db()
    return activation


def collect_certificates(*, activation_id: str, actor: Actor, at: datetime) -> tuple[IssuedKey, ...]:
    """Return the certificates of all keys once every one is published, and nothing before that.

    Also moves a resumed activation on when no key had to be made. Raises KeysInvalid when the CA could not
    certify a key: the key is set aside, and the client makes a new one in the next activation.
    """
    with transaction.atomic():
        activation = locked_conversation(ACTIVATIONS, activation_id)
        demand_going_on(ACTIVATIONS, activation, at=at)
        keys = current_keys(activation.card)
        if activation.state == ActivationState.CLAIMED.value:
            if usable_keys(activation.card) != frozenset(KeyName):
                raise IllegalTransition.of(thing="activation", state=activation.state, action="COLLECT")
            _move_to_keys_made(activation, actor=actor, at=at)
            activation.refresh_from_db()
        if activation.state not in _AFTER_KEYS:
            raise IllegalTransition.of(thing="activation", state=activation.state, action="COLLECT")
        issued = [_issued(name, keys[name]) for name in KeyName]
        complete = tuple(item for item in issued if item is not None)
        if len(complete) < len(KeyName):
            return ()
        if activation.state == ActivationState.KEYS_MADE.value:
            _move_to_issued(activation, complete, actor=actor, at=at)
        return complete


def confirm_written(
    *,
    activation_id: str,
    digests: Mapping[str, str],
    actor: Actor,
    at: datetime,
) -> Activation:
    """Compare what was read back from the card (SHA-256, hexadecimal) with what was issued.

    Right: the activation is WRITTEN and its receipt can be signed. Raises WrittenMismatch, IllegalTransition.
    """
    issued = collect_certificates(activation_id=activation_id, actor=actor, at=at)
    with transaction.atomic():
        activation = locked_conversation(ACTIVATIONS, activation_id)
        demand_going_on(ACTIVATIONS, activation, at=at)
        for item in issued:
            digest = digests.get(item.name.value, "").lower()
            if not hmac.compare_digest(digest.encode(), item.certificate.sha256.encode()):
                raise WrittenMismatch("read back something else", facts={"key": item.name.value})
        if activation.state in {ActivationState.WRITTEN.value, ActivationState.ACTIVE.value}:
            return activation
        moved = Activation.objects.filter(pk=activation.pk, state=activation.state).update(
            state=activation_after(activation.state, ActivationAction.CONFIRM_WRITTEN),
            written_at=at,
        )
        demand_moved(
            moved, thing="activation", state=activation.state, action=ActivationAction.CONFIRM_WRITTEN
        )
        for item in issued:
            CardKey.objects.filter(
                card=activation.card, name=item.name.value, superseded_at__isnull=True
            ).update(
                written_sha256=item.certificate.sha256,
            )
        ask_for_receipt(activation, at=at)
        record(
            CardCertificatesWritten(
                activation_id=str(activation.pk),
                card_id=str(activation.card_id),
                person_id=str(activation.card.person_id),
                organization_id=str(activation.card.organization_id),
                certificate_ids=tuple(str(item.certificate.pk) for item in issued),
            ),
            actor=actor,
            at=at,
        )
    activation.refresh_from_db()
    return activation


def revoke_superseded_certificate(*, certificate_request_id: str, actor: Actor, at: datetime) -> bool:
    """Revoke a certificate that was issued after its key had been replaced; the worker's consumer.

    Tells whether there was one. Wants certificate.issued.
    """
    made = Q(certificate_request_id=certificate_request_id, superseded_at__isnull=False)
    key = CardKey.objects.filter(made).first() or RenewalKey.objects.filter(made).first()
    if key is None or (certificate_id := request_state(certificate_request_id).certificate_id) is None:
        return False
    requested_at = key.superseded_at or at
    revoke_with_carrier(
        certificate_id=certificate_id,
        reason=RevocationReason.SUPERSEDED,
        requested_at=min(requested_at, at),
        actor=actor,
        at=at,
    )
    return True


def _key_name(text: str) -> KeyName:
    try:
        return KeyName(text)
    except ValueError:
        raise KeysInvalid("unknown key name", facts={"key": text[:32]}) from None


def proven_public_key(name: str, csr: bytes) -> bytes:
    """Return the key whose possession a request proves (PKCS#10); raises KeysInvalid."""
    try:
        return parse_csr(csr).public_key
    except PkiError as error:
        raise KeysInvalid("the request proves nothing", facts={"key": name, "check": error.code}) from error


def _demand_same(
    activation: Activation,
    existing: Mapping[KeyName, CardKey],
    public_keys: Mapping[KeyName, bytes],
) -> Activation:
    for name, public_key in public_keys.items():
        if name not in existing or bytes(existing[name].public_key) != public_key:
            raise IllegalTransition.of(
                thing="activation",
                state=activation.state,
                action=ActivationAction.REGISTER_KEYS,
            )
    return activation


def _demand_complete(existing: Mapping[KeyName, CardKey], fresh: Mapping[KeyName, bytes]) -> None:
    for name in KeyName:
        if name not in fresh and (name not in existing or _is_spent(existing[name])):
            raise KeysInvalid("a key is missing", facts={"key": name.value})


def _demand_unused(card: Card, public_keys: Mapping[KeyName, bytes]) -> None:
    if len(set(public_keys.values())) < len(public_keys):
        raise KeysInvalid("two names for one key", facts={"check": "one_key_two_names"})
    for name, public_key in public_keys.items():
        others = CardKey.objects.filter(public_key=public_key).exclude(card=card, name=name.value)
        if others.exists():
            raise KeysInvalid("the key is on another card", facts={"key": name.value, "check": "key_reused"})


def _is_spent(key: CardKey) -> bool:
    state = request_state(key.certificate_request_id)
    if state.certificate_id is None:
        return state.state == "failed"
    return get_certificate(state.certificate_id).revoked_at is not None


def _supersede(activation: Activation, key: CardKey, *, actor: Actor, at: datetime) -> None:
    state = request_state(key.certificate_request_id)
    CardKey.objects.filter(pk=key.pk, superseded_at__isnull=True).update(superseded_at=at)
    certificate_id = str(state.certificate_id) if state.certificate_id else ""
    record(
        CardKeySuperseded(
            activation_id=str(activation.pk),
            card_id=str(activation.card_id),
            person_id=str(activation.card.person_id),
            organization_id=str(activation.card.organization_id),
            name=key.name,
            certificate_id=certificate_id,
        ),
        actor=actor,
        at=at,
    )
    if certificate_id:
        revoke(
            certificate_id=certificate_id,
            reason=RevocationReason.SUPERSEDED,
            requested_at=at,
            actor=actor,
            at=at,
        )


def _request(activation: Activation, name: KeyName, public_key: bytes, *, actor: Actor, at: datetime) -> None:
    card = activation.card
    key = CardKey(card=card, activation=activation, name=name.value, public_key=public_key, made_at=at)
    try:
        request = request_certificate(
            profile=PROFILES[name],
            subject=_subject(card, name),
            public_key=public_key,
            person_id=str(card.person_id),
            organization_id=str(card.organization_id),
            carrier_kind=CARRIER_KIND,
            carrier_id=str(card.pk),
            name=name.value,
            idempotency_key=f"card-key:{key.pk}",
            not_after=end_of_swedish_day(card.valid_until),
            environment=Environment(card.environment),
            actor=actor,
            at=at,
        )
    except KeyRefused as error:
        raise KeysInvalid("the CA refuses the key", facts={"key": name.value, "check": error.code}) from error
    key.certificate_request_id = str(request.pk)
    key.save(force_insert=True)


def _subject(card: Card, name: KeyName) -> SubjectFacts:
    match name:
        case KeyName.HSA_AUTHENTICATION:
            return service_subject(card, hsa_id=card.hsa_id)
        case KeyName.ID_AUTHENTICATION:
            return person_subject(card)


def service_subject(card: Card, *, hsa_id: str) -> SubjectFacts:
    """Return what a certificate says of the holder in an employment, as the register has it now."""
    employment = Employment.objects.select_related("organization").get(hsa_id=hsa_id)
    return replace(
        person_subject(card),
        serial_number=hsa_id,
        organization=employment.organization.name,
        locality=employment.organization.locality,
        title=employment.title,
        email=employment.email,
        user_principal_name=employment.user_principal_name,
    )


def person_subject(card: Card) -> SubjectFacts:
    """Return what a certificate says of the holder as a person."""
    person = card.person
    return SubjectFacts(
        common_name=short_common_name(person.full_name),
        given_name=person.given_name or person.calling_name,
        surname=person.surname,
        serial_number=person.personal_identity_number,
        card_number=card.card_number or "",
        policy=_policy(card),
    )


def _policy(card: Card) -> str:
    """Return the certificate policy of a card's certificates, by level and kind of card."""
    return f"loa{card.loa}_reserve" if card.order.from_stock else POLICIES[card.loa]


def _issued(name: KeyName, key: CardKey) -> IssuedKey | None:
    state = request_state(key.certificate_request_id)
    if state.state == "failed":
        raise KeysInvalid(
            "the CA could not certify the key", facts={"key": name.value, "check": "issuance_failed"}
        )
    if state.state != "published" or state.certificate_id is None:
        return None
    return IssuedKey(name=name, certificate=get_certificate(state.certificate_id))


def _move_to_keys_made(activation: Activation, *, actor: Actor, at: datetime) -> None:
    moved = Activation.objects.filter(pk=activation.pk, state=activation.state).update(
        state=activation_after(activation.state, ActivationAction.REGISTER_KEYS),
        keys_made_at=at,
    )
    demand_moved(moved, thing="activation", state=activation.state, action=ActivationAction.REGISTER_KEYS)
    record(
        CardKeysMade(
            activation_id=str(activation.pk),
            card_id=str(activation.card_id),
            person_id=str(activation.card.person_id),
            organization_id=str(activation.card.organization_id),
            names=tuple(name.value for name in KeyName),
        ),
        actor=actor,
        at=at,
    )


def _move_to_issued(
    activation: Activation,
    issued: tuple[IssuedKey, ...],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    moved = Activation.objects.filter(pk=activation.pk, state=activation.state).update(
        state=activation_after(activation.state, ActivationAction.ISSUE),
        issued_at=at,
    )
    demand_moved(moved, thing="activation", state=activation.state, action=ActivationAction.ISSUE)
    record(
        CardCertificatesIssued(
            activation_id=str(activation.pk),
            card_id=str(activation.card_id),
            person_id=str(activation.card.person_id),
            organization_id=str(activation.card.organization_id),
            certificate_ids=tuple(str(item.certificate.pk) for item in issued),
        ),
        actor=actor,
        at=at,
    )
