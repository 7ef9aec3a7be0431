"""Whose key a certificate of our own kind is for: an authority's or a service's key lies on our token."""

from ca.errors import SigningRefused
from ca.hsm.faults import KeyAbsent
from ca.hsm.proxy import SignerSource
from ca.models import CertificateRequest
from ca.pki.errors import PkiError
from ca.policy_files import files_of


def is_key_of_its_kind(request: CertificateRequest, *, signers: SignerSource) -> bool:
    """Tell whether a request of an authority, responder or service is for the token's key of that label.

    Only the signer makes keys there, so whoever can write rows (a web process that was taken over) gets no
    authority and no responder of their own certified. Of keys that others hold nothing is asked.
    Raises ``SigningUnavailable``, and ``SigningRefused`` for what says nothing of the key (a PIN that is
    refused): the request waits then, since one that failed is never made again.
    """
    files = files_of(request.issuer)
    try:
        key_class = files.profile(request.profile).key_class
        if files.hierarchy.key_class(key_class).signature_algorithm is None:
            return True
    except PkiError:
        return True  # no such profile: whoever prepares the request refuses it with the rule
    try:
        found = signers.signer_for(request.carrier_id).public_key
    except KeyAbsent:
        return False
    except SigningRefused as error:
        if error.facts.get("reason") != KeyAbsent.code:
            raise
        return False
    return found == bytes(request.public_key)
