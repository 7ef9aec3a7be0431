"""A token with the house's own keys in memory beside the issuers': what seals and stamps in tests."""

from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec

from ca.models import Certificate
from ca.pki.signer import SignatureAlgorithm
from ca.service_signers import SERVICES, renew_due
from tests.authority import Authority, the_authority
from tests.ca.pki.software_signer import SoftwareSigner


@dataclass
class HouseKeys:
    """Signers by label, and new keys."""

    issuers: Authority = field(default_factory=the_authority)
    keys: dict[str, SoftwareSigner] = field(default_factory=dict)

    def generate_key(self, label: str, algorithm: str) -> bytes:
        assert algorithm == "ec-p256"
        if label not in self.keys:
            key = ec.generate_private_key(ec.SECP256R1())
            self.keys[label] = SoftwareSigner(key=key, algorithm=SignatureAlgorithm.ECDSA_SHA256)
        return self.keys[label].public_key

    def signer_for(self, key_label: str) -> SoftwareSigner:
        return self.keys.get(key_label) or self.issuers.signer_for(key_label)

    def renew(self, *, at: datetime) -> int:
        """Do what the worker's job does, and let the new certificates be known."""
        made = renew_due(signers=self, at=at)
        self.issuers.publish(at=at)
        return made


def house_keys(*, at: datetime) -> HouseKeys:
    """Return the keys with their first certificates."""
    keys = HouseKeys()
    assert keys.renew(at=at) == len(SERVICES)
    assert Certificate.objects.filter(profile__in=[one.profile for one in SERVICES]).count() == len(SERVICES)
    return keys
