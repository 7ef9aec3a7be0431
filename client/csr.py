"""A certificate request (RFC 2986) for a key that only the card can use."""

from collections.abc import Callable

from asn1crypto import core, csr, keys, x509

from authn.evidence import SignatureAlgorithm

_NAMES = {SignatureAlgorithm.ES256: "sha256_ecdsa", SignatureAlgorithm.RS256: "sha256_rsa"}


def certificate_request(
    *, public_key: bytes, common_name: str, algorithm: SignatureAlgorithm, sign: Callable[[bytes], bytes]
) -> bytes:
    """Return PKCS#10 DER over a SubjectPublicKeyInfo; `sign` signs by the algorithm, ES256 (DER) or RS256.

    The subject is a courtesy: the issuer decides what the certificate says.
    """
    facts = csr.CertificationRequestInfo(
        {
            "version": "v1",
            "subject": x509.Name.build({"common_name": common_name}),
            "subject_pk_info": keys.PublicKeyInfo.load(public_key),
            "attributes": csr.CRIAttributes([]),
        }
    )
    return bytes(
        csr.CertificationRequest(
            {
                "certification_request_info": facts,
                "signature_algorithm": {"algorithm": _NAMES[algorithm]},
                "signature": core.OctetBitString(sign(facts.dump())),
            }
        ).dump()
    )
