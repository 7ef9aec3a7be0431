"""Asks the card of the person logged in to sign an act, and checks the answer as at login."""

import secrets
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from authn import orders
from authn.checks import Requirement
from authn.errors import OrderNotFound, ReturnCodeWrong
from authn.evidence import (
    RP_CHALLENGE_OCTETS,
    BindingMismatch,
    Flow,
    Purpose,
    Question,
    b64,
    hashed,
    return_proof,
    unb64,
    verify_return,
)
from authn.hints import FailureHint, PendingHint
from authn.relying_parties import register
from authn.trust import LOA3
from directory.models import Employment, Person
from portal.accounts import means, people
from portal.accounts.actor import address_of, session_of
from portal.accounts.errors import LoginFailed, NotLoggedIn
from portal.accounts.models import PortalSession, SignedAct
from portal.accounts.providers import RETURN_CODE_SPENT, RETURN_CODE_WRONG, RETURN_MISMATCH
from portal.accounts.relying_party import rp_actor, rp_id, rp_name, rp_registration
from portal.accounts.second_check import verified_result
from portal.signing import spending, waiting
from portal.signing.acts import OWN_ACTS, Act
from portal.signing.errors import SignatureFailed
from portal.signing.waiting import Waiting

OTHER_CARD = "otherCard"


def purpose_of(kind: str) -> Purpose:
    """Return what the card is asked for: the second login of a mobile eID, or the signature of an act.

    Both by its login key: cards carry no signature key when they are handed out (domain.md 2.1).
    """
    return Purpose.ENROL if kind in OWN_ACTS else Purpose.AUTH_FOR_SIGN


_HIDDEN = frozenset({"csrfmiddlewaretoken"})


def ask(request: HttpRequest, act: Act, *, at: datetime) -> str:
    """Start the order for an act, keep the form that was sent, and return the address that waits."""
    form = [[name, value] for name, values in request.POST.lists() if name not in _HIDDEN for value in values]
    blank = Waiting(
        id=str(uuid.uuid4()),
        path=request.path,
        query=request.META.get("QUERY_STRING", ""),
        form=form,
        kind=act.kind.value,
        content=act.content(),
        text=act.shown,
        order_ref="",
        rp_challenge="",
        session_secret="",
        autostart_url="",
        verification_code="",
        started_at="",
    )
    return ask_again(request, blank, at=at)


def ask_again(request: HttpRequest, kept: Waiting, *, at: datetime) -> str:
    """Start a fresh order for an act that waits; return the address of its page. Raises TooManyRequests."""
    row = _session(request, kept.kind)
    register(rp_registration(), actor=rp_actor(), at=at)
    rp_challenge = secrets.token_bytes(RP_CHALLENGE_OCTETS)
    started = orders.start(
        rp_id(),
        orders.StartRequest(
            rp_challenge=rp_challenge,
            return_url=f"{settings.SIGILL_PORTAL_URL}{reverse('signing-return', args=[kept.id])}",
            visible_text=kept.text,
            purpose=purpose_of(kept.kind),
            language=get_language() or "sv",
            non_visible=kept.content.encode(),
            requirement=Requirement(loas=(LOA3,), carriers=("card",), subject_hashes=_identifiers(row)),
            end_user_address=address_of(request),
        ),
        actor=rp_actor(),
        at=at,
    )
    waiting.keep(
        request.session,
        replace(
            kept,
            order_ref=started.order_ref,
            rp_challenge=b64(rp_challenge),
            session_secret=b64(started.session_secret),
            autostart_url=f"siths://auth/1/{started.autostart_token}",
            verification_code=started.verification_code,
            started_at=at.isoformat(),
            is_cancelled=False,
        ),
    )
    return reverse("signing", args=[kept.id])


def progress(kept: Waiting, *, at: datetime) -> tuple[str, str]:
    """Return how it goes: pending, failed or complete, and authn's hint. Gives nothing away."""
    if kept.is_cancelled:
        return "failed", FailureHint.RP_CANCEL.value
    try:
        seen = orders.progress(rp_id(), kept.order_ref, at=at)
    except OrderNotFound:
        return "failed", FailureHint.EXPIRED.value
    match seen:
        case orders.Pending(hint=hint):
            return "pending", hint.value
        case orders.Failed(hint=failure):
            return "failed", failure.value
        case orders.Ready():
            return "complete", PendingHint.PROCESSING.value


def cancel(request: HttpRequest, kept: Waiting, *, at: datetime) -> None:
    """Drop the order; the act waits on, so that the person may ask again or go back."""
    with suppress(OrderNotFound):  # outlived already
        orders.cancel(rp_id(), kept.order_ref, actor=rp_actor(), at=at)
    waiting.keep(request.session, replace(kept, is_cancelled=True))


def take_signature(
    request: HttpRequest, kept: Waiting, proofs: Mapping[str, str], *, at: datetime
) -> SignedAct:
    """Return the signature that the card client comes back with, kept and not yet spent.

    `proofs` are `d` and `u` of the return address, as at login. The signer must be the person logged in, by
    the card that they logged in with. Raises SignatureFailed.
    """
    row = _session(request, kept.kind)
    d, u = proofs.get("d", ""), proofs.get("u", "")
    session_secret = unb64(kept.session_secret)
    if not secrets.compare_digest(return_proof(session_secret).encode(), d.encode()):
        raise SignatureFailed(RETURN_MISMATCH)
    collected = _collected(kept, at=at)
    try:
        verify_return(session_secret=session_secret, user_challenge=collected.user_challenge, d=d, u=u)
    except BindingMismatch as error:
        raise SignatureFailed(RETURN_MISMATCH) from error
    return _signed(row, kept, collected, amr=means.SAME_DEVICE, at=at)


def may_type_code(request: HttpRequest) -> bool:
    """Say whether the digits of the client are taken here: in a session that was opened by them."""
    row = session_of(request)
    return row is not None and means.RETURN_CODE in row.amr


def take_typed_signature(request: HttpRequest, kept: Waiting, code: str, *, at: datetime) -> SignedAct:
    """Return the signature whose return code was typed, kept and not yet spent. Raises SignatureFailed."""
    row = _session(request, kept.kind)
    if not may_type_code(request):
        raise SignatureFailed(RETURN_MISMATCH)
    return _signed(row, kept, _collected(kept, at=at, code=code), amr=means.TYPED, at=at)


def _signed(
    row: PortalSession, kept: Waiting, collected: orders.Complete, *, amr: tuple[str, ...], at: datetime
) -> SignedAct:
    """Check once more what came back, whose it is, and by which card."""
    try:
        result = verified_result(_question(kept, collected), collected, amr=amr, at=at)
    except LoginFailed as failure:
        raise SignatureFailed(failure.hint) from failure
    person = people.person_behind(result)
    if person is None or str(person.pk) != row.person_id:
        raise SignatureFailed(FailureHint.WRONG_SUBJECT.value)
    if row.card_number and result.card_number != row.card_number:
        raise SignatureFailed(OTHER_CARD)
    return spending.keep_signed(
        SignedAct(
            id=uuid.UUID(kept.id),
            kind=kept.kind,
            content=kept.content,
            facts_hash=hashed(kept.content.encode()),
            evidence_id=collected.evidence_id,
            session=row,
            person_id=row.person_id,
            organization_id=row.organization_id,
            signed_at=collected.checked_at,
        )
    )


def _collected(kept: Waiting, *, at: datetime, code: str | None = None) -> orders.Complete:
    try:
        if code is None:
            collected = orders.collect(rp_id(), kept.order_ref, actor=rp_actor(), at=at)
        else:
            collected = orders.collect_by_code(rp_id(), kept.order_ref, code, actor=rp_actor(), at=at)
    except ReturnCodeWrong as error:
        raise SignatureFailed(RETURN_CODE_WRONG if error.tries_left else RETURN_CODE_SPENT) from error
    except OrderNotFound as error:
        raise SignatureFailed(FailureHint.EXPIRED.value) from error
    match collected:
        case orders.Pending():
            raise SignatureFailed(RETURN_MISMATCH)
        case orders.Failed(hint=hint):
            raise SignatureFailed(hint.value)
        case orders.Complete():
            return collected


def _question(kept: Waiting, collected: orders.Complete) -> Question:
    """Return what was to be signed, from our own session and nothing that came back."""
    return Question(
        purpose=purpose_of(kept.kind).value,
        order_ref=kept.order_ref,
        server_random=collected.server_random,
        rp_challenge=unb64(kept.rp_challenge),
        rp_id=rp_id(),
        rp_name=rp_name(),
        rp_origin=settings.SIGILL_PORTAL_URL,
        visible_text=kept.text,
        non_visible_hash=hashed(kept.content.encode()),
        flow=Flow.SAME_DEVICE.value,
        expires_at=collected.expires_at,
    )


def _session(request: HttpRequest, kind: str) -> PortalSession:
    row = session_of(request)
    if row is None or (not row.role and kind not in OWN_ACTS):
        raise NotLoggedIn("no session with a role")
    return row


def _identifiers(row: PortalSession) -> tuple[str, ...]:
    """Return the hash of every identifier by which a card may name the person who is logged in."""
    person = Person.objects.get(pk=row.person_id)
    numbers = {person.personal_identity_number or ""}
    numbers |= set(Employment.objects.filter(person=person).values_list("hsa_id", flat=True))
    return tuple(sorted(hashed(number.encode()) for number in numbers if number))
