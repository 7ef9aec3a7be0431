"""One open session with the token: finds keys by label, signs, makes keys."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any, Final, Self

import PyKCS11
from cryptography.hazmat.primitives import hashes

from ca.hsm.encodings import CURVE_OIDS, ec_public_key, ecdsa_signature, rsa_public_key, text
from ca.hsm.faults import KeyAbsent, PinRefused, Remedy, TokenFault, remedy
from ca.hsm.key_algorithms import KeyAlgorithm, key_algorithm_of
from ca.pki.signer import SignatureAlgorithm

# PyKCS11 carries no types: everything of its kind stays here and in token_opening.
type_handle = Any

_HASHED_MECHANISMS: Final[dict[SignatureAlgorithm, int]] = {
    SignatureAlgorithm.ECDSA_SHA256: PyKCS11.CKM_ECDSA_SHA256,
    SignatureAlgorithm.ECDSA_SHA384: PyKCS11.CKM_ECDSA_SHA384,
    SignatureAlgorithm.ECDSA_SHA512: PyKCS11.CKM_ECDSA_SHA512,
    SignatureAlgorithm.RSA_SHA256: PyKCS11.CKM_SHA256_RSA_PKCS,
    SignatureAlgorithm.RSA_SHA384: PyKCS11.CKM_SHA384_RSA_PKCS,
    SignatureAlgorithm.RSA_SHA512: PyKCS11.CKM_SHA512_RSA_PKCS,
}
# RFC 8017 section 9.2 note 1: DigestInfo without the digest, for modules that offer only CKM_RSA_PKCS.
_DIGEST_INFO: Final[dict[SignatureAlgorithm, bytes]] = {
    SignatureAlgorithm.RSA_SHA256: bytes.fromhex("3031300d060960864801650304020105000420"),
    SignatureAlgorithm.RSA_SHA384: bytes.fromhex("3041300d060960864801650304020205000430"),
    SignatureAlgorithm.RSA_SHA512: bytes.fromhex("3051300d060960864801650304020305000440"),
}
_OCSP_LABEL: Final = re.compile(r".+\.ocsp\.\d+")  # ca.ceremony.plan.ocsp_label
_ATTRIBUTES: Final[dict[str, int]] = {
    "CKA_TOKEN": PyKCS11.CKA_TOKEN,
    "CKA_PRIVATE": PyKCS11.CKA_PRIVATE,
    "CKA_SENSITIVE": PyKCS11.CKA_SENSITIVE,
    "CKA_ALWAYS_SENSITIVE": PyKCS11.CKA_ALWAYS_SENSITIVE,
    "CKA_EXTRACTABLE": PyKCS11.CKA_EXTRACTABLE,
    "CKA_NEVER_EXTRACTABLE": PyKCS11.CKA_NEVER_EXTRACTABLE,
    "CKA_LOCAL": PyKCS11.CKA_LOCAL,
    "CKA_SIGN": PyKCS11.CKA_SIGN,
    "CKA_DECRYPT": PyKCS11.CKA_DECRYPT,
    "CKA_UNWRAP": PyKCS11.CKA_UNWRAP,
    "CKA_DERIVE": PyKCS11.CKA_DERIVE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    handle: type_handle
    public_key: bytes
    algorithm: SignatureAlgorithm
    mechanism: type_handle
    is_digested_here: bool


@dataclass(slots=True)
class TokenSession:
    """An open, logged-in session. Use ``token_opening.open_session``; not for use by several threads at once.

    Every method raises ``TokenFault`` (or one of its kinds) when the module does not answer
    ``CKR_OK``; the fault's ``remedy`` says whether another session or another start may help.
    """

    _library: type_handle
    _slot: int
    _session: type_handle
    _mechanisms: frozenset[int]
    _keys: dict[str, _Key] = field(default_factory=dict)

    def sign(self, label: str, tbs: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """Sign bytes and return the signature as X.509 carries it: ECDSA in DER, RSA as it is.

        A key has one algorithm; only an OCSP signer's may be asked for another digest, as relying services
        may prefer one (RFC 6960 section 4.4.7). Raises ``TokenFault`` with ``Remedy.NONE`` when the key is
        not one for that algorithm.
        """
        key = self._key(label)
        mechanism, is_digested_here = key.mechanism, key.is_digested_here
        if key.algorithm is not algorithm:
            if key.algorithm.is_rsa is not algorithm.is_rsa or not _OCSP_LABEL.fullmatch(label):
                msg = f"key {label} signs {key.algorithm.name}, not {algorithm.name}"
                raise TokenFault(msg, remedy_for=Remedy.NONE)
            mechanism, is_digested_here = self._mechanism_for(algorithm)
        message = tbs
        if is_digested_here:
            digest = hashes.Hash(algorithm.hash_algorithm)
            digest.update(tbs)
            message = _DIGEST_INFO.get(algorithm, b"") + digest.finalize()
        try:
            signature = bytes(self._session.sign(key.handle, message, mechanism))
        except PyKCS11.PyKCS11Error as error:
            raise fault_of(error, f"signing with key {label}") from error
        return signature if algorithm.is_rsa else ecdsa_signature(signature)

    def public_key(self, label: str) -> bytes:
        """Return the key's SubjectPublicKeyInfo in DER. Raises ``KeyAbsent``."""
        return self._key(label).public_key

    def algorithm(self, label: str) -> SignatureAlgorithm:
        """Return the one signature algorithm of the key. Raises ``KeyAbsent``."""
        return self._key(label).algorithm

    def labels(self) -> list[str]:
        """Return the labels of all private keys on the token, sorted."""
        try:
            found = self._session.findObjects([(PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY)])
            return sorted(text(self._session.getAttributeValue(key, [PyKCS11.CKA_LABEL])[0]) for key in found)
        except PyKCS11.PyKCS11Error as error:
            raise fault_of(error, "listing the keys") from error

    def generate_key(self, label: str, algorithm: KeyAlgorithm) -> bytes:
        """Make a key pair that can only sign and never leave, and return its public half.

        A label names one key for ever: if a complete pair is there, it is returned. Half a pair, left
        by a crash, is removed first; its public half was never handed to anyone.
        """
        try:
            return self.public_key(label)
        except KeyAbsent:
            self._remove_leftovers(label)
        identifier = hashlib.sha256(label.encode()).digest()[:20]
        shared = [(PyKCS11.CKA_TOKEN, True), (PyKCS11.CKA_LABEL, label), (PyKCS11.CKA_ID, identifier)]
        public = [
            *shared,
            (PyKCS11.CKA_VERIFY, True),
            (PyKCS11.CKA_ENCRYPT, False),
            (PyKCS11.CKA_WRAP, False),
        ]
        private = [
            *shared,
            (PyKCS11.CKA_PRIVATE, True),
            (PyKCS11.CKA_SENSITIVE, True),
            (PyKCS11.CKA_EXTRACTABLE, False),
            (PyKCS11.CKA_SIGN, True),
            (PyKCS11.CKA_DECRYPT, False),
            (PyKCS11.CKA_UNWRAP, False),
        ]
        if algorithm.is_rsa:
            public += [
                (PyKCS11.CKA_MODULUS_BITS, algorithm.rsa_bits),
                (PyKCS11.CKA_PUBLIC_EXPONENT, (1, 0, 1)),
            ]
            mechanism = PyKCS11.MechanismRSAGENERATEKEYPAIR
        else:
            public.append((PyKCS11.CKA_EC_PARAMS, CURVE_OIDS[algorithm]))
            mechanism = PyKCS11.MechanismECGENERATEKEYPAIR
        try:
            self._session.generateKeyPair(public, private, mechanism)
        except PyKCS11.PyKCS11Error as error:
            raise fault_of(error, f"making key {label}") from error
        return self.public_key(label)

    def attributes(self, label: str) -> dict[str, bool]:
        """Return what the token says of the private key, for the ceremony's protocol."""
        key = self._key(label)
        try:
            values = self._session.getAttributeValue(key.handle, list(_ATTRIBUTES.values()))
        except PyKCS11.PyKCS11Error as error:
            raise fault_of(error, f"reading the attributes of key {label}") from error
        return {name: bool(value) for name, value in zip(_ATTRIBUTES, values, strict=True)}

    def module_facts(self) -> dict[str, str]:
        """Return the module's and the token's own words about themselves."""
        info = self._library.getInfo()
        token = self._library.getTokenInfo(self._slot)
        return {
            "library": text(info.libraryDescription),
            "library_version": ".".join(str(part) for part in info.libraryVersion),
            "cryptoki_version": ".".join(str(part) for part in info.cryptokiVersion),
            "manufacturer": text(token.manufacturerID),
            "model": text(token.model),
            "token_serial": text(token.serialNumber),
            "token_label": text(token.label),
        }

    def lose(self) -> None:
        """Close the session as a lost connection or a restarted HSM does; for the doctor."""
        try:
            self._library.closeAllSessions(self._slot)
        except PyKCS11.PyKCS11Error as error:
            raise fault_of(error, "closing the session") from error

    def close(self) -> None:
        """Log out and unload the module; a module that is already gone is no error here."""
        self._keys.clear()
        try:
            self._library.unload()
        except PyKCS11.PyKCS11Error:
            # Unloading a device that was pulled out fails; there is nothing left to close.
            return

    def __enter__(self) -> Self:
        """Return the session itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _key(self, label: str) -> _Key:
        if label not in self._keys:
            self._keys[label] = self._find_key(label)
        return self._keys[label]

    def _find_key(self, label: str) -> _Key:
        private = self._find(label, PyKCS11.CKO_PRIVATE_KEY)
        public = self._find(label, PyKCS11.CKO_PUBLIC_KEY)
        if len(private) != 1 or len(public) != 1:
            msg = f"the token has no key pair with label {label}"
            raise KeyAbsent(msg, remedy_for=Remedy.NONE)
        public_key = self._read_public_key(public[0])
        algorithm = key_algorithm_of(public_key).signature
        mechanism, is_digested_here = self._mechanism_for(algorithm)
        return _Key(
            handle=private[0],
            public_key=public_key,
            algorithm=algorithm,
            mechanism=mechanism,
            is_digested_here=is_digested_here,
        )

    def _find(self, label: str, object_class: int) -> list[type_handle]:
        template = [(PyKCS11.CKA_CLASS, object_class), (PyKCS11.CKA_LABEL, label)]
        try:
            return list(self._session.findObjects(template))
        except PyKCS11.PyKCS11Error as error:
            raise fault_of(error, f"looking for key {label}") from error

    def _read_public_key(self, handle: type_handle) -> bytes:
        try:
            (kind,) = self._session.getAttributeValue(handle, [PyKCS11.CKA_KEY_TYPE])
            names = (
                [PyKCS11.CKA_MODULUS, PyKCS11.CKA_PUBLIC_EXPONENT]
                if kind == PyKCS11.CKK_RSA
                else [PyKCS11.CKA_EC_PARAMS, PyKCS11.CKA_EC_POINT]
            )
            first, second = (bytes(value) for value in self._session.getAttributeValue(handle, names))
        except PyKCS11.PyKCS11Error as error:
            raise fault_of(error, "reading a public key") from error
        if kind == PyKCS11.CKK_RSA:
            return rsa_public_key(modulus=first, exponent=second)
        return ec_public_key(params=first, point=second)

    def _mechanism_for(self, algorithm: SignatureAlgorithm) -> tuple[type_handle, bool]:
        """Return the mechanism, and whether the digest is made here.

        ECDSA over a digest is preferred, RSA with the hash inside; each module offers one or the
        other (SoftHSM: CKM_ECDSA only), so the list of C_GetMechanismList decides.
        """
        hashed, bare = _HASHED_MECHANISMS[algorithm], PyKCS11.CKM_RSA_PKCS
        if algorithm.is_rsa:
            order = ((hashed, False), (bare, True))
        else:
            order = ((PyKCS11.CKM_ECDSA, True), (hashed, False))
        for number, is_digested_here in order:
            if number in self._mechanisms:
                return PyKCS11.Mechanism(number, None), is_digested_here
        msg = f"the token offers no mechanism for {algorithm.name}"
        raise TokenFault(msg, ckr=0x70)

    def _remove_leftovers(self, label: str) -> None:
        for object_class in (PyKCS11.CKO_PRIVATE_KEY, PyKCS11.CKO_PUBLIC_KEY):
            for handle in self._find(label, object_class):
                try:
                    self._session.destroyObject(handle)
                except PyKCS11.PyKCS11Error as error:
                    raise fault_of(error, f"removing half of key {label}") from error


def fault_of(error: PyKCS11.PyKCS11Error, doing: str) -> TokenFault:
    """Return what the module's answer means for us: a fault with its remedy."""
    ckr = int(error.value)
    if remedy(ckr) is Remedy.NEVER_RETRY:
        msg = f"the token refuses the PIN while {doing}"
        return PinRefused(msg, ckr=ckr)
    fault = TokenFault("", ckr=ckr)
    fault.args = (f"{fault.name} while {doing}",)
    return fault
