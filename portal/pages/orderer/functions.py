"""The inventory: all function objects that one is authorized for, searched, drawn, taken out (POR-10)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from directory.selectors import names_of
from functioncerts import policies
from functioncerts.approval import (
    keys_to_approve,
    kinds_that_wait,
    kinds_with_keys,
    may_approve_key_making,
    set_approval,
)
from functioncerts.errors import Refused
from functioncerts.inventory import (
    Ends,
    InventoryRow,
    Search,
    ending_by_month,
    everything,
    find,
    tags_in_reach,
)
from functioncerts.models import FunctionKind
from functioncerts.notice_selectors import lost_count
from functioncerts.states import FunctionObjectState
from journal.actor import Actor
from portal import problems, words
from portal.pages import asking
from portal.pages.orderer.inventory_file import XLSX, csv_lines, workbook
from portal.pages.orderer.month_plot import MonthPlot, month_plot
from portal.pages.parts import Chip, Choice
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed
from portal.words import Tag, Text

_ROWS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRow:
    """A function object as a line of the list."""

    url: str
    name: str
    hsa_id: str
    kind: str
    organization: str
    tag: Tag
    ends_at: datetime | None = None
    certificates: int = 0
    tags: Sequence[str] = ()
    environment: Tag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedKeys:
    """Keys made here, asked for by one person for a kind of function; ``why_not`` a second may not be you."""

    kind: str
    name: Text
    asked_by: str
    asked_at: datetime
    why_not: Problem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectsPage:
    """What the list shows."""

    rows: Sequence[ObjectRow]
    next_url: str
    first_url: str
    query: str = ""
    chips: Sequence[Chip] = ()
    tags: Sequence[Chip] = ()
    plot: MonthPlot | None = None
    export_url: str = ""
    workbook_url: str = ""
    validations_url: str = ""
    tokens_url: str = ""
    notices_url: str = ""
    lost_notices: int = 0
    """How many mails about certificates did not arrive."""
    is_searched: bool = False
    approval: Sequence[Choice] = ()
    """The kinds of function whose orders may wait for a second person, for who decides that."""
    keys: Sequence[Choice] = ()
    """The kinds of function for which keys may be made here, for who decides that."""
    asked_keys: Sequence[AskedKeys] = ()
    """Of these, what waits for a second person."""


@require_safe
def show_functions(request: HttpRequest) -> HttpResponse:
    """Show function objects by HSA-id, by keyset."""
    actor, at, after = asking.who(request), asking.now(), request.GET.get("after", "")[:32]
    if (refusal := policies.may_find(actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    search = asked(request)
    return render(
        request, "portal/function_objects.html", {"page": objects_page(search, after, actor=actor, at=at)}
    )


def objects_page(search: Search, after: str, *, actor: Actor, at: datetime) -> ObjectsPage:
    """Return what the list shows for a search."""
    found = find(search, actor=actor, at=at, after=after, limit=_ROWS)
    here = reverse("functions")
    specialist = policies.has_role(actor, policies.MAY_VALIDATE)
    return ObjectsPage(
        rows=[_row(one) for one in found.rows],
        next_url=_url(here, search, after=found.after) if found.after else "",
        first_url=_url(here, search) if after else "",
        query=search.text,
        chips=_chips(search, is_specialist=specialist),
        tags=[
            Chip(
                label=tag,
                url=_url(here, _changed(search, tag="" if search.tag == tag else tag)),
                is_chosen=search.tag == tag,
            )
            for tag in tags_in_reach(actor=actor)
        ],
        plot=None if specialist else month_plot(ending_by_month(actor=actor, at=at), at=at),
        export_url=_url(reverse("functions-export"), search),
        workbook_url=_url(reverse("functions-workbook"), search),
        validations_url=reverse("validations") if specialist else "",
        tokens_url=reverse("function-tokens") if policies.may_see_tokens(actor) is None else "",
        notices_url=reverse("function-notices"),
        lost_notices=lost_count(actor=actor),
        is_searched=search != Search(),
        approval=_chosen(actor, kinds_that_wait),
        keys=_chosen(actor, kinds_with_keys),
        asked_keys=_asked_keys(actor),
    )


@require_http_methods(["POST"])
def decide_approval(request: HttpRequest) -> HttpResponse:
    """Say which kinds of orders wait for a second person in the actor's own organization."""
    actor, at = asking.who(request), asking.now()
    try:
        wanted = frozenset(request.POST.getlist("kind")) & frozenset(kind.value for kind in FunctionKind)
        with signed(request, _setting(wanted, actor), actor=actor, at=at) as doer:
            for kind in FunctionKind:
                set_approval(
                    organization_id=actor.organization_id,
                    kind=kind,
                    takes_two=kind.value in wanted,
                    actor=doer,
                    at=at,
                )
    except Refused as error:
        return problems.page(request, problems.explain(error))
    messages.success(request, _("The change is made."))
    return HttpResponseRedirect(reverse("functions"))


def _setting(wanted: Collection[str], actor: Actor) -> Act:
    """Return what is signed when somebody says which orders wait for a second person."""
    kinds = ", ".join(str(words.FUNCTION_KINDS[kind]) for kind in sorted(wanted)) or _("none")
    return Act(
        kind=ActKind.CA_SETTINGS,
        text=_("Orders of certificates in my organization wait for a second person for: %(kinds)s.")
        % {"kinds": kinds},
        facts={"organization_id": actor.organization_id, "kinds": ",".join(sorted(wanted))},
    )


def _chosen(actor: Actor, decided: Callable[[str], frozenset[str]]) -> Sequence[Choice]:
    """Return the kinds with what is decided for the actor's organization; nothing for others."""
    if policies.may_set_approval(actor.organization_id, actor=actor) is not None:
        return ()
    chosen = decided(actor.organization_id)
    return [
        Choice(value=kind.value, name=words.FUNCTION_KINDS[kind.value], is_chosen=kind.value in chosen)
        for kind in FunctionKind
    ]


def _asked_keys(actor: Actor) -> Sequence[AskedKeys]:
    if policies.may_set_approval(actor.organization_id, actor=actor) is not None:
        return ()
    asked = keys_to_approve(actor.organization_id)
    names = names_of({one.set_by for one in asked})
    unmay = [may_approve_key_making(actor.organization_id, one, actor=actor) for one in asked]
    return [
        AskedKeys(
            kind=one.kind,
            name=words.FUNCTION_KINDS[one.kind],
            asked_by=names.get(one.set_by, one.set_by),
            asked_at=one.set_at,
            why_not=problems.explain(refusal) if refusal else None,
        )
        for one, refusal in zip(asked, unmay, strict=True)
    ]


@require_safe
def export_functions(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Answer with the list as CSV: what is shown, all of it."""
    actor, at = asking.who(request), asking.now()
    if (refusal := policies.may_find(actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    response = StreamingHttpResponse(
        csv_lines(everything(asked(request), actor=actor, at=at)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="functions-{asking.today(at)}.csv"'
    return response


@require_safe
def export_workbook(request: HttpRequest) -> HttpResponse:
    """Answer with the list as a workbook: what is shown, all of it."""
    actor, at = asking.who(request), asking.now()
    if (refusal := policies.may_find(actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    content = workbook(everything(asked(request), actor=actor, at=at))
    return HttpResponse(
        content,
        content_type=XLSX,
        headers={"Content-Disposition": f'attachment; filename="functions-{asking.today(at)}.xlsx"'},
    )


def asked(request: HttpRequest) -> Search:
    """Return what one looks for; what nobody knows is left out."""
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    ends = request.GET.get("ends", "")
    return Search(
        text=request.GET.get("q", "").strip()[:120],
        kind=kind if kind in set(FunctionKind) else "",
        state=state if state in set(FunctionObjectState) else "",
        tag=request.GET.get("tag", "")[:40],
        ends=ends if ends in set(Ends) else "",
    )


def _row(row: InventoryRow) -> ObjectRow:
    one = row.function_object
    return ObjectRow(
        url=reverse("function", args=[one.pk]),
        name=one.name,
        hsa_id=one.hsa_id,
        kind=str(words.FUNCTION_KINDS[one.kind]),
        organization=one.organization.name,
        tag=words.FUNCTION_OBJECT_STATES[FunctionObjectState(one.state)],
        ends_at=row.ends_at,
        certificates=row.certificates,
        tags=row.tags,
        environment=words.environment_tag(one.environment),
    )


def _chips(search: Search, *, is_specialist: bool) -> list[Chip]:
    here = reverse("functions")
    ends = {
        "": _("All"),
        Ends.SOON.value: _("End within 60 days"),
        Ends.EXPIRED.value: _("Have ended"),
        Ends.NONE.value: _("Without certificates"),
    }
    chips = [
        Chip(label=label, url=_url(here, _changed(search, ends=value)), is_chosen=search.ends == value)
        for value, label in ends.items()
    ]
    if is_specialist:
        waiting = FunctionObjectState.NOT_VALIDATED.value
        chips.append(
            Chip(
                label=_("Wait for validation"),
                url=_url(here, _changed(search, state="" if search.state == waiting else waiting)),
                is_chosen=search.state == waiting,
            )
        )
    return chips + [
        Chip(
            label=words.FUNCTION_KINDS[kind.value],
            url=_url(here, _changed(search, kind="" if search.kind == kind.value else kind.value)),
            is_chosen=search.kind == kind.value,
        )
        for kind in FunctionKind
    ]


def _changed(
    search: Search,
    *,
    ends: str | None = None,
    kind: str | None = None,
    tag: str | None = None,
    state: str | None = None,
) -> Search:
    return Search(
        text=search.text,
        kind=search.kind if kind is None else kind,
        state=search.state if state is None else state,
        tag=search.tag if tag is None else tag,
        ends=search.ends if ends is None else ends,
    )


def _url(address: str, search: Search, *, after: str = "") -> str:
    told = {
        "q": search.text,
        "kind": search.kind,
        "state": search.state,
        "tag": search.tag,
        "ends": search.ends,
        "after": after,
    }
    query = urlencode({name: value for name, value in told.items() if value})
    return f"{address}?{query}" if query else address
