"""Every notice and digest about function certificates in reach, and what became of each mail (POR-9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from functioncerts import policies
from functioncerts.notice_selectors import find_notices
from journal.actor import Actor
from portal import problems
from portal.pages import asking
from portal.pages.orderer.function import MailLine, mail_line
from portal.pages.parts import Chip, Crumb

_ROWS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesPage:
    """What the list shows."""

    rows: Sequence[MailLine]
    chips: Sequence[Chip]
    crumbs: Sequence[Crumb]
    next_url: str
    shows_lost: bool = False


@require_safe
def show_notices(request: HttpRequest) -> HttpResponse:
    """List the mails, newest first, by keyset."""
    actor = asking.who(request)
    if (refusal := policies.may_find(actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    show, after = request.GET.get("show", ""), request.GET.get("after", "")[:80]
    page = notices_page(show, after, actor=actor)
    return render(request, "portal/function_notices.html", {"page": page})


def notices_page(show: str, after: str, *, actor: Actor) -> NoticesPage:
    """Return what the list shows: ``lost``, ``waiting``, or all."""
    found = find_notices(show=show, actor=actor, after=after, limit=_ROWS)
    here = reverse("function-notices")
    chips = {"": _("All"), "lost": _("Did not arrive"), "waiting": _("Wait to be sent")}
    return NoticesPage(
        rows=[mail_line(row) for row in found.rows],
        chips=[
            Chip(label=label, url=f"{here}?show={value}" if value else here, is_chosen=show == value)
            for value, label in chips.items()
        ],
        crumbs=(Crumb(label=_("Function objects"), url=reverse("functions")), Crumb(label=_("Notices"))),
        next_url=f"{here}?{urlencode({'show': show, 'after': found.after})}" if found.after else "",
        shows_lost=show == "lost",
    )
