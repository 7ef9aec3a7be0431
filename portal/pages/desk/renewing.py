"""New certificates at the desk: the identity check, then the live steps while the client works."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cards.identity import IdentityCheckFacts
from cards.lifecycle import cancel_renewal, open_renewal, report_renewal_suspicion
from cards.models import Card
from cards.policies import reaches_employment
from cards.renewal.models import RenewalPurpose
from cards.renewal.policies import may_open
from cards.renewal.renewing import get_renewal
from cards.selectors import get_card
from directory.models import Employment
from journal.actor import Actor
from portal import words
from portal.pages import asking
from portal.pages.auditor.reach import reads_only
from portal.pages.desk import visit
from portal.pages.desk.identity_form import signed_facts
from portal.pages.desk.renewal_page import ended_says, renewal_page, step_names
from portal.pages.desk.visit import Started, Visit, VisitPage
from portal.pages.desk.vouching import identified_by
from portal.pages.parts import Crumb, grouped
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed


@require_http_methods(["GET", "HEAD", "POST"])
def check_identity(request: HttpRequest, card_id: str) -> HttpResponse:
    """Take the identity check; open the renewal when it is enough, or break off on suspicion."""
    actor = asking.who(request)
    card = get_card(str(card_id), actor=actor)
    return visit.check_identity(
        request, card_id, _visit(RenewalPurpose.RENEW, None, links=_other_employments(card, actor=actor))
    )


@require_http_methods(["GET", "HEAD", "POST"])
def add_pair(request: HttpRequest, card_id: str, extra_hsa_id: str) -> HttpResponse:
    """Take the identity check for an extra pair of certificates, for another employment of the holder."""
    card = get_card(str(card_id), actor=asking.who(request))
    employment = (
        Employment.objects.select_related("organization")
        .filter(hsa_id=extra_hsa_id, person_id=card.person_id)
        .first()
    )
    if employment is None:
        raise Http404
    return visit.check_identity(request, card_id, _visit(RenewalPurpose.EXTRA_PAIR, employment))


@require_safe
def show_renewal(request: HttpRequest, renewal_id: str) -> HttpResponse:
    """Show the live steps of a renewal."""
    return render(request, "portal/renewal.html", {"page": _live(request, renewal_id)})


@require_safe
def show_status(request: HttpRequest, renewal_id: str) -> HttpResponse:
    """Show the part that changes, for htmx."""
    return render(request, "portal/parts/visit.html", {"page": _live(request, renewal_id)})


@require_POST
def cancel(request: HttpRequest, renewal_id: str) -> HttpResponse:
    """End a renewal at the desk."""
    renewal = cancel_renewal(renewal_id=str(renewal_id), actor=asking.who(request), at=asking.now())
    messages.success(request, ended_says(renewal))
    return HttpResponseRedirect(reverse("person", args=[renewal.card.person_id]))


def _live(request: HttpRequest, renewal_id: str) -> VisitPage:
    actor, at = asking.who(request), asking.now()
    renewal = get_renewal(str(renewal_id), actor=actor)
    card = renewal.card
    again = reverse("renew-card", args=[card.pk])
    if renewal.purpose == RenewalPurpose.EXTRA_PAIR.value:
        again = reverse("extra-pair", args=[card.pk, renewal.hsa_id])
    if renewal.purpose == RenewalPurpose.REFILL.value:
        again = ""  # by the holder, with the envelope's code
    page = renewal_page(
        renewal,
        start_url=visit.start_kept(request, renewal),
        status_url=reverse("renewal-status", args=[renewal.pk]),
        again_url=again,
        back_url=reverse("person", args=[card.person_id]),
        crumbs=visit.crumbs(card, words.RENEWAL_PURPOSES[renewal.purpose]),
        at=at,
    )
    return replace(page, again_url="", problem=None) if reads_only(actor) else page


def _beginning(
    purpose: RenewalPurpose, employment: Employment | None
) -> Callable[[HttpRequest, Card, IdentityCheckFacts, Actor, datetime], Started]:
    def begin(
        request: HttpRequest, card: Card, check: IdentityCheckFacts, actor: Actor, at: datetime
    ) -> Started:
        with signed(request, _act(purpose, employment, card, check), actor=actor, at=at) as doer:
            opened = open_renewal(
                card_id=str(card.pk),
                purpose=purpose,
                employment=employment,
                identity_check=check,
                actor=doer,
                at=at,
            )
        return Started(
            id=str(opened.renewal.pk),
            page_url=reverse("renewal", args=[opened.renewal.pk]),
            start_url=opened.start_url,
        )

    return begin


def _act(
    purpose: RenewalPurpose, employment: Employment | None, card: Card, check: IdentityCheckFacts
) -> Act:
    """Return what the administrator signs: whom they checked, and what goes on which card."""
    return Act(
        kind=ActKind.CERTIFICATES_RENEW,
        text=_(
            "I have checked the identity of %(person)s (%(document)s) and let new certificates be put on card"
            " %(card)s: %(purpose)s, HSA-id %(hsa_id)s."
        )
        % {
            "person": card.person.full_name,
            "document": identified_by(check),
            "card": grouped(card.card_number or ""),
            "purpose": words.RENEWAL_PURPOSES[purpose.value],
            "hsa_id": employment.hsa_id if employment else card.hsa_id,
        },
        facts={
            "card_id": str(card.pk),
            "card_number": card.card_number or "",
            "person_id": str(card.person_id),
            "organization_id": str(card.organization_id),
            "purpose": purpose.value,
            "hsa_id": employment.hsa_id if employment else card.hsa_id,
            **signed_facts(check),
        },
    )


def _other_employments(card: Card, *, actor: Actor) -> tuple[Crumb, ...]:
    """Return where an extra pair is begun: each other employment of the holder within the role's reach."""
    others = Employment.objects.select_related("organization").filter(person_id=card.person_id)
    return tuple(
        Crumb(
            label=f"{one.hsa_id} · {one.organization.name}",
            url=reverse("extra-pair", args=[card.pk, one.hsa_id]),
        )
        for one in others.exclude(hsa_id=card.hsa_id).order_by("hsa_id")
        if reaches_employment(actor, one)
    )


def _visit(purpose: RenewalPurpose, employment: Employment | None, *, links: tuple[Crumb, ...] = ()) -> Visit:
    return Visit(
        links=links,
        title=lambda: str(words.RENEWAL_PURPOSES[purpose.value]),
        steps=step_names,
        may=lambda card, actor, at: may_open(card, purpose, employment, actor=actor, at=at),
        suspect=lambda card, facts, actor, at: report_renewal_suspicion(
            card_id=str(card.pk), facts=facts, actor=actor, at=at
        ),
        begin=_beginning(purpose, employment),
        template="portal/renewal_check.html",
        suspicion_template="portal/renewal_suspicion.html",
    )
