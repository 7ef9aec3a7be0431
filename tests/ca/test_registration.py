"""What is refused before anything is written: weak keys, subjects and carriers that do not fit."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.errors import (
    IdempotencyConflict,
    IllegalTransition,
    KeyRefused,
    ProfileRefused,
    UnknownIssuer,
    UnknownRequest,
)
from ca.models import CertificateRequest
from ca.pki.reasons import RevocationReason
from ca.pki.subject import SubjectFacts
from ca.registration import request_certificate, request_state
from ca.revocation import revoke
from ca.states import (
    REQUEST_TABLE,
    SERIAL_TABLE,
    RequestAction,
    RequestState,
    SerialAction,
    SerialState,
    next_request_state,
    next_serial_state,
)
from journal.actor import Actor, ActorKind
from journal.models import Entry
from tests.ca.conftest import Authority, asa, new_public_key
from tests.ca.installation import Installation


def spki(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("public_key", "weakness"),
    [
        (spki(rsa.generate_private_key(65537, 1024)), "size"),  # noqa: S505 - weak on purpose
        (spki(ec.generate_private_key(ec.SECP256K1())), "curve"),
        (spki(ec.generate_private_key(ec.SECP384R1())), "kind"),
        (b"no key", "malformed"),
    ],
    ids=["size", "curve", "kind", "malformed"],
)
def test_a_key_that_may_not_be_certified_is_refused_at_once(
    authority: Authority, public_key: bytes, weakness: str
) -> None:
    """Reliability A19."""
    with pytest.raises(KeyRefused) as refused:
        authority.request(public_key=public_key)
    assert refused.value.facts["weakness"] == weakness
    assert not Entry.objects.filter(type="certificate.requested").exists()


@pytest.mark.parametrize(
    "subject",
    [
        asa(serial_number="not an HSA-id"),
        asa(common_name=""),
        asa(card_number="1234"),
        asa(policy="loa9"),
        SubjectFacts(common_name="x.example.se", dns_names=("x.example.se",)),
    ],
)
def test_a_subject_that_does_not_fit_the_profile_is_refused(
    authority: Authority, subject: SubjectFacts
) -> None:
    """Reliability F18."""
    with pytest.raises(ProfileRefused):
        authority.request(subject=subject)


@pytest.mark.parametrize(
    "profile", ["root", "issuer", "ocsp_signer", "audit_signer", "report_seal", "no_such"]
)
def test_a_profile_for_our_own_keys_is_not_for_a_card(authority: Authority, profile: str) -> None:
    with pytest.raises(ProfileRefused):
        authority.request(profile=profile, subject=SubjectFacts(common_name="x", organization="y"))


def test_a_person_cannot_ask_for_an_issuer(authority: Authority) -> None:
    person = Actor(kind=ActorKind.PERSON, identifier="SE2321000016-1AB2", role="id_administrator", loa=3)
    with pytest.raises(ProfileRefused):
        request_certificate(
            profile="issuer",
            subject=SubjectFacts(common_name="x", organization="y"),
            public_key=spki(ec.generate_private_key(ec.SECP384R1())),
            person_id="",
            organization_id="",
            carrier_kind="none",
            carrier_id="mine",
            name="issuer",
            idempotency_key="mine",
            actor=person,
            at=authority.at,
        )


def test_an_idempotency_key_is_for_one_request(authority: Authority) -> None:
    authority.request(key="once")
    with pytest.raises(IdempotencyConflict):
        authority.request(key="once", public_key=new_public_key())
    assert CertificateRequest.objects.filter(idempotency_key="once").count() == 1


@pytest.mark.parametrize("reason", [RevocationReason.SUPERSEDED, RevocationReason.CESSATION_OF_OPERATION])
def test_the_key_of_a_revoked_certificate_is_not_certified_again(
    authority: Authority, reason: RevocationReason
) -> None:
    """Domain 5: a re-used key of a revoked certificate; the same request again is still answered."""
    public_key = new_public_key()
    first = authority.request(key="first", public_key=public_key)
    waiting = authority.request(key="waiting", public_key=public_key, carrier_id="card-2")
    certificate = authority.issue(first)
    assert certificate is not None
    revoke(
        certificate_id=certificate.pk,
        reason=reason,
        requested_at=authority.at,
        actor=Actor.system("test"),
        at=authority.at,
    )
    with pytest.raises(KeyRefused) as refused:
        authority.request(public_key=public_key, carrier_id="card-3")
    assert refused.value.facts == {"weakness": "revoked_certificate", "serial": certificate.serial_hex}
    assert authority.request(key="first", public_key=public_key).pk == first.pk
    assert authority.issue(waiting) is None


@pytest.mark.django_db
def test_without_issuers_the_refusal_names_the_issuer() -> None:
    with pytest.raises(UnknownIssuer) as refused:
        Authority(home=None, keeper=None, signers=None, at=datetime.now(UTC)).request()  # type: ignore[arg-type]
    assert refused.value.facts == {"issuer": "person_hsa_id_3"}


def test_an_unknown_request_is_unknown(ceremony_rows: Installation) -> None:
    with pytest.raises(UnknownRequest):
        request_state("7a0a8d3e-5a0c-4f0a-9f3e-000000000000")


@pytest.mark.parametrize("state", RequestState)
@pytest.mark.parametrize("action", RequestAction)
def test_every_pair_of_request_state_and_action_is_decided(
    state: RequestState, action: RequestAction
) -> None:
    if (state, action) in REQUEST_TABLE:
        assert next_request_state(state, action) is REQUEST_TABLE[state, action]
        return
    with pytest.raises(IllegalTransition):
        next_request_state(state, action)


@pytest.mark.parametrize("state", SerialState)
@pytest.mark.parametrize("action", SerialAction)
def test_every_pair_of_serial_state_and_action_is_decided(state: SerialState, action: SerialAction) -> None:
    if (state, action) in SERIAL_TABLE:
        assert next_serial_state(state, action) is SERIAL_TABLE[state, action]
        return
    with pytest.raises(IllegalTransition):
        next_serial_state(state, action)


def test_from_the_ends_nothing_leads_on() -> None:
    assert not {state for state, _ in REQUEST_TABLE} & {RequestState.ISSUED, RequestState.FAILED}
    assert not {state for state, _ in SERIAL_TABLE} & {SerialState.USED, SerialState.BURNT}
    assert SerialState.RESERVED not in SERIAL_TABLE.values()
