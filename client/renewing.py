"""New certificates on a card in use: old ones go on until the new ones are written, read back, signed for."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from authn.evidence import sha256
from client.activation import Step
from client.certificate import CardCertificate
from client.configuration import Configuration
from client.conversation import Conversation, told
from client.errors import PinBlocked
from client.hardware import Hardware, PinState
from client.links import Link
from client.new_keys import NewKeys, question_of


class Renewal:
    """One renewal, from its claim to what is left over taken off. `complete` may be called again."""

    kind = "renewal"
    steps = (Step.CARD, Step.KEYS, Step.CERTIFICATES, Step.WRITE, Step.CONFIRM_RENEWAL)
    needs_new_pin = False
    terms_version = ""
    terms_text = ""

    def __init__(self, link: Link, *, configuration: Configuration, hardware: Hardware) -> None:
        """Claim. Raises ClientTooOld, ServerUnreachable, ServerRefused, ServerNotTrusted."""
        self._hardware = hardware
        self._conversation = Conversation(
            "renewal", link.token, configuration=configuration, hardware=hardware
        )
        answer = self._conversation.claimed
        self.card_number = self._conversation.card_number
        self.holder_name = told(answer, "holderName")
        self._question = question_of(answer.get("question"))
        self.statement_text = self._question.visible_text
        self._keys = NewKeys(
            self._conversation, hardware=hardware, holder_name=self.holder_name, orders=answer.get("keys")
        )
        self._left_over = _labels(answer, "leftOver")
        self._proves_by = _labels(answer, "provesBy")
        self._is_signed = False

    def check_card(self) -> None:
        """See that the right card is in a reader. Raises NoCard, WrongCard, PinBlocked, ReaderError."""
        with self._hardware.card(self.card_number):
            pass
        for reader in self._hardware.readers():
            if (
                reader.card
                and reader.card.card_number == self.card_number
                and reader.card.pin_state is PinState.BLOCKED
            ):
                raise PinBlocked

    def complete(self, pin: str, *, report: Callable[[Step], None]) -> None:
        """Walk through all steps that remain; `report` hears each as it begins.

        Raises WrongPin, PinBlocked, NoCard, WrongCard, CardRemoved, ReaderError, ServerRefused,
        ServerUnreachable: the same call goes on where it stopped.
        """
        report(Step.CARD)
        self.check_card()
        if not self._is_signed:
            self._clear(pin)
            report(Step.KEYS)
            self._keys.make(pin, question=self._question, fits=self._proves)
            report(Step.CERTIFICATES)
            self._keys.await_certificates()
            report(Step.WRITE)
            self._keys.write(pin)
            report(Step.CONFIRM_RENEWAL)
            self._left_over = _labels(self._keys.sign(pin, fits=_identifies), "leftOver")
            self._is_signed = True
        self._clear(pin)
        report(Step.DONE)

    def give_up(self, reason: str) -> None:
        """Tell the service why it ends here; silent when it does not hear, or when it is done."""
        if not self._is_signed:
            self._conversation.give_up(reason)

    def _proves(self, certificate: CardCertificate) -> bool:
        """Tell whether it may show that this is the card: what is valid, or else what the service names.

        A reserve card that is filled again has no certificate that is valid.
        """
        if self._proves_by:
            return sha256(certificate.certificate_der).hex() in self._proves_by
        return _identifies(certificate)

    def _clear(self, pin: str) -> None:
        """Take off the card what was replaced, and what broken renewals left."""
        with self._hardware.card(self.card_number) as card:
            card.log_in(pin)
            for label in self._left_over:
                card.remove_key(label)


def _identifies(certificate: CardCertificate) -> bool:
    return certificate.is_for_login(issuers=(), at=datetime.now(UTC))


def _labels(answer: Mapping[str, object], name: str) -> frozenset[str]:
    found = answer.get(name)
    return frozenset(str(one) for one in found) if isinstance(found, list) else frozenset()
