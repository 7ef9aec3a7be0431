"""How far the block of a card has come: ledger, OCSP, lists. Shows what the probe saw, asks nobody."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ca.models import Certificate
from ca.selectors import certificates_on_carrier
from cards.models import Card
from cards.selectors import CARRIER_KIND
from ocsp.selectors import Progress, SourceProgress, landing_receipt, progress_of
from ocsp.states import LandingState, Source
from portal import moments, words
from portal.pages.parts import CertificateLanding, Landing, LandingReceipt, Stop

_WATCHED: Final = timedelta(days=1)
"""What was blocked longer ago than this was never watched, if nothing tells of it."""
_PROMPT: Final = timedelta(minutes=10)
"""What was seen later than this was not looked at while it happened: only that it is so is claimed."""
_ENDED: Final = frozenset({LandingState.CLOSED, LandingState.LAPSED})


def of_card(card: Card, *, at: datetime) -> Landing:
    """Return the places that a block has to reach, and which of them have been seen to have it."""
    revoked = [
        one for one in certificates_on_carrier(CARRIER_KIND, str(card.pk)) if one.revoked_at is not None
    ]
    if not revoked:
        return Landing(card_id=str(card.pk), stops=())
    progress = progress_of(one.pk for one in revoked)
    latest = max(one.revoked_at for one in revoked if one.revoked_at)
    stops = [_ledger(latest, at=at)]
    stops += [
        _stop([_on(progress.get(one.pk), source) for one in revoked], source, progress)
        for source in _sources(progress)
    ]
    is_settled = all(one.pk in progress and progress[one.pk].state in _ENDED for one in revoked)
    return Landing(
        card_id=str(card.pk),
        stops=tuple(stops),
        certificates=tuple(_certificate(one, progress.get(one.pk)) for one in revoked),
        is_watched=not is_settled and (at - latest < _WATCHED or bool(progress)),
        is_late=any(one.state is LandingState.LATE for one in progress.values()),
        receipt=_receipt(card) if is_settled else None,
    )


def _sources(progress: Mapping[UUID, Progress]) -> list[Source]:
    """Return the sources that count: a delta where one is offered."""
    offered = {one.source for each in progress.values() for one in each.sources}
    return [source for source in Source if source in offered or source is not Source.DELTA_CRL]


def _on(progress: Progress | None, source: Source) -> tuple[Progress | None, SourceProgress | None]:
    if progress is None:
        return None, None
    return progress, next((one for one in progress.sources if one.source is source), None)


def _ledger(when: datetime, *, at: datetime) -> Stop:
    """Return the first stop: the revocation stands in our own database, in the block's own transaction."""
    return Stop(name=_("The ledger"), text=moments.moment(when, now=at), progress="done")


def _stop(
    found: Sequence[tuple[Progress | None, SourceProgress | None]],
    source: Source,
    progress: Mapping[UUID, Progress],
) -> Stop:
    name = words.STATUS_SOURCES[source.value]
    asked = [(one, on) for one, on in found if one is not None and on is not None]
    awaited = [on for _one, on in asked if on.seen_at is None]
    if awaited or len(progress) < len(found):
        if any(one.state is LandingState.LATE for one, on in asked if on.seen_at is None):
            return Stop(name=name, text=_("not seen, and late"), progress="failed")
        promise = _("not seen yet") if source is Source.OCSP else _("within a minute")
        return Stop(name=name, text=promise, progress="now")
    return Stop(name=name, text=_seen(asked), progress="done")


def _seen(asked: Sequence[tuple[Progress, SourceProgress]]) -> str:
    spans = [on.seen_at - one.revoked_at for one, on in asked if on.seen_at]
    if not spans:
        return _("not asked for")
    if max(spans) > _PROMPT:
        return _("says revoked")
    last = max(on.seen_at for _one, on in asked if on.seen_at)
    return _("%(clock)s, after %(span)s") % {
        "clock": moments.clock(last),
        "span": moments.span(max(max(spans).total_seconds(), 0.0)),
    }


def _certificate(row: Certificate, progress: Progress | None) -> CertificateLanding:
    alone = {} if progress is None else {row.pk: progress}
    return CertificateLanding(
        name=words.KEY_PURPOSES.get(row.name, row.name),
        serial=row.serial_hex,
        stops=tuple(_stop([_on(progress, source)], source, alone) for source in _sources(alone)),
    )


def _receipt(card: Card) -> LandingReceipt:
    made = landing_receipt(CARRIER_KIND, str(card.pk), get_language() or "sv")
    if made is None:
        return LandingReceipt(state="offered", url=reverse("card-landing-receipt", args=[card.pk]))
    if made.made_at is None:
        return LandingReceipt(state="awaited", url="")
    return LandingReceipt(state="made", url=reverse("card-landing-receipt-pdf", args=[card.pk]))
