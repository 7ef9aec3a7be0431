"""A login or a signed act: claim, show who asks and for what, sign with the card, send the browser back."""

import contextlib
from datetime import datetime
from urllib.parse import urlencode

from authn.evidence import (
    EvidenceInvalid,
    Flow,
    Purpose,
    Question,
    check_visible_text,
    origin_of,
    verification_code,
)
from client.answering import sign_question
from client.certificate import CardCertificate
from client.configuration import Configuration
from client.errors import ClientError, NoCard, NoCertificate, ServerNotTrusted
from client.hardware import Hardware
from client.links import Link, LinkKind
from client.service import Service

_ABORT_REASONS = frozenset(
    {"userCancel", "noCard", "noCertificate", "pinBlocked", "pinFailed", "readerError", "notMe"}
)
_ACTS_BY_LOGIN_KEY = frozenset({Purpose.AUTH_FOR_SIGN, Purpose.ENROL})
_SIGNATURE_PURPOSES = frozenset({Purpose.SIGN, Purpose.RECEIPT})


class Login:
    """One order, from its claim to the address that takes the browser back."""

    def __init__(self, link: Link, *, configuration: Configuration, hardware: Hardware) -> None:
        """Claim the order. Raises ClientTooOld, ServerUnreachable, ServerRefused, ServerNotTrusted."""
        self._hardware = hardware
        self._service = Service(configuration)
        self._service.greet()
        token = {"qr": link.text} if link.kind is LinkKind.OTHER_DEVICE_LOGIN else {"token": link.token}
        answer = self._service.claim("claim", token)
        self.question = _checked_question(answer)
        requirement = answer.get("requirement")
        issuers = requirement.get("issuers") if isinstance(requirement, dict) else None
        self._issuers = frozenset(str(name) for name in issuers or ())
        self.is_same_address = answer.get("sameIp") is not False
        self.return_code = ""
        """Eight digits for the page that waits where no browser can be opened; there when it is answered."""

    @property
    def verification_code(self) -> str:
        """Return the four digits that the waiting page shows too; computed here, not believed."""
        return verification_code(self.question.rp_challenge)

    @property
    def is_signature(self) -> bool:
        """Return whether the card is asked to sign an act, by its signature key, and not to log in."""
        return self.question.purpose in _SIGNATURE_PURPOSES

    @property
    def is_act(self) -> bool:
        """Return whether an act is to be signed, by whichever key: the text binds the person."""
        return self.is_signature or self.question.purpose in _ACTS_BY_LOGIN_KEY

    @property
    def is_same_device(self) -> bool:
        """Return whether a browser on this machine waits for us."""
        return self.question.flow == Flow.SAME_DEVICE

    def choices(self, *, at: datetime) -> tuple[CardCertificate, ...]:
        """Return the certificates that may answer. Raises NoCard, NoCertificate."""
        if not any(reader.card for reader in self._hardware.readers()):
            raise NoCard
        fitting = tuple(
            certificate for certificate in self._hardware.certificates() if self._fits(certificate, at=at)
        )
        if not fitting:
            raise NoCertificate
        return fitting

    def answer(self, certificate: CardCertificate, *, pin: str) -> str:
        """Sign and answer; return the browser's address, or "" when it waits on another device.

        Raises what sign_question raises (nothing was sent then: it may be tried again), and ServerRefused,
        ServerUnreachable, ServerNotTrusted.
        """
        signed = sign_question(
            self.question,
            certificate,
            pin=pin,
            server_spki=self._service.server_spki,
            hardware=self._hardware,
        )
        reply = self._service.call(
            "respond", {"orderId": self.question.order_ref, **signed.members}, is_repeatable=False
        )
        if not self.is_same_device:
            return ""
        return_url = str(reply.get("returnUrl", ""))
        if "?" in return_url or _origin_or_blank(return_url) != self.question.rp_origin:
            raise ServerNotTrusted("the browser would be sent to another site than the one that was shown")
        self.return_code = signed.return_code
        return f"{return_url}?{urlencode({'d': str(reply.get('d', '')), 'u': signed.verifier})}"

    def _fits(self, certificate: CardCertificate, *, at: datetime) -> bool:
        if self.is_signature:
            return certificate.is_for_signing(issuers=self._issuers, at=at)
        return certificate.is_for_login(issuers=self._issuers, at=at)

    def give_up(self, reason: str) -> None:
        """Tell the service why there will be no answer; silent when it does not hear."""
        told = reason if reason in _ABORT_REASONS else "readerError"
        with contextlib.suppress(ClientError):
            self._service.call(
                "abort", {"orderId": self.question.order_ref, "reason": told}, is_repeatable=True
            )


def grouped_code(return_code: str) -> str:
    """Return the eight digits as a person reads and types them."""
    return f"{return_code[:4]} {return_code[4:]}"


def _checked_question(answer: object) -> Question:
    """Read the question; texts that cannot be shown as they are are refused."""
    try:
        question = Question.from_json(answer if isinstance(answer, dict) else {})
        check_visible_text(question.visible_text)
        check_visible_text(question.rp_name)
        origin = origin_of(question.rp_origin)
    except EvidenceInvalid as error:
        raise ServerNotTrusted(str(error)) from error
    if origin != question.rp_origin or question.purpose not in list(Purpose):
        raise ServerNotTrusted("not an origin, or not a purpose that is known")
    return question


def _origin_or_blank(address: str) -> str:
    try:
        return origin_of(address)
    except EvidenceInvalid:
        return ""
