"""The rows of revocations on their way: opened, each sighting noted once, closed when everything was seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from ca.models import Certificate
from journal.actor import Actor
from journal.recording import record, rfc3339
from ocsp.events import RevocationClosed, RevocationSeen, RevocationUnseen
from ocsp.models import Landing, Sighting
from ocsp.states import (
    LANDING_MOVES,
    SIGHTING_MOVES,
    LandingAction,
    LandingState,
    SightingAction,
    SightingState,
    Source,
    landing_states_before,
)

LIMIT: Final = timedelta(seconds=90)
"""Not seen everywhere after this long is an alarm: the lists are promised within a minute."""
TOO_OLD: Final = timedelta(days=1)
"""A revocation that was never watched and is older than this is not watched any more."""
PROBE: Final = Actor.system("probe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One source on one node."""

    source: Source
    node: str


def open_landing(certificate: Certificate, places: Sequence[Place], *, at: datetime) -> Landing:
    """Begin to watch a revocation; one that is watched stays as it is."""
    if certificate.revoked_at is None:
        msg = f"{certificate.pk} is not revoked"
        raise ValueError(msg)
    with transaction.atomic():
        landing, is_new = Landing.objects.get_or_create(
            certificate=certificate, defaults={"revoked_at": certificate.revoked_at, "opened_at": at}
        )
        if is_new:
            Sighting.objects.bulk_create(
                Sighting(landing=landing, source=place.source.value, node=place.node) for place in places
            )
    return landing


def note_seen(sighting: Sighting, *, crl_number: int | None, at: datetime) -> bool:
    """Note that ``revoked`` was seen, once, and close the landing with the last of all in one transaction.

    Return whether it was this call that noted it.
    """
    seen = SIGHTING_MOVES[SightingState.AWAITED, SightingAction.SEE]
    certificate = sighting.landing.certificate
    with transaction.atomic():
        # Whoever else sees something of it waits: of the last two each would take the other's for awaited.
        landing = Landing.objects.select_for_update().get(pk=sighting.landing_id)
        moved = Sighting.objects.filter(pk=sighting.pk, state=SightingState.AWAITED.value).update(
            state=seen.value, seen_at=at, asked_at=at, said="revoked", crl_number=crl_number
        )
        if not moved:
            return False
        event = RevocationSeen(
            certificate_id=str(certificate.pk),
            issuer_id=certificate.issuer_id,
            organization_id=certificate.organization_id,
            serial=certificate.serial_hex,
            source=sighting.source,
            node=sighting.node,
            revoked_at=rfc3339(sighting.landing.revoked_at),
            seen_at=rfc3339(at),
            crl_number="" if crl_number is None else str(crl_number),
        )
        record(event, actor=PROBE, at=at)
        if not landing.sightings.filter(state=SightingState.AWAITED.value).exists():
            _move(landing, LandingAction.CLOSE, [], at=at)
    return True


def note_unseen(sighting: Sighting, *, said: str, at: datetime) -> None:
    """Note what was said instead."""
    Sighting.objects.filter(pk=sighting.pk, state=SightingState.AWAITED.value).update(
        asked_at=at, said=said[:200]
    )


def settle(landing: Landing, *, at: datetime) -> LandingState:
    """Close a landing of which everything was seen, call one late that is, and return where it stands.

    Late is what was asked about after its time and still did not say it; what nobody could ask about yet,
    because very many are revoked at once, is not. Safe to repeat and to be done by several at once.
    """
    awaited = list(
        landing.sightings.filter(state=SightingState.AWAITED.value)
        .order_by("source", "node")
        .values_list("source", "node", "asked_at")
    )
    state = LandingState(landing.state)
    if not awaited:
        action = LandingAction.CLOSE
    elif landing.certificate.not_after <= at:
        action = LandingAction.LAPSE
    elif state is LandingState.OPEN and any(
        asked_at is not None and asked_at - landing.revoked_at > LIMIT for _, _, asked_at in awaited
    ):
        action = LandingAction.PASS_LIMIT
    else:
        return state
    return _move(landing, action, [(source, node) for source, node, _ in awaited], at=at)


def _move(
    landing: Landing, action: LandingAction, awaited: list[tuple[str, str]], *, at: datetime
) -> LandingState:
    before = LandingState(landing.state)
    after = LANDING_MOVES.get((before, action))
    if after is None:
        return before
    moment = {"late_at": at} if action is LandingAction.PASS_LIMIT else {"ended_at": at}
    with transaction.atomic():
        moved = Landing.objects.filter(pk=landing.pk, state__in=landing_states_before(action)).update(
            state=after.value, **moment
        )
        if moved:
            _record(landing, action, awaited, at=at)
    landing.refresh_from_db()
    return LandingState(landing.state)


def _record(landing: Landing, action: LandingAction, awaited: list[tuple[str, str]], *, at: datetime) -> None:
    certificate = landing.certificate
    if action is LandingAction.CLOSE:
        closed = RevocationClosed(
            certificate_id=str(certificate.pk),
            issuer_id=certificate.issuer_id,
            organization_id=certificate.organization_id,
            serial=certificate.serial_hex,
            revoked_at=rfc3339(landing.revoked_at),
            closed_at=rfc3339(at),
            sightings=landing.sightings.count(),
        )
        record(closed, actor=PROBE, at=at)
        return
    unseen = RevocationUnseen(
        certificate_id=str(certificate.pk),
        issuer_id=certificate.issuer_id,
        organization_id=certificate.organization_id,
        serial=certificate.serial_hex,
        revoked_at=rfc3339(landing.revoked_at),
        awaited=tuple(f"{source} {node}" for source, node in awaited),
    )
    record(unseen, actor=PROBE, at=at)
