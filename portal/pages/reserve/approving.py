"""The second administrator's step: approve a reserve card, or new certificates on one in use, or do not."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cards import reserve_policies
from cards.errors import CardsError
from cards.identity import IdentityCheckFacts
from cards.products import assurance_level
from cards.reserve_approving import approve_as_second, refuse_as_second
from cards.reserve_models import ReserveOrder, ReserveRefill
from cards.reserve_selectors import get_reserve_order
from cards.reserve_suspicions import report_approval_suspicion
from directory.errors import RegisterUnavailable
from portal import problems
from portal.pages import asking
from portal.pages.desk.history import name_or_system
from portal.pages.desk.identity_form import IdentityForm, signed_facts
from portal.pages.desk.vouching import asked, identified_by
from portal.pages.parts import Fact, grouped
from portal.pages.reserve.page import ReservePage, ask, broken_off, crumbs_of, facts_of, steps_of
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed


@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: HttpRequest, hand_out_id: str) -> HttpResponse:
    """Approve a level 3 reserve card, or new certificates on one, as the second person, or do not."""
    actor, at = asking.who(request), asking.now()
    found = get_reserve_order(str(hand_out_id), actor=actor)
    data = request.POST if request.method == "POST" else None
    form = IdentityForm(data, level=assurance_level(found.loa))
    if data is not None and data.get("act") == "suspect":
        report_approval_suspicion(order_id=str(found.pk), facts=form.suspicion(), actor=actor, at=at)
        return broken_off(request, found.card.person)
    if (refusal := reserve_policies.may_decide(found, actor=actor, at=at)) is not None:
        return problems.page(request, problems.explain(refusal))
    refusal = reserve_policies.may_approve(found, actor=actor, at=at)
    person_url = reverse("person", args=[found.card.person_id])
    if data is not None and data.get("act") == "refuse":
        refuse_as_second(found, reason="not_approved", actor=actor, at=at)
        messages.success(request, _not_approved(found))
        return HttpResponseRedirect(person_url)
    problem = problems.explain(refusal) if refusal else None
    if refusal is None and data is not None and form.is_valid():
        try:
            check = asked(form.facts(), actor=actor, at=at)
            with signed(request, _second_act(found, check), actor=actor, at=at) as doer:
                approve_as_second(found, identity_check=check, actor=doer, at=at)
        except (CardsError, RegisterUnavailable) as error:
            problem = problems.explain(error)
        else:
            messages.success(request, _approved(found))
            return HttpResponseRedirect(person_url)
    page = _approve_page(found, may_approve=refusal is None, problem=problem)
    return ask(request, page, form, None)


def _approve_page(found: ReserveOrder, *, may_approve: bool, problem: Problem | None) -> ReservePage:
    card = found.card
    is_refill = isinstance(found, ReserveRefill)
    title = _("Approve new certificates to a reserve card") if is_refill else _("Approve a reserve card")
    by = _("Ordered by") if is_refill else _("Handed out by")
    return ReservePage(
        title=title,
        name=card.person.full_name,
        button=_("Approve") if may_approve else "",
        facts=(
            *facts_of(card.person),
            Fact(name=_("Card number"), value=grouped(card.card_number or "")),
            Fact(name=_("Holds until"), value=card.valid_until.isoformat()),
            Fact(name=by, value=name_or_system(found.first_by)),
        ),
        steps=steps_of(found.loa, at_second=True, is_refill=is_refill),
        crumbs=crumbs_of(card.person, title),
        back_url=reverse("person", args=[card.person_id]),
        may_refuse=True,
        problem=problem,
    )


def _approved(found: ReserveOrder) -> str:
    if isinstance(found, ReserveRefill):
        return _("Approved. The holder can fetch the certificates on the own pages.")
    return _("Approved. The holder can activate the card on the own pages.")


def _not_approved(found: ReserveOrder) -> str:
    if isinstance(found, ReserveRefill):
        return _("The new certificates are not approved. The card is as it was.")
    return _("The reserve card is not approved. It is of no use to anybody.")


def _second_act(found: ReserveOrder, check: IdentityCheckFacts) -> Act:
    """Return what the second administrator signs."""
    card = found.card
    told = {
        "person": card.person.full_name,
        "document": identified_by(check),
        "card": grouped(card.card_number or ""),
    }
    facts = {
        "step": "second",
        "card_id": str(card.pk),
        "person_id": str(card.person_id),
        "organization_id": str(card.organization_id),
        **signed_facts(check),
    }
    if isinstance(found, ReserveRefill):
        text = _(
            "I have checked the identity of %(person)s (%(document)s) as the second person and approve new"
            " certificates on reserve card %(card)s for this person."
        )
        refill = {"purpose": "refill", "reserve_refill_id": str(found.pk)}
        return Act(kind=ActKind.CERTIFICATES_RENEW, text=text % told, facts={**refill, **facts})
    text = _(
        "I have checked the identity of %(person)s (%(document)s) as the second person and approve"
        " reserve card %(card)s for this person."
    )
    hand_out = {"reserve_hand_out_id": str(found.pk)}
    return Act(kind=ActKind.CARD_HAND_OUT, text=text % told, facts={**hand_out, **facts})
