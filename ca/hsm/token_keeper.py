"""Keeps one token usable: opens it, checks that it is the right one, heals what can be healed."""

import logging
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.hsm import token_copy
from ca.hsm.configuration import TokenConfiguration
from ca.hsm.copy_proof import prove_keys
from ca.hsm.faults import KeyAbsent, PinRefused, Remedy, TokenDamaged, TokenFault
from ca.hsm.key_algorithms import KeyAlgorithm
from ca.hsm.key_counts import KeyCounts
from ca.hsm.token_lock import own_token
from ca.hsm.token_opening import open_session
from ca.hsm.token_session import TokenSession
from ca.pki.errors import SignatureInvalid
from ca.pki.signer import SignatureAlgorithm

_log: Final = logging.getLogger(__name__)
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0
_REPAIR_AFTER: Final = 3
_REPAIR_EVERY: Final = 20


class CircuitOpen(TokenFault):
    """The token failed a moment ago and is left alone for a while; ask again later."""

    code = "token_circuit_open"


class TokenKeeper:
    """The only one that opens the token. Made by ``keep_token``; for one thread.

    A lost session is opened again at once. When the token itself is gone, calls fail quickly with a
    fault whose remedy is ``NEW_START`` while the pause lasts (the circuit is open; it doubles from
    0.1 to 2 seconds), so that callers wait in their own process and not in ours. A refused PIN is not
    tried again until the PIN file holds another.
    """

    def __init__(self, configuration: TokenConfiguration) -> None:
        """Remember where the token is; nothing is opened yet."""
        self.configuration = configuration
        self.faults: Counter[str] = Counter()
        self.repairs = 0
        self.last_fault = ""
        self.counts = KeyCounts(configuration.home / "counts")
        self._session: TokenSession | None = None
        self._pause = 0.0
        self._closed_until = 0.0
        self._failures = 0
        self._refused_pin: str | None = None

    def start(self) -> None:
        """Open the token, repairing it from the newest verified copy when it is damaged.

        A session that is lost meanwhile says nothing of the token: it is opened once more before any
        repair. Raises ``TokenFault`` when neither the token nor a copy signs as it must.
        """
        try:
            self._open_again_if_lost()
        except TokenFault as fault:
            self._note(fault)
            if not self._repair(fault):
                raise
            self._open()
        self._copy_if_changed()

    def sign(self, label: str, algorithm: SignatureAlgorithm, messages: Sequence[bytes]) -> list[bytes]:
        """Sign every message with one key. All are signed, or ``TokenFault`` says why not."""
        signatures: list[bytes] = []
        attempts = 0
        while len(signatures) < len(messages):
            try:
                signatures.append(self._ready().sign(label, messages[len(signatures)], algorithm))
            except TokenFault as fault:
                attempts += 1
                self._heal(fault, attempts)
            else:
                self.counts.add(label, 1)
        return signatures

    def public_key(self, label: str) -> tuple[bytes, SignatureAlgorithm]:
        """Return a key's public half and its signature algorithm. Raises ``KeyAbsent``."""
        attempts = 0
        while True:
            try:
                session = self._ready()
                return session.public_key(label), session.algorithm(label)
            except TokenFault as fault:
                attempts += 1
                self._heal(fault, attempts)

    def generate_key(self, label: str, algorithm: KeyAlgorithm) -> bytes:
        """Make a key pair, copy the token and prove the copy; only then is the public half returned.

        A label names one key for ever: asking again gives the same key.
        Raises ``TokenFault``, or ``CopyUnusable`` when the copy could not be proved.
        """
        public_key = self._generate(label, algorithm)
        self._copy_if_changed()
        return public_key

    def generate_keys(
        self, wanted: Mapping[str, KeyAlgorithm], *, watch: Callable[[str], None]
    ) -> dict[str, bytes]:
        """Make several key pairs and one proved copy for all, and return their public halves by label.

        ``watch`` is called with each label before its key is made. Raises as ``generate_key`` does.
        """
        made = {}
        for label, algorithm in wanted.items():
            watch(label)
            made[label] = self._generate(label, algorithm)
        self._copy_if_changed()
        return made

    def prove(self) -> dict[str, str]:
        """Sign once with each key that there is and verify; return the algorithm of each by its label.

        What is wrong is healed as for any signature: a lost session is opened again, and then the keys are
        compared with their certificates. The signatures go nowhere, so no counter counts them.
        Raises ``TokenFault``.
        """
        attempts = 0
        while True:
            try:
                session = self._ready()
                keys = self._whole_keys(session)
                prove_keys(session, keys | self.certified_keys())
                return {label: session.algorithm(label).name for label in keys}
            except SignatureInvalid as invalid:
                msg = f"the token signs, but the signature does not verify ({invalid})"
                attempts += 1
                self._heal(TokenDamaged(msg, remedy_for=Remedy.NEW_START), attempts)
            except TokenFault as fault:
                attempts += 1
                self._heal(fault, attempts)

    def labels(self) -> list[str]:
        """Return the labels of all keys."""
        return self._ready().labels()

    def session(self) -> TokenSession:
        """Return the open session, for what only a ceremony asks. Raises ``TokenFault``."""
        return self._ready()

    def stop(self) -> None:
        """Close the session and keep the counters."""
        self._close()
        self.counts.close()

    def _generate(self, label: str, algorithm: KeyAlgorithm) -> bytes:
        attempts = 0
        while True:
            try:
                return self._ready().generate_key(label, algorithm)
            except TokenFault as fault:
                attempts += 1
                self._heal(fault, attempts)

    def _ready(self) -> TokenSession:
        if self._session is not None:
            return self._session
        if time.monotonic() < self._closed_until:
            msg = f"the token is not usable at present ({self.last_fault})"
            raise CircuitOpen(msg, remedy_for=Remedy.NEW_START)
        return self._open()

    def _open(self) -> TokenSession:
        pin = self.configuration.pin()
        if pin == self._refused_pin:
            msg = "the token refused this PIN before; it is not tried again"
            raise PinRefused(msg, ckr=0xA0)
        if self.configuration.is_file_token and token_copy.is_visibly_damaged(self.configuration.tokens):
            msg = "the token's files are gone or empty"
            raise TokenDamaged(msg, remedy_for=Remedy.NEW_START)
        try:
            session = open_session(self.configuration)
        except PinRefused:
            self._refused_pin = pin
            raise
        try:
            self._check(session)
        except TokenFault:
            session.close()
            raise
        self._session, self._pause, self._failures = session, 0.0, 0
        return session

    def _open_again_if_lost(self) -> TokenSession:
        try:
            return self._open()
        except TokenFault as fault:
            if fault.remedy is not Remedy.NEW_SESSION:
                raise
            self._note(fault)
        return self._open()

    def _check(self, session: TokenSession) -> None:
        """Compare public halves with the certificates and with the newest copy, and sign once each."""
        copy = token_copy.newest_copy(self.configuration) if self.configuration.is_file_token else None
        expected = (token_copy.copied_keys(copy) if copy else {}) | self.certified_keys()
        for label, public_key in expected.items():
            try:
                found = session.public_key(label)
            except KeyAbsent as absent:
                msg = f"the token has lost key {label}"
                raise TokenDamaged(msg, remedy_for=Remedy.NEW_START) from absent
            if found != public_key:
                msg = f"key {label} on the token is not the key in its certificate"
                raise TokenDamaged(msg, remedy_for=Remedy.NEW_START)
        try:
            prove_keys(session, expected)
        except SignatureInvalid as invalid:
            msg = "the token signs, but the signature does not verify"
            raise TokenDamaged(msg, remedy_for=Remedy.NEW_START) from invalid

    def certified_keys(self) -> dict[str, bytes]:
        """Return label and public half of each key that has a certificate in ``hsm/certificates``."""
        if not self.configuration.certificates.is_dir():
            return {}
        return {
            file.stem: x509.load_der_x509_certificate(file.read_bytes())
            .public_key()
            .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            for file in sorted(self.configuration.certificates.glob("*.cer"))
        }

    def _heal(self, fault: TokenFault, attempts: int) -> None:
        """Do what the fault's remedy says, or raise it again."""
        if fault.remedy is Remedy.NONE or isinstance(fault, CircuitOpen):
            raise fault
        self._note(fault)
        self._close()
        if fault.remedy is Remedy.NEW_SESSION and attempts <= _REPAIR_AFTER:
            return
        self._failures += 1
        if self._failures % _REPAIR_EVERY == _REPAIR_AFTER and self._repair(fault):
            return
        self._pause = min(self._pause * 2 or _FIRST_PAUSE, _LONGEST_PAUSE)
        self._closed_until = time.monotonic() + self._pause
        raise fault

    def _repair(self, fault: TokenFault) -> bool:
        """Put the newest verified copy back. False when there is none, or it does not sign either.

        With a wrong PIN the copy does not sign, and nothing is touched.
        """
        if not self.configuration.is_file_token:
            return False
        copy = token_copy.newest_copy(self.configuration)
        if copy is None:
            return False
        copied = token_copy.copied_keys(copy)
        if any(copied.get(label) != key for label, key in self.certified_keys().items()):
            return False
        self._close()
        try:
            aside = token_copy.put_back(self.configuration, copy)
        except token_copy.CopyUnusable as unusable:
            _log.error("the token is not usable and copy %s does not help: %s", copy.name, unusable)
            return False
        self.repairs += 1
        self._refused_pin = None
        self._closed_until = 0.0
        _log.warning(
            "the token was damaged (%s); copy %s is in its place, the damaged one is kept as hsm/damaged/%s",
            fault,
            copy.name,
            aside.name,
        )
        return True

    def _copy_if_changed(self) -> None:
        """Copy the token when its objects differ from those of the newest copy."""
        if not self.configuration.is_file_token:
            return
        copy = token_copy.newest_copy(self.configuration)
        if copy is not None and token_copy.is_current(self.configuration, copy):
            return
        whole = self._whole_keys(self._ready())
        made = token_copy.make_copy(self.configuration, whole)
        _log.info("copy %s of the token made and verified with %d keys", made.name, len(whole))

    @staticmethod
    def _whole_keys(session: TokenSession) -> dict[str, bytes]:
        """Return label and public half of each key that is there with both halves."""
        whole = {}
        for label in session.labels():
            try:
                whole[label] = session.public_key(label)
            except KeyAbsent:
                _log.warning(
                    "key %s is only half there, left by a crash; it is made anew when asked for", label
                )
        return whole

    def _note(self, fault: TokenFault) -> None:
        self.faults[fault.name] += 1
        self.last_fault = fault.name
        _log.warning("token fault %s: %s", fault.name, fault)

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


@contextmanager
def keep_token(configuration: TokenConfiguration, *, patience: float) -> Iterator[TokenKeeper]:
    """Own the token for as long as the block lasts; the keeper is started by the caller.

    ``patience`` is how many seconds to wait for another owner. Raises ``TokenBusy``.
    """
    with own_token(configuration.lock_file, patience=patience):
        for leftover in ("tokens.fresh", *(p.name for p in configuration.copies.glob("*.partial"))):
            for folder in (configuration.home, configuration.copies):
                shutil.rmtree(folder / leftover, ignore_errors=True)
        keeper = TokenKeeper(configuration)
        try:
            yield keeper
        finally:
            keeper.stop()
