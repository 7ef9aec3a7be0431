"""Ways into the world of cards, each walked through the real lifecycle, as production would."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction

from authn.evidence import NO_TLS_SPKI, Answer, Question, client_key_of, to_be_signed, user_challenge_of
from cards import lifecycle
from cards.card_keys import KeyName
from cards.identity import IdentityCheckFacts, IdentityCheckStep
from cards.lifecycle import OpenedActivation, OpenedRenewal, OpenedUnlock
from cards.manufacturing.factory_file import Report
from cards.manufacturing.reports import apply_report
from cards.manufacturing.sealing import SealedFile
from cards.manufacturing.sending import send_due_batches
from cards.models import Activation, Card, CardOrder
from cards.products import DocumentKind, IdentityCheckMethod
from cards.reasons import BlockReason
from cards.receipts import question_of
from cards.renewal.models import RenewalPurpose
from cards.replacement_policies import Replacement
from cards.replacement_reasons import ReplacementReason
from directory.identifiers import luhn_digit
from directory.models import Employment
from journal.actor import Actor, ActorKind
from tests.authority import Authority, the_authority
from tests.cast import Cast, the_cast

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WORKER = Actor.system("worker")
CLIENT = Actor(kind=ActorKind.SERVICE, identifier="card-client")
CHECK = IdentityCheckFacts(
    method=IdentityCheckMethod.VISIT,
    document_kind=DocumentKind.DRIVING_LICENCE,
    document_number="98765432",
    document_valid_until=date(2030, 1, 1),
    steps=frozenset(IdentityCheckStep),
    is_verified_with_document_issuer=True,
)
USER_CHALLENGE = user_challenge_of("only the client knows this")


class PaperFactory:
    """A factory that takes every batch and reports nothing by itself; the reports are written by the test."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.batches: list[int] = []

    def place_batch(self, number: int, message: bytes) -> None:
        self.batches.append(number)
        self.orders += json.loads(message)["orders"]

    def files_after(self, position: int) -> list[int]:  # noqa: ARG002 - the factory's interface
        return []

    def file(self, number: int) -> bytes:
        raise AssertionError(number)


class OpenEnvelopes:
    """Files that everybody can read: what is in them is what the test is about."""

    def seal(self, content: bytes, *, at: datetime) -> SealedFile:  # noqa: ARG002 - the interface
        return SealedFile(message=content, recipient_serial_hex="0")

    def open(self, message: bytes, *, at: datetime) -> bytes:  # noqa: ARG002 - the interface
        return message


@dataclass
class Client:
    """A card client with the chip of one card: keys that stay when the client is killed."""

    chip: dict[KeyName, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def restarted(self) -> "Client":
        """Return a client that knows nothing but what lies on the chip."""
        return Client(chip=self.chip)

    def make_key(self, name: KeyName) -> bytes:
        """Make a key on the chip unless it is there, and return a request for it."""
        key = self.chip.setdefault(name, ec.generate_private_key(ec.SECP256R1()))
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "courtesy")])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
        return request.public_bytes(Encoding.DER)

    def requests(self, names: Sequence[KeyName] = tuple(KeyName)) -> dict[str, bytes]:
        return {name.value: self.make_key(name) for name in names}

    def answer(self, activation: Activation, certificate_der: bytes) -> Answer:
        """Sign the receipt with the chip's key that the certificate is for."""
        return self.signs(question_of(activation.receipt), certificate_der)

    def signs(self, question: Question, certificate_der: bytes) -> Answer:
        """Sign a question with the chip's key that the certificate is for."""
        tbs = to_be_signed(
            question,
            user_challenge=USER_CHALLENGE,
            server_spki=NO_TLS_SPKI,
            certificate_der=certificate_der,
        )
        public_key = x509.load_der_x509_certificate(certificate_der).public_key()
        key = next(key for key in self.chip.values() if key.public_key() == public_key)
        return Answer(
            certificate_der=certificate_der,
            algorithm="ES256",
            signature=key.sign(tbs, ec.ECDSA(hashes.SHA256())),
            user_challenge=USER_CHALLENGE,
            server_spki=NO_TLS_SPKI,
        )


@dataclass
class Scene:
    """Where a test stands: the people, the CA, the card's chip, and the moment."""

    cast: Cast
    authority: Authority
    client: Client
    at: datetime
    factory: PaperFactory = field(default_factory=PaperFactory)
    reports: int = 0

    def later(self, **span: float) -> datetime:
        """Move the moment on and return it."""
        self.at += timedelta(**span)
        return self.at


def a_scene(*, at: datetime = AT) -> Scene:
    """Set the stage: cast and issuers, nothing ordered."""
    return Scene(cast=the_cast(), authority=the_authority(), client=Client(), at=at)


def a_pending_order(
    scene: Scene, employment: Employment | None = None, *, product_code: str = "7C1"
) -> CardOrder:
    """Order a card for Åsa."""
    holder = employment or scene.cast.asa
    actor = scene.cast.alva
    if holder.person.protected_identity:
        actor = _with_protected_right(actor)
    return lifecycle.place_order(
        hsa_id=holder.hsa_id, product_code=product_code, loa=3, actor=actor, at=scene.at
    )


def a_sent_order(
    scene: Scene, employment: Employment | None = None, *, product_code: str = "7C1"
) -> CardOrder:
    """Order a card and hand the order over to the factory."""
    order = a_pending_order(scene, employment, product_code=product_code)
    scene.later(seconds=5)
    send_to_paper(scene)
    order.refresh_from_db()
    return order


def a_replacement(scene: Scene, old: Card, reason: ReplacementReason) -> CardOrder:
    """Order a new card in the place of one in use."""
    return lifecycle.place_order(
        hsa_id=old.hsa_id,
        product_code="7C1",
        replacement=Replacement(card=old, reason=reason),
        actor=scene.cast.alva,
        at=scene.later(minutes=1),
    )


def an_activated_replacement(scene: Scene, order: CardOrder) -> Card:
    """Let the factory make and post a replacement, and its holder activate it."""
    scene.later(seconds=5)
    send_to_paper(scene)
    card = made_and_posted(scene, order)
    scene.client = Client()
    opened = an_open_activation(scene, card)
    claimed = a_claimed_activation(scene, opened)
    return an_active_card(scene, a_written_activation(scene, an_activation_with_keys(scene, claimed)))


def send_to_paper(scene: Scene) -> int:
    """Let all orders that are due leave, and return how many did."""
    return send_due_batches(factory=scene.factory, sealing=OpenEnvelopes(), actor=WORKER, at=scene.at)


def report(scene: Scene, order_id: str, kind: str, *, number: int | None = None, **more: str) -> None:
    """Let the factory report, and apply it as the worker does."""
    scene.reports = max(scene.reports, number or 0) if number else scene.reports + 1
    told = Report(number=number or scene.reports, order_id=order_id, kind=kind, at=scene.at, **more)
    with transaction.atomic():
        apply_report(told, actor=WORKER, at=scene.at)


def a_shipped_card(scene: Scene, employment: Employment | None = None, *, product_code: str = "7C1") -> Card:
    """Order a card and let the factory make and post it."""
    return made_and_posted(scene, a_sent_order(scene, employment, product_code=product_code))


def made_and_posted(scene: Scene, order: CardOrder) -> Card:
    """Let the factory make and post what was ordered and sent."""
    number = card_number(Card.objects.count())
    report(scene, str(order.pk), "accepted")
    report(scene, str(order.pk), "produced", card_number=number)
    scene.later(days=3)
    report(scene, str(order.pk), "shipped", card_number=number)
    scene.later(days=4)
    return Card.objects.get(order=order)


def an_open_activation(scene: Scene, card: Card | None = None) -> OpenedActivation:
    """Identify the holder at the desk and open the activation."""
    card = card or a_shipped_card(scene)
    actor = _with_protected_right(scene.cast.alva) if card.person.protected_identity else scene.cast.alva
    return lifecycle.open_activation(card_id=str(card.pk), identity_check=CHECK, actor=actor, at=scene.at)


def a_claimed_activation(scene: Scene, opened: OpenedActivation | None = None) -> Activation:
    """Let the client take the activation."""
    opened = opened or an_open_activation(scene)
    return lifecycle.claim_activation(
        token=opened.token,
        client_key=client_key_of(scene.client.key),
        client_name="sigill-eid",
        client_version="1.0",
        actor=CLIENT,
        at=scene.later(seconds=10),
    )


def an_activation_with_keys(scene: Scene, activation: Activation | None = None) -> Activation:
    """Make the keys on the chip and ask for certificates."""
    activation = activation or a_claimed_activation(scene)
    return lifecycle.register_keys(
        activation_id=str(activation.pk),
        requests=scene.client.requests(),
        actor=CLIENT,
        at=scene.later(seconds=10),
    )


def a_written_activation(scene: Scene, activation: Activation | None = None) -> Activation:
    """Issue the certificates and write them to the card."""
    activation = activation or an_activation_with_keys(scene)
    scene.authority.issue_and_publish(at=scene.later(seconds=1))
    issued = lifecycle.collect_certificates(activation_id=str(activation.pk), actor=CLIENT, at=scene.at)
    return lifecycle.confirm_written(
        activation_id=str(activation.pk),
        digests={item.name.value: item.certificate.sha256 for item in issued},
        actor=CLIENT,
        at=scene.later(seconds=5),
    )


def an_active_card(scene: Scene, activation: Activation | None = None) -> Card:
    """Let the holder sign the receipt: the card is in use."""
    activation = activation or a_written_activation(scene)
    certificates = lifecycle.collect_certificates(activation_id=str(activation.pk), actor=CLIENT, at=scene.at)
    answer = scene.client.answer(activation, bytes(certificates[0].certificate.certificate_der))
    signed = lifecycle.sign_receipt(
        activation_id=str(activation.pk), answer=answer, actor=CLIENT, at=scene.at
    )
    return Card.objects.get(pk=signed.card_id)


def an_open_unlock(scene: Scene, card: Card) -> OpenedUnlock:
    """Identify the holder at the desk and open the unlocking of a card in use."""
    return lifecycle.open_unlock(
        card_id=str(card.pk), identity_check=CHECK, actor=scene.cast.alva, at=scene.at
    )


def an_open_renewal(
    scene: Scene, card: Card, *, purpose: RenewalPurpose = RenewalPurpose.RENEW
) -> OpenedRenewal:
    """Let the holder begin new certificates for their card on Mina sidor."""
    holder = Actor(kind=ActorKind.PERSON, identifier=card.hsa_id, person_id=str(card.person_id), loa=3)
    return lifecycle.open_own_renewal(card_id=str(card.pk), purpose=purpose, actor=holder, at=scene.at)


def a_blocked_card(scene: Scene) -> Card:
    """Activate a card and block it as lost."""
    card = an_active_card(scene)
    return lifecycle.block_card(
        card_id=str(card.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=scene.at,
        actor=scene.cast.alva,
        at=scene.later(minutes=1),
    )


def card_number(place: int) -> str:
    """Return a well-formed card number."""
    payload = f"97522789{place:010d}"
    return payload + str(luhn_digit(payload))


def _with_protected_right(actor: Actor) -> Actor:
    return Actor(
        kind=actor.kind,
        identifier=actor.identifier,
        role=actor.role,
        organization_ids=actor.organization_ids,
        person_id=actor.person_id,
        loa=actor.loa,
        may_see_protected=True,
    )
