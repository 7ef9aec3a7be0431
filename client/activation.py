"""The activation of a card: right card, PIN, keys made on it, certificates read back, receipt signed."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from authn.evidence import (
    EvidenceInvalid,
    MalformedText,
    Question,
    b64,
    check_visible_text,
    sha256,
    unb64,
)
from client.answering import sign_question
from client.certificate import CardCertificate
from client.configuration import Configuration
from client.conversation import Conversation, told
from client.csr import certificate_request
from client.errors import PinBlocked, ReaderError, ServerNotTrusted, ServerUnreachable
from client.hardware import Hardware, PinState
from client.key_kind import KeyKind
from client.links import Link
from client.pins import PinRules, pin_rules_from

ISSUING_SECONDS = 60.0
POLL_SECONDS = 0.3


class Step(Enum):
    """What the person sees happening, in order."""

    CARD = "card"
    PIN = "pin"
    KEYS = "keys"
    CERTIFICATES = "certificates"
    WRITE = "write"
    RECEIPT = "receipt"
    UNLOCK = "unlock"
    CONFIRM = "confirm"
    DONE = "done"


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
    """How far this activation has come; each step may be repeated after an interruption."""

    has_new_admin_key: bool = False
    has_pin: bool = False
    is_registered: bool = False
    issued: tuple[IssuedCertificate, ...] = ()
    receipt: Question | None = None
    requests: dict[str, bytes] = field(default_factory=dict)


class Activation:
    """One activation, from its claim to the signed receipt. `complete` may be called again."""

    kind = "activation"
    steps = (Step.CARD, Step.PIN, Step.KEYS, Step.CERTIFICATES, Step.WRITE, Step.RECEIPT)

    def __init__(
        self, link: Link, *, configuration: Configuration, hardware: Hardware, language: str = "sv"
    ) -> None:
        """Claim. Raises ClientTooOld, ServerUnreachable, ServerRefused, ServerNotTrusted."""
        self._hardware = hardware
        self._conversation = Conversation(
            "activation", link.token, configuration=configuration, hardware=hardware, lang=language
        )
        answer = self._conversation.claimed
        self.card_number = self._conversation.card_number
        self.holder_name = told(answer, "holderName")
        self.organization = str(answer.get("organization") or "")
        self._keys = _key_orders(answer.get("keys"))
        self.pin_rules: PinRules = pin_rules_from(answer.get("pinRules"))
        self.terms_version, self.terms_text = _terms(answer.get("terms"))
        self._progress = _Progress()

    @property
    def needs_new_pin(self) -> bool:
        """Return whether the holder is to choose a PIN (else: type the one chosen before)."""
        return not self._progress.has_pin and not any(order.is_certified for order in self._keys)

    def check_card(self) -> None:
        """See that the right card is in a reader. Raises NoCard, WrongCard, PinBlocked, ReaderError."""
        with self._hardware.card(self.card_number):
            pass
        state = next(
            (
                r.card.pin_state
                for r in self._hardware.readers()
                if r.card and r.card.card_number == self.card_number
            ),
            PinState.UNSET,
        )
        if state is PinState.BLOCKED and not self.needs_new_pin:
            raise PinBlocked

    def complete(self, pin: str, *, report: Callable[[Step], None]) -> None:
        """Walk through all steps that remain; `report` hears each as it begins.

        Raises PinNotAllowed, WrongPin, PinBlocked, PinFailed, NoCard, WrongCard, CardRemoved, ReaderError,
        ServerRefused, ServerUnreachable: the same call goes on where it stopped.
        """
        report(Step.CARD)
        self.check_card()
        report(Step.PIN)
        self._take_over(pin)
        report(Step.KEYS)
        self._register_keys(pin)
        report(Step.CERTIFICATES)
        self._await_certificates()
        report(Step.WRITE)
        self._write(pin)
        report(Step.RECEIPT)
        self._sign_receipt(pin)
        report(Step.DONE)

    def give_up(self, reason: str) -> None:
        """Tell the service why it ends here; silent when it does not hear."""
        self._conversation.give_up(reason)

    def _take_over(self, pin: str) -> None:
        """Put the card under the key of this activation, so that no earlier one opens it; then set the PIN.

        Interrupted anywhere, it can be repeated, here or by a later activation: the key on the card is always
        one of those with which the service answers.
        """
        progress = self._progress
        if self.needs_new_pin:
            self.pin_rules.check(pin)
        if self.needs_new_pin or not progress.has_new_admin_key:
            with self._conversation.opened_card() as card:
                progress.has_new_admin_key = True
                # The PIN, unless it was chosen in an activation that is resumed.
                if self.needs_new_pin:
                    card.reset_pin(pin)
                    progress.has_pin = True
        with self._hardware.card(self.card_number) as card:
            card.log_in(pin)

    def _register_keys(self, pin: str) -> None:
        """Make what is missing on the card. A repeated call sends the same requests: one key, one request."""
        progress = self._progress
        if progress.is_registered:
            return
        with self._hardware.card(self.card_number) as card:
            card.log_in(pin)
            for order in self._keys:
                if order.name in progress.requests or (order.is_certified and card.key_id(order.label)):
                    continue
                key_id = card.make_key(order.label, order.kind)
                progress.requests[order.name] = certificate_request(
                    public_key=card.public_key(key_id),
                    common_name=self.holder_name,
                    algorithm=order.kind.signs_with,
                    sign=partial(card.sign, key_id, algorithm=order.kind.signs_with),
                )
        if progress.requests:
            self._conversation.call(
                "keys",
                {"keys": [{"name": name, "csr": b64(csr)} for name, csr in progress.requests.items()]},
            )
        progress.is_registered = True

    def _await_certificates(self) -> None:
        ends_at = time.monotonic() + ISSUING_SECONDS
        while not self._progress.issued:
            answer = self._conversation.call("certificates", {})
            if answer.get("state") != "issuing":
                self._progress.issued = _issued(answer.get("certificates"))
                if {issued.name for issued in self._progress.issued} != {order.name for order in self._keys}:
                    raise ServerNotTrusted("other certificates than those that were asked for")
                return
            if time.monotonic() > ends_at:
                raise ServerUnreachable("the certificates are not ready yet")
            time.sleep(POLL_SECONDS)

    def _write(self, pin: str) -> None:
        """Write each certificate beside the key it names, read it back, and report what was read."""
        if self._progress.receipt:
            return
        labels = {order.name: order.label for order in self._keys}
        with self._hardware.card(self.card_number) as card:
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
        read_back = {written.label: written for written in self._written()}
        digests = [
            {"name": issued.name, "sha256": sha256(read_back[labels[issued.name]].certificate_der).hex()}
            for issued in self._progress.issued
        ]
        answer = self._conversation.call("written", {"certificates": digests})
        self._progress.receipt = _receipt(answer.get("receipt"))

    def _sign_receipt(self, pin: str) -> None:
        question = self._progress.receipt
        if question is None:
            raise ReaderError("there is no receipt to sign")
        first = self._progress.issued[0].certificate_der
        certificate = next(c for c in self._written() if c.certificate_der == first)
        signed = sign_question(
            question,
            certificate,
            pin=pin,
            server_spki=self._conversation.server_spki,
            hardware=self._hardware,
        )
        self._conversation.call("receipt", signed.members)

    def _written(self) -> tuple[CardCertificate, ...]:
        with self._hardware.card(self.card_number) as card:
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


def _terms(members: object) -> tuple[str, str]:
    if not isinstance(members, Mapping):
        return "", ""
    return str(members.get("version", "")), str(members.get("text", ""))


def _issued(members: object) -> tuple[IssuedCertificate, ...]:
    try:
        return tuple(
            IssuedCertificate(name=told(member, "name"), certificate_der=unb64(told(member, "certificate")))
            for member in (members if isinstance(members, list) else ())
        )
    except MalformedText as error:
        raise ServerNotTrusted("the certificates cannot be read") from error


def _receipt(members: object) -> Question:
    try:
        question = Question.from_json(members if isinstance(members, Mapping) else {})
        check_visible_text(question.visible_text)
    except EvidenceInvalid as error:
        raise ServerNotTrusted(str(error)) from error
    return question
