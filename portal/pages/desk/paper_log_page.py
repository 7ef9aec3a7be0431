"""The log of requests to block as it is shown: what each line means, what is wrong, what is kept (POR-15)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override

from cards.block_request_models import BlockRequest
from cards.block_request_selectors import MOST_A_DAY, left_today, registered_requests
from cards.paper_log import COLUMNS
from cards.paper_rows import CheckedRow, RowProblem
from cards.reasons import DESK_REASONS, BlockReason
from directory.selectors import names_of
from journal.actor import Actor
from portal import moments, problems, words
from portal.pages.managers.role_words import shown_name
from portal.pages.parts import grouped
from portal.words import Tag, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """A line of the log as it is shown: what it means here, or what is wrong with it."""

    line: int
    received: str
    holder: str
    what: Text
    reason: Text
    receiver: str
    tag: Tag
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLogPage:
    """What the page shows."""

    columns: str
    example: str
    text: str
    problem: Text
    rows: Sequence[LogRow]
    good: int
    digest: str
    button: Text
    kept: Sequence[LogRow]
    can_register: bool
    reasons: Sequence[Text]


def reason_words() -> Mapping[str, BlockReason]:
    """Return every way in which people write a reason: its code, and our words in both languages."""
    found: dict[str, BlockReason] = {}
    for language in ("sv", "en"):
        with override(language):
            found |= {str(words.BLOCK_REASONS[one]).casefold(): one for one in DESK_REASONS}
    return found | {one.value: one for one in DESK_REASONS}


def digest_of(rows: Sequence[CheckedRow]) -> str:
    """Return the digest of what the good lines mean, so that nothing else is registered than was shown."""
    told = "\n".join(
        f"{row.card.pk if row.card else ''} {row.certificate.pk if row.certificate else ''} "
        f"{row.received_at} {row.reason} {row.is_blocked_already}"
        for row in rows
    )
    return sha256(told.encode()).hexdigest()


def paper_log_page(
    rows: Sequence[CheckedRow] = (), *, actor: Actor, at: datetime, text: str = "", problem: Text = ""
) -> PaperLogPage:
    """Return the page: the form, the lines looked at, and what was registered lately in scope."""
    good = [row for row in rows if row.is_good]
    left = left_today(actor=actor, at=at)
    effective = sum(not row.is_blocked_already for row in good)
    if rows and not problem and effective > left:
        problem = _too_many(left)
    button = ngettext("Register %(count)d request", "Register %(count)d requests", len(good))
    return PaperLogPage(
        columns=";".join(COLUMNS),
        example=EXAMPLE,
        text=text,
        problem=problem,
        rows=[_log_row(row, at=at) for row in rows],
        good=len(good),
        digest=digest_of(good),
        button=button % {"count": len(good)},
        kept=_kept(actor=actor, at=at),
        can_register=bool(good) and effective <= left,
        reasons=[words.BLOCK_REASONS[one] for one in DESK_REASONS],
    )


def signed_line(row: CheckedRow) -> str:
    """Return what is blocked by a good line, and whose it is, as whoever registers it signs it."""
    holder = shown_name(row.person) if row.person else row.row.cell("holder")
    return f"{_meant(row)}, {holder}"


def _meant(row: CheckedRow) -> Text:
    """Return which card or certificate a line is about, or what was written."""
    if row.certificate is not None:
        return _("Certificate %(serial)s") % {"serial": f"{row.certificate.serial_hex[:16]}…"}
    if row.card is not None:
        return _("Card %(number)s") % {"number": grouped(row.card.card_number or "")}
    return row.row.cell("card") or row.row.cell("certificate")


def _log_row(row: CheckedRow, *, at: datetime) -> LogRow:
    written = row.row
    received = f"{written.cell('day')} {written.cell('clock')}"
    if row.problem is not None:
        told = problems.explain(row.refusal) if row.refusal and row.problem is RowProblem.REFUSED else None
        tag = Tag(tone="bad", icon="x-circle", label=_("Not right"))
        text = f"{told.title} {told.text}" if told else PROBLEMS[row.problem]
    elif row.is_blocked_already:
        tag = Tag(tone="info", icon="info-circle", label=_("Blocked already"))
        text = _("The request is kept; nothing else changes.")
    else:
        tag = Tag(tone="ok", icon="check-circle", label=_("Will be blocked"))
        text = ""
    return LogRow(
        line=written.line,
        received=moments.moment(row.received_at, now=at) if row.received_at else received,
        holder=shown_name(row.person) if row.person else written.cell("holder"),
        what=_meant(row),
        reason=words.BLOCK_REASONS[row.reason] if row.reason else written.cell("reason"),
        receiver=written.cell("received_by"),
        tag=tag,
        text=text,
    )


def _kept(*, actor: Actor, at: datetime) -> list[LogRow]:
    found = registered_requests(actor=actor, limit=20)
    names = names_of({one.registered_by for one in found})
    return [_kept_row(one, names, number, at=at) for number, one in enumerate(found, start=1)]


def _kept_row(one: BlockRequest, names: Mapping[str, str], number: int, *, at: datetime) -> LogRow:
    what = _("Certificate")
    if one.card is not None and not one.certificate_id:
        what = _("Card %(number)s") % {"number": f"…\u2060{(one.card.card_number or '')[-3:]}"}
    registered = Tag(tone="ok", icon="check-circle", label=_("Registered"))
    without = Tag(tone="info", icon="info-circle", label=_("Blocked already"))
    return LogRow(
        line=number,
        received=moments.moment(one.received_at, now=at),
        holder=shown_name(one.person),
        what=what,
        reason=words.BLOCK_REASONS[BlockReason(one.reason)],
        receiver=one.received_by or names.get(one.registered_by, ""),
        tag=registered if one.had_effect else without,
        text=_("registered %(when)s") % {"when": moments.moment(one.registered_at, now=at)},
    )


def _too_many(left: int) -> Text:
    return _(
        "One person registers at most %(most)d blocks in a day, and you have %(left)d left. "
        "Let a colleague register the rest."
    ) % {"most": MOST_A_DAY, "left": max(left, 0)}


EXAMPLE: Final = (
    "2026-12-18;08:15;Tolvan Tolvansson;9752 2789 0000 0000 000;;förlorat eller stulet kort;Ada Adamsson;"
    "SE5565594230-0001;ringde"
)
PROBLEMS: Final[Mapping[RowProblem, Text]] = {
    RowProblem.NO_TIME: gettext_lazy("Write the day as YYYY-MM-DD and the time as HH:MM, Swedish time."),
    RowProblem.IN_FUTURE: gettext_lazy("The time lies in the future."),
    RowProblem.NO_REASON: gettext_lazy("Write one of the reasons below, in Swedish or English."),
    RowProblem.NO_RECEIVER: gettext_lazy("Write who received the request, with HSA-id or personal number."),
    RowProblem.NOTHING_TO_BLOCK: gettext_lazy("Write the card's number or the certificate's serial number."),
    RowProblem.UNKNOWN_CARD: gettext_lazy("No such card in your organizations."),
    RowProblem.UNKNOWN_CERTIFICATE: gettext_lazy(
        "No such certificate in your organizations, or not on this card."
    ),
    RowProblem.HOLDER_DIFFERS: gettext_lazy("The holder is somebody else: check name, number and card."),
    RowProblem.TOO_EARLY: gettext_lazy("Nobody can have asked before the card or certificate began."),
    RowProblem.REFUSED: gettext_lazy("A rule stops it."),
}
