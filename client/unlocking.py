"""The unlocking of a card at the desk: right card, its challenge answered, new PIN, the card's signature."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

from authn.evidence import EvidenceInvalid, Question, check_visible_text
from client.activation import Step
from client.answering import sign_question
from client.certificate import CardCertificate
from client.configuration import Configuration
from client.errors import (
    ClientError,
    NoCertificate,
    PinFailed,
    ServerNotTrusted,
    ServerRefused,
    UnlockRefused,
)
from client.hardware import Hardware
from client.links import Link
from client.pins import PinRules, pin_rules_from
from client.service import Service

MOST_ANSWERS = 8
_REASONS = {"pinBlocked": "pinLocked", "noCard": "cardRemoved", "wrongPin": "pinFailed"}
_ABORT_REASONS = frozenset(
    {"userCancel", "wrongCard", "cardRemoved", "pinLocked", "pinFailed", "readerError", "notMe"}
)


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
        self._service = Service(configuration)
        self._service.greet()
        answer = self._service.claim("unlock/claim", {"token": link.token})
        self._id = str(answer.get("unlockId") or "")
        self.card_number = str(answer.get("cardNumber") or "")
        self.holder_name = str(answer.get("holderName") or "")
        if not self._id or not self.card_number:
            raise ServerNotTrusted("the answer names no card")
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
            self._set_pin(pin, report)
            self._is_open = True
        report(Step.CONFIRM)
        self._confirm(pin)
        report(Step.DONE)

    def give_up(self, reason: str) -> None:
        """Tell the service why it ends here; silent when it does not hear."""
        told = _REASONS.get(reason, reason)
        with contextlib.suppress(ClientError):
            self._service.call(
                "unlock/abort",
                {"unlockId": self._id, "reason": told if told in _ABORT_REASONS else "readerError"},
                is_repeatable=True,
            )

    def _set_pin(self, pin: str, report: Callable[[Step], None]) -> None:
        """Let the service answer the card's challenges until one opens it, then set the PIN.

        A card may have an older key than the one that the service tries first; each wrong answer costs a
        try, and the last is never used.
        """
        for _ in range(MOST_ANSWERS):
            with self._hardware.card(self.card_number) as card:
                challenge = card.challenge()
            answer = str(self._call("answer", {"challenge": challenge.hex()}).get("answer", ""))
            with self._hardware.card(self.card_number) as card:
                if card.takes_answer(answer):
                    report(Step.PIN)
                    card.reset_pin(pin)
                    card.log_out()
                    return
        raise PinFailed("the card took none of the answers")

    def _confirm(self, pin: str) -> None:
        signed = sign_question(
            self.statement,
            self._certificate(),
            pin=pin,
            server_spki=self._service.server_spki,
            hardware=self._hardware,
        )
        self._call("confirm", signed.members)

    def _certificate(self) -> CardCertificate:
        with self._hardware.card(self.card_number) as card:
            found = card.certificates()
        now = datetime.now(UTC)
        fitting = [one for one in found if one.is_for_login(issuers=(), at=now)]
        if not fitting:
            raise NoCertificate
        return fitting[0]

    def _call(self, name: str, members: dict[str, object]) -> dict[str, object]:
        try:
            reply = self._service.call(
                f"unlock/{name}", {"unlockId": self._id, **members}, is_repeatable=True
            )
        except ServerRefused as refusal:
            if name == "answer" and refusal.facts.get("error_code") == "illegal_transition":
                raise UnlockRefused from refusal
            raise
        return dict(reply)


def _statement(members: object) -> Question:
    try:
        question = Question.from_json(members if isinstance(members, dict) else {})
        check_visible_text(question.visible_text)
    except EvidenceInvalid as error:
        raise ServerNotTrusted(str(error)) from error
    return question
