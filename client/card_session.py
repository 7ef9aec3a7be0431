"""One card held open: PIN, keys, certificates, signatures."""

import contextlib
import hashlib
import secrets
from collections.abc import Callable
from typing import Any

import PyKCS11
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PyKCS11 import PyKCS11Error

from authn.evidence import SignatureAlgorithm, ecdsa_der
from client.certificate import CardCertificate
from client.errors import (
    ChallengeUnsupported,
    PinBlocked,
    PinFailed,
    PinNotAllowed,
    PukBlocked,
    ReaderError,
    WrongPin,
    WrongPuk,
)
from client.key_kind import KeyKind
from client.pins import is_puk
from client.translation import translated

P256 = bytes.fromhex("06082a8648ce3d030107")  # the OID prime256v1 in DER (RFC 5480 section 2.1.1.1)
_KEY_ID_OCTETS = 20
_RSA_EXPONENT = bytes.fromhex("010001")
_UNCOMPRESSED_P256 = 65
_DER_OCTET_STRING_HEADER = 2
_DIGESTS = {SignatureAlgorithm.ES256: hashlib.sha256, SignatureAlgorithm.ES384: hashlib.sha384}


class CardSession:
    """What can be done with a card; made by Hardware.card, and of no use after its block."""

    def __init__(
        self,
        session: Any,  # noqa: ANN401 - PyKCS11 carries no types
        *,
        slot: int,
        card_number: str,
        tries_left: Callable[[], int | None],
        puk_tries_left: Callable[[], int | None],
        is_last_admin_try: Callable[[], bool],
        challenge: Callable[[], bytes | None],
    ) -> None:
        self._session = session
        self._slot = slot
        self._card_number = card_number
        self._tries_left = tries_left
        self._puk_tries_left = puk_tries_left
        self._is_last_admin_try = is_last_admin_try
        self._challenge = challenge

    def close(self) -> None:
        """Log out and close; a card that is gone has done so itself."""
        for end in (self._session.logout, self._session.closeSession):
            with contextlib.suppress(PyKCS11Error):
                end()

    def log_in(self, pin: str) -> None:
        """Prove the PIN. Raises WrongPin with the tries left, PinBlocked, CardNotActivated."""
        try:
            self._session.login(pin)
        except PyKCS11Error as error:
            failure = translated(error)
            if isinstance(failure, WrongPin):
                left = self._tries_left()
                raise WrongPin(tries_left="" if left is None else str(left)) from error
            raise failure from error

    def set_pin(self, *, admin_key: str, pin: str) -> None:
        """Give the card this PIN with its admin key or PUK; keys survive. Raises PinFailed, PinNotAllowed."""
        if not self._opens(admin_key):
            raise PinFailed("the card does not know this admin key")
        self._session.initPin(pin)
        self._session.logout()

    def unlock_with_puk(self, *, puk: str, pin: str) -> None:
        """Give the card this PIN with the PUK of its letter. Raises WrongPuk, PukBlocked, PinNotAllowed."""
        if not is_puk(puk):
            raise PinNotAllowed(rule="puk")  # a digit forgotten costs none of the card's ten tries
        try:
            self._session.login(puk, PyKCS11.CKU_SO)
        except PyKCS11Error as error:
            match translated(error):
                case WrongPin():
                    left = self._puk_tries_left()
                    raise WrongPuk(tries_left="" if left is None else str(left)) from error
                case PinBlocked():
                    raise PukBlocked from error
                case failure:
                    raise failure from error
        self._session.initPin(pin)
        self._session.logout()

    def challenge(self) -> bytes:
        """Return a challenge that the card's administration key answers. Raises ChallengeUnsupported."""
        found = self._challenge()
        if found is None:
            raise ChallengeUnsupported
        return found

    def takes_answer(self, answer: str) -> bool:
        """Log in as administrator with the service's answer to the last challenge; tell whether it did.

        A wrong one costs a try. Raises PinFailed when the last try is next, which is never used.
        """
        if self._is_last_admin_try():
            raise PinFailed("only one try is left for the admin key")
        return self._opens(answer)

    def reset_pin(self, pin: str) -> None:
        """Give the card this PIN; keys survive. Needs the administrator's login. Raises PinNotAllowed."""
        self._session.initPin(pin)

    def log_out(self) -> None:
        """End the login."""
        self._session.logout()

    def change_pin(self, *, old: str, pin: str) -> None:
        """Change the PIN. Raises WrongPin, PinBlocked, PinNotAllowed."""
        try:
            self._session.setPin(old, pin)
        except PyKCS11Error as error:
            raise translated(error) from error

    def certificates(self) -> tuple[CardCertificate, ...]:
        """Return the certificates on the card; no PIN is needed."""
        found = []
        for handle in self._session.findObjects([(PyKCS11.CKA_CLASS, PyKCS11.CKO_CERTIFICATE)]):
            key_id, label, value = self._session.getAttributeValue(
                handle, [PyKCS11.CKA_ID, PyKCS11.CKA_LABEL, PyKCS11.CKA_VALUE]
            )
            found.append(
                CardCertificate(
                    slot=self._slot,
                    card_number=self._card_number,
                    key_id=bytes(key_id),
                    label=str(label).strip("\0 "),
                    certificate_der=bytes(value),
                )
            )
        return tuple(sorted(found, key=lambda certificate: certificate.label))

    def key_id(self, label: str) -> bytes | None:
        """Return the id of the private key with this label; needs the PIN."""
        for handle in self._find(PyKCS11.CKO_PRIVATE_KEY, label=label):
            return bytes(self._session.getAttributeValue(handle, [PyKCS11.CKA_ID])[0])
        return None

    def remove_key(self, label: str) -> None:
        """Take a key with its certificate off the card. Needs the PIN."""
        for kind in (PyKCS11.CKO_PRIVATE_KEY, PyKCS11.CKO_PUBLIC_KEY, PyKCS11.CKO_CERTIFICATE):
            for handle in self._find(kind, label=label):
                self._session.destroyObject(handle)

    def make_key(self, label: str, kind: KeyKind) -> bytes:
        """Make a key pair on the card in place of any with this label; return its id. Needs the PIN."""
        self.remove_key(label)
        key_id = secrets.token_bytes(_KEY_ID_OCTETS)
        common = [(PyKCS11.CKA_TOKEN, True), (PyKCS11.CKA_LABEL, label), (PyKCS11.CKA_ID, key_id)]
        match kind:
            case KeyKind.P256:
                mechanism = PyKCS11.CKM_EC_KEY_PAIR_GEN
                parameters: list[tuple[int, object]] = [(PyKCS11.CKA_EC_PARAMS, P256)]
            case KeyKind.RSA_2048 | KeyKind.RSA_3072:
                mechanism = PyKCS11.CKM_RSA_PKCS_KEY_PAIR_GEN
                parameters = [
                    (PyKCS11.CKA_MODULUS_BITS, kind.rsa_bits),
                    (PyKCS11.CKA_PUBLIC_EXPONENT, _RSA_EXPONENT),
                ]
        self._session.generateKeyPair(
            [
                (PyKCS11.CKA_CLASS, PyKCS11.CKO_PUBLIC_KEY),
                *parameters,
                (PyKCS11.CKA_VERIFY, True),
                *common,
            ],
            [
                (PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY),
                (PyKCS11.CKA_PRIVATE, True),
                (PyKCS11.CKA_SENSITIVE, True),
                (PyKCS11.CKA_EXTRACTABLE, False),
                (PyKCS11.CKA_SIGN, True),
                *common,
            ],
            PyKCS11.Mechanism(mechanism, None),
        )
        return key_id

    def public_key(self, key_id: bytes) -> bytes:
        """Return the SubjectPublicKeyInfo of a key on the card, P-256 or RSA. Raises ReaderError."""
        for handle in self._find(PyKCS11.CKO_PUBLIC_KEY, key_id=key_id):
            if self._session.getAttributeValue(handle, [PyKCS11.CKA_KEY_TYPE])[0] == PyKCS11.CKK_RSA:
                modulus, exponent = self._session.getAttributeValue(
                    handle, [PyKCS11.CKA_MODULUS, PyKCS11.CKA_PUBLIC_EXPONENT]
                )
                numbers = rsa.RSAPublicNumbers(
                    e=int.from_bytes(bytes(exponent), "big"), n=int.from_bytes(bytes(modulus), "big")
                )
                return numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            point = bytes(self._session.getAttributeValue(handle, [PyKCS11.CKA_EC_POINT])[0])
            if len(point) == _UNCOMPRESSED_P256 + _DER_OCTET_STRING_HEADER:
                point = point[_DER_OCTET_STRING_HEADER:]
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
            return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        raise ReaderError("the public key is not on the card")

    def write_certificate(self, *, label: str, key_id: bytes, certificate_der: bytes, subject: bytes) -> None:
        """Write a certificate beside its key, in place of an earlier one with this label. Needs the PIN."""
        for handle in self._find(PyKCS11.CKO_CERTIFICATE, label=label):
            self._session.destroyObject(handle)
        self._session.createObject(
            [
                (PyKCS11.CKA_CLASS, PyKCS11.CKO_CERTIFICATE),
                (PyKCS11.CKA_CERTIFICATE_TYPE, PyKCS11.CKC_X_509),
                (PyKCS11.CKA_TOKEN, True),
                (PyKCS11.CKA_PRIVATE, False),
                (PyKCS11.CKA_LABEL, label),
                (PyKCS11.CKA_ID, key_id),
                (PyKCS11.CKA_SUBJECT, subject),
                (PyKCS11.CKA_VALUE, certificate_der),
            ]
        )

    def sign(self, key_id: bytes, octets: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """Return the signature as it travels: DER for ECDSA. Needs the PIN. Raises ReaderError."""
        handles = self._find(PyKCS11.CKO_PRIVATE_KEY, key_id=key_id)
        if not handles:
            raise ReaderError("the private key is not on the card")
        match algorithm:
            case SignatureAlgorithm.ES256 | SignatureAlgorithm.ES384:
                digest = _DIGESTS[algorithm](octets).digest()  # tokens often offer bare ECDSA only
                mechanism = PyKCS11.Mechanism(PyKCS11.CKM_ECDSA, None)
                return ecdsa_der(bytes(self._session.sign(handles[0], digest, mechanism)))
            case SignatureAlgorithm.PS256:
                mechanism = PyKCS11.RSA_PSS_Mechanism(
                    PyKCS11.CKM_SHA256_RSA_PKCS_PSS,
                    PyKCS11.CKM_SHA256,
                    PyKCS11.CKG_MGF1_SHA256,
                    hashlib.sha256().digest_size,
                )
            case SignatureAlgorithm.RS256:
                mechanism = PyKCS11.Mechanism(PyKCS11.CKM_SHA256_RSA_PKCS, None)
        return bytes(self._session.sign(handles[0], octets, mechanism))

    def _opens(self, admin_key: str) -> bool:
        try:
            self._session.login(admin_key, PyKCS11.CKU_SO)
        except PyKCS11Error as error:
            failure = translated(error)
            if isinstance(failure, WrongPin):
                return False
            raise failure from error
        return True

    def _find(self, kind: int, *, label: str = "", key_id: bytes = b"") -> list[Any]:
        template: list[tuple[int, object]] = [(PyKCS11.CKA_CLASS, kind)]
        if label:
            template.append((PyKCS11.CKA_LABEL, label))
        if key_id:
            template.append((PyKCS11.CKA_ID, key_id))
        return list(self._session.findObjects(template))
