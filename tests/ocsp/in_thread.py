"""A signer that can only be waited for, in a thread, as the signing lane asks it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread

SignMany = Callable[[str, str, Sequence[bytes]], Sequence[bytes]]
"""Signs messages with a key, in their order, and may wait: ``(label, algorithm, messages) -> signatures``."""


class InThread:
    """Has the interface of ``ocsp.responder.lane.SigningLink``; one thread for each exchange."""

    def __init__(self, sign: SignMany) -> None:
        self._sign = sign

    def sign(
        self,
        label: str,
        algorithm: str,
        messages: Sequence[bytes],
        told: Callable[[Sequence[bytes] | Exception], None],
    ) -> None:
        loop = asyncio.get_running_loop()

        def work() -> None:
            outcome: Sequence[bytes] | Exception
            try:
                outcome = self._sign(label, algorithm, messages)
            except Exception as error:  # noqa: BLE001 - told to whoever asked
                outcome = error
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(told, outcome)

        # A daemon: a thread that waits for a stuck signer does not keep the process from ending.
        Thread(target=work, daemon=True).start()

    def close(self) -> None:
        """There is nothing to close."""
