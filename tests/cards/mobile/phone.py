"""A phone and its owner, step by step, as the real client does it over the channel."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from authn.evidence import NO_TLS_SPKI, Answer, client_key_of, to_be_signed
from ca.models import Certificate
from cards.mobile.keys import collect_mobile, confirm_mobile, question_of_mobile, register_mobile_key
from cards.mobile.making import OpenedMobile, approve_own_mobile, claim_mobile, open_mobile
from cards.mobile.models import MobileEid
from cards.mobile.policies import SecondLogin
from cards.mobile.states import MobileState
from cards.mobile.terms import current_mobile_terms
from cards.models import Card
from cards.own_policies import OwnLogin
from cards.unlocking import OpenedUnlock, open_own_unlock
from journal.actor import Actor, ActorKind
from tests.scenarios import CLIENT, USER_CHALLENGE, Scene

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def _p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Phone:
    """What the phone has: its key, and the ephemeral one of the conversation."""

    key: PrivateKey = field(default_factory=_p256)
    client_key: ec.EllipticCurvePrivateKey = field(default_factory=_p256)

    def csr(self, *, signed_by: PrivateKey | None = None) -> bytes:
        """Return a request for the phone's key; ``signed_by`` another proves nothing."""
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "courtesy")])
        builder = x509.CertificateSigningRequestBuilder().subject_name(name)
        request = builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)
        if signed_by is None:
            return request
        # The other's signature over another content, in the place of ours.
        other = builder.sign(signed_by, hashes.SHA256())
        mine = x509.load_der_x509_csr(request)
        return (
            request.replace(mine.signature, other.signature)
            if len(mine.signature) == len(other.signature)
            else request[:-1] + bytes([request[-1] ^ 1])
        )

    def signs(self, mobile: MobileEid, certificate_der: bytes) -> Answer:
        tbs = to_be_signed(
            question_of_mobile(mobile),
            user_challenge=USER_CHALLENGE,
            server_spki=NO_TLS_SPKI,
            certificate_der=certificate_der,
        )
        assert isinstance(self.key, ec.EllipticCurvePrivateKey)
        return Answer(
            certificate_der=certificate_der,
            algorithm="ES256",
            signature=self.key.sign(tbs, ec.ECDSA(hashes.SHA256())),
            user_challenge=USER_CHALLENGE,
            server_spki=NO_TLS_SPKI,
        )


def holder(card: Card, *, loa: int = 3) -> Actor:
    return Actor(kind=ActorKind.PERSON, identifier=card.hsa_id, person_id=str(card.person_id), loa=loa)


def second_login(scene: Scene, card: Card, **changes: object) -> SecondLogin:
    made = SecondLogin(
        evidence_id=f"evidence-{MobileEid.objects.count()}-{scene.at.isoformat()}"[:36],
        person_id=str(card.person_id),
        card_number=card.card_number or "",
        signed_at=scene.at,
    )
    return replace(made, **changes)  # type: ignore[arg-type] # named fields


def opened(scene: Scene, card: Card, **login: object) -> OpenedMobile:
    scene.later(seconds=1)
    return open_mobile(
        card_id=str(card.pk),
        terms_version=current_mobile_terms().version,
        second_login=second_login(scene, card, **login),
        actor=holder(card),
        at=scene.at,
    )


def claimed(scene: Scene, start: OpenedMobile, phone: Phone) -> MobileEid:
    *_, token, mark = start.code_text.split("/")
    return claim_mobile(
        token=token,
        mark=mark,
        client_key=client_key_of(phone.client_key),
        client_name="sigill-eid",
        client_version="1.0",
        actor=CLIENT,
        at=scene.later(seconds=5),
    )


def approved(scene: Scene, mobile: MobileEid) -> MobileEid:
    """Let the holder say that it is their phone."""
    return approve_own_mobile(mobile_id=str(mobile.pk), actor=holder(mobile.card), at=scene.later(seconds=1))


def with_key(scene: Scene, mobile: MobileEid, phone: Phone) -> MobileEid:
    if mobile.state == MobileState.CLAIMED and mobile.approved_at is None:
        approved(scene, mobile)
    return register_mobile_key(
        mobile_id=str(mobile.pk), csr=phone.csr(), actor=CLIENT, at=scene.later(seconds=5)
    )


def issued(scene: Scene, mobile: MobileEid) -> Certificate:
    scene.authority.issue_and_publish(at=scene.later(seconds=1))
    certificate = collect_mobile(mobile_id=str(mobile.pk), actor=CLIENT, at=scene.later(seconds=1))
    assert certificate is not None
    return certificate


def confirmed(scene: Scene, mobile: MobileEid, certificate: Certificate, phone: Phone) -> MobileEid:
    mobile.refresh_from_db()
    answer = phone.signs(mobile, bytes(certificate.certificate_der))
    return confirm_mobile(mobile_id=str(mobile.pk), answer=answer, actor=CLIENT, at=scene.later(seconds=5))


def login_with(mobile: MobileEid, *, at: datetime) -> OwnLogin:
    """Return what a session by this mobile eID rests on."""
    return OwnLogin(
        evidence_id=f"login-{mobile.pk}"[:36], certificate_sha256=mobile.certificate_sha256, auth_time=at
    )


def an_own_unlock(scene: Scene, card: Card, mobile: MobileEid) -> OpenedUnlock:
    """Let the holder open the unlocking of their card, logged in with their mobile eID (POR-6)."""
    login = login_with(mobile, at=scene.at)
    return open_own_unlock(card_id=str(card.pk), login=login, actor=holder(card), at=scene.later(seconds=1))


def an_active_mobile(scene: Scene, card: Card, phone: Phone | None = None) -> MobileEid:
    """Walk all the way: opened, claimed, a key, a certificate, in use."""
    phone = phone or Phone()
    mobile = with_key(scene, claimed(scene, opened(scene, card), phone), phone)
    return confirmed(scene, mobile, issued(scene, mobile), phone)
