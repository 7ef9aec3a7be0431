"""A block is followed until everybody who asks sees it, live at the desk, with a sealed receipt (R4)."""

import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import pem as asn1_pem
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore

from deploy.demo.browser import Page
from deploy.demo.cast import Member
from tests.running.desk import Desk
from tests.running.installation import REPOSITORY, Installation, eventually

pytestmark = pytest.mark.slow


def stops(page: Page) -> dict[str, str]:
    """Return each stop of the landing line with how far it has come."""
    return {
        str(one.xpath("string(b)")): str(one.get("class"))
        for one in page.document.xpath("//ol[@class='landing']/li")
    }


def test_a_block_lands_everywhere_and_gives_a_receipt_that_anyone_can_check(
    installation: Installation, alva: Desk, holder: Member, tmp_path: Path
) -> None:
    """REV-1, R4: ledger, OCSP, delta and full list, each seen from outside, for each certificate."""
    person = alva.makes_active_card(holder)
    alva.has_blocked(person)
    page = alva.browser.open(person)
    first = stops(page)
    assert first["Liggaren"] == "done"

    def landed() -> tuple[Page, str] | None:
        """A receipt is offered once the last stop is done and the watch has closed."""
        shown = alva.browser.open(person)
        forms = [str(one) for one in shown.document.xpath("//form/@action") if "/landing/receipt/" in one]
        return (shown, forms[0]) if forms else None

    page, form = eventually(landed, why="the block has landed")
    assert stops(page) == dict.fromkeys(("Liggaren", "OCSP", "Deltalistan", "Spärrlistan"), "done")
    assert re.search(r"efter \d+(,\d\d)? s\b", page.document.text_content()), "some source within a minute"
    alva.browser.submit(page, action=form)

    def made() -> str | None:
        links = alva.browser.open(person).document.xpath("//a/@href")
        return next((str(one) for one in links if str(one).endswith("/landing/receipt.pdf")), None)

    statement = eventually(made, why="the statement is sealed")
    addresses = [statement, *(_asked_for(alva, one) for one in _receipts(alva, person))]
    assert len(addresses) == 3
    for address in addresses:
        document = alva.browser._session.get(f"{installation.portal}{address}", timeout=60).content
        _is_sealed(document, installation)
        _is_proved(document, installation, tmp_path)


def _receipts(alva: Desk, person: str) -> list[str]:
    """Return the pages of the receipts of the activation and of the block."""
    links = [str(one) for one in alva.browser.open(person).document.xpath("//a/@href")]
    block = next(one for one in links if one.endswith("/block/receipt/"))
    opened = alva.installation.ask("card", card_id=block.split("/")[2])["activation_ids"][-1]
    return [f"/activations/{opened}/receipt/", block]


def _asked_for(alva: Desk, receipt: str) -> str:
    """Ask for a receipt's sealed document on its page, and return its address when it is there."""
    page = alva.browser.open(receipt)
    form = next(str(one) for one in page.document.xpath("//form/@action") if str(one).endswith("/seal/"))
    alva.browser.submit(page, action=form)

    def made() -> str | None:
        links = alva.browser.open(receipt).document.xpath("//a/@href")
        return next((str(one) for one in links if str(one).endswith("/receipt.pdf")), None)

    return eventually(made, why="the receipt is sealed")


def _is_sealed(document: bytes, installation: Installation) -> None:
    """PAdES-B-LT: what is inside suffices to whoever knows the root, and nobody is asked."""
    chain = asn1_pem.unarmor((installation.home / "public" / "chain.pem").read_bytes(), multiple=True)
    certificates = [asn1_x509.Certificate.load(der) for _, _, der in chain]
    roots = [one for one in certificates if one.self_issued]
    reader = PdfFileReader(BytesIO(document))
    asked = {"trust_roots": roots, "revocation_mode": "require", "allow_fetching": False}
    context = DocumentSecurityStore.read_dss(reader).as_validation_context(asked)
    status = validate_pdf_signature(reader.embedded_signatures[0], context)
    assert status.intact
    assert status.valid
    assert status.trusted
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.trusted
    # After the seal came what shows it for years, and nothing else.
    assert status.modification_level is ModificationLevel.LTA_UPDATES
    assert status.bottom_line


def _is_proved(document: bytes, installation: Installation, folder: Path) -> None:
    """The journal's own verifier finds the bundle in the PDF and checks it without a server."""
    file = folder / "receipt.pdf"
    file.write_bytes(document)
    key = next((installation.home / "ceremony").glob("audit*.pem"))
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "journal" / "verify.py"), str(file), "--key", str(key)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
