"""Everything of a person blocked in one act: what it takes, why, since when, signed from the second on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from ca.request_draft import CarrierKind
from cards.errors import CardsError
from cards.person_blocking import Blockable, Blocked, block_everything, blockable_of, shown_of
from cards.policies import MAY_BLOCK, has_role
from cards.products import product
from cards.reasons import BlockReason
from directory.models import Person, Role
from directory.selectors import get_person
from directory.swedish_time import SWEDEN
from journal.actor import Actor
from journal.errors import Refusal
from portal import problems, words
from portal.pages import asking
from portal.pages.desk.blocking import BlockForm
from portal.pages.parts import Crumb, grouped
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.listing import facts_of, listed
from portal.signing.step_up import signed
from portal.words import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonBlockPage:
    """What the page shows around its form."""

    name: str
    lines: Sequence[Text]
    crumbs: Sequence[Crumb]
    person_url: str
    shown: str
    problem: Problem | None = None


class PersonBlockForm(BlockForm):
    """As for one card, with what the page has shown: nothing else is signed for, and nothing else blocked."""

    shown = forms.CharField(widget=forms.HiddenInput)

    def clean_shown(self) -> frozenset[UUID]:
        """Return the ids; a text that was changed on the way names nothing."""
        try:
            return frozenset(UUID(one) for one in str(self.cleaned_data["shown"]).split(","))
        except ValueError:
            return frozenset()


@require_http_methods(["GET", "HEAD", "POST"])
def block_person(request: HttpRequest, person_id: str) -> HttpResponse:
    """GET, POST /people/<id>/block/: show all that is blocked, and do it when it is meant and signed."""
    actor, at = asking.who(request), asking.now()
    person = get_person(str(person_id), actor=actor)
    found = blockable_of(person, actor=actor, at=at)
    if found.is_empty:
        return problems.page(request, problems.explain(_nothing(actor)))
    if request.method != "POST":
        local = at.astimezone(SWEDEN)
        initial = {"requested_day": f"{local:%Y-%m-%d}", "requested_clock": f"{local:%H:%M}"}
        return _ask(request, person, found, PersonBlockForm(initial={**initial, "shown": _ids(found)}))
    form = PersonBlockForm(request.POST)
    if not form.is_valid():
        return _ask(request, person, found, form)
    try:
        blocked = _block(request, person, form, actor=actor, at=at)
    except CardsError as error:
        return _ask(request, person, found, form, problem=problems.explain(error))
    _tell(request, blocked)
    return HttpResponseRedirect(reverse("person", args=[person.pk]))


def _tell(request: HttpRequest, blocked: Blocked) -> None:
    """Say what was blocked, and name what came since it was shown: nobody has asked for its block."""
    if blocked.left.is_empty:
        messages.success(request, _("All is blocked. Below you see how far the block has come."))
        return
    new = ", ".join(lines_of(blocked.left))
    if not blocked.done.is_empty:
        messages.success(request, _("What you saw is blocked. Below you see how far the block has come."))
    messages.warning(
        request, _("Not blocked, because it came after you had seen the list: %(new)s.") % {"new": new}
    )


def _ids(found: Blockable) -> str:
    return ",".join(sorted(str(one) for one in found.ids))


def _nothing(actor: Actor) -> Refusal:
    if not has_role(actor, MAY_BLOCK):
        facts = (("role", actor.role), ("needed", ",".join(sorted(MAY_BLOCK))))
        return Refusal(code="role_missing", facts=facts, fixer=Role.ISSUANCE_MANAGER.value)
    return Refusal(code="nothing_to_block")


def _block(
    request: HttpRequest, person: Person, form: PersonBlockForm, *, actor: Actor, at: datetime
) -> Blocked:
    """Block all that was shown; more than one thing is signed by whoever does it.

    What is signed is what was shown, also when some of it ended meanwhile: so it holds for the rest.
    """
    shown = shown_of(person, form.cleaned_data["shown"], actor=actor, at=at)
    reason = BlockReason(form.cleaned_data["reason"])
    requested_at, note = form.requested_at(ordered_at=at, at=at), form.cleaned_data["note"]

    def block(doer: Actor) -> Blocked:
        return block_everything(
            person,
            shown=shown.ids,
            reason=reason,
            requested_at=requested_at,
            note=note,
            actor=doer,
            at=at,
        )

    lines = lines_of(shown)
    if len(lines) <= 1:
        return block(actor)
    lead = _("I block all cards and certificates of %(person)s: %(reason)s. It cannot be undone.")
    act = Act(
        kind=ActKind.CARDS_BLOCK,
        text=listed(lead % {"person": person.full_name, "reason": words.BLOCK_REASONS[reason]}, lines),
        facts={
            "person_id": str(person.pk),
            "reason": reason.value,
            "ids": _ids(shown),
            "requested_at": form.cleaned_data["requested_at"].isoformat(),
            "note_sha256": sha256(note.encode()).hexdigest(),
            **facts_of(lines),
        },
    )
    with signed(request, act, actor=actor, at=at) as doer:
        return block(doer)


def lines_of(found: Blockable) -> list[str]:
    """Return each thing that is blocked, in words."""
    lines = []
    for card in found.cards:
        item = product(card.product_code)
        name = str(words.product_name(item)) if item else card.product_code
        lines.append(f"{name} {grouped(card.card_number or '')}".strip())
    for one in found.certificates:
        purpose = words.KEY_PURPOSES.get(one.name, one.name)
        in_phone = one.carrier_kind == CarrierKind.MOBILE.value
        where = _("%(purpose)s, in a phone") if in_phone else _("%(purpose)s, on no card that is known")
        lines.append(where % {"purpose": purpose})
    return lines


def _ask(
    request: HttpRequest,
    person: Person,
    found: Blockable,
    form: PersonBlockForm,
    *,
    problem: Problem | None = None,
) -> HttpResponse:
    person_url, lines = reverse("person", args=[person.pk]), lines_of(found)
    title = ngettext("Block %(count)d thing", "Block all %(count)d", len(lines)) % {"count": len(lines)}
    page = PersonBlockPage(
        name=person.full_name,
        lines=lines,
        crumbs=(
            Crumb(label=_("People"), url=reverse("people-search")),
            Crumb(label=person.full_name, url=person_url),
            Crumb(label=title),
        ),
        person_url=person_url,
        shown=_ids(found),
        problem=problem,
    )
    status = problem.status if problem else 422 if form.is_bound and form.errors else 200
    response = render(request, "portal/person_block.html", {"page": page, "form": form}, status=status)
    return problems.tagged(response, problem)
