"""What sends a text to a mobile: one verb, so that any gateway fits behind it."""

from typing import Protocol


class SmsNotSent(Exception):
    """The gateway did not take the message; ``status`` is what it said. It may be sent again."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class SmsGateway(Protocol):
    """Sends texts."""

    def send(self, *, number: str, text: str) -> str:
        """Hand a text over for a number (E.164, with +) and return what the gateway calls it.

        Raises SmsNotSent, also when it is not known whether the message was taken.
        """
