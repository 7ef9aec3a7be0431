"""The activation of a card: right card, PIN, keys made on it, certificates read back, receipt signed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from client.configuration import Configuration
from client.conversation import Conversation, told
from client.errors import PinBlocked
from client.hardware import Hardware, PinState
from client.links import Link
from client.new_keys import NewKeys
from client.pins import PinRules, pin_rules_from


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
    CONFIRM_RENEWAL = "confirm_renewal"
    DONE = "done"


@dataclass(slots=True)
class _Progress:
    """How far the card was taken over; it may be repeated after an interruption."""

    has_new_admin_key: bool = False
    has_pin: bool = False


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
        self._keys = NewKeys(
            self._conversation,
            hardware=hardware,
            holder_name=self.holder_name,
            orders=answer.get("keys"),
        )
        self.pin_rules: PinRules = pin_rules_from(answer.get("pinRules"))
        self.terms_version, self.terms_text = _terms(answer.get("terms"))
        self._progress = _Progress()

    @property
    def needs_new_pin(self) -> bool:
        """Return whether the holder is to choose a PIN (else: type the one chosen before)."""
        return not self._progress.has_pin and not any(order.is_certified for order in self._keys.orders)

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
        self._keys.make(pin)
        report(Step.CERTIFICATES)
        self._keys.await_certificates()
        report(Step.WRITE)
        self._keys.write(pin)
        report(Step.RECEIPT)
        self._keys.sign(pin)
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


def _terms(members: object) -> tuple[str, str]:
    if not isinstance(members, Mapping):
        return "", ""
    return str(members.get("version", "")), str(members.get("text", ""))
