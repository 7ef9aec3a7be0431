"""The facts that stop an act on cards; each carries a code and data, and no words for users."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Self

from journal.errors import DomainError, Refusal


class CardsError(DomainError):
    """The base of what this app raises."""

    code: ClassVar[str] = "cards_error"


class CardNotFound(CardsError):
    """There is no such card, or not for this actor: the two are told apart to nobody."""

    code = "card_not_found"


class CardOrderNotFound(CardsError):
    """There is no such order, or not for this actor."""

    code = "card_order_not_found"


class ActivationNotFound(CardsError):
    """There is no such activation, or not for this actor, token or client key."""

    code = "activation_not_found"


class Refused(CardsError):
    """A policy said no; ``refusal`` says which rule, on which facts, and who can change it."""

    code = "refused"

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code, facts={**dict(refusal.facts), "fixer": refusal.fixer})
        self.refusal = refusal


class IllegalTransition(CardsError):
    """The thing is in a state from which this cannot be done, or somebody else was faster."""

    code = "illegal_transition"

    @classmethod
    def of(cls, *, thing: str, state: str, action: str) -> Self:
        """Return the error for an action that the state table does not know."""
        return cls(f"{thing} {state}: no {action}", facts={"thing": thing, "state": state, "action": action})


class AlreadyBlocked(CardsError):
    """The card was blocked before this request: by whom, when and why is in the facts."""

    code = "already_blocked"

    def __init__(self, *, by: str, at: datetime, reason: str) -> None:
        super().__init__(
            "the card is already blocked",
            facts={"by": by, "at": at.isoformat(), "reason": reason},
        )
        self.by = by
        self.at = at
        self.reason = reason


class RequestedInTheFuture(CardsError):
    """A blocking request cannot have been received later than now."""

    code = "requested_in_the_future"


class RequestedBeforeTheCard(CardsError):
    """A blocking request cannot have been received before the card was ordered: ``facts["ordered_at"]``."""

    code = "requested_before_the_card"


class CertificateNotFound(CardsError):
    """There is no such certificate of a person, or not for this actor: the two are told apart to nobody."""

    code = "certificate_not_found"


class RequestedBeforeTheCertificate(CardsError):
    """Nobody can have asked to block a certificate before it began: ``facts["begins_at"]``."""

    code = "requested_before_the_certificate"


class TooManyBlocks(CardsError):
    """More blocks than one person registers alone in a day: ``facts`` say how many, and how many are left."""

    code = "too_many_blocks"


class OrderAlreadyRunning(CardsError):
    """The person already has a running order in this organization."""

    code = "order_already_running"


class OrderBeingHandedOver(CardsError):
    """The order is on its way to the factory, or may have arrived there: it can no longer be cancelled."""

    code = "order_being_handed_over"


class FactoryUnavailable(CardsError):
    """The card factory did not answer, or not as agreed; ``surely_not_received`` says if that is certain."""

    code = "factory_unavailable"

    def __init__(self, problem: str, *, surely_not_received: bool) -> None:
        super().__init__(f"the card factory: {problem}", facts={"problem": problem})
        self.problem = problem
        self.surely_not_received = surely_not_received


class ProductionNotFound(CardsError):
    """There is no such batch or file of production, or not for this actor."""

    code = "production_not_found"


class BatchContradicted(CardsError):
    """The card factory has another content under this batch's number; ``content_sha256`` is of that."""

    code = "batch_contradicted"

    def __init__(self, number: int, *, content_sha256: str) -> None:
        super().__init__(f"the card factory has another batch {number}", facts={"batch": str(number)})
        self.content_sha256 = content_sha256


class OrderRefusedByFactory(CardsError):
    """The card factory answered that it will not make this card."""

    code = "order_refused_by_factory"


class TokenInvalid(CardsError):
    """The activation token is unknown, used, or too old; the three are told apart to nobody."""

    code = "token_invalid"


class ActivationExpired(CardsError):
    """The activation was not finished in time."""

    code = "activation_expired"


class ActivationAborted(CardsError):
    """The activation was ended; the reason is in the facts."""

    code = "activation_aborted"


class UnlockNotFound(CardsError):
    """There is no such unlocking, or not for this actor, token or client key."""

    code = "unlock_not_found"


class UnlockExpired(CardsError):
    """The unlocking was not finished in time."""

    code = "unlock_expired"


class UnlockAborted(CardsError):
    """The unlocking was ended; the reason is in the facts."""

    code = "unlock_aborted"


class RenewalNotFound(CardsError):
    """There is no such renewal, or not for this actor, token or client key."""

    code = "renewal_not_found"


class RenewalExpired(CardsError):
    """The renewal was not finished in time."""

    code = "renewal_expired"


class RenewalAborted(CardsError):
    """The renewal was ended; ``facts["reason"]`` says why."""

    code = "renewal_aborted"


class MobileNotFound(CardsError):
    """There is no such mobile eID, or not for this person or client key."""

    code = "mobile_not_found"


class MobileExpired(CardsError):
    """The mobile eID was not finished in time."""

    code = "mobile_expired"


class MobileEnded(CardsError):
    """The making of the mobile eID was ended; ``facts["reason"]`` says why."""

    code = "mobile_ended"


class MobileNotApproved(CardsError):
    """The holder has not said yet that the phone which took the code is theirs."""

    code = "mobile_not_approved"


class ConfirmationInvalid(CardsError):
    """The signature that the card is open again does not hold, or is another card's."""

    code = "confirmation_invalid"

    @classmethod
    def because(cls, why: str) -> Self:
        """Return the error with the failed check's name."""
        return cls(f"confirmation: {why}", facts={"check": why})


class KeysInvalid(CardsError):
    """The keys sent are not the ones asked for, or a request for a certificate does not hold."""

    code = "keys_invalid"


class WrittenMismatch(CardsError):
    """What the client read back from the card is not what was issued."""

    code = "written_mismatch"


class ReceiptInvalid(CardsError):
    """The receipt's signature does not hold, or was not made by the certificate just issued."""

    code = "receipt_invalid"

    @classmethod
    def because(cls, why: str, *, facts: Mapping[str, str] | None = None) -> Self:
        """Return the error with the failed check's name."""
        return cls(f"receipt: {why}", facts={"check": why, **(facts or {})})


class ImportRefused(CardsError):
    """A card of the system before this one cannot be taken over; the message says which and why."""

    code = "import_refused"


class CallInvalid(CardsError):
    """A call of the activation channel is not well formed."""

    code = "call_invalid"


class CallUnsigned(CardsError):
    """A call of the activation channel is not signed by the client that claimed the activation."""

    code = "call_unsigned"
