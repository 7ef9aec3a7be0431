"""The keys that this CA knows of: reported, of a revoked certificate, or certified for somebody else."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from ca.models import BlockedKey, Certificate
from ca.pki.reasons import RevocationReason


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedKeys:
    """The blocklist in the database, for one subject: reported, revoked, or somebody else's.

    A subject is a person; what has no person is known by its carrier: the function, or our own key.
    """

    person_id: str
    carrier_kind: str
    carrier_id: str

    def weakness(self, public_key: bytes) -> str:
        """Return why the SubjectPublicKeyInfo (DER) is not certified for this subject, or nothing."""
        digest = hashlib.sha256(public_key).hexdigest()
        if BlockedKey.objects.filter(public_key_sha256=digest).exists():
            return "compromised"
        if self.revoked_serial(public_key) is not None:
            return "revoked_certificate"
        own = (
            Q(person_id=self.person_id)
            if self.person_id
            else Q(person_id="", carrier_kind=self.carrier_kind, carrier_id=self.carrier_id)
        )
        is_foreign = Certificate.objects.filter(~own, public_key_sha256=digest).exists()
        return "another_subject" if is_foreign else ""

    def revoked_serial(self, public_key: bytes) -> str | None:
        """Return the serial number of a revoked certificate of the key, for whatever reason, or None.

        One exception: what fell with its issuer says nothing against a key on our own token (the journal's),
        asked for under its own label.
        """
        digest = hashlib.sha256(public_key).hexdigest()
        revoked = Certificate.objects.filter(public_key_sha256=digest, revoked_at__isnull=False)
        if self.carrier_kind == "none":
            revoked = revoked.exclude(fell_with_its_issuer(), carrier_kind="none", carrier_id=self.carrier_id)
        return revoked.values_list("serial_hex", flat=True).first()


def fell_with_its_issuer() -> Q:
    """Return the condition of a certificate that was revoked because its issuer was."""
    reasons = (RevocationReason.CA_COMPROMISE.value, RevocationReason.CESSATION_OF_OPERATION.value)
    return Q(issuer__revoked_at__isnull=False, revocation_reason__in=reasons)


def known_keys(digests: Sequence[str]) -> frozenset[str]:
    """Return those keys, by their SHA-256, that are blocked or have a certificate: look at them."""
    blocked = BlockedKey.objects.filter(public_key_sha256__in=digests)
    certified = Certificate.objects.filter(public_key_sha256__in=digests).order_by()
    names = [rows.values_list("public_key_sha256", flat=True) for rows in (blocked, certified)]
    return frozenset(names[0].union(names[1]))
