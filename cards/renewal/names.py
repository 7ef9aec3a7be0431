"""Which certificates a card in use may hold, what each is made from, and those that it holds now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ca.models import Certificate
from ca.registration import request_state
from ca.selectors import certificates_by_id
from cards.models import Card, CardKey
from cards.renewal.models import Renewal, RenewalKey, RenewalPurpose
from cards.renewal.states import RenewalState


class CertificateName(StrEnum):
    """The certificates of a card; at most one extra pair, for another HSA-id (domain.md 2.1)."""

    HSA_AUTHENTICATION = "hsa_authentication"
    ID_AUTHENTICATION = "id_authentication"
    HSA_SIGNATURE = "hsa_signature"
    ID_SIGNATURE = "id_signature"
    EXTRA_AUTHENTICATION = "extra_hsa_authentication"
    EXTRA_SIGNATURE = "extra_hsa_signature"

    @property
    def is_of_service(self) -> bool:
        """Tell whether it names an employment by its HSA-id, not the person by their number."""
        return self not in {CertificateName.ID_AUTHENTICATION, CertificateName.ID_SIGNATURE}

    @property
    def is_extra(self) -> bool:
        """Tell whether it is of the extra pair."""
        return self in {CertificateName.EXTRA_AUTHENTICATION, CertificateName.EXTRA_SIGNATURE}


PROFILES: Final[Mapping[CertificateName, str]] = {
    CertificateName.HSA_AUTHENTICATION: "person_hsa_authentication",
    CertificateName.ID_AUTHENTICATION: "person_id_authentication",
    CertificateName.HSA_SIGNATURE: "person_hsa_signature",
    CertificateName.ID_SIGNATURE: "person_id_signature",
    CertificateName.EXTRA_AUTHENTICATION: "person_hsa_authentication",
    CertificateName.EXTRA_SIGNATURE: "person_hsa_signature",
}

LABELS: Final[Mapping[CertificateName, str]] = {
    CertificateName.HSA_AUTHENTICATION: "SITHS HSA-id legitimering",
    CertificateName.ID_AUTHENTICATION: "SITHS Person-ID legitimering",
    CertificateName.HSA_SIGNATURE: "SITHS HSA-id underskrift",
    CertificateName.ID_SIGNATURE: "SITHS Person-ID underskrift",
    CertificateName.EXTRA_AUTHENTICATION: "SITHS HSA-id extra legitimering",
    CertificateName.EXTRA_SIGNATURE: "SITHS HSA-id extra underskrift",
}

_MADE: Final[Mapping[RenewalPurpose, tuple[CertificateName, ...]]] = {
    RenewalPurpose.RENEW: (CertificateName.HSA_AUTHENTICATION, CertificateName.ID_AUTHENTICATION),
    RenewalPurpose.REFILL: (CertificateName.HSA_AUTHENTICATION, CertificateName.ID_AUTHENTICATION),
    RenewalPurpose.SIGNATURE: (CertificateName.HSA_SIGNATURE, CertificateName.ID_SIGNATURE),
    RenewalPurpose.EXTRA_PAIR: (CertificateName.EXTRA_AUTHENTICATION, CertificateName.EXTRA_SIGNATURE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCard:
    """A certificate that the card holds as far as we know, with the row of its key."""

    name: CertificateName
    certificate: Certificate
    hsa_id: str
    key: CardKey | RenewalKey

    def works(self, *, at: datetime) -> bool:
        """Tell whether it was neither revoked nor past its end at a moment."""
        revoked_at = self.certificate.revoked_at
        return (revoked_at is None or revoked_at > at) and self.certificate.not_after > at


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyToMake:
    """A key that the card is to make, what it is to call it, and whose employment its certificate names."""

    name: CertificateName
    label: str
    hsa_id: str


def certificates_on(card: Card) -> dict[CertificateName, OnCard]:
    """Return what the card holds by name, revoked or not; what was replaced is left out."""
    keys: list[CardKey | RenewalKey] = [
        *CardKey.objects.filter(card=card, superseded_at__isnull=True),
        *RenewalKey.objects.filter(
            renewal__card=card, renewal__state=RenewalState.RENEWED.value, superseded_at__isnull=True
        ),
    ]
    ids = {str(key.pk): request_state(key.certificate_request_id).certificate_id for key in keys}
    found = certificates_by_id([pk for pk in ids.values() if pk is not None])
    held: dict[CertificateName, OnCard] = {}
    for key in keys:
        if (certificate := found.get(ids[str(key.pk)] or "")) is not None:
            name = CertificateName(key.name)
            hsa_id = key.hsa_id if isinstance(key, RenewalKey) else card.hsa_id
            held[name] = OnCard(name=name, certificate=certificate, hsa_id=hsa_id, key=key)
    return held


def keys_to_make(renewal: Renewal) -> tuple[KeyToMake, ...]:
    """Return what is made for a renewal, the same at every call of it.

    A renewal of everything makes anew what worked when it was opened, and the two of login in any case.
    """
    card, purpose = renewal.card, RenewalPurpose(renewal.purpose)
    held = certificates_on(card)
    names = set(_MADE[purpose])
    if purpose is RenewalPurpose.RENEW:
        names |= {name for name, one in held.items() if one.works(at=renewal.opened_at)}
    return tuple(
        KeyToMake(
            name=name,
            label=_label(renewal, name),
            hsa_id=held[name].hsa_id if name in held and purpose is RenewalPurpose.RENEW else renewal.hsa_id,
        )
        for name in CertificateName
        if name in names
    )


def _label(renewal: Renewal, name: CertificateName) -> str:
    """Return what the card is to call the key: another than every key of this name before it."""
    earlier = CardKey.objects.filter(card=renewal.card, name=name.value).exists()
    renewed = RenewalKey.objects.filter(renewal__card=renewal.card, name=name.value).exclude(renewal=renewal)
    times = int(earlier) + renewed.count()
    return f"{LABELS[name]} {times + 1}" if times else LABELS[name]
