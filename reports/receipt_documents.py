"""Writes the receipts of activation, renewal and block as tagged PDFs with their proof, to be sealed."""

from dataclasses import dataclass
from typing import Final

import segno
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from cards.models import Activation, Card
from cards.renewal.models import Renewal
from journal.proofs import ReceiptProof
from reports.receipt_facts import (
    ActivationReceipt,
    BlockReceipt,
    ReceiptFact,
    RenewalReceipt,
    activation_receipt,
    block_receipt,
    renewal_receipt,
)

ATTACHMENT: Final = "journal-proof.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownProof:
    """Where a receipt's rows stand in the journal: in facts, as an address, and as a QR code of it."""

    facts: tuple[ReceiptFact, ...]
    link: str
    qr: SafeString


def shown_proof(proof: ReceiptProof) -> ShownProof:
    """Return what a receipt shows of its proof; the address is the portal's page ``proof``."""
    link = (
        f"{settings.SIGILL_PORTAL_URL.rstrip('/')}/proof/{proof.positions[-1]}/{proof.leaf_hashes[-1]}/"
        f"#{proof.origin}"
    )
    rows = ", ".join(str(each) for each in proof.positions)
    return ShownProof(
        facts=(
            ReceiptFact(name=_("The journal"), value=proof.origin),
            ReceiptFact(name=_("Rows"), value=rows),
            *(ReceiptFact(name=_("Hash of the row"), value=each) for each in proof.leaf_hashes),
            ReceiptFact(name=_("Signed head"), value=_("over %(size)d rows") % {"size": proof.size}),
            ReceiptFact(name=_("Root hash"), value=proof.root_hash),
        ),
        link=link,
        qr=qr_code(link),
    )


def qr_code(text: str) -> SafeString:
    """Return a QR code as an SVG picture to put into a page."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        scale=3, border=2, light="#fff", title=_("The receipt's place in the journal")
    )
    return mark_safe(drawn)  # noqa: S308 - segno's own drawing; the text is not in it but as squares


def write_activation_receipt(activation: Activation, *, proof: ReceiptProof, language: str) -> bytes:
    """Return the receipt of a finished activation."""
    with translation.override(language):
        page = activation_receipt(activation)
        return _written("reports/activation_receipt.html", _("Receipt for an eID card"), page, proof)


def write_renewal_receipt(renewal: Renewal, *, proof: ReceiptProof, language: str) -> bytes:
    """Return the receipt of new certificates on a card in use."""
    with translation.override(language):
        page = renewal_receipt(renewal)
        return _written("reports/renewal_receipt.html", _("Receipt for new certificates"), page, proof)


def write_block_receipt(card: Card, *, proof: ReceiptProof, language: str) -> bytes:
    """Return the receipt of a block."""
    with translation.override(language):
        page = block_receipt(card)
        return _written("reports/block_receipt.html", _("Receipt of the block"), page, proof)


def _written(
    body: str, title: str, page: ActivationReceipt | RenewalReceipt | BlockReceipt, proof: ReceiptProof
) -> bytes:
    import weasyprint  # noqa: PLC0415 - takes a second to load, and few processes ever need it

    html = render_to_string(
        "reports/receipt.html",
        {
            "page": page,
            "title": title,
            "body": body,
            "proof": shown_proof(proof),
            "language": translation.get_language(),
            "style": _style(),
        },
    )
    bundle = weasyprint.Attachment(
        string=proof.bundle.encode(), name=ATTACHMENT, description=_("Proof from the journal")
    )
    written: bytes = weasyprint.HTML(string=html).write_pdf(pdf_variant="pdf/ua-1", attachments=[bundle])
    return written


def _style() -> str:
    """Return the style of the printed receipt: it is put into the file, so that nothing is fetched."""
    with open(str(finders.find("portal/print.css")), encoding="utf-8") as file:  # noqa: PTH123 - a text path
        return file.read()
