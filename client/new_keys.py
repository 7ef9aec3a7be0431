"""New keys on a card and their certificates: made, certified, written, read back, signed for."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from authn.evidence import EvidenceInvalid, MalformedText, Question, b64, check_visible_text, sha256, unb64
from client.answering import sign_question
from client.certificate import CardCertificate
from client.conversation import Conversation, told
from client.csr import certificate_request
from client.errors import NoCertificate, ReaderError, ServerNotTrusted, ServerUnreachable
from client.hardware import Hardware
from client.key_kind import KeyKind

Fits = Callable[[CardCertificate], bool]
ISSUING_SECONDS = 60.0
POLL_SECONDS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOrder:
    """A key that the card is to hold; `is_certified` when an earlier activation came that far."""

    name: str
    label: str
    kind: KeyKind
    is_certified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """A certificate for one of the keys."""

    name: str
    certificate_der: bytes


@dataclass(slots=True)
class _Progress:
    is_registered: bool = False
    issued: tuple[IssuedCertificate, ...] = ()
    receipt: Question | None = None
    requests: dict[str, bytes] = field(default_factory=dict)


class NewKeys:
    """What a conversation asks the card to make. Each step may be repeated after an interruption."""

    def __init__(
        self, conversation: Conversation, *, hardware: Hardware, holder_name: str, orders: object
    ) -> None:
        """Read which keys are asked for. Raises ServerNotTrusted."""
        self._conversation = conversation
        self._hardware = hardware
        self._holder_name = holder_name
        self.orders = _key_orders(orders)
        self._progress = _Progress()

    def make(self, pin: str, *, question: Question | None = None, fits: Fits = lambda _: True) -> None:
        """Make what is missing on the card. A repeated call sends the same requests: one key, one request.

        Where a `question` must be signed first, one of the certificates on the card that fit signs it: the
        service asks for no new ones before. Raises NoCertificate when none does.
        """
        progress = self._progress
        if progress.is_registered:
            return
        with self._hardware.card(self._conversation.card_number) as card:
            card.log_in(pin)
            for order in self.orders:
                if order.name in progress.requests or (order.is_certified and card.key_id(order.label)):
                    continue
                key_id = card.make_key(order.label, order.kind)
                progress.requests[order.name] = certificate_request(
                    public_key=card.public_key(key_id),
                    common_name=self._holder_name,
                    algorithm=order.kind.signs_with,
                    sign=partial(card.sign, key_id, algorithm=order.kind.signs_with),
                )
        if progress.requests:
            proof = {} if question is None else self._signed(question, pin, fits=fits)
            keys = [{"name": name, "csr": b64(csr)} for name, csr in progress.requests.items()]
            self._conversation.call("keys", {"keys": keys, **proof})
        progress.is_registered = True

    def await_certificates(self) -> None:
        """Ask until every certificate is issued. Raises ServerUnreachable when that takes too long."""
        ends_at = time.monotonic() + ISSUING_SECONDS
        while not self._progress.issued:
            answer = self._conversation.call("certificates", {})
            if answer.get("state") != "issuing":
                self._progress.issued = _issued(answer.get("certificates"))
                if {issued.name for issued in self._progress.issued} != {order.name for order in self.orders}:
                    raise ServerNotTrusted("other certificates than those that were asked for")
                return
            if time.monotonic() > ends_at:
                raise ServerUnreachable("the certificates are not ready yet")
            time.sleep(POLL_SECONDS)

    def write(self, pin: str) -> None:
        """Write each certificate beside the key it names, read it back, and report what was read."""
        if self._progress.receipt:
            return
        labels = {order.name: order.label for order in self.orders}
        with self._hardware.card(self._conversation.card_number) as card:
            card.log_in(pin)
            for issued in self._progress.issued:
                key_id = card.key_id(labels[issued.name])
                parsed = x509.load_der_x509_certificate(issued.certificate_der)
                if key_id is None or _spki(parsed) != card.public_key(key_id):
                    raise ReaderError("the certificate is for another key than the one on the card")
                card.write_certificate(
                    label=labels[issued.name],
                    key_id=key_id,
                    certificate_der=issued.certificate_der,
                    subject=parsed.subject.public_bytes(),
                )
        read_back = {written.label: written for written in self.on_card()}
        digests = [
            {"name": issued.name, "sha256": sha256(read_back[labels[issued.name]].certificate_der).hex()}
            for issued in self._progress.issued
        ]
        answer = self._conversation.call("written", {"certificates": digests})
        self._progress.receipt = question_of(answer.get("receipt"))

    def sign(self, pin: str, *, fits: Fits = lambda _: True) -> Mapping[str, object]:
        """Sign what is asked at the end, with the first new certificate that fits, else any that does."""
        question = self._progress.receipt
        if question is None:
            raise ReaderError("there is no receipt to sign")
        return self._conversation.call("receipt", self._signed(question, pin, fits=fits))

    def _signed(self, question: Question, pin: str, *, fits: Fits) -> Mapping[str, object]:
        ours = [issued.certificate_der for issued in self._progress.issued]
        fitting = [one for one in self.on_card() if fits(one)]
        if not fitting:
            raise NoCertificate
        fresh = [one for der in ours for one in fitting if one.certificate_der == der]
        signed = sign_question(
            question,
            (fresh or fitting)[0],
            pin=pin,
            server_spki=self._conversation.server_spki,
            hardware=self._hardware,
        )
        return signed.members

    def on_card(self) -> tuple[CardCertificate, ...]:
        """Return the certificates on the card."""
        with self._hardware.card(self._conversation.card_number) as card:
            return card.certificates()


def _spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _key_orders(members: object) -> tuple[KeyOrder, ...]:
    if not isinstance(members, list) or not members:
        raise ServerNotTrusted("the answer names no keys")
    return tuple(
        KeyOrder(
            name=told(member, "name"),
            label=told(member, "label"),
            kind=_key_kind(member.get("algorithm")),
            is_certified=member.get("done") is True,
        )
        for member in members
        if isinstance(member, Mapping)
    )


def _key_kind(member: object) -> KeyKind:
    try:
        return KeyKind(member)
    except ValueError as error:
        raise ServerNotTrusted("the answer asks for a key that this client does not make") from error


def _issued(members: object) -> tuple[IssuedCertificate, ...]:
    try:
        return tuple(
            IssuedCertificate(name=told(member, "name"), certificate_der=unb64(told(member, "certificate")))
            for member in (members if isinstance(members, list) else ())
        )
    except MalformedText as error:
        raise ServerNotTrusted("the certificates cannot be read") from error


def question_of(members: object) -> Question:
    """Read what the card is to sign. Raises ServerNotTrusted."""
    try:
        question = Question.from_json(members if isinstance(members, Mapping) else {})
        check_visible_text(question.visible_text)
    except EvidenceInvalid as error:
        raise ServerNotTrusted(str(error)) from error
    return question
