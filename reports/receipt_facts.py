"""What the receipts of activation, new certificates and block say, on a page and in the document alike.

The words are those of the language that is active.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ca.environments import Environment
from ca.models import Certificate
from ca.selectors import certificates_on_carrier
from cards.card_number import grouped
from cards.models import Activation, Card, IdentityCheck, Receipt
from cards.products import IdentityCheckMethod, product
from cards.receipts import question_of
from cards.renewal.keys import question_of_renewal
from cards.renewal.models import Renewal
from cards.renewal.outcome import outcome_of
from cards.selectors import CARRIER_KIND
from cards.terms import current_terms
from directory.selectors import names_of
from directory.swedish_time import SWEDEN
from reports.landing_words import LANDING_WORDS
from reports.words import vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFact:
    """A small label and its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationReceipt:
    """What the holder signed, of which card, who checked their identity, and the evidence of it."""

    opening: str
    terms: str
    card_facts: Sequence[ReceiptFact]
    check_facts: Sequence[ReceiptFact]
    proof_facts: Sequence[ReceiptFact]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalReceipt:
    """What the holder signed of which new certificates, what they replaced, and the evidence of it."""

    opening: str
    card_facts: Sequence[ReceiptFact]
    written_facts: Sequence[ReceiptFact]
    replaced_facts: Sequence[ReceiptFact]
    check_facts: Sequence[ReceiptFact]
    """Empty where the holder's own login stood in the place of the check."""
    proof_facts: Sequence[ReceiptFact]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockReceipt:
    """Which card was blocked, why, when and by whom, and which certificates went with it."""

    card_facts: Sequence[ReceiptFact]
    block_facts: Sequence[ReceiptFact]
    certificate_facts: Sequence[ReceiptFact]


def activation_receipt(activation: Activation) -> ActivationReceipt:
    """Return what the receipt of a finished activation says."""
    card = activation.card
    valid = ReceiptFact(name=_("Valid through"), value=card.valid_until.isoformat())
    return ActivationReceipt(
        opening=question_of(activation.receipt).visible_text,
        terms=_terms(activation),
        card_facts=(*_card_facts(card), valid),
        check_facts=_check_facts(activation.identity_check),
        proof_facts=_proof_facts(activation),
    )


def renewal_receipt(renewal: Renewal) -> RenewalReceipt:
    """Return what the receipt of finished new certificates on a card says."""
    card, outcome = renewal.card, outcome_of(renewal)
    other = [ReceiptFact(name=_("HSA-id of the extra pair"), value=renewal.hsa_id)]
    return RenewalReceipt(
        opening=question_of_renewal(renewal).visible_text,
        card_facts=(*_card_facts(card), *(other if renewal.hsa_id != card.hsa_id else [])),
        written_facts=_serials(outcome.written),
        replaced_facts=_serials(outcome.replaced),
        check_facts=_check_facts(check) if (check := renewal.standing_check) is not None else [],
        proof_facts=(
            *_signature_facts(renewal, at=renewal.finished_at),
            ReceiptFact(name=_("Reference"), value=str(renewal.pk)),
        ),
    )


def block_receipt(card: Card) -> BlockReceipt:
    """Return what the receipt of a blocked card says."""
    revoked = [
        one for one in certificates_on_carrier(CARRIER_KIND, str(card.pk)) if one.revoked_at is not None
    ]
    by = names_of({card.blocked_by}).get(card.blocked_by, "")
    return BlockReceipt(
        card_facts=_card_facts(card),
        block_facts=[
            ReceiptFact(name=_("Reason"), value=_word("Reason", card.block_reason)),
            ReceiptFact(name=_("Asked for at"), value=_exact(card.block_requested_at)),
            ReceiptFact(name=_("Blocked at"), value=_exact(card.blocked_at)),
            ReceiptFact(name=_("Blocked by"), value=_joined((by, card.blocked_by))),
        ],
        certificate_facts=_serials(revoked),
    )


def _card_facts(card: Card) -> list[ReceiptFact]:
    item = product(card.product_code)
    named = (item.name_sv, item.name_en)[_place()] if item else card.product_code
    qa = ReceiptFact(name=_("Environment"), value=_("QA, for tests only"))
    return [
        ReceiptFact(name=_("Holder"), value=card.holder_name),
        ReceiptFact(name=_("Product"), value=named),
        *([qa] if card.environment == Environment.QA.value else []),
        ReceiptFact(name=_("Card number"), value=grouped(card.card_number or "")),
        ReceiptFact(name=_("HSA-id"), value=card.hsa_id),
    ]


def _check_facts(check: IdentityCheck) -> list[ReceiptFact]:
    who = names_of({check.checked_by}).get(check.checked_by, "")
    return [
        ReceiptFact(name=_("Method"), value=_word("Method", check.method)),
        ReceiptFact(name=_("Document"), value=_word("Document", check.document_kind)),
        *_number_of(check),
        *_more_of(check),
        ReceiptFact(name=_("Checked by"), value=_joined((who, check.checked_by))),
        ReceiptFact(name=_("Checked at"), value=_exact(check.checked_at)),
    ]


def _number_of(check: IdentityCheck) -> list[ReceiptFact]:
    """Return the document's number; an attestor's is not the holder's to read, whose receipt it is."""
    if check.method == IdentityCheckMethod.ATTESTOR.value:
        return []
    return [ReceiptFact(name=_("Document number"), value=check.document_number)]


def _more_of(check: IdentityCheck) -> list[ReceiptFact]:
    """Return the country of a foreign document and who vouched, where there was such."""
    told = [(_("Country"), check.document_country), (_("Attestor"), check.attestor_name)]
    return [ReceiptFact(name=name, value=value) for name, value in told if value]


def _proof_facts(activation: Activation) -> list[ReceiptFact]:
    return [
        *_signature_facts(activation.receipt, at=activation.receipt.signed_at),
        ReceiptFact(name=_("Terms"), value=activation.terms_version),
        ReceiptFact(name=_("Reference"), value=str(activation.pk)),
    ]


def _signature_facts(signed: Receipt | Renewal, *, at: datetime | None) -> list[ReceiptFact]:
    """Return the signature of a card and what it is over."""
    return [
        ReceiptFact(name=_("Signed at"), value=_exact(at)),
        ReceiptFact(name=_("Algorithm"), value=signed.algorithm),
        ReceiptFact(name=_("Signature"), value=base64.b64encode(bytes(signed.signature or b"")).decode()),
        ReceiptFact(name=_("SHA-256 of the signed octets"), value=_digest(signed.signed_octets)),
        ReceiptFact(name=_("SHA-256 of the certificate"), value=_digest(signed.certificate_der)),
    ]


def _serials(certificates: Iterable[Certificate]) -> list[ReceiptFact]:
    """Return certificates by purpose and serial number."""
    keys = LANDING_WORDS["en" if _place() else "sv"].keys
    return [ReceiptFact(name=keys.get(one.name, one.name), value=one.serial_hex) for one in certificates]


def _terms(activation: Activation) -> str:
    """Return the terms that were accepted; of an older version only its name, never today's words instead."""
    terms = current_terms()
    if terms.version != activation.terms_version:
        return _("The terms, version %(version)s.") % {"version": activation.terms_version}
    return terms.text(get_language() or "sv")


def _place() -> int:
    """Return the active language's place in a pair of words: Swedish first."""
    return int((get_language() or "sv").startswith("en"))


def _word(column: str, code: str) -> str:
    words: Mapping[str, str] = vocabulary(column, _place())
    return words.get(code, code)


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(one for one in parts if one)


def _exact(at: datetime | None) -> str:
    return f"{at.astimezone(SWEDEN):%Y-%m-%d %H:%M:%S}" if at else ""


def _digest(octets: bytes | memoryview | None) -> str:
    return hashlib.sha256(bytes(octets or b"")).hexdigest()
