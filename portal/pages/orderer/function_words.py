"""The words of function objects, their validations, orders and notices."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from functioncerts.models import (
    Answer,
    Capacity,
    Fate,
    Recipient,
    Sealing,
    TokenScope,
    ValidationMethod,
)
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
REPLIES: Final[Mapping[str, Text]] = {
    "the sender ended while the mail was handed over": _(
        "The system stopped while the mail was handed over: it may or may not have been sent."
    ),
    "the sender ended before the mail was handed over": _(
        "The system stopped before the mail was handed over."
    ),
    "the mail server is not there": _("The mail server cannot be reached."),
    "no SMS centre": _("No SMS centre is set up for the password."),
    "the password was not sent": _("The SMS centre did not take the password; it is tried again."),
    "no key of the receiver is good any more": _("No key of the receiver can be encrypted to any more."),
}
"""What we say ourselves of a mail, by how it is kept; anything else is the mail server's own word."""
RECIPIENTS: Final[Mapping[str, Text]] = {
    Recipient.ORDERER: _("Orderer"),
    Recipient.RESPONSIBLE: _("Responsible"),
    Recipient.MAILBOX: _("Functional mailbox"),
    Recipient.DELEGATE: _("Delegate"),
    Recipient.MANAGER: _("Issuance manager"),
    Recipient.SPECIALIST: _("Validation specialist"),
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
    "extensions_ignored": (
        _("The extensions in the request are not used"),
        _(
            "It asks for %(extensions)s. What the certificate may be used for follows from the "
            "kind of function."
        ),
    ),
    "attributes_ignored": (
        _("More in the request is not used"),
        _("It carries %(attributes)s. None of it is kept or put into the certificate."),
    ),
    "key_used_before": (
        _("The key has a certificate already"),
        _(
            "%(function)s has had a certificate for this key. It is taken, but a new key for each "
            "certificate is better: whoever got hold of the old key has this one too."
        ),
    ),
    "key_short": (
        _("The key is short"),
        _("It is %(key)s and is taken, but %(advised)s lasts longer. EC P-256 is better still."),
    ),
}
"""By finding: what it is, and what it means."""


def reply_said(reply: str) -> Text:
    """Return what is kept of a mail in the reader's language; a mail server's own words as they are."""
    return REPLIES.get(reply.partition(":")[0], reply)


SHORT_SCOPES: Final[Mapping[TokenScope, Text]] = {
    TokenScope.READ: _("Reading"),
    TokenScope.ORDER: _("Ordering"),
    TokenScope.REVOKE: _("Revoking"),
    TokenScope.MANAGE: _("Managing"),
    TokenScope.APPROVE: _("Approving"),
}
SCOPES: Final[Mapping[TokenScope, Text]] = {
    TokenScope.READ: _("read function objects, orders and certificates"),
    TokenScope.ORDER: _("order and renew certificates"),
    TokenScope.REVOKE: _("revoke certificates"),
    TokenScope.MANAGE: _("set tags, accept receipts and answer notices"),
    TokenScope.APPROVE: _("approve or decline, as the second person, what others ordered"),
}


def password_goes_to(mobile: str) -> str:
    """Return what is signed of a key made here: to which number its password goes."""
    return gettext("The password that opens the key is sent by SMS to %(mobile)s.") % {"mobile": mobile}
