"""An act that must be signed: what it is called, what the person reads, and the facts that it rests on."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from authn.evidence import MAX_VISIBLE_CHARACTERS, hashed

_UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


class ActKind(StrEnum):
    """What is done by a signature of whoever does it (authn.md section 9); stable, the journal keeps it."""

    CARD_HAND_OUT = "card.hand_out"
    CERTIFICATES_RENEW = "certificates.renew"
    CARDS_BLOCK = "cards.block"
    CARDS_ORDER = "cards.order"
    PUK_LETTER = "card.puk_letter"
    ROLE_GIVE = "role.give"
    ROLE_TAKE = "role.take"
    ROLE_DECIDE = "role.decide"
    ROLES_CONFIRM = "roles.confirm"
    FUNCTION_CERTIFICATE_ISSUE = "function_certificate.issue"
    ACME_KEY = "acme_key.issue"
    API_TOKEN = "api_token.issue"  # noqa: S105 - the name of an act
    RELYING_PARTY = "relying_party.change"
    CA_SETTINGS = "ca.settings"
    MOBILE_MAKE = "mobile.make"


OWN_ACTS: Final = frozenset({ActKind.MOBILE_MAKE.value})
"""What a holder does for themselves, in no role; such a one is a login of its own (MOB-4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act. ``text`` names card, person and act in the language of who signs; ``facts`` are identifiers.

    The text is signed as it is shown, the facts by their digest. What the facts do not hold may differ
    between what was signed and what is done, so they hold everything that matters.
    """

    kind: ActKind
    text: str
    facts: Mapping[str, str]

    @property
    def shown(self) -> str:
        """Return the text as a card client agrees to show it: NFC, nothing invisible, not too long.

        A register's name with a stray character must not keep anybody from acting.
        """
        composed = unicodedata.normalize("NFC", self.text)
        seen = (one for one in composed if one == "\n" or unicodedata.category(one) not in _UNSEEN)
        return "".join(seen)[:MAX_VISIBLE_CHARACTERS]

    def content(self) -> str:
        """Return kind, text and facts as canonical JSON: what is signed beside the text (line 11)."""
        told = {"act": self.kind.value, "facts": dict(self.facts), "text": self.shown}
        return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def facts_hash(self) -> str:
        """Return H(content), base64: line 11 of what the card signs."""
        return hashed(self.content().encode())
