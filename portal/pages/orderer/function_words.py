"""The words of function objects, their validations, orders and notices."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from functioncerts.models import Answer, Capacity, Fate, Recipient, Sealing, ValidationMethod
from functioncerts.states import NameValidationState
from portal.words import Tag, Text

METHODS: Final[Mapping[str, Text]] = {
    ValidationMethod.DNS_TXT: _("DNS (TXT record)"),
    ValidationMethod.HTTP: _("HTTP (file on the server)"),
    ValidationMethod.MAIL: _("Mail with a link"),
    ValidationMethod.DOCUMENT: _("Document"),
    ValidationMethod.POWER_OF_ATTORNEY: _("Power of attorney"),
}
VALIDATION_STATES: Final[Mapping[str, Tag]] = {
    NameValidationState.PENDING: Tag(tone="warn", icon="hourglass-split", label=_("Waits for proof")),
    NameValidationState.VALID: Tag(tone="ok", icon="check-circle", label=_("Validated")),
    NameValidationState.REJECTED: Tag(tone="mute", icon="x-circle", label=_("Rejected")),
    NameValidationState.WITHDRAWN: Tag(tone="mute", icon="slash-circle", label=_("Withdrawn")),
}
RUN_OUT: Final = Tag(tone="bad", icon="clock-history", label=_("Has run out"))
FATES: Final[Mapping[str, Tag]] = {
    Fate.WAITING: Tag(tone="info", icon="hourglass-split", label=_("Waits to be sent")),
    Fate.SENDING: Tag(tone="info", icon="send", label=_("Being sent")),
    Fate.SENT: Tag(tone="ok", icon="check-circle", label=_("Sent")),
    Fate.REFUSED: Tag(tone="bad", icon="exclamation-octagon", label=_("Refused by the mail server")),
    Fate.BOUNCED: Tag(tone="bad", icon="arrow-left", label=_("Came back")),
    Fate.UNSURE: Tag(tone="warn", icon="exclamation-triangle", label=_("Unsure, never sent twice")),
}
RECIPIENTS: Final[Mapping[str, Text]] = {
    Recipient.ORDERER: _("Orderer"),
    Recipient.RESPONSIBLE: _("Responsible"),
    Recipient.MAILBOX: _("Functional mailbox"),
    Recipient.DELEGATE: _("Delegate"),
    Recipient.MANAGER: _("Issuance manager"),
}
ANSWERS: Final[Mapping[str, Text]] = {
    Answer.TAKEN: _("Taken on"),
    Answer.DELEGATED: _("Delegated"),
    Answer.LEFT: _("Left to end"),
}
SEALINGS: Final[Mapping[str, Text]] = {
    Sealing.CERTIFICATE: _("Encrypted to a key of the receiver"),
    Sealing.PASSWORD: _("Encrypted, password by SMS"),
}
CAPACITIES: Final[Mapping[str, Text]] = {
    Capacity.ORDER_RESPONSIBLE: _("Responsible for orders"),
    Capacity.RECEIVER: _("Receiver"),
}
FINDINGS: Final[Mapping[str, tuple[Text, Text]]] = {
    "subject_ignored": (
        _("The subject in the request is not used"),
        _("It says %(subject)s. The certificate gets the function's HSA-id, organization and names."),
    ),
    "names_ignored": (
        _("The names in the request are not used"),
        _("It names %(names)s. The certificate gets the names that you choose here."),
    ),
    "key_short": (
        _("The key is short"),
        _("It is %(key)s and is taken, but %(advised)s lasts longer. EC P-256 is better still."),
    ),
}
"""By finding: what it is, and what it means."""
