"""Writes a receipt as a tagged PDF that carries its proof inside."""

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.pages.proof import ATTACHMENT, ProofPart


def receipt_pdf(
    request: HttpRequest, *, body: str, title: str, page: object, proof: ProofPart, name: str
) -> HttpResponse:
    """Answer the template ``body`` as PDF; the browser is told no person's name in the file's name."""
    html = render_to_string(
        "portal/receipt_pdf.html",
        {
            "page": page,
            "title": title,
            "proof": proof,
            "body": body,
            "language": get_language(),
            "style": _style(),
        },
        request=request,
    )
    from weasyprint import HTML, Attachment  # noqa: PLC0415 - takes a second, and few processes need it

    carried = [] if proof.is_awaited else [_attachment(Attachment, proof)]
    pdf = HTML(string=html).write_pdf(pdf_variant="pdf/ua-1", attachments=carried)
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response


def _attachment(kind: type, proof: ProofPart) -> object:
    return kind(string=proof.bundle.encode(), name=ATTACHMENT, description=_("Proof from the journal"))


def _style() -> str:
    """Return the style of the printed receipt: it is put into the file, so that nothing is fetched."""
    path = finders.find("portal/print.css")
    with open(str(path), encoding="utf-8") as file:  # noqa: PTH123 - the finder gives a text path
        return file.read()
