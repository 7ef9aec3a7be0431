"""Blocks a card or one certificate on a request that is kept, also one noted on paper (POR-15)."""

import calendar
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from ca.errors import RequestedBeforeCertificate
from ca.revocation import Revoked, revoke
from cards.block_request_models import BlockRequest
from cards.block_request_selectors import held_certificate
from cards.blocking import block_card
from cards.errors import (
    AlreadyBlocked,
    Refused,
    RequestedBeforeTheCertificate,
    RequestedInTheFuture,
)
from cards.events import BlockRequestForgotten, BlockRequestRegistered
from cards.mobile.blocking import end_mobile_with_certificate, lock_mobile_of
from cards.models import Card
from cards.reasons import REVOCATION_REASONS, BlockReason
from cards.selectors import get_card
from journal.actor import Actor
from journal.recording import record, rfc3339

KEPT_YEARS: Final = 10
"""How long a request is kept from its registration (POR-15)."""
_FORGOTTEN_AT_ONCE: Final = 1000
"""The next night goes on with the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """When and by whom a request was received; names as on the paper, empty for one at the desk."""

    at: datetime
    by: str = ""
    by_id: str = ""
    holder: str = ""


def block_certificate(
    *,
    certificate_id: UUID | str,
    reason: BlockReason,
    received: Received,
    note: str = "",
    actor: Actor,
    at: datetime,
) -> BlockRequest:
    """Revoke one certificate of a person for good, and keep the request; the card and its others go on.

    Registering the same request again gives the row that there is. One for a certificate that was revoked
    meanwhile is kept too, without effect. Raises ``CertificateNotFound``, ``Refused``,
    ``RequestedInTheFuture`` and ``RequestedBeforeTheCertificate``.
    """
    if received.at > at:
        raise RequestedInTheFuture("received later than now", facts={"requested_at": received.at.isoformat()})
    with transaction.atomic():
        held = held_certificate(certificate_id, actor=actor, at=at)
        if held.refusal is not None and held.refusal.code != "certificate_revoked":
            raise Refused(held.refusal)
        certificate = held.certificate
        lock_mobile_of(certificate)
        try:
            done = revoke(
                certificate_id=certificate.pk,
                reason=REVOCATION_REASONS[reason],
                requested_at=received.at,
                actor=actor,
                at=at,
            )
        except RequestedBeforeCertificate as error:
            raise RequestedBeforeTheCertificate(
                "received before the certificate began", facts=dict(error.facts)
            ) from error
        end_mobile_with_certificate(certificate, reason=reason, requested_at=received.at, actor=actor, at=at)
        return _register(
            person_id=held.person.pk,
            organization_id=UUID(certificate.organization_id),
            card=held.card,
            certificate_id=str(certificate.pk),
            reason=reason,
            received=received,
            note=note,
            had_effect=isinstance(done, Revoked),
            actor=actor,
            at=at,
        )


def block_card_afterwards(
    *,
    card_id: UUID | str,
    reason: BlockReason,
    received: Received,
    note: str = "",
    actor: Actor,
    at: datetime,
) -> BlockRequest:
    """Block a card on a request that was noted on paper, and keep the request.

    As ``block_certificate`` for the whole card. Raises what ``block_card`` raises but ``AlreadyBlocked``.
    """
    with transaction.atomic():
        card = get_card(str(card_id), actor=actor)
        try:
            with transaction.atomic():
                block_card(
                    card_id=str(card.pk),
                    reason=reason,
                    requested_at=received.at,
                    note=note,
                    actor=actor,
                    at=at,
                )
            had_effect = True
        except AlreadyBlocked:
            had_effect = False
        return _register(
            person_id=card.person_id,
            organization_id=card.organization_id,
            card=card,
            certificate_id="",
            reason=reason,
            received=received,
            note=note,
            had_effect=had_effect,
            actor=actor,
            at=at,
        )


def forget_old_requests(*, actor: Actor, at: datetime) -> int:
    """Delete the requests that have been kept long enough, each told in the journal; return how many."""
    year = at.year - KEPT_YEARS
    day = min(at.day, calendar.monthrange(year, at.month)[1])
    due = BlockRequest.objects.filter(registered_at__lt=at.replace(year=year, day=day))
    with transaction.atomic():
        rows = list(due.select_for_update().order_by("registered_at", "pk")[:_FORGOTTEN_AT_ONCE])
        BlockRequest.objects.filter(pk__in=[row.pk for row in rows]).delete()
        for row in rows:
            event = BlockRequestForgotten(
                block_request_id=str(row.pk),
                card_id=str(row.card_id or ""),
                certificate_id=row.certificate_id,
                person_id=str(row.person_id),
                organization_id=str(row.organization_id),
                registered_at=rfc3339(row.registered_at),
            )
            record(event, actor=actor, at=at)
    return len(rows)


def _register(
    *,
    person_id: UUID,
    organization_id: UUID,
    card: Card | None,
    certificate_id: str,
    reason: BlockReason,
    received: Received,
    note: str,
    had_effect: bool,
    actor: Actor,
    at: datetime,
) -> BlockRequest:
    row, is_new = BlockRequest.objects.get_or_create(
        person_id=person_id,
        card=card,
        certificate_id=certificate_id,
        received_at=received.at,
        defaults={
            "organization_id": organization_id,
            "reason": reason.value,
            "note": note[:500],
            "holder_as_written": received.holder[:200],
            "received_by": received.by[:120],
            "received_by_id": received.by_id[:40],
            "registered_at": at,
            "registered_by": actor.identifier,
            "had_effect": had_effect,
        },
    )
    if is_new:
        event = BlockRequestRegistered(
            block_request_id=str(row.pk),
            card_id="" if card is None else str(card.pk),
            certificate_id=certificate_id,
            person_id=str(person_id),
            organization_id=str(organization_id),
            reason=reason.value,
            requested_at=received.at.isoformat(),
            is_from_paper=bool(received.by),
            had_effect=had_effect,
        )
        record(event, actor=actor, at=at)
    return row
