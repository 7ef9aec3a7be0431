"""The function objects that one is authorized for, by page, and one with its certificates (POR-10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from functioncerts.models import FunctionObject
from functioncerts.policies import may_find
from functioncerts.selectors import find_function_objects, get_function_object_by_id, orders_of
from functioncerts.states import FunctionObjectState
from functioncerts.validated import valid_names
from portal import moments, problems, words
from portal.pages import asking
from portal.pages.orderer.certificates import FunctionRow, rows_of
from portal.pages.parts import Crumb, Fact
from portal.words import Tag

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
    environment: Tag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectsPage:
    """What the list shows."""

    rows: Sequence[ObjectRow]
    next_url: str
    first_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionPage:
    """What the view of one function object shows."""

    name: str
    tag: Tag
    facts: Sequence[Fact]
    names: Sequence[str]
    rows: Sequence[FunctionRow]
    crumbs: Sequence[Crumb]
    environment: Tag | None = None


@require_safe
def show_functions(request: HttpRequest) -> HttpResponse:
    """Show function objects by HSA-id, by keyset."""
    actor, after = asking.who(request), request.GET.get("after", "")[:32]
    if (refusal := may_find(actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    found = find_function_objects(actor=actor, after=after, limit=_ROWS)
    here = reverse("functions")
    page = ObjectsPage(
        rows=[_row(one) for one in found.objects],
        next_url=f"{here}?{urlencode({'after': found.after})}" if found.after else "",
        first_url=here if after else "",
    )
    return render(request, "portal/function_objects.html", {"page": page})


@require_safe
def show_function(request: HttpRequest, function_id: str) -> HttpResponse:
    """Show one function object; 404 also when outside the actor's role."""
    actor, at = asking.who(request), asking.now()
    one = get_function_object_by_id(str(function_id), actor=actor)
    facts = [
        Fact(name=_("HSA-id"), value=one.hsa_id, copy=one.hsa_id),
        Fact(name=_("Organization"), value=one.organization.name),
        Fact(name=_("Kind"), value=str(words.FUNCTION_KINDS[one.kind])),
        Fact(name=_("Registered"), value=moments.moment(one.registered_at, now=at)),
    ]
    if one.validated_at is not None:
        facts.append(Fact(name=_("Validated"), value=moments.moment(one.validated_at, now=at)))
    page = FunctionPage(
        name=one.name,
        tag=_tag(one),
        facts=facts,
        names=list(valid_names(one, at=at)),
        rows=rows_of(orders_of(one, actor=actor, limit=_ROWS), at=at),
        crumbs=(Crumb(label=_("Function objects"), url=reverse("functions")), Crumb(label=one.name)),
        environment=words.environment_tag(one.environment),
    )
    return render(request, "portal/function_object.html", {"page": page})


def _row(one: FunctionObject) -> ObjectRow:
    return ObjectRow(
        url=reverse("function", args=[one.pk]),
        name=one.name,
        hsa_id=one.hsa_id,
        kind=str(words.FUNCTION_KINDS[one.kind]),
        organization=one.organization.name,
        tag=_tag(one),
        environment=words.environment_tag(one.environment),
    )


def _tag(one: FunctionObject) -> Tag:
    return words.FUNCTION_OBJECT_STATES[FunctionObjectState(one.state)]
