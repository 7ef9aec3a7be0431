"""The facts that stop an act on reserve cards in stock; each carries a code and data, and no words."""

from typing import Self

from cards.errors import CardsError


class StockPlaceNotFound(CardsError):
    """There is no such place, or not for this actor."""

    code = "stock_place_not_found"


class StockTransferNotFound(CardsError):
    """There is no such hand-over, or not for this actor."""

    code = "stock_transfer_not_found"


class StockPlaceExists(CardsError):
    """The organization has a place of this name already."""

    code = "stock_place_exists"


class SerialListUnreadable(CardsError):
    """The serial list is not one: ``facts`` say in which line and why."""

    code = "serial_list_unreadable"

    @classmethod
    def at_line(cls, line: int, why: str) -> Self:
        """Return the error for a line of the list, counted from one."""
        return cls(f"line {line}: {why}", facts={"line": str(line), "problem": why})


class BoxAlreadyReceived(CardsError):
    """The box was received before, or a card of the list belongs to another."""

    code = "stock_box_already_received"


class BoxCountDiffers(CardsError):
    """The envelopes in the box are not as many as on its list: ``facts`` hold both figures."""

    code = "stock_box_count_differs"


class NotInStock(CardsError):
    """Cards that are not where they would have to be for this: ``facts["numbers"]``."""

    code = "reserve_cards_not_in_stock"

    @classmethod
    def of(cls, numbers: list[str]) -> Self:
        """Return the error with the numbers, at most five of them."""
        told = ", ".join(sorted(numbers)[:5])
        return cls(f"not in stock: {told}", facts={"numbers": told, "count": str(len(numbers))})


class StockReasonMissing(CardsError):
    """What was found is not what was expected, and nobody said why: ``facts`` hold the figures."""

    code = "stock_reason_missing"


class NoReserveCardsNamed(CardsError):
    """No card number was given, or something that is none: ``facts["text"]``."""

    code = "no_reserve_cards_named"


class ReserveHandOutNotFound(CardsError):
    """There is no such hand-out of a reserve card, or not for this actor."""

    code = "reserve_hand_out_not_found"


class EnvelopeCodeWrong(CardsError):
    """Card number and code do not go together, or nothing is there to be fetched: told apart to nobody."""

    code = "envelope_code_wrong"
