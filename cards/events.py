"""What the journal keeps of cards: typed events, identifiers only, no names and no numbers of people."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event, Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAnOrder(Event):
    card_order_id: str
    card_id: str
    person_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOrdered(_AboutAnOrder):
    """A card was ordered."""

    TYPE: ClassVar[str] = "card.ordered"
    IS_PRIVILEGED: ClassVar[bool] = True
    product_code: str
    loa: int
    delivery: str
    valid_until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardReplacementOrdered(_AboutAnOrder):
    """The card that was ordered takes the place of another one, which ends by the reason."""

    TYPE: ClassVar[str] = "card.replacement_ordered"
    replaced_card_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardImported(_AboutAnOrder):
    """A card was taken over from the system before this one; one never activated is blocked with it."""

    TYPE: ClassVar[str] = "card.imported"
    product_code: str
    loa: int
    valid_until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOrderCancelled(_AboutAnOrder):
    """An order was cancelled before it left for the factory."""

    TYPE: ClassVar[str] = "card_order.cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOrderDelayed(_AboutAnOrder):
    """An order could not be handed over to the factory; it is tried again."""

    TYPE: ClassVar[str] = "card_order.delayed"
    problem: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOrderSent(_AboutAnOrder):
    """The factory has received the order."""

    TYPE: ClassVar[str] = "card_order.sent"
    delivery: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardProductionStarted(_AboutAnOrder):
    """The factory has accepted the order and makes the card."""

    TYPE: ClassVar[str] = "card_order.production_started"
    reported_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardProduced(_AboutAnOrder):
    """The card is made and has its number."""

    TYPE: ClassVar[str] = "card.produced"
    card_number: Personal
    reported_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardShipped(_AboutAnOrder):
    """The card is on its way to its holder."""

    TYPE: ClassVar[str] = "card.shipped"
    reported_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOrderRejected(_AboutAnOrder):
    """The factory will not make the card."""

    TYPE: ClassVar[str] = "card_order.rejected"
    reported_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOrderLapsed(_AboutAnOrder):
    """An order ended without a card in use."""

    TYPE: ClassVar[str] = "card_order.lapsed"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardDiscarded(_AboutAnOrder):
    """A card that was never active will never be."""

    TYPE: ClassVar[str] = "card.discarded"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoryReportSetAside(Event):
    """A report of the factory that could not be applied; a person should look at it."""

    TYPE: ClassVar[str] = "factory_report.set_aside"
    report_number: int
    reported_order_id: str
    kind: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutACard(Event):
    card_id: str
    person_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChecked(_AboutACard):
    """The holder was identified by the seven steps."""

    TYPE: ClassVar[str] = "identity.checked"
    identity_check_id: str
    method: str
    document_kind: str
    is_verified_with_document_issuer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityAttested(_AboutACard):
    """Somebody vouched for the holder: what they are to them; who it was stands with the check."""

    TYPE: ClassVar[str] = "identity.attested"
    identity_check_id: str
    relation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySuspected(_AboutACard):
    """The document or the person raised suspicion; nothing was handed out. Without a card before one is."""

    TYPE: ClassVar[str] = "identity.suspected"
    identity_check_id: str
    method: str
    document_kind: str
    failed_steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAnActivation(_AboutACard):
    activation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationOpened(_AboutAnActivation):
    """An administrator opened the activation of a card after an identity check."""

    TYPE: ClassVar[str] = "activation.opened"
    IS_PRIVILEGED: ClassVar[bool] = True
    identity_check_id: str
    terms_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationClaimed(_AboutAnActivation):
    """A client took the activation; the token is dead."""

    TYPE: ClassVar[str] = "activation.claimed"
    client_key_thumbprint: str
    client_name: Personal
    client_version: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminKeysDisclosed(_AboutAnActivation):
    """A claiming client was told administration keys of the card: whose, never which.

    No act tells any since clients get answers to challenges; journals from before have it.
    """

    TYPE: ClassVar[str] = "key.card_admin_disclosed"
    client_key_thumbprint: str
    of_activation_ids: tuple[str, ...]
    is_factory_key_included: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CardKeysMade(_AboutAnActivation):
    """The card made its keys and proved that it holds them; certificates were requested."""

    TYPE: ClassVar[str] = "activation.keys_made"
    IS_PRIVILEGED: ClassVar[bool] = True
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardKeySuperseded(_AboutAnActivation):
    """A key of an interrupted activation was replaced by a new one on the same card."""

    TYPE: ClassVar[str] = "activation.key_superseded"
    name: str
    certificate_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCertificatesIssued(_AboutAnActivation):
    """All certificates of the card are issued and published."""

    TYPE: ClassVar[str] = "activation.issued"
    certificate_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCertificatesWritten(_AboutAnActivation):
    """The certificates were written to the card and read back unchanged."""

    TYPE: ClassVar[str] = "activation.written"
    certificate_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptSigned(_AboutAnActivation):
    """The holder signed the receipt with the card."""

    TYPE: ClassVar[str] = "receipt.signed"
    terms_version: str
    certificate_sha256: str
    signed_octets_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardActivated(_AboutAnActivation):
    """The card is in use."""

    TYPE: ClassVar[str] = "card.activated"
    card_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationWasAborted(_AboutAnActivation):
    """The activation ended without a card in use."""

    TYPE: ClassVar[str] = "activation.aborted"
    reason: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderDenied(_AboutAnActivation):
    """The person at the card said that this activation is not theirs: somebody should look at once."""

    TYPE: ClassVar[str] = "activation.denied_by_holder"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChallengeAnswered(_AboutACard):
    """The card's challenge was answered with its administration key, for one act; the key was told to nobody.

    ``key_of_act_id`` is the act that put that key on the card; empty for the factory's.
    """

    TYPE: ClassVar[str] = "key.card_challenge_answered"
    activation_id: str
    unlock_id: str
    client_key_thumbprint: str
    key_of_act_id: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAnUnlock(_AboutACard):
    unlock_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockOpened(_AboutAnUnlock):
    """The unlocking of a card was opened: at the desk after an identity check, or by its holder.

    The holder's rests on a mobile eID and the evidence of the login with it (POR-6).
    """

    TYPE: ClassVar[str] = "unlock.opened"
    VERSION: ClassVar[int] = 2
    IS_PRIVILEGED: ClassVar[bool] = True
    identity_check_id: str
    mobile_id: str
    evidence_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockClaimed(_AboutAnUnlock):
    """A client took the unlocking; the token is dead."""

    TYPE: ClassVar[str] = "unlock.claimed"
    client_key_thumbprint: str
    client_name: Personal
    client_version: Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class CardUnlocked(_AboutAnUnlock):
    """The holder chose a new PIN, and the card signed that with it."""

    TYPE: ClassVar[str] = "card.unlocked"
    certificate_sha256: str
    signed_octets_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockRefused(_AboutAnUnlock):
    """The unlocking was refused on its way: wrong card, too many tries, card blocked, suspicion."""

    TYPE: ClassVar[str] = "card.unlock_refused"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockWasAborted(_AboutAnUnlock):
    """The unlocking ended without a new PIN that we know of."""

    TYPE: ClassVar[str] = "unlock.aborted"
    reason: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutAPukLetter(_AboutACard):
    letter_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PukLetterOrdered(_AboutAPukLetter):
    """An administrator ordered a letter with the card's PUK; the producer knows it, nobody here does."""

    TYPE: ClassVar[str] = "puk_letter.ordered"
    IS_PRIVILEGED: ClassVar[bool] = True
    delivery: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PukLetterDelayed(_AboutAPukLetter):
    """The order of a letter could not be handed over to the producer; it is tried again."""

    TYPE: ClassVar[str] = "puk_letter.delayed"
    problem: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PukLetterSent(_AboutAPukLetter):
    """The producer has the order of the letter."""

    TYPE: ClassVar[str] = "puk_letter.sent"
    delivery: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PukLetterPosted(_AboutAPukLetter):
    """The letter is on its way to the holder."""

    TYPE: ClassVar[str] = "puk_letter.posted"
    reported_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PukLetterEnded(_AboutAPukLetter):
    """There will be no letter: withdrawn, refused by the producer, or the card is no longer in use."""

    TYPE: ClassVar[str] = "puk_letter.ended"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardBlocked(_AboutACard):
    """A card was blocked, for ever, and its certificates revoked in the same transaction."""

    TYPE: ClassVar[str] = "card.blocked"
    card_order_id: str
    reason: str
    revocation_reason: str
    requested_at: str
    certificate_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardReplaced(_AboutACard):
    """A card ends because the one that takes its place is activated."""

    TYPE: ClassVar[str] = "card.replaced"
    card_order_id: str
    new_card_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRequestRegistered(Event):
    """A request to block a card or one certificate is kept; without effect it was blocked already."""

    TYPE: ClassVar[str] = "block_request.registered"
    block_request_id: str
    card_id: str
    certificate_id: str
    person_id: str
    organization_id: str
    reason: str
    requested_at: str
    is_from_paper: bool
    had_effect: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRequestForgotten(Event):
    """A request to block was deleted: its ten years of keeping are over (POR-15)."""

    TYPE: ClassVar[str] = "block_request.forgotten"
    VERSION: ClassVar[int] = 1
    block_request_id: str
    card_id: str
    certificate_id: str
    person_id: str
    organization_id: str
    registered_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardHolderReminded(_AboutACard):
    """The holder of a card that ends within days is to be told so by mail."""

    TYPE: ClassVar[str] = "card.holder_reminded"
    days_before: int
    valid_until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderingStopped(Event):
    """No cards may be ordered from an instant on, by one organization or (no id) by any; blocking goes on."""

    TYPE: ClassVar[str] = "ordering.stopped"
    VERSION: ClassVar[int] = 2
    order_stop_id: str
    organization_id: str
    starts_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderingResumed(Event):
    """Cards may be ordered again."""

    TYPE: ClassVar[str] = "ordering.resumed"
    VERSION: ClassVar[int] = 2
    order_stop_id: str
    organization_id: str
    ends_at: str
