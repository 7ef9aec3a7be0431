"""Signed heads: the running check, their history, one head, and whether one continues another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from directory.swedish_time import SWEDEN
from journal.audit_key import NoAuditKey, audit_certificate
from journal.models import Checkpoint
from portal.pages import asking
from portal.pages.auditor.growth import Growth, growth
from portal.pages.auditor.reach import reader
from portal.pages.auditor.standing import Standing, number, standing
from portal.pages.parts import Crumb, Fact

_ROWS: Final = 25
_SAMPLES: Final = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRow:
    """A signed head in the list."""

    size: int
    rows: str
    at: datetime
    clock: str
    root: str
    url: str
    compare_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntactPage:
    """What the page about the journal's state shows."""

    standing: Standing
    growth: Growth | None
    heads: Sequence[HeadRow]
    next_url: str
    first_url: str
    origin: str
    crumbs: Sequence[Crumb]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadPage:
    """What the page of one head shows."""

    title: str
    note: str
    facts: Sequence[Fact]
    note_url: str
    compare_url: str
    crumbs: Sequence[Crumb]


@require_safe
def show_intact(request: HttpRequest) -> HttpResponse:
    """Show whether the journal is intact, and the heads signed over it."""
    reader(request)
    page = intact_page(before=request.GET.get("before", ""), at=asking.now())
    return render(request, "portal/intact.html", {"page": page})


@require_safe
def show_standing(request: HttpRequest) -> HttpResponse:
    """Show the part that changes, for htmx, which asks every few seconds."""
    reader(request)
    return render(request, "portal/parts/standing.html", {"standing": standing(at=asking.now())})


@require_safe
def show_head(request: HttpRequest, size: int) -> HttpResponse:
    """Show one signed head."""
    reader(request)
    return render(request, "portal/head.html", {"page": head_page(_head(size))})


@require_safe
def download_head(request: HttpRequest, size: int) -> HttpResponse:
    """Answer a signed head as the file that an auditor keeps."""
    reader(request)
    return _file(_head(size).note.encode(), f"sigill-head-{size}.txt", "text/plain; charset=utf-8")


@require_safe
def download_key(request: HttpRequest) -> HttpResponse:
    """Answer the audit key's certificate: keep it from the first day, and every later head can be checked."""
    reader(request)
    try:
        return _file(audit_certificate(settings.SIGILL_HOME), "audit-key.pem", "application/x-pem-file")
    except NoAuditKey:
        raise Http404 from None


@require_safe
def download_verifier(request: HttpRequest) -> HttpResponse:
    """Answer the stand-alone verifier, the same file as in the source."""
    reader(request)
    source = (settings.BASE_DIR / "journal" / "verify.py").read_bytes()
    return _file(source, "verify.py", "text/x-python; charset=utf-8")


def intact_page(*, before: str = "", at: datetime) -> IntactPage:
    """Return what the page about the journal's state shows."""
    heads = Checkpoint.objects.order_by("-size")
    if before.isdecimal() and len(before) < 19:  # noqa: PLR2004 - what a database counts with
        heads = heads.filter(size__lt=int(before))
    found = list(heads[: _ROWS + 1])
    newest = Checkpoint.objects.order_by("-size").first()
    shown = found[:_ROWS]
    here = reverse("journal-intact")
    return IntactPage(
        standing=standing(at=at),
        growth=growth(_samples(newest.size)) if newest else None,
        heads=[_row(one, newest=newest) for one in shown],
        next_url=f"{here}?before={shown[-1].size}" if len(found) > _ROWS else "",
        first_url=here if before else "",
        origin=newest.note.partition("\n")[0] if newest else "",
        crumbs=(Crumb(label=_("Journal"), url=reverse("journal")), Crumb(label=_("Is the journal intact?"))),
    )


def head_page(head: Checkpoint) -> HeadPage:
    """Return what the page of one head shows."""
    title = _("Head over %(size)s rows") % {"size": number(head.size)}
    return HeadPage(
        title=title,
        note=head.note,
        facts=(
            Fact(name=_("Rows covered"), value=number(head.size)),
            Fact(name=_("Root hash"), value=bytes(head.root_hash).hex(), copy=bytes(head.root_hash).hex()),
            Fact(name=_("Signed"), value=_exact(head.at)),
            Fact(name=_("Journal"), value=head.note.partition("\n")[0]),
        ),
        note_url=reverse("journal-head-note", args=[head.size]),
        compare_url=f"{reverse('journal-compare')}?old={head.size}",
        crumbs=(
            Crumb(label=_("Journal"), url=reverse("journal")),
            Crumb(label=_("Is the journal intact?"), url=reverse("journal-intact")),
            Crumb(label=title),
        ),
    )


def _head(size: int) -> Checkpoint:
    found = Checkpoint.objects.filter(size=size).first() if size < 1 << 63 else None
    if found is None:
        raise Http404
    return found


def _row(head: Checkpoint, *, newest: Checkpoint | None) -> HeadRow:
    is_newest = newest is None or head.size == newest.size
    return HeadRow(
        size=head.size,
        rows=number(head.size),
        at=head.at,
        clock=_exact(head.at),
        root=f"{bytes(head.root_hash).hex()[:16]}…",
        url=reverse("journal-head", args=[head.size]),
        compare_url="" if is_newest else f"{reverse('journal-compare')}?old={head.size}",
    )


def _samples(newest: int) -> list[tuple[datetime, int]]:
    """Return heads spread evenly over the rows: each is one step in an index, however many there are."""
    wanted = sorted({max(1, newest * step // _SAMPLES) for step in range(_SAMPLES + 1)})
    found: dict[int, datetime] = {}
    for size in wanted:
        head = Checkpoint.objects.filter(size__gte=size).order_by("size").values_list("size", "at").first()
        if head:
            found[head[0]] = head[1]
    return [(at, size) for size, at in sorted(found.items())]


def _exact(at: datetime) -> str:
    return f"{at.astimezone(SWEDEN):%Y-%m-%d %H:%M:%S}"


def _file(content: bytes, name: str, content_type: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
