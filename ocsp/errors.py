"""What the status services refuse to the people who look at them."""

from journal.errors import DomainError


class ReceiptNotYet(DomainError):
    """There is no receipt of a block that not everybody has seen, or that has not been made."""

    code = "landing_receipt_not_yet"
