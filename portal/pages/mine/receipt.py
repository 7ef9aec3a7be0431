"""Mina sidor: the holder's own receipts, of a card that came into use and of new certificates on one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cards.errors import ActivationNotFound, RenewalNotFound
from cards.models import Activation, Card
from cards.renewal.models import Renewal
from portal.accounts.actor import session_of, visitor_of
from portal.pages.desk import receipt as activation_page
from portal.pages.desk import renewal_receipt as renewal_page
from portal.pages.desk.receipt_seal import SealPart, answer_document, answer_own_seal
from portal.pages.mine.entrance import is_shown
from portal.pages.proof import ProofPart
from reports.receipt_facts import activation_receipt, renewal_receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnReceipt:
    """One receipt of the holder's, of either kind; its page and proof are read when they are shown."""

    card: Card
    seal: SealPart
    template: str
    page: Callable[[], activation_page.ReceiptPage | renewal_page.RenewalReceiptPage]
    proof: Callable[[], ProofPart]


@never_cache
@require_safe
def show(request: HttpRequest, **asked: UUID) -> HttpResponse:
    """GET /mine/{activations,renewals}/<id>/receipt/: what one signed, and its proof."""
    own = _own(request, asked)
    return render(request, own.template, {"page": own.page(), "proof": own.proof()})


@never_cache
@require_safe
def show_proof(request: HttpRequest, **asked: UUID) -> HttpResponse:
    """GET /mine/{activations,renewals}/<id>/receipt/proof/: the proof alone, for htmx."""
    return render(request, "portal/parts/journal_proof.html", {"proof": _own(request, asked).proof()})


@never_cache
@require_http_methods(["GET", "POST"])
def seal(request: HttpRequest, **asked: UUID) -> HttpResponse:
    """GET, POST /mine/{activations,renewals}/<id>/receipt/seal/: ask for the document; how far it is."""
    own = _own(request, asked)
    return answer_own_seal(request, own.seal, card=own.card, actor=visitor_of(request))


@never_cache
@require_safe
def fetch(request: HttpRequest, **asked: UUID) -> HttpResponse:
    """GET /mine/{activations,renewals}/<id>/receipt.pdf: the sealed document."""
    return answer_document(_own(request, asked).seal, name="kvittens")


def _own(request: HttpRequest, asked: Mapping[str, UUID]) -> OwnReceipt:
    """Return the receipt that an address names; raise ActivationNotFound or RenewalNotFound."""
    person_id, row = visitor_of(request).person_id, session_of(request)
    if "own_activation_id" in asked:
        wanted = str(asked["own_activation_id"])
        activation = activation_page.own_activation(wanted, person_id=person_id)
        if row is None or not is_shown(activation.card, row):
            raise ActivationNotFound(wanted)
        return _of_activation(activation)
    wanted = str(asked["own_renewal_id"])
    renewal = renewal_page.own_renewal(wanted, person_id=person_id)
    if row is None or not is_shown(renewal.card, row):
        raise RenewalNotFound(wanted)
    return _of_renewal(renewal)


def _of_activation(activation: Activation) -> OwnReceipt:
    seal = activation_page.seal_of(activation, "own-activation-receipt")
    return OwnReceipt(
        card=activation.card,
        seal=seal,
        template="portal/receipt.html",
        page=lambda: activation_page.ReceiptPage(
            receipt=activation_receipt(activation),
            seal=seal,
            crumbs=(),
            back_url=reverse("mine"),
            back_label=_("To your own pages"),
            is_own=True,
        ),
        proof=lambda: activation_page.proof_of(activation, "own-activation-receipt-proof"),
    )


def _of_renewal(renewal: Renewal) -> OwnReceipt:
    seal = renewal_page.seal_of(renewal, "own-renewal-receipt")
    return OwnReceipt(
        card=renewal.card,
        seal=seal,
        template="portal/renewal_receipt.html",
        page=lambda: renewal_page.RenewalReceiptPage(
            receipt=renewal_receipt(renewal),
            seal=seal,
            crumbs=(),
            back_url=reverse("mine"),
            back_label=_("To your own pages"),
        ),
        proof=lambda: renewal_page.proof_of(renewal, "own-renewal-receipt-proof"),
    )
