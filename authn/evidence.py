"""What a card signs at login: the sixteen lines, their limits, and how anyone verifies them again.

Pure: no Django. `authn`, `portal`, `cards` and `client` share this module and nothing else of authn.
"""

import hmac
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from authn.encoding import MalformedText, b64, b64url, hashed, sha256, unb64, unb64url
from authn.signatures import (
    AlgorithmRefused,
    SignatureAlgorithm,
    SignatureInvalid,
    check_algorithm,
    ecdsa_der,
    verify_signature,
)
from authn.signed_request import (
    SIGNATURE_HEADER,
    ClientKey,
    ClientKeyInvalid,
    RequestSignatureInvalid,
    client_key_of,
    parse_client_key,
    sign_request,
    verify_request,
)

__all__ = [
    "NO_TLS_SPKI",
    "SIGNATURE_HEADER",
    "AlgorithmRefused",
    "Answer",
    "BindingMismatch",
    "ClientKey",
    "ClientKeyInvalid",
    "EvidenceInvalid",
    "Flow",
    "MalformedText",
    "Purpose",
    "Question",
    "RequestSignatureInvalid",
    "SignatureAlgorithm",
    "SignatureInvalid",
    "b64",
    "b64url",
    "check_algorithm",
    "check_visible_text",
    "client_key_of",
    "ecdsa_der",
    "hashed",
    "mobile_mark",
    "origin_of",
    "parse_client_key",
    "phone_digits",
    "return_code",
    "return_proof",
    "sha256",
    "sign_request",
    "to_be_signed",
    "unb64",
    "unb64url",
    "user_challenge_of",
    "verification_code",
    "verify",
    "verify_request",
    "verify_return",
    "verify_signature",
]

PROTOCOL = "siths-oob"
VERSION = "1"
SERVER_RANDOM_OCTETS = 32
RP_CHALLENGE_OCTETS = 64
USER_CHALLENGE_LENGTH = 43  # base64url of a SHA-256 digest
MAX_VISIBLE_CHARACTERS = 1500
MAX_NON_VISIBLE_OCTETS = 32 * 1024
MAX_CERTIFICATE_OCTETS = 8 * 1024
MAX_SIGNATURE_OCTETS = 1024
_MARK_OCTETS = 16
NO_TLS_SPKI = hashed(b"")
"""Line 14 where there is no TLS at all: on loopback only, and only when the server pins this value."""
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})  # bidi and zero-width are Cf


class Purpose(StrEnum):
    """What the signature is for, line 3."""

    AUTH = "auth"
    AUTH_FOR_SIGN = "authForSign"
    SIGN = "sign"
    RECEIPT = "receipt"
    ENROL = "enrol"


class Flow(StrEnum):
    """How the client was started, line 12."""

    SAME_DEVICE = "same-device"
    OTHER_DEVICE = "other-device"


class EvidenceInvalid(ValueError):
    """A question, an answer or their combination is not well formed."""


class BindingMismatch(ValueError):
    """The answer was made over another server key, or another browser returns than the one that started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the server asks the card holder to sign; everything but what only the client knows.

    `expires_at` is Unix time in whole seconds; `non_visible_hash` is H(non-visible octets), base64.
    """

    purpose: str
    order_ref: str
    server_random: bytes
    rp_challenge: bytes
    rp_id: str
    rp_name: str
    rp_origin: str
    visible_text: str
    non_visible_hash: str
    flow: str
    expires_at: int

    def as_json(self) -> dict[str, object]:
        """Return the question as the client API sends it (names of authn.md section 4)."""
        return {
            "purpose": self.purpose,
            "orderId": self.order_ref,
            "serverRandom": b64(self.server_random),
            "rpChallenge": b64(self.rp_challenge),
            "rpId": self.rp_id,
            "rpName": self.rp_name,
            "rpOrigin": self.rp_origin,
            "visible": {"text": self.visible_text},
            "nonVisibleHash": self.non_visible_hash,
            "flow": self.flow,
            "expiresAt": self.expires_at,
        }

    @classmethod
    def from_json(cls, answer: Mapping[str, object]) -> "Question":
        """Return the question in a claim answer, ignoring other members; raises EvidenceInvalid."""

        def text(name: str) -> str:
            value = answer.get(name)
            if not isinstance(value, str):
                raise EvidenceInvalid(f"{name} is missing or not a text")
            return value

        visible = answer.get("visible")
        visible_text = visible.get("text") if isinstance(visible, Mapping) else None
        if not isinstance(visible_text, str):
            raise EvidenceInvalid("visible.text is missing or not a text")
        expires_at = answer.get("expiresAt")
        if not isinstance(expires_at, int) or isinstance(expires_at, bool):
            raise EvidenceInvalid("expiresAt is missing or not a whole number")
        try:
            return cls(
                purpose=text("purpose"),
                order_ref=text("orderId"),
                server_random=unb64(text("serverRandom")),
                rp_challenge=unb64(text("rpChallenge")),
                rp_id=text("rpId"),
                rp_name=text("rpName"),
                rp_origin=text("rpOrigin"),
                visible_text=visible_text,
                non_visible_hash=text("nonVisibleHash"),
                flow=text("flow"),
                expires_at=expires_at,
            )
        except MalformedText as error:
            raise EvidenceInvalid("serverRandom or rpChallenge is not base64") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the client gives back. `server_spki` is H(SPKI of the TLS server it saw) or NO_TLS_SPKI."""

    certificate_der: bytes
    algorithm: str
    signature: bytes
    user_challenge: str
    server_spki: str


def to_be_signed(
    question: Question, *, user_challenge: str, server_spki: str, certificate_der: bytes
) -> bytes:
    """Return the sixteen lines of authn.md section 5, joined by LF, as UTF-8. Raises EvidenceInvalid.

    Every free field is hashed; what stands literally has a fixed form that is checked here, so that no
    value can bring its own line break.
    """
    _check_form(question, user_challenge=user_challenge, server_spki=server_spki)
    lines = (
        PROTOCOL,
        VERSION,
        Purpose(question.purpose).value,
        question.order_ref,
        b64(question.server_random),
        b64(question.rp_challenge),
        user_challenge,
        hashed(question.rp_id.encode()),
        hashed(question.rp_name.encode()),
        hashed(question.visible_text.encode()),
        question.non_visible_hash,
        Flow(question.flow).value,
        hashed(question.rp_origin.encode()),
        server_spki,
        hashed(certificate_der),
        str(question.expires_at),
    )
    return "\n".join(lines).encode("ascii")


def verify(question: Question, answer: Answer, *, server_spki_pins: Collection[str]) -> bytes:
    """Check the signature over the question as the verifier itself knows it; return the signed octets.

    Never pass a question that came back from a client: rebuild it from your own row. The certificate's
    path, policy and status are checked elsewhere (`authn.path`). Raises EvidenceInvalid, BindingMismatch,
    AlgorithmRefused or SignatureInvalid.
    """
    if len(answer.certificate_der) > MAX_CERTIFICATE_OCTETS or len(answer.signature) > MAX_SIGNATURE_OCTETS:
        raise EvidenceInvalid("the certificate or the signature is too large")
    if answer.server_spki not in server_spki_pins:
        raise BindingMismatch("the client saw another server key than ours")
    tbs = to_be_signed(
        question,
        user_challenge=answer.user_challenge,
        server_spki=answer.server_spki,
        certificate_der=answer.certificate_der,
    )
    verify_signature(answer.algorithm, answer.certificate_der, tbs, answer.signature)
    return tbs


def verification_code(rp_challenge: bytes) -> str:
    """Return the four digits shown both in the browser and in the client, so that a person can compare."""
    return f"{int.from_bytes(sha256(b'siths-oob-vc|' + rp_challenge)[-2:]) % 10_000:04d}"


def mobile_mark(token: str, personal_identity_number: str, salt: str) -> str:
    """Return what binds the code for a phone to whose mobile eID it makes (MOB-5): base64url of 16 octets.

    ``salt`` is told to the phone that takes the code, and to nobody else: without it a picture of the code
    would give the number away to whoever tries all numbers.
    """
    bound = sha256(f"siths-mobile|1|{token}|{personal_identity_number}|{salt}".encode())
    return b64url(bound[:_MARK_OCTETS])


def phone_digits(client_key_thumbprint: str) -> str:
    """Return the four digits by which a holder knows the phone that took the code as their own."""
    digest = sha256(b"siths-mobile-vc|" + client_key_thumbprint.encode())
    return f"{int.from_bytes(digest[-2:]) % 10_000:04d}"


def user_challenge_of(user_challenge_verifier: str) -> str:
    """Return line 7 for a verifier `u` (a text) that only the client knows until it opens the browser."""
    return b64url(sha256(user_challenge_verifier.encode()))


def return_proof(session_secret: bytes) -> str:
    """Return `d`, by which the server lets the client prove to the browser's session that it was answered."""
    return b64url(sha256(session_secret))


def return_code(user_challenge: str) -> str:
    """Return the eight digits that a client may show where it cannot open the browser that waits.

    They follow from line 7, which only that client and this service know until the answer is collected.
    """
    octets = sha256(b"siths-oob-rc|" + user_challenge.encode())
    return f"{int.from_bytes(octets) % 100_000_000:08d}"


def verify_return(*, session_secret: bytes, user_challenge: str, d: str, u: str) -> None:
    """Check the returning browser of the same-device flow; raises BindingMismatch.

    `session_secret` comes from the session that started the order, `user_challenge` from the signed evidence.
    """
    same_session = hmac.compare_digest(return_proof(session_secret).encode(), d.encode())
    same_client = hmac.compare_digest(user_challenge.encode(), user_challenge_of(u).encode())
    if not (same_session and same_client):
        raise BindingMismatch("the browser that returns is not the one that started")


def check_visible_text(text: str) -> str:
    """Return the text if a person can be shown it as it is; raises EvidenceInvalid.

    NFC only; no control, format (bidi, zero-width), private or unassigned characters but LF; not blank, at
    most 1500 characters.
    """
    if not text.strip() or len(text) > MAX_VISIBLE_CHARACTERS:
        raise EvidenceInvalid("the visible text is blank or too long")
    if not unicodedata.is_normalized("NFC", text):
        raise EvidenceInvalid("the visible text is not in NFC")
    if any(unicodedata.category(character) in _FORBIDDEN_CATEGORIES for character in text.replace("\n", "")):
        raise EvidenceInvalid("the visible text holds characters that cannot be seen")
    return text


def origin_of(url: str) -> str:
    """Return scheme://host[:port] of an absolute http(s) URL, lower-case; raises EvidenceInvalid.

    Refused: user information, backslashes, white space, a fragment, an empty host, a default port written.
    """
    if "\\" in url or any(character.isspace() or not character.isprintable() for character in url):
        raise EvidenceInvalid("the address holds characters that browsers read differently")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EvidenceInvalid("not an address") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise EvidenceInvalid("not an absolute address without user information")
    expected = parts.hostname if port is None else f"{parts.hostname}:{port}"
    default_port = {"http": 80, "https": 443}[parts.scheme]
    if parts.netloc != expected or port == default_port or not parts.netloc.isascii():
        raise EvidenceInvalid("the host is not spelled canonically")
    return f"{parts.scheme}://{parts.netloc}"


def _check_form(question: Question, *, user_challenge: str, server_spki: str) -> None:
    if question.purpose not in list(Purpose) or question.flow not in list(Flow):
        raise EvidenceInvalid("unknown purpose or flow")
    sizes = (len(question.server_random), len(question.rp_challenge))
    if sizes != (SERVER_RANDOM_OCTETS, RP_CHALLENGE_OCTETS):
        raise EvidenceInvalid("serverRandom is 32 octets and rpChallenge 64")
    if not 0 < len(question.order_ref) <= 64 or not _is_plain(question.order_ref):  # noqa: PLR2004 - a UUID has 36
        raise EvidenceInvalid("the order reference is letters, digits and hyphens")
    try:
        digests = (unb64url(user_challenge), unb64(question.non_visible_hash), unb64(server_spki))
    except MalformedText as error:
        raise EvidenceInvalid("a digest is not base64") from error
    if any(len(digest) != SERVER_RANDOM_OCTETS for digest in digests):
        raise EvidenceInvalid("a digest is not 32 octets")


def _is_plain(text: str) -> bool:
    return text.isascii() and text.replace("-", "").isalnum()
