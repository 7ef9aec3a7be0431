"""The unlocking of a card at the desk: right card, its challenge answered, new PIN, the card's signature."""

from collections.abc import Callable
from datetime import UTC, datetime

from authn.evidence import EvidenceInvalid, Question, check_visible_text
from client.activation import Step
from client.answering import sign_question
from client.certificate import CardCertificate
from client.configuration import Configuration
from client.conversation import Conversation
from client.errors import NoCertificate, ServerNotTrusted
from client.hardware import Hardware
from client.links import Link
from client.pins import PinRules, pin_rules_from


class Unlocking:
    """One unlocking, from its claim to the card's signature. `complete` may be called again."""

    kind = "unlock"
    steps = (Step.CARD, Step.UNLOCK, Step.PIN, Step.CONFIRM)
    needs_new_pin = True
    terms_version = ""
    terms_text = ""

    def __init__(self, link: Link, *, configuration: Configuration, hardware: Hardware) -> None:
        """Claim. Raises ClientTooOld, ServerUnreachable, ServerRefused, ServerNotTrusted."""
        self._hardware = hardware
        self._conversation = Conversation(
            "unlock", link.token, configuration=configuration, hardware=hardware
        )
        answer = self._conversation.claimed
        self.card_number = self._conversation.card_number
        self.holder_name = str(answer.get("holderName") or "")
        self.pin_rules: PinRules = pin_rules_from(answer.get("pinRules"))
        self.statement = _statement(answer.get("statement"))
        self._is_open = False

    def check_card(self) -> None:
        """See that the right card is in a reader. Raises NoCard, WrongCard, ReaderError."""
        with self._hardware.card(self.card_number):
            pass

    def complete(self, pin: str, *, report: Callable[[Step], None]) -> None:
        """Walk through all steps that remain; `report` hears each as it begins.

        Raises PinNotAllowed, PinFailed (the card takes no answer), NoCard, WrongCard, CardRemoved,
        ReaderError, ServerRefused, ServerUnreachable: the same call goes on where it stopped.
        """
        self.pin_rules.check(pin)
        report(Step.CARD)
        self.check_card()
        if not self._is_open:
            report(Step.UNLOCK)
            with self._conversation.opened_card() as card:
                report(Step.PIN)
                card.reset_pin(pin)
            self._is_open = True
        report(Step.CONFIRM)
        self._confirm(pin)
        report(Step.DONE)

    def give_up(self, reason: str) -> None:
        """Tell the service why it ends here; silent when it does not hear."""
        self._conversation.give_up(reason)

    def _confirm(self, pin: str) -> None:
        signed = sign_question(
            self.statement,
            self._certificate(),
            pin=pin,
            server_spki=self._conversation.server_spki,
            hardware=self._hardware,
        )
        self._conversation.call("confirm", signed.members)

    def _certificate(self) -> CardCertificate:
        with self._hardware.card(self.card_number) as card:
            found = card.certificates()
        now = datetime.now(UTC)
        fitting = [one for one in found if one.is_for_login(issuers=(), at=now)]
        if not fitting:
            raise NoCertificate
        return fitting[0]


def _statement(members: object) -> Question:
    try:
        question = Question.from_json(members if isinstance(members, dict) else {})
        check_visible_text(question.visible_text)
    except EvidenceInvalid as error:
        raise ServerNotTrusted(str(error)) from error
    return question
