"""Reads what the probe saw; changes nothing, asks nobody."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Avg, F, Max, Q, Sum
from django.db.models.functions import TruncHour

from ocsp.models import Landing, LandingReceipt, LatencySample, Measurement, Sighting, Specimen
from ocsp.states import LandingState, SightingState, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceProgress:
    """How far a revocation has come on one source: which nodes are awaited, when the last one said it."""

    source: Source
    seen_at: datetime | None
    awaited: tuple[str, ...] = ()
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one certificate's revocation has come."""

    certificate_id: UUID
    state: LandingState
    revoked_at: datetime
    ended_at: datetime | None
    sources: tuple[SourceProgress, ...]


def progress_of(certificate_ids: Iterable[UUID]) -> dict[UUID, Progress]:
    """Return how far each revocation has come; one that is not watched is not in the answer."""
    landings: dict[UUID, Landing] = {}
    sightings: dict[UUID, list[Sighting]] = {}
    # One question, one moment: the last sighting and the end of the watch are seen together or not at all.
    wanted = Sighting.objects.filter(landing_id__in=list(certificate_ids)).select_related("landing")
    for sighting in wanted.order_by("node"):
        landings[sighting.landing_id] = sighting.landing
        sightings.setdefault(sighting.landing_id, []).append(sighting)
    return {
        key: Progress(
            certificate_id=key,
            state=LandingState(landing.state),
            revoked_at=landing.revoked_at,
            ended_at=landing.ended_at,
            sources=tuple(
                _on_source(source, found)
                for source in Source
                if (found := [one for one in sightings.get(key, []) if one.source == source.value])
            ),
        )
        for key, landing in landings.items()
    }


def _on_source(source: Source, sightings: list[Sighting]) -> SourceProgress:
    awaited = [one for one in sightings if one.state == SightingState.AWAITED.value]
    seen = [one.seen_at for one in sightings if one.seen_at is not None]
    return SourceProgress(
        source=source,
        seen_at=None if awaited else max(seen, default=None),
        awaited=tuple(one.node for one in awaited),
        said=awaited[0].said if awaited else "",
    )


def measurements() -> list[Measurement]:
    """Return what the probe last saw of everything."""
    return list(Measurement.objects.order_by("issuer_key", "service", "node"))


@dataclass(frozen=True, slots=True, kw_only=True)
class HourOfService:
    """One hour of one service: how fast it answered, in milliseconds, and what failed."""

    service: str
    starts_at: datetime
    typical_ms: float
    worst_ms: float
    questions: int
    faults: int


def hours_of_service(*, at: datetime, count: int = 24) -> list[HourOfService]:
    """Return the last hours of each service over all nodes, oldest first; one without samples is left out."""
    first = at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=count - 1)
    hours = (
        LatencySample.objects.filter(asked_at__gte=first, asked_at__lte=at)
        .annotate(hour=TruncHour("asked_at", tzinfo=UTC))
        .values("service", "hour")
        .annotate(
            typical=Avg("median_ms", filter=Q(questions__gt=F("faults"))),
            worst=Max("worst_ms"),
            asked=Sum("questions"),
            failed=Sum("faults"),
        )
        .order_by("hour", "service")
    )
    return [
        HourOfService(
            service=row["service"],
            starts_at=row["hour"],
            typical_ms=row["typical"] or 0,
            worst_ms=row["worst"],
            questions=row["asked"],
            faults=row["failed"],
        )
        for row in hours
    ]


def landings_under_way() -> tuple[int, int]:
    """Return how many revocations are on their way, and how many of them are late."""
    late = Landing.objects.filter(state=LandingState.LATE.value).count()
    return Landing.objects.filter(state=LandingState.OPEN.value).count() + late, late


def specimens() -> list[Specimen]:
    """Return the test certificates that are in their state."""
    return list(Specimen.objects.filter(ready_at__isnull=False).order_by("pk"))


def specimen(state: str) -> Specimen | None:
    """Return the test certificate of a state, when it is there."""
    return Specimen.objects.filter(state=state, ready_at__isnull=False).first()


def landing_receipt(carrier_kind: str, carrier_id: str, language: str) -> LandingReceipt | None:
    """Return the sealed receipt of a carrier's revocations, or the row that waits for it."""
    return LandingReceipt.objects.filter(
        carrier_kind=carrier_kind, carrier_id=carrier_id, language=language
    ).first()
