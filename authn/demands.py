"""What a relying party may ask for, in one spelling: where browsers return to, and of whom."""

from authn.certificate import canonical_name
from authn.checks import Requirement
from authn.encoding import unb64
from authn.errors import InvalidParameters, ReturnUrlNotRegistered
from authn.evidence import EvidenceInvalid, origin_of
from authn.levels import up_to
from authn.models import RelyingParty
from authn.trust import Carrier

_MAX_URL = 500


def registered_origin(relying_party: RelyingParty, return_url: str) -> str:
    """Return the origin of a return address; raises ReturnUrlNotRegistered unless it is one of the service's.

    The address has no query: what comes back with the browser is added to it.
    """
    try:
        origin = origin_of(return_url)
    except EvidenceInvalid as error:
        raise ReturnUrlNotRegistered("the return address is not spelled canonically") from error
    if origin not in relying_party.return_origins or len(return_url) > _MAX_URL or "?" in return_url:
        raise ReturnUrlNotRegistered("the return address is not registered")
    return origin


def canonical_requirement(relying_party: RelyingParty, requirement: Requirement) -> Requirement:
    """Return a requirement in the spelling of certificates; raises InvalidParameters.

    No level above the one that the service is registered with.
    """
    try:
        issuers = tuple(canonical_name(name) for name in requirement.issuers)
        carriers = tuple(Carrier(carrier).value for carrier in requirement.carriers)
        for subject_hash in requirement.subject_hashes:
            unb64(subject_hash)
    except ValueError as error:
        raise InvalidParameters("the requirement is not well formed") from error
    if not set(requirement.loas) <= set(up_to(relying_party.most_loa)):
        raise InvalidParameters("the relying party may not demand this level of assurance")
    return Requirement(
        loas=requirement.loas,
        carriers=carriers,
        issuers=issuers,
        subject_hashes=requirement.subject_hashes,
    )
