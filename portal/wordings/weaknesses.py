"""Why a public key or the request that holds it is not taken: one sentence for each fault the CA names."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from portal.words import Text

WEAKNESSES: Final[Mapping[str, Text]] = {
    "malformed": _("The key cannot be read, or its point is not on its curve."),
    "kind": _("Keys of this kind are not certified here; make an RSA or EC key."),
    "not_canonical": _("The key is not written as the standard (DER) asks."),
    "curve": _("Only the curves P-256 and P-384 are certified."),
    "size": _("RSA keys must have 2048 to 4096 bits."),
    "exponent": _("The public exponent of an RSA key must be 65537."),
    "small_factor": _("The RSA modulus has a small factor: the key was made wrongly."),
    "roca": _("The key was made by a faulty chip or library (ROCA, CVE-2017-15361)."),
    "fermat": _("The two primes of the RSA key lie too close: the private key can be computed."),
    "debian": _("The key was made by Debian's broken OpenSSL (CVE-2008-0166); anybody can make it again."),
    "compromised": _("The key is reported as compromised."),
    "revoked_certificate": _("The key belongs to a revoked certificate; such keys are not certified again."),
    "another_subject": _("The key is certified for somebody or something else already."),
}

CSR_FAULTS: Final[Mapping[str, Text]] = {
    "size": _("The request is too long: one key and its names take a few thousand octets."),
    "malformed": _(
        "It is not a certificate request: send one PKCS#10 request, PEM or DER, and nothing else."
    ),
    "algorithm": _(
        "The request must be signed with RSA (PKCS #1 v1.5) or ECDSA, and with SHA-256, 384 or 512."
    ),
    "key": _("The key cannot be read, or its point is not on its curve."),
    "proof": _("The signature in the request was not made with the private key of the key it holds."),
}
