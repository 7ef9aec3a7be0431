"""A mobile eID fetched to a phone: code, key made in it, certificate kept and read back, signed for."""

import time
from collections.abc import Callable
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from authn.evidence import MalformedText, b64, mobile_mark, phone_digits, unb64
from client.activation import Step
from client.answering import sign_question
from client.certificate import CardCertificate
from client.conversation import Channel, told
from client.csr import certificate_request
from client.errors import ReaderError, ServerNotTrusted, ServerUnreachable
from client.flows import open_hardware
from client.key_kind import KeyKind
from client.links import Link
from client.new_keys import ISSUING_SECONDS, POLL_SECONDS, question_of
from client.phones import Phone
from client.pins import PinRules, pin_rules_from

_APPROVAL_SECONDS = 15 * 60
"""As long as the service gives a phone that took the code."""


class Enrolment:
    """One mobile eID, from its claim to the phone's signature. `complete` may be called again."""

    def __init__(self, link: Link, *, phone: Phone) -> None:
        """Claim. Raises ClientTooOld, ServerUnreachable, ServerRefused, ServerNotTrusted."""
        self._link, self._phone = link, phone
        self._channel = Channel("mobile", link.token, configuration=phone.configuration, mark=link.mark)
        answer = self._channel.claimed
        if answer.get("algorithm") != KeyKind.P256.value:
            raise ServerNotTrusted("a phone makes keys on P-256 and no others")
        self.holder_name = told(answer, "holderName")
        self._rules = pin_rules_from(answer.get("pinRules"))
        self._salt = told(answer, "markSalt")
        self._question = question_of(answer.get("question"))
        self._label = f"Mobilt SITHS eID {self._question.order_ref[:8]}"
        self._certificate_der = b""
        self._csr = b""

    @property
    def statement_text(self) -> str:
        """Return what the phone signs at the end."""
        return self._question.visible_text

    @property
    def rules(self) -> PinRules:
        """Return what code may be chosen."""
        return self._rules

    def complete(self, pin: str, *, report: Callable[[Step], None] = lambda _: None) -> None:
        """Walk through the steps that remain; ``pin`` is the code chosen, or the phone's own if it has one.

        Raises PinNotAllowed, WrongPin, PinBlocked, ReaderError, ServerRefused, ServerUnreachable,
        ServerNotTrusted: the same call goes on where it stopped.
        """
        self._await_approval()
        report(Step.PIN)
        if not self._phone.has_code:
            self._phone.choose_code(pin, rules=self._rules)
        report(Step.KEYS)
        self._make_key(pin)
        self._channel.call("key", {"csr": b64(self._csr)})
        report(Step.CERTIFICATES)
        self._await_certificate()
        report(Step.WRITE)
        kept = self._keep(pin)
        report(Step.CONFIRM)
        with open_hardware(self._phone.configuration) as hardware:
            signed = sign_question(
                self._question, kept, pin=pin, server_spki=self._channel.server_spki, hardware=hardware
            )
        self._channel.call("confirm", signed.members)
        report(Step.DONE)

    @property
    def digits(self) -> str:
        """Return the digits that the holder compares with those of the page, to say that it is theirs."""
        return phone_digits(self._channel.client_key_thumbprint)

    def give_up(self, reason: str) -> None:
        """Tell the service why it ends here; silent when it does not hear."""
        self._channel.give_up(reason)

    def _await_approval(self) -> None:
        """Wait until the holder has said on the page that this is their phone."""
        ends_at = time.monotonic() + _APPROVAL_SECONDS
        while True:
            answer = self._channel.call("status", {})
            if answer.get("approved") is True or answer.get("state") != "claimed":
                return  # one that has ended is told by the next call
            if time.monotonic() > ends_at:
                raise ServerUnreachable("nobody has said that this is the holder's phone")
            time.sleep(POLL_SECONDS)

    def _make_key(self, pin: str) -> None:
        if self._csr:
            return
        with open_hardware(self._phone.configuration) as hardware, hardware.card(self._phone.number) as card:
            card.log_in(pin)
            key_id = card.make_key(self._label, KeyKind.P256)
            algorithm = KeyKind.P256.signs_with
            self._csr = certificate_request(
                public_key=card.public_key(key_id),
                common_name=self.holder_name,
                algorithm=algorithm,
                sign=partial(card.sign, key_id, algorithm=algorithm),
            )

    def _await_certificate(self) -> None:
        ends_at = time.monotonic() + ISSUING_SECONDS
        while not self._certificate_der:
            answer = self._channel.call("certificate", {})
            if answer.get("state") == "issued":
                self._certificate_der = self._checked(told(answer, "certificate"))
                return
            if time.monotonic() > ends_at:
                raise ServerUnreachable("the certificate is not ready yet")
            time.sleep(POLL_SECONDS)

    def _checked(self, text: str) -> bytes:
        """Return the certificate if it names whom the code was for (MOB-5). Raises ServerNotTrusted."""
        try:
            certificate_der = unb64(text)
            subject = x509.load_der_x509_certificate(certificate_der).subject
        except (MalformedText, ValueError) as error:
            raise ServerNotTrusted("the certificate cannot be read") from error
        numbers = [str(one.value) for one in subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)]
        if [mobile_mark(self._link.token, number, self._salt) for number in numbers] != [self._link.mark]:
            raise ServerNotTrusted("the certificate is for somebody else than the code")
        return certificate_der

    def _keep(self, pin: str) -> CardCertificate:
        """Keep the certificate beside its key, and return it as read back."""
        parsed = x509.load_der_x509_certificate(self._certificate_der)
        public_key = parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        with open_hardware(self._phone.configuration) as hardware, hardware.card(self._phone.number) as card:
            card.log_in(pin)
            key_id = card.key_id(self._label)
            if key_id is None or public_key != card.public_key(key_id):
                raise ReaderError("the certificate is for another key than the one in the phone")
            card.write_certificate(
                label=self._label,
                key_id=key_id,
                certificate_der=self._certificate_der,
                subject=parsed.subject.public_bytes(),
            )
            return next(one for one in card.certificates() if one.label == self._label)
