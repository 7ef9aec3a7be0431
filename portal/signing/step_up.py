"""What a view puts around an act that must be signed: ``with signed(request, act, …) as actor: do it``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from journal.actor import Actor
from portal.accounts.models import SignedAct
from portal.signing import spending
from portal.signing.acts import Act
from portal.signing.asking import ask
from portal.signing.errors import SignatureRequired


@contextmanager
def signed(request: HttpRequest, act: Act, *, actor: Actor, at: datetime) -> Iterator[Actor]:
    """Carry out the block in one transaction with the spending of its doer's signature.

    Without a signature the block is rehearsed and undone, so that nobody signs what would be refused; then
    SignatureRequired leads to the page that waits for the card. When the card has signed, the same form is
    sent again by the server and the block is carried out by the actor that this yields, whose entries in the
    journal name the evidence. Whatever the block raises undoes all of it and voids the signature.

    The block changes the database and nothing else; it is entered at most once in a request. Raises
    SignatureUnfit.
    """
    if not settings.SIGILL_STEP_UP:
        yield actor
        return
    given = signature_of(request)
    if given is None:
        with transaction.atomic():
            yield actor
            transaction.set_rollback(True)
        raise SignatureRequired(ask(request, act, at=at))
    with transaction.atomic():
        doer = replace(actor, evidence_id=given.evidence_id)
        spending.spend(given, act, actor=doer, at=at)
        yield doer


@contextmanager
def second_login(
    request: HttpRequest, act: Act, *, actor: Actor, at: datetime
) -> Iterator[tuple[Actor, SignedAct]]:
    """Carry out the block in one transaction with the spending of a login just before (MOB-4).

    As `signed`, but never left out by SIGILL_STEP_UP, and not rehearsed: the caller has asked whether it may
    be done. Yields who does it, with the evidence, and the login.
    """
    given = signature_of(request)
    if given is None:
        raise SignatureRequired(ask(request, act, at=at))
    with transaction.atomic():
        doer = replace(actor, evidence_id=given.evidence_id)
        spending.spend(given, act, actor=doer, at=at)
        yield doer, given


def signature_of(request: HttpRequest) -> SignedAct | None:
    """Return the signature with which a form is carried out, or None: then it was just sent."""
    found: SignedAct | None = getattr(request, "signed_act", None)
    return found
