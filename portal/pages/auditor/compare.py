"""Whether a newer head continues an older one: for heads of this journal, and for one that somebody kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from directory.swedish_time import SWEDEN
from journal.audit_key import NoAuditKey, audit_key
from journal.merkle import root_from_consistency
from journal.models import Checkpoint, Entry, TreeState
from journal.proofs import consistency_proof, tree_of
from journal.restores import DatabaseRestored
from journal.tiles import NotInTree
from journal.verify import BrokenJournal, Head, read_head
from portal.pages.auditor.picture import Span, consistency_span
from portal.pages.auditor.reach import reader
from portal.pages.auditor.standing import number
from portal.pages.parts import Crumb
from portal.words import Tag, Text

_LONGEST: Final = 4_000
_DIGITS: Final = 19
"""Of what a database counts with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the comparison says, in words, and the proof it rests on."""

    tag: Tag
    tone: str
    title: Text
    text: Text
    older: Head | None = None
    newer: Head | None = None
    proof: Sequence[str] = ()
    span: Span | None = None
    link: str = ""
    link_text: Text = ""

    @property
    def heads(self) -> tuple[tuple[Text, Head], ...]:
        """Return the heads that were compared, each with what it is called here."""
        pairs = ((_("The older head"), self.older), (_("The newer head"), self.newer))
        return tuple((name, head) for name, head in pairs if head is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadChoice:
    """A head to choose from."""

    size: int
    label: str
    is_old: bool
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparePage:
    """What the page shows."""

    verdict: Verdict | None
    choices: Sequence[HeadChoice]
    old_note: str
    new_note: str
    crumbs: Sequence[Crumb]


class _Unreadable(Exception):
    """What was given is no head of this journal; the message says what it is."""


@require_http_methods(["GET", "HEAD", "POST"])
def show_comparison(request: HttpRequest) -> HttpResponse:
    """Compare two heads: chosen by size, or as they were kept."""
    reader(request)
    given = request.POST if request.method == "POST" else request.GET
    old, new = given.get("old", ""), given.get("new", "")
    old_note, new_note = given.get("old_note", "")[:_LONGEST], given.get("new_note", "")[:_LONGEST]
    page = compare_page(old=old, new=new, old_note=old_note, new_note=new_note)
    return render(request, "portal/compare.html", {"page": page})


def compare_page(*, old: str = "", new: str = "", old_note: str = "", new_note: str = "") -> ComparePage:
    """Return the page with the verdict over two heads, each a size of this journal's or a kept note."""
    verdict = None
    if old or old_note.strip():
        try:
            verdict = compare(_head(old, old_note), _head(new, new_note))
        except _Unreadable as error:
            verdict = _bad(_("This is not a head of this journal"), str(error))
    return ComparePage(
        verdict=verdict,
        choices=_choices(old, new),
        old_note=old_note,
        new_note=new_note,
        crumbs=(
            Crumb(label=_("Journal"), url=reverse("journal")),
            Crumb(label=_("Is the journal intact?"), url=reverse("journal-intact")),
            Crumb(label=_("Compare two heads")),
        ),
    )


def compare(one: Head, other: Head) -> Verdict:
    """Return whether the larger head continues the smaller; both are signed by the audit key."""
    older, newer = sorted((one, other), key=lambda head: head.size)
    verdict = _compare(older, newer)
    return replace(verdict, older=older, newer=newer)


def _compare(older: Head, newer: Head) -> Verdict:
    if older.origin != newer.origin:
        return _bad(
            _("Two different journals"),
            _("The heads name different journals, so one cannot continue the other."),
        )
    if older.size == newer.size:
        return _of_one_size(older, newer)
    if newer.size > _tree_size():
        return _larger_than_the_log(newer)
    for head in (older, newer):
        if _root(head.size) != head.root_hash:
            return _bad(
                _("Not the journal that was signed then"),
                _("The first %(size)s rows of this journal give another root hash than the head says.")
                % {"size": number(head.size)},
            )
    proof = consistency_proof(older.size, newer.size)
    if root_from_consistency(older.size, newer.size, older.root_hash, proof) != newer.root_hash:
        return _bad(_("Not consistent"), _("The proof does not lead from the older head to the newer."))
    return replace(
        _good(
            _("The newer head continues the older"),
            _(
                "The first %(old)s rows are the very same under both heads: none was changed, removed or "
                "put in. %(more)s rows have come after them."
            )
            % {"old": number(older.size), "more": number(newer.size - older.size)},
        ),
        proof=[node.hex() for node in proof],
        span=consistency_span(older.size, newer.size, proof),
    )


def _of_one_size(older: Head, newer: Head) -> Verdict:
    if older.root_hash == newer.root_hash:
        return _good(_("The same head"), _("Both are signed over the same rows and give the same root hash."))
    return _bad(
        _("Two truths about the same rows"),
        _("Both are signed over as many rows, yet give different root hashes: the journal has two faces."),
    )


def _larger_than_the_log(head: Head) -> Verdict:
    verdict = _bad(
        _("The journal is shorter than this head"),
        _("The head is signed over %(size)s rows; the journal holds %(here)s. Rows have been lost.")
        % {"size": number(head.size), "here": number(_tree_size())},
    )
    restore = Entry.objects.filter(type=DatabaseRestored.TYPE).order_by("-at", "-id").first()
    if restore is None:
        return verdict
    return replace(
        verdict,
        link=reverse("journal-event", args=[restore.pk]),
        link_text=_("The database has been restored from a backup: read the event"),
    )


def _head(size: str, note: str) -> Head:
    """Return the head of a kept note, or of this journal at a size, or the newest. Raises ``_Unreadable``."""
    try:
        key = audit_key(settings.SIGILL_HOME)
    except NoAuditKey as error:
        raise _Unreadable(_("The audit key is not here, so no head can be checked.")) from error
    if not note.strip():
        note = _note_here(size)
    try:
        return read_head(_as_kept(note), key)
    except (BrokenJournal, ValueError) as error:
        raise _Unreadable(
            _(
                "It is not three lines with a signature by this journal's audit key. Paste the whole file as "
                "you kept it."
            )
        ) from error


def _note_here(size: str) -> str:
    heads = Checkpoint.objects.order_by("-size")
    if size.isdecimal() and len(size) < _DIGITS:
        heads = heads.filter(size=int(size))
    head = heads.first()
    if head is None:
        raise _Unreadable(_("No head is signed over just so many rows."))
    return head.note


def _as_kept(note: str) -> str:
    """Return a pasted note with the line ends that it was signed with."""
    return note.replace("\r\n", "\n").strip() + "\n"


def _root(size: int) -> bytes:
    try:
        return tree_of(size).root()
    except NotInTree:
        return b""


def _tree_size() -> int:
    return TreeState.objects.filter(id=1).values_list("size", flat=True).first() or 0


def _choices(old: str, new: str) -> list[HeadChoice]:
    newest = list(Checkpoint.objects.order_by("-size")[:20])
    oldest = Checkpoint.objects.order_by("size").first()
    sizes = [int(one) for one in (old, new) if one.isdecimal() and len(one) < _DIGITS]
    asked = Checkpoint.objects.filter(size__in=sizes)
    heads = {head.size: head for head in (*newest, *asked, *([oldest] if oldest else []))}
    return [
        HeadChoice(
            size=size,
            label=_("%(size)s rows, %(when)s") % {"size": number(size), "when": _when(heads[size].at)},
            is_old=str(size) == old or (not old and size == min(heads)),
            is_new=str(size) == new or (not new and size == newest[0].size),
        )
        for size in sorted(heads, reverse=True)
    ]


def _when(at: datetime) -> str:
    return f"{at.astimezone(SWEDEN):%Y-%m-%d %H:%M:%S}"


def _good(title: Text, text: Text) -> Verdict:
    tag = Tag(tone="ok", icon="check-circle", label=_("Consistent"))
    return Verdict(tag=tag, tone="ok", title=title, text=text)


def _bad(title: Text, text: Text) -> Verdict:
    tag = Tag(tone="bad", icon="exclamation-octagon", label=_("Not consistent"))
    return Verdict(tag=tag, tone="bad", title=title, text=text)
