"""A search of the journal as a file with proof: JSON lines, or a table with the proof beside it in a ZIP.

The answer is streamed: whatever is asked for, a few hundred rows are in memory, and the row numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from directory.lifecycle import record_protected_opening
from directory.models import Person
from directory.swedish_time import SWEDEN
from journal.actor import Actor
from journal.exporting import row_of
from journal.exports import record_export
from journal.models import Checkpoint, Entry, Leaf
from journal.personal import openings_of
from journal.proofs import BUNDLE_FORMAT, tree_of
from journal.recording import canonical_json
from journal.searching import matching
from portal.pages import asking
from portal.pages.auditor.asked import Asked
from portal.pages.auditor.journal import reach_for
from portal.pages.auditor.known import known, told
from portal.pages.auditor.reach import reader
from portal.pages.auditor.spreadsheet import heading, line
from portal.pages.auditor.standing import number
from portal.pages.auditor.subjects import subjects_of
from portal.pages.auditor.zipping import Packed, packed
from portal.pages.desk.opening import reasons_given
from portal.pages.desk.people import count_search

MOST_ROWS: Final = 100_000
_BATCH: Final = 500
_FORMATS: Final = frozenset({"csv", "jsonl"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What is written: these rows under this head; ``hidden`` rows without what they say."""

    positions: Sequence[int]
    hidden: frozenset[int]
    opened: frozenset[str]
    head: Checkpoint
    reader: Actor
    name: str


@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """Answer the search that the form names as a file; recorded before the first octet leaves."""
    actor, at = reader(request), asking.now()
    asked = Asked.read(request.POST)
    format_ = request.POST.get("format", "")
    head = Checkpoint.objects.order_by("-size").first()
    count_search(actor, at=at)
    if format_ not in _FORMATS or head is None:
        return _refused(request, asked, _("Choose a format. The journal needs at least one signed head."))
    opened = reasons_given(request, at=at)
    found = chosen(asked, head=head, opened=opened, actor=actor, at=at)
    if not found.positions:
        return _refused(request, asked, _("No row of this search has its place under a signed head yet."))
    if len(found.positions) > MOST_ROWS:
        text = _("An export holds at most %(most)s events. Narrow the time and export it in parts.")
        return _refused(request, asked, text % {"most": number(MOST_ROWS)})
    _record(found, asked=asked, reasons=opened, format_=format_, actor=actor, at=at)
    return _file(found, format_=format_)


def chosen(
    asked: Asked, *, head: Checkpoint, opened: Mapping[str, str], actor: Actor, at: datetime
) -> Export:
    """Return the rows that a search finds and that the head covers, in their order in the journal.

    Of protected people it tells in full of those in ``opened`` (reasons by person's id) alone.
    """
    subjects = subjects_of(asked.parameters(), opened=opened, actor=actor, at=at)
    named = frozenset(one.person_id for one in subjects if one.person_id) | frozenset(opened)
    walk = matching(asked.criteria(actor=actor), reach=reach_for(asked, subjects=subjects, actor=actor))
    positions: list[int] = []
    hidden: set[int] = set()
    while (batch := list(islice(walk, _BATCH))) and len(positions) <= MOST_ROWS:
        places = _places(batch, head=head)
        positions += places.values()
        read = told(batch)
        names = known(read, opened=named)
        hidden |= {places[one.entry.pk] for one in read if names.hides(one) and one.entry.pk in places}
    return Export(
        positions=sorted(positions),
        hidden=frozenset(hidden),
        opened=named,
        head=head,
        reader=actor,
        name=f"sigill-journal-{at.astimezone(SWEDEN):%Y%m%d-%H%M}",
    )


def bundle(export: Export) -> Iterator[str]:
    """Yield the proof bundle that ``verify.py`` checks; hidden rows are only their leaf hash."""
    head = export.head
    header = {"format": BUNDLE_FORMAT, "version": 1, "rows": len(export.positions), "note": head.note}
    yield canonical_json(header) + "\n"
    tree = tree_of(head.size)
    for leaves in _leaves(export):
        read = {one.entry.pk: one for one in told([leaf.entry for leaf in leaves])}
        names = known(read.values(), opened=export.opened)
        openings = openings_of([leaf.entry for leaf in leaves])
        for leaf in leaves:
            is_open = names.opens(read[leaf.entry_id], reader=export.reader)
            row = row_of(leaf, openings.get(leaf.entry_id, {}) if is_open else {})
            if leaf.position in export.hidden:
                row = {"position": leaf.position, "leaf_hash": bytes(leaf.leaf_hash).hex()}
            path = [node.hex() for node in tree.inclusion_proof(leaf.position)]
            yield canonical_json(row | {"proof": path}) + "\n"


def table(export: Export) -> Iterator[str]:
    """Yield the lines of the table, the heading first."""
    yield heading()
    for leaves in _leaves(export):
        read = told([leaf.entry for leaf in leaves])
        names = known(read, opened=export.opened)
        for leaf, row in zip(leaves, read, strict=True):
            yield line(
                row,
                position=leaf.position,
                leaf=bytes(leaf.leaf_hash).hex(),
                is_hidden=leaf.position in export.hidden,
                known=names,
                reader=export.reader,
            )


def _leaves(export: Export) -> Iterator[list[Leaf]]:
    remaining = iter(export.positions)
    while batch := list(islice(remaining, _BATCH)):
        yield list(Leaf.objects.filter(position__in=batch).select_related("entry").order_by("position"))


def _places(entries: Sequence[Entry], *, head: Checkpoint) -> dict[int, int]:
    leaves = Leaf.objects.filter(entry__in=entries, position__lt=head.size)
    return dict(leaves.values_list("entry_id", "position"))


def _record(
    export: Export, *, asked: Asked, reasons: Mapping[str, str], format_: str, actor: Actor, at: datetime
) -> None:
    for person in _protected_in(export):
        reason = reasons[str(person.pk)]
        record_protected_opening(person, reason=reason, page="journal-export", actor=actor, at=at)
    record_export(
        format=format_,
        criteria="&".join(f"{name}={value}" for name, value in asked.parameters().items()),
        rows=len(export.positions),
        hidden=len(export.hidden),
        size=export.head.size,
        person_id=asked.person,
        card_id=asked.card,
        certificate_id=asked.certificate,
        actor=actor,
        at=at,
    )


def _protected_in(export: Export) -> list[Person]:
    """Return the protected people whose rows the file tells in full."""
    if not export.opened:
        return []
    named: set[str] = set()
    for leaves in _leaves(export):
        named |= {one.text("person_id") for one in told([leaf.entry for leaf in leaves])} & export.opened
    return list(Person.objects.filter(pk__in=named, protected_identity=True))


def _file(export: Export, *, format_: str) -> StreamingHttpResponse:
    language = get_language() or settings.LANGUAGE_CODE
    if format_ == "jsonl":
        name = f"{export.name}-verify-with-verify.py.jsonl"
        return _streamed(
            (text.encode() for text in bundle(export)), name=name, content_type="application/jsonl"
        )
    members = (
        Packed(name=f"{export.name}.csv", chunks=_in(language, table(export))),
        Packed(name=f"{export.name}-proof.jsonl", chunks=(text.encode() for text in bundle(export))),
        *_helpers(export),
    )
    name = f"{export.name}-read-how-to-verify.zip"
    return _streamed(packed(members), name=name, content_type="application/zip")


def _helpers(export: Export) -> tuple[Packed, ...]:
    verify = (settings.BASE_DIR / "journal" / "verify.py").read_bytes()
    how = _(
        "Every row of the table has its place (row) in the signed journal and the hash of what was "
        "recorded.\n"
        "Check the proof with Python 3 and its package cryptography:\n\n"
        "    python verify.py %(name)s-proof.jsonl --key audit-key.pem\n\n"
        "Fetch audit-key.pem yourself and keep it: a key that came with the file proves nothing new.\n"
    ) % {"name": export.name}
    return (
        Packed(name="verify.py", chunks=iter([verify])),
        Packed(name=_("READ-ME.txt"), chunks=iter([how.replace("\n", "\r\n").encode("utf-8-sig")])),
    )


def _in(language: str, texts: Iterator[str]) -> Iterator[bytes]:
    """Yield texts in the language that was chosen: streaming goes on after the request's own has ended."""
    while True:
        with translation.override(language):
            text = next(texts, None)
        if text is None:
            return
        yield text.encode()


def _streamed(chunks: Iterator[bytes], *, name: str, content_type: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(chunks, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _refused(request: HttpRequest, asked: Asked, text: str) -> HttpResponse:
    messages.warning(request, text)
    return HttpResponseRedirect(asked.address())
