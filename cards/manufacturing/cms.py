"""Files for and from the card factory as CMS (RFC 5652): signed, encrypted, and read back; no Django here."""

import hashlib
import os
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from asn1crypto import algos, cms, core, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ca.pki.errors import SignatureInvalid
from ca.pki.signer import SignatureAlgorithm, Signer

_NONCE_OCTETS: Final = 12
_TAG_OCTETS: Final = 16
_FIRST_GENERALIZED: Final = 2050
_DIGESTS: Final = {"sha256": "SHA256", "sha384": "SHA384", "sha512": "SHA512"}


class CmsInvalid(Exception):
    """The message does not hold; ``problem`` is a code: unreadable, unsigned, unknown_signer, ..."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class _GcmParameters(core.Sequence):  # type: ignore[misc]  # asn1crypto carries no types
    """RFC 5084 section 3.2."""

    _fields: ClassVar = [("nonce", core.OctetString), ("icv_length", core.Integer, {"default": 12})]


def signed(
    content: bytes, *, certificate_der: bytes, above: Sequence[bytes], signer: Signer, at: datetime
) -> bytes:
    """Return SignedData around the content (RFC 5652 section 5), with the chain below the root.

    Raises what the signer raises.
    """
    certificate = x509.Certificate.load(certificate_der)
    digest = signer.algorithm.name.rpartition("_")[2].lower()
    algorithm = algos.DigestAlgorithm({"algorithm": digest})
    values = {
        "content_type": "data",
        "message_digest": hashlib.new(digest, content).digest(),
        "signing_time": _time(at.replace(microsecond=0)),
    }
    attributes = cms.CMSAttributes(
        [cms.CMSAttribute({"type": name, "values": [value]}) for name, value in values.items()]
    )
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier("issuer_and_serial_number", _named(certificate)),
            "digest_algorithm": algorithm,
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm.load(signer.algorithm.identifier_der),
            "signature": signer.sign(attributes.dump()),
        }
    )
    data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [algorithm],
            "encap_content_info": {"content_type": "data", "content": content},
            "certificates": [x509.Certificate.load(one) for one in (certificate_der, *above)],
            "signer_infos": [info],
        }
    )
    told: bytes = cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()
    return told


def encrypted(content: bytes, *, recipient_der: bytes) -> bytes:
    """Return AuthEnvelopedData (RFC 5083) that only the recipient's RSA key opens.

    AES-256 in GCM with a key of its own (RFC 5084), that key by RSAES-OAEP with SHA-256 (RFC 3560). Raises
    CmsInvalid("recipient_key") for a certificate whose key cannot decrypt.
    """
    recipient = x509.Certificate.load(recipient_der)
    public = serialization.load_der_public_key(recipient.public_key.dump())
    if not isinstance(public, rsa.RSAPublicKey):
        raise CmsInvalid("recipient_key")
    key, nonce = AESGCM.generate_key(256), os.urandom(_NONCE_OCTETS)
    sealed = AESGCM(key).encrypt(nonce, content, None)
    digest = {"algorithm": "sha256"}
    oaep = {
        "hash_algorithm": digest,
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": digest},
    }
    info = cms.KeyTransRecipientInfo(
        {
            "version": "v0",
            "rid": cms.RecipientIdentifier("issuer_and_serial_number", _named(recipient)),
            "key_encryption_algorithm": {
                "algorithm": "rsaes_oaep",
                "parameters": algos.RSAESOAEPParams(oaep),
            },
            "encrypted_key": public.encrypt(
                key, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
            ),
        }
    )
    data = cms.AuthEnvelopedData(
        {
            "version": "v0",
            "recipient_infos": [cms.RecipientInfo("ktri", info)],
            "auth_encrypted_content_info": {
                "content_type": "data",
                "content_encryption_algorithm": {
                    "algorithm": "aes256_gcm",
                    "parameters": _GcmParameters({"nonce": nonce, "icv_length": _TAG_OCTETS}),
                },
                "encrypted_content": sealed[:-_TAG_OCTETS],
            },
            "mac": sealed[-_TAG_OCTETS:],
        }
    )
    told: bytes = cms.ContentInfo({"content_type": "authenticated_enveloped_data", "content": data}).dump()
    return told


def verified(message: bytes, *, signers: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return what was signed and the certificate (DER), among those given, that signed it.

    Whether that certificate was valid is the caller's to ask. Raises CmsInvalid: the certificates that the
    message brings along count for nothing.
    """
    try:
        return _verified(message, signers)
    except CmsInvalid:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        # asn1crypto reads lazily and shows bad input by whichever of these its own code meets.
        raise CmsInvalid("unreadable") from error


def _verified(message: bytes, signers: Sequence[bytes]) -> tuple[bytes, bytes]:
    outer = cms.ContentInfo.load(message, strict=True)
    if outer["content_type"].native != "signed_data":
        raise CmsInvalid("unsigned")
    data = outer["content"]
    content = data["encap_content_info"]["content"].native
    infos = data["signer_infos"]
    if not isinstance(content, bytes) or len(infos) != 1:
        raise CmsInvalid("unsigned")
    info = infos[0]
    named = info["sid"].chosen.dump()
    certificate_der = next(
        (der for der in signers if _named(x509.Certificate.load(der)).dump() == named), None
    )
    if certificate_der is None:
        raise CmsInvalid("unknown_signer")
    digest = info["digest_algorithm"]["algorithm"].native
    if digest not in _DIGESTS:
        raise CmsInvalid("weak_digest")
    told = {one["type"].native: one["values"] for one in info["signed_attrs"]}
    if told["content_type"].native != ["data"] or told["message_digest"].native != [
        hashlib.new(digest, content).digest()
    ]:
        raise CmsInvalid("content_changed")
    public_key = x509.Certificate.load(certificate_der).public_key.dump()
    family = "RSA" if x509.Certificate.load(certificate_der).public_key.algorithm == "rsa" else "ECDSA"
    try:
        SignatureAlgorithm[f"{family}_{_DIGESTS[digest]}"].verify(
            public_key=public_key,
            signature=info["signature"].native,
            signed=info["signed_attrs"].untag().dump(force=False),
        )
    except SignatureInvalid as error:
        raise CmsInvalid("signature_invalid") from error
    return content, certificate_der


def _time(moment: datetime) -> cms.Time:
    """Return UTCTime through 2049, GeneralizedTime from 2050 (RFC 5652 section 11.3)."""
    if moment.year < _FIRST_GENERALIZED:
        return cms.Time("utc_time", core.UTCTime(moment))
    return cms.Time("general_time", core.GeneralizedTime(moment))


def _named(certificate: x509.Certificate) -> cms.IssuerAndSerialNumber:
    return cms.IssuerAndSerialNumber(
        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    )
