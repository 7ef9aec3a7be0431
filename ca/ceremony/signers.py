"""The keys for a later ceremony: through the signer process while it runs, else from the token itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from ca.ceremony.errors import CeremonyStopped
from ca.errors import SigningRefused, SigningUnavailable
from ca.hsm.configuration import TokenConfiguration
from ca.hsm.faults import TokenBusy, TokenFault
from ca.hsm.keeper_signers import KeeperSigners
from ca.hsm.proxy import SignerSource, SocketSigners
from ca.hsm.token_keeper import keep_token


class CeremonyKeys(SignerSource, Protocol):
    """Signers by label, new keys, and what the token says of a key."""

    def generate_key(self, label: str, algorithm: str) -> bytes:
        """Make the key of that label, or find it; return its SubjectPublicKeyInfo."""
        ...

    def attributes(self, label: str) -> dict[str, bool]:
        """Return the PKCS#11 attributes of the private key."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """How the token is reached. ``is_alone``: no other process can be signing."""

    keys: CeremonyKeys
    is_alone: bool


@contextmanager
def ceremony_keys(configuration: TokenConfiguration) -> Iterator[Hold]:
    """Give the keys for as long as the block lasts; an installation in use need not stop for a ceremony.

    Raises ``CeremonyStopped`` when neither the token nor a signer answers.
    """
    try:
        with keep_token(configuration, patience=0) as keeper:
            keeper.start()
            yield Hold(keys=KeeperSigners(keeper), is_alone=True)
            return
    except TokenBusy:
        pass
    except TokenFault as fault:
        raise CeremonyStopped(f"the token cannot be opened: {fault}; manage.py doctor says more") from fault
    signers = SocketSigners(settings.SIGILL_SIGNER_SOCKET)
    try:
        signers.health()
    except (SigningUnavailable, SigningRefused) as error:
        raise CeremonyStopped(
            f"the token is owned by another process that does not answer: {error}"
        ) from error
    yield Hold(keys=signers, is_alone=False)
