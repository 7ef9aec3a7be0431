"""The client's side of a conversation about one card: claimed by a token, every call signed."""

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from client.card_session import CardSession
from client.configuration import Configuration
from client.errors import ClientError, PinFailed, ServerNotTrusted, ServerRefused, UnlockRefused
from client.hardware import Hardware
from client.service import Service

MOST_ANSWERS = 8
_REASONS = {"pinBlocked": "pinLocked", "noCard": "cardRemoved", "wrongPin": "pinFailed"}
_ABORT_REASONS = frozenset(
    {"userCancel", "wrongCard", "cardRemoved", "pinLocked", "pinFailed", "readerError", "notMe"}
)


class Channel:
    """What is said between this client and the service from a claim on; `name` is the channel's."""

    def __init__(self, name: str, token: str, *, configuration: Configuration, **members: str) -> None:
        """Claim. Raises ClientTooOld, ServerUnreachable, ServerRefused, ServerNotTrusted."""
        self._name = name
        self._id_name = f"{name}Id"
        self._service = Service(configuration)
        self._service.greet()
        self.claimed = self._service.claim(f"{name}/claim", {"token": token, **members})
        self._id = told(self.claimed, self._id_name)

    @property
    def server_spki(self) -> str:
        """Return line 14 of what is signed."""
        return self._service.server_spki

    @property
    def client_key_thumbprint(self) -> str:
        """Return what names the key that claimed, as the service knows it too (RFC 7638)."""
        return self._service.client_key_thumbprint

    def call(self, name: str, members: Mapping[str, object]) -> Mapping[str, object]:
        """Call, signed by the key that claimed; may be repeated. Raises as Service.call."""
        return self._service.call(
            f"{self._name}/{name}", {self._id_name: self._id, **members}, is_repeatable=True
        )

    def give_up(self, reason: str) -> None:
        """Tell the service why it ends here; silent when it does not hear."""
        ended = _REASONS.get(reason, reason)
        with contextlib.suppress(ClientError):
            self.call("abort", {"reason": ended if ended in _ABORT_REASONS else "readerError"})


class Conversation(Channel):
    """What is said about one card."""

    def __init__(
        self, name: str, token: str, *, configuration: Configuration, hardware: Hardware, **members: str
    ) -> None:
        """Claim. Raises ClientTooOld, ServerUnreachable, ServerRefused, ServerNotTrusted."""
        super().__init__(name, token, configuration=configuration, **members)
        self.hardware = hardware
        self.card_number = told(self.claimed, "cardNumber")

    @contextmanager
    def opened_card(self) -> Iterator[CardSession]:
        """Hold the card opened by the service's answer to its challenge, which puts a fresh key on it.

        The card may have an older key than the one that the service tries first; each wrong answer costs a
        try, and the last is never used. Raises PinFailed (the card takes none), UnlockRefused (no more).
        """
        for _ in range(MOST_ANSWERS):
            with self.hardware.card(self.card_number) as card:
                challenge = card.challenge()
            answer = self._answer(challenge)
            with self.hardware.card(self.card_number) as card:
                if card.takes_answer(answer):
                    yield card
                    card.log_out()
                    return
        raise PinFailed("the card took none of the answers")

    def _answer(self, challenge: bytes) -> str:
        try:
            return told(self.call("answer", {"challenge": challenge.hex()}), "answer")
        except ServerRefused as refusal:
            if refusal.facts.get("error_code") == "illegal_transition":
                raise UnlockRefused from refusal
            raise


def told(answer: Mapping[str, object], name: str) -> str:
    """Return a text that an answer must have. Raises ServerNotTrusted."""
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise ServerNotTrusted(f"the answer lacks {name}")
    return value
