"""Who vouches at the desk: asked of PU before anything is done, and how a person was identified, in words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.utils.translation import gettext_lazy as _

from cards.attestor import AttestorRelation
from cards.identity import IdentityCheckFacts, with_attestor_asked
from cards.products import IdentityCheckMethod
from journal.actor import Actor
from portal import words
from portal.pages.desk.people import count_search
from portal.words import Text

_VOUCHED: Final[Mapping[AttestorRelation, Text]] = {
    AttestorRelation.MANAGER: _("vouched for by the person's manager, whose document is: %(document)s"),
    AttestorRelation.STAFF_RESPONSIBLE: _(
        "vouched for by somebody responsible for staff, whose document is: %(document)s"
    ),
    AttestorRelation.GUARDIAN: _("vouched for by a guardian, whose document is: %(document)s"),
}


def asked(check: IdentityCheckFacts, *, actor: Actor, at: datetime) -> IdentityCheckFacts:
    """Return the check with what PU says of who vouches; each question counts as a search does.

    Raises ``RegisterUnavailable`` and ``TooManyRequests``.
    """
    if check.method is IdentityCheckMethod.ATTESTOR:
        count_search(actor, at=at)
    return with_attestor_asked(check, actor=actor, at=at)


def identified_by(check: IdentityCheckFacts) -> str:
    """Return how the person was identified, as it is signed: whose document it was, and of which country."""
    document = str(words.DOCUMENT_KINDS[check.document_kind])
    if check.method is IdentityCheckMethod.ATTESTOR and check.attestor is not None:
        return str(_VOUCHED[check.attestor.relation]) % {"document": document}
    if check.method is IdentityCheckMethod.FOREIGN_DOCUMENT:
        return f"{document}, {check.document_country}"
    return document
