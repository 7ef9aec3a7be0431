"""What the holder signs at the end of a renewal, in Swedish and in English."""

from collections.abc import Mapping
from typing import Final

from cards.renewal.models import RenewalPurpose
from cards.terms import LANGUAGES

_TEXTS: Final[Mapping[RenewalPurpose, Mapping[str, str]]] = {
    RenewalPurpose.RENEW: {
        "sv": "Jag har förnyat certifikaten på mitt kort {number}. De som de ersätter spärras.",
        "en": "I have renewed the certificates on my card {number}. Those that they replace are revoked.",
    },
    RenewalPurpose.SIGNATURE: {
        "sv": "Jag har hämtat certifikat för underskrift till mitt kort {number}.",
        "en": "I have fetched certificates for signatures to my card {number}.",
    },
    RenewalPurpose.REFILL: {
        "sv": "Jag har hämtat nya certifikat till mitt reservkort {number}.",
        "en": "I have fetched new certificates to my reserve card {number}.",
    },
    RenewalPurpose.EXTRA_PAIR: {
        "sv": "Jag har fått ett extra par certifikat för HSA-id {hsa_id} på mitt kort {number}.",
        "en": "I have received an extra pair of certificates for HSA-id {hsa_id} on my card {number}.",
    },
}


def statement(purpose: RenewalPurpose, *, card_number: str, hsa_id: str) -> str:
    """Return the text to be signed; it names the card and what was put on it."""
    texts = _TEXTS[purpose]
    return "\n\n".join(texts[language].format(number=card_number, hsa_id=hsa_id) for language in LANGUAGES)
