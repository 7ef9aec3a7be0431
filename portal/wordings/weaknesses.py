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

NOT_REQUESTS: Final[Mapping[str, Text]] = {
    "empty": _("There is nothing in it."),
    "utf16": _("The text is saved as UTF-16. Save it as UTF-8 or ASCII, or send the request's own file."),
    "private_key": _(
        "This is a private key. It has now left the place where it belongs: throw it away, make a new one, "
        "and send the request for that (it begins with BEGIN CERTIFICATE REQUEST)."
    ),
    "certificate": _("This is a certificate, not a request (which begins with BEGIN CERTIFICATE REQUEST)."),
    "public_key": _(
        "This is a public key alone. Make a request with it: that proves that you hold its other half."
    ),
    "pkcs7": _("This is a PKCS#7 file with certificates, not a request."),
    "another_block": _("This is another kind of PEM block than CERTIFICATE REQUEST."),
    "several": _("There is more than one request in it. Send one at a time."),
    "no_end": _("The request is cut off: the line END CERTIFICATE REQUEST is missing."),
    "around": _("There is other text before or after the request. Send the lines from BEGIN to END alone."),
    "base64": _("The text between BEGIN and END is broken: it holds signs that do not belong there."),
    "no_pem": _("This is no request: neither PEM (it begins with BEGIN CERTIFICATE REQUEST) nor DER."),
    "structure": _("The request is damaged or cut off: its content is no PKCS#10 request. Make it again."),
}
"""What somebody sent in the place of a request."""

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
