"""The rows of revocations on their way: opened, each sighting noted once, closed when everything was seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from ca.models import Certificate
from journal.actor import Actor
from journal.recording import record, record_all, rfc3339
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
    return open_landings({certificate: places}, at=at)[0]


def open_landings(revoked: Mapping[Certificate, Sequence[Place]], *, at: datetime) -> list[Landing]:
    """Begin to watch revocations, each on its places, in one transaction; what is watched stays as it is."""
    wanted = {}
    for certificate in revoked:
        if certificate.revoked_at is None:
            msg = f"{certificate.pk} is not revoked"
            raise ValueError(msg)
        wanted[certificate.pk] = Landing(
            certificate=certificate, revoked_at=certificate.revoked_at, opened_at=at
        )
    with transaction.atomic():
        known = set(Landing.objects.filter(pk__in=wanted).values_list("pk", flat=True))
        fresh = {key: landing for key, landing in wanted.items() if key not in known}
        Landing.objects.bulk_create(fresh.values())
        Sighting.objects.bulk_create(
            Sighting(landing=fresh[certificate.pk], source=place.source.value, node=place.node)
            for certificate, places in revoked.items()
            if certificate.pk in fresh
            for place in places
        )
    return list(Landing.objects.filter(pk__in=wanted).order_by("pk"))


def note_seen(sighting: Sighting, *, crl_number: int | None, at: datetime) -> bool:
    """Note that ``revoked`` was seen, once, and close the landing with the last of all.

    Return whether it was this call that noted it.
    """
    return note_all_seen({crl_number: [sighting]}, at=at) == 1


def note_all_seen(seen: Mapping[int | None, Sequence[Sighting]], *, at: datetime) -> int:
    """Note that ``revoked`` was seen, each once, and close landings with the last of all; return how many.

    ``seen`` is by the number of the list that said it, None for OCSP. All of it in one transaction.
    """
    sightings = [one for some in seen.values() for one in some]
    if not sightings:
        return 0
    after = SIGHTING_MOVES[SightingState.AWAITED, SightingAction.SEE]
    with transaction.atomic():
        # Whoever else sees something of them waits: of the last two each would take the other's for awaited.
        ids = {one.landing_id for one in sightings}
        landings = list(Landing.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
        awaited = Sighting.objects.filter(landing__in=ids, state=SightingState.AWAITED.value)
        open_ones = set(awaited.values_list("pk", flat=True))
        events = []
        for crl_number, some in seen.items():
            mine = [one for one in some if one.pk in open_ones]
            awaited.filter(pk__in=[one.pk for one in mine]).update(
                state=after.value, seen_at=at, asked_at=at, said="revoked", crl_number=crl_number
            )
            events += [_seen(one, crl_number, at=at) for one in mine]
        record_all(events, actor=PROBE, at=at)
        left = set(awaited.values_list("landing_id", flat=True))
        by_id = {one.landing_id: one.landing.certificate for one in sightings}
        for landing in landings:
            if landing.pk not in left:
                landing.certificate = by_id[landing.pk]
                _move(landing, LandingAction.CLOSE, [], at=at)
    return len(events)


def _seen(sighting: Sighting, crl_number: int | None, *, at: datetime) -> RevocationSeen:
    certificate = sighting.landing.certificate
    return RevocationSeen(
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


def note_unseen(sighting: Sighting, *, said: str, at: datetime) -> None:
    """Note what was said instead."""
    note_all_unseen({said: [sighting]}, at=at)


def note_all_unseen(unseen: Mapping[str, Sequence[Sighting]], *, at: datetime) -> None:
    """Note what was said instead, of each by what was said."""
    for said, some in unseen.items():
        keys = [one.pk for one in some]
        Sighting.objects.filter(pk__in=keys, state=SightingState.AWAITED.value).update(
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
