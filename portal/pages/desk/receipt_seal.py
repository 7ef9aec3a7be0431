"""The sealed document of a receipt: asked for on its page, made by the worker, taken from here."""

from dataclasses import dataclass, replace

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language

from cards.models import Card
from journal.actor import Actor
from portal.pages import asking
from portal.pages.auditor.reach import reads_only
from reports.receipt_models import ReceiptKind, SealedReceipt
from reports.sealed_receipts import ask_for_seal, find_sealed, read_sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class SealPart:
    """How far the sealed document has come, and where it is asked for and taken."""

    kind: ReceiptKind
    subject_id: str
    ask_url: str
    pdf_url: str
    page_url: str
    receipt: SealedReceipt | None = None

    @property
    def is_made(self) -> bool:
        """Tell whether it can be taken."""
        return self.receipt is not None and self.receipt.made_at is not None

    @property
    def is_awaited(self) -> bool:
        """Tell whether the worker has it in hand."""
        return self.receipt is not None and self.receipt.made_at is None and not self.failure

    @property
    def failure(self) -> str:
        """What kind of fault it was that the worker gave up for; it can be asked for anew."""
        return self.receipt.failure if self.receipt is not None else ""


def seal_part(kind: ReceiptKind, subject_id: str, *, view: str) -> SealPart:
    """Return the state of a receipt's document in the reader's language; who may read it was decided.

    ``view`` is the receipt's page: ``view-seal`` asks for the document, ``view-pdf`` gives it.
    """
    return SealPart(
        kind=kind,
        subject_id=subject_id,
        ask_url=reverse(f"{view}-seal", args=[subject_id]),
        pdf_url=reverse(f"{view}-pdf", args=[subject_id]),
        page_url=reverse(view, args=[subject_id]),
        receipt=find_sealed(kind, subject_id, language=_language()),
    )


def answer_seal(request: HttpRequest, part: SealPart, *, card: Card) -> HttpResponse:
    """Ask by POST; answer how far it has come, alone for htmx and else with the page.

    Raises ``PermissionDenied`` when an auditor asks: they take what was made.
    """
    actor = asking.who(request)
    if request.method == "POST" and reads_only(actor):
        raise PermissionDenied
    return answer_own_seal(request, part, card=card, actor=actor)


def answer_own_seal(request: HttpRequest, part: SealPart, *, card: Card, actor: Actor) -> HttpResponse:
    """Ask by POST as ``actor``, who may read the receipt; answer how far it has come."""
    if request.method == "POST":
        ask_for_seal(
            part.kind,
            part.subject_id,
            card_id=str(card.pk),
            organization_id=str(card.organization_id),
            language=_language(),
            actor=actor,
            at=asking.now(),
        )
    if "HX-Request" not in request.headers:
        return HttpResponseRedirect(part.page_url)
    now = replace(part, receipt=find_sealed(part.kind, part.subject_id, language=_language()))
    return render(request, "portal/parts/receipt_seal.html", {"seal": now})


def answer_document(part: SealPart, *, name: str) -> HttpResponse:
    """Answer the sealed PDF; the browser is told no person's name in the file's name."""
    response = HttpResponse(read_sealed(part.receipt), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}-{part.subject_id[:8]}.pdf"'
    return response


def _language() -> str:
    return get_language() or "sv"
