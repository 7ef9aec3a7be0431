"""The words of production: what keeps a file from leaving, why a file is set aside, what does not add up."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from cards.manufacturing.reconciliation import Discrepancy
from cards.manufacturing.states import BatchState, FactoryFileState
from portal.words import Tag, Text

BATCH_STATES: Final[Mapping[BatchState, Tag]] = {
    BatchState.ASSEMBLED: Tag(tone="warn", icon="hourglass-split", label=_("Waits to leave")),
    BatchState.SENT: Tag(tone="info", icon="send", label=_("Waits for an answer")),
    BatchState.ACKNOWLEDGED: Tag(tone="ok", icon="check-circle", label=_("Answered")),
    BatchState.WITHDRAWN: Tag(tone="mute", icon="x-circle", label=_("Never left")),
}
FILE_STATES: Final[Mapping[FactoryFileState, Tag]] = {
    FactoryFileState.RECEIVED: Tag(tone="info", icon="inbox", label=_("Received")),
    FactoryFileState.APPLIED: Tag(tone="ok", icon="check-circle", label=_("Applied")),
    FactoryFileState.SET_ASIDE: Tag(tone="bad", icon="exclamation-octagon", label=_("Set aside")),
    FactoryFileState.SETTLED: Tag(tone="mute", icon="check-circle", label=_("Dealt with")),
}
DISCREPANCIES: Final[Mapping[Discrepancy, Text]] = {
    Discrepancy.NOT_SENT: _("It could not be sent for an hour."),
    Discrepancy.UNANSWERED: _("The producer has not answered every order."),
    Discrepancy.NOT_MADE: _("Cards were accepted long ago and are not sent."),
    Discrepancy.NUMBER_DIFFERS: _("The producer tells a card number that is not the card's."),
    Discrepancy.AGAINST_ORDER: _("The producer goes on with a card whose order has ended."),
}
PROBLEMS: Final[Mapping[str, Text]] = {
    "timeout": _("The producer did not answer in time."),
    "connect_timeout": _("The producer could not be reached in time."),
    "connection_refused": _("The producer could not be reached."),
    "connection_lost": _("The connection to the producer broke off."),
    "malformed_answer": _("The producer's answer could not be understood."),
    "http_503": _("The producer said that it is not available."),
    "registered_address_missing": _("The person has no registered address."),
    "picture_unreadable": _("A picture of the order cannot be read."),
    "signing_unavailable": _("The file could not be signed."),
    "factory_certificate_missing": _("The producer's certificate is missing here."),
    "factory_certificate_unknown": _("The producer's certificate is no function certificate of ours."),
    "factory_certificate_revoked": _("The producer's certificate is revoked."),
    "factory_certificate_expired": _("The producer's certificate has expired."),
    "factory_certificate_recipient_key": _("Nothing can be encrypted to the producer's certificate."),
    "batch_contradicted": _("The producer has another file under this number."),
    "nothing_left": _("Every order in it ended before it left."),
    "number_taken": _("The producer had another file under this number; the orders went in another."),
    "signature_invalid": _("It is not signed by the producer."),
    "unknown_signer": _("It is signed by somebody unknown."),
    "unsigned": _("It is not signed."),
    "unreadable": _("It is no signed file."),
    "weak_digest": _("It is signed in a way that is no longer safe."),
    "content_changed": _("It was changed after it was signed."),
    "malformed": _("It is not written as agreed."),
    "another_file": _("It says that it is another file."),
    "count_differs": _("It says another number of rows than it has."),
    "unknown_batch": _("It answers a file that never left here."),
    "content_differs": _("It answers another content than what left here."),
    "row_of_another_batch": _("It answers orders that were not in the file."),
    "rows_set_aside": _("Some of its rows do not fit our orders."),
}
REJECTIONS: Final[Mapping[str, tuple[Text, Text]]] = {
    "photo_quality": (
        _("The photo cannot be printed."),
        _("Take a new photo and order again."),
    ),
    "name_too_long": (
        _("The name does not fit on the card."),
        _("Have the name shortened in the register, then order again."),
    ),
    "address_invalid": (
        _("The card cannot be posted to the address."),
        _("Have the address corrected in the population register, then order again."),
    ),
}
"""Reasons of the producer that are agreed: what is wrong, and what to do. Others are told as they came."""


def problem_text(code: str) -> str:
    """Return what a problem's code means, or the code itself when it says something unforeseen."""
    return str(PROBLEMS.get(code, code))
