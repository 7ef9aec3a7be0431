"""Whether the journal is intact, as far as the running check has seen, in words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from journal.models import Checkpoint, IntegrityWatch
from portal import moments
from portal.words import Tag

_STALE: Final = timedelta(minutes=5)
_WHOLE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the running check says now."""

    tag: Tag
    text: str
    is_broken: bool
    broken_row: int | None
    broken_text: str
    broken_at: datetime | None
    size: int
    root: str
    head_at: datetime | None
    verified_at: datetime | None
    whole_size: int
    whole_at: datetime | None
    round_position: int
    round_size: int

    @property
    def percent(self) -> int:
        """Return how much of the reading of everything is done."""
        return _WHOLE * self.round_position // self.round_size if self.round_size else 0

    @property
    def is_reading(self) -> bool:
        """Tell whether everything is being read again just now."""
        return self.round_position < self.round_size


def standing(*, at: datetime) -> Standing:
    """Return what the running check says at this moment."""
    watch = IntegrityWatch.objects.filter(id=1).first() or IntegrityWatch()
    head = Checkpoint.objects.filter(size=watch.verified_size).first() if watch.verified_size else None
    tag, text = _verdict(watch, head=head, at=at)
    return Standing(
        tag=tag,
        text=text,
        is_broken=watch.broken_at is not None,
        broken_row=watch.broken_row,
        broken_text=watch.broken_text,
        broken_at=watch.broken_at,
        size=watch.verified_size,
        root=watch.verified_root,
        head_at=head.at if head else None,
        verified_at=watch.verified_at,
        whole_size=watch.whole_size,
        whole_at=watch.whole_at,
        round_position=watch.round_position,
        round_size=watch.round_size,
    )


def _verdict(watch: IntegrityWatch, *, head: Checkpoint | None, at: datetime) -> tuple[Tag, str]:
    if watch.broken_at is not None:
        tag = Tag(tone="bad", icon="exclamation-octagon", label=_("The journal is broken"))
        row = watch.broken_row if watch.broken_row is not None and watch.broken_row >= 0 else None
        where = _("First wrong row: %(row)s.") % {"row": row} if row is not None else ""
        return tag, " ".join(part for part in (_found(watch, at), where) if part)
    if watch.verified_at is None or head is None:
        tag = Tag(tone="warn", icon="hourglass-split", label=_("Not checked yet"))
        return tag, _("The running check has not verified any signed head yet.")
    verified = _("%(size)s rows, verified %(when)s") % {
        "size": number(watch.verified_size),
        "when": moments.moment(watch.verified_at, now=at),
    }
    if at - watch.verified_at > _STALE:
        return Tag(tone="warn", icon="clock-history", label=_("The running check stands still")), verified
    return Tag(tone="ok", icon="shield-check", label=_("The journal is intact")), verified


def _found(watch: IntegrityWatch, at: datetime) -> str:
    when = moments.moment(watch.broken_at, now=at) if watch.broken_at else ""
    return _("Found %(when)s.") % {"when": when}


def number(value: int) -> str:
    """Return a number with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u202f")
