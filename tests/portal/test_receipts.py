"""Receipts of activation and block carry the proof of their rows, and anybody can check the PDF alone."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from django.urls import reverse

from cards.lifecycle import block_card
from cards.models import Activation, Card
from cards.reasons import BlockReason
from journal import checkpoints, sequencing, verify
from journal.actor import Actor
from journal.models import Checkpoint, Entry, Leaf
from journal.proofs import receipt_proof
from reports import vault
from reports.models import SealedReceipt
from reports.receipt_documents import shown_proof
from reports.sealed_receipts import delete_due_receipts, keep_sealed
from tests.journal.test_verifying import KEY, SPKI, sign
from tests.portal.conftest import LogIn
from tests.scenarios import Scene, a_shipped_card, an_active_card
from worker.sealed_receipts import written

PROGRAM = Path(verify.__file__)


@pytest.fixture
def card(scene: Scene) -> Card:
    """A card that was activated and blocked; no head is signed yet."""
    return blocked(an_active_card(scene), scene)


def blocked(made: Card, scene: Scene) -> Card:
    now = datetime.now(tz=UTC)
    return block_card(
        card_id=str(made.pk),
        reason=BlockReason.LOST_OR_STOLEN,
        requested_at=now,
        note="ringde",
        actor=scene.cast.alva,
        at=now,
    )


def sign_head(folder: Path) -> None:
    while sequencing.sequence_committed():
        pass
    checkpoints.sign_head(
        origin="sigill.test/journal", public_key=SPKI, sign=sign, outside=folder, at=datetime.now(tz=UTC)
    )


def checked(document: bytes, folder: Path) -> tuple[int, str]:
    """Run the stand-alone program on a downloaded PDF or bundle."""
    file, key = folder / "downloaded", folder / "audit.pem"
    file.write_bytes(document)
    key.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(file), "--key", str(key)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def asked_and_made(browser: Client, pdf: str) -> bytes:
    """Ask for the document, let the worker write it, and take it; only its seal is left out here."""
    ask = pdf.replace("receipt.pdf", "receipt/seal/")
    assert browser.get(pdf).status_code == 409
    fragment = browser.post(ask, headers={"hx-request": "true"}).content.decode()
    assert "sigilleras" in fragment
    assert f'hx-get="{ask}"' in fragment
    receipt = SealedReceipt.objects.get(subject_id=pdf.split("/")[2])
    assert browser.get(pdf).status_code == 409
    document = written(receipt)
    worker, at = Actor.system("receipts"), datetime.now(tz=UTC)
    assert [keep_sealed(receipt, one, actor=worker, at=at) for one in (document, b"another")] == [True, False]
    assert pdf in browser.get(ask, headers={"hx-request": "true"}).content.decode()
    answer = browser.get(pdf)
    assert answer["Content-Type"] == "application/pdf"
    assert "Åsa" not in answer["Content-Disposition"]
    return answer.content


def receipts_of(card: Card) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """(page, its proof alone, the PDF, the types of the rows that are proven)."""
    activation = Activation.objects.get(card=card)
    names = ("activation-receipt", "activation-receipt-proof", "activation-receipt-pdf")
    one = [reverse(name, args=[activation.pk]) for name in names]
    other = [reverse(f"block-receipt{kind}", args=[card.pk]) for kind in ("", "-proof", "-pdf")]
    return [
        (one[0], one[1], one[2], ("receipt.signed", "card.activated")),
        (other[0], other[1], other[2], ("card.blocked",)),
    ]


@pytest.mark.django_db
def test_a_receipt_waits_for_its_head_and_then_proves_its_rows(
    card: Card, scene: Scene, log_in: LogIn, tmp_path: Path
) -> None:
    browser = log_in(scene.cast.alva)
    for page, again, pdf, _ in receipts_of(card):
        waiting = browser.get(page).content.decode()
        assert f'hx-get="{again}" hx-trigger="every 1s"' in waiting
        assert "hx-trigger" in browser.get(again).content.decode()
        assert browser.get(pdf).status_code == 409
    sign_head(tmp_path / "heads")
    head = Checkpoint.objects.get()
    for page, again, pdf, types in receipts_of(card):
        for address in (page, again):
            shown = browser.get(address).content.decode()
            assert 'hx-get="/activations' not in shown
            assert bytes(head.root_hash).hex() in shown
            assert "<svg" in shown
        document = asked_and_made(browser, pdf)
        code, said = checked(document, tmp_path)
        assert code == 0, said
        assert [line.split()[2] for line in said.splitlines()[:-1]] == list(types)
        assert said.splitlines()[-1].startswith(
            f"intact: {len(types)} rows proven in the tree of {head.size}"
        )


@pytest.mark.django_db
def test_an_older_head_does_not_prove_a_newer_row(scene: Scene, log_in: LogIn, tmp_path: Path) -> None:
    made = an_active_card(scene)
    sign_head(tmp_path / "heads")
    page = reverse("block-receipt", args=[made.pk])
    browser = log_in(scene.cast.alva)
    blocked(made, scene)
    for _ in range(2):
        assert "hx-trigger" in browser.get(page).content.decode()
        sequencing.sequence_committed(limit=1000)
    sign_head(tmp_path / "heads")
    assert "hx-trigger" not in browser.get(page).content.decode().partition('id="journal-proof"')[2]


@pytest.mark.django_db
def test_a_receipt_that_was_changed_is_found_out(
    card: Card, scene: Scene, log_in: LogIn, tmp_path: Path
) -> None:
    sign_head(tmp_path / "heads")
    browser = log_in(scene.cast.alva)
    pdf = asked_and_made(browser, reverse("block-receipt-pdf", args=[card.pk]))
    bundle = verify.bundle_in_pdf(pdf)
    for false, named in (
        (bundle.replace("card.blocked", "card.ordered"), "was changed"),
        (bundle.replace('"position":', '"position":1'), "does not fit|not in the tree"),
        (bundle.replace('"rows":1', '"rows":2'), "announces 2 rows"),
    ):
        assert false != bundle
        with pytest.raises(verify.BrokenJournal, match=named):
            verify.verify_bundle(iter(false.splitlines()), KEY.public_key())


@pytest.mark.django_db
def test_nobody_else_gets_a_receipt(card: Card, scene: Scene, log_in: LogIn) -> None:
    strangers = log_in(scene.cast.doris)
    for page, again, pdf, _ in receipts_of(card):
        seal = pdf.replace("receipt.pdf", "receipt/seal/")
        for address in (page, again, pdf, seal):
            assert strangers.get(address).status_code == 404
            assert Client().get(address).status_code == 303
        assert strangers.post(seal).status_code == 404
    assert not SealedReceipt.objects.exists()


@pytest.mark.django_db
def test_a_sealed_receipt_is_asked_for_once_in_a_language_and_goes_with_its_key(
    card: Card, scene: Scene, log_in: LogIn, tmp_path: Path
) -> None:
    """It is a copy: after 30 days it is gone with its key, told in the journal, and can be had anew."""
    sign_head(tmp_path / "heads")
    browser, pdf = log_in(scene.cast.alva), reverse("block-receipt-pdf", args=[card.pk])
    ask, worker = pdf.replace("receipt.pdf", "receipt/seal/"), Actor.system("receipts")
    first = asked_and_made(browser, pdf)
    assert browser.post(ask).status_code == 302
    receipt = SealedReceipt.objects.get()
    kept = vault.folder() / receipt.file_name
    assert first[:8] not in kept.read_bytes()
    assert receipt.expires_at is not None
    just_before = receipt.expires_at - timedelta(seconds=1)
    assert delete_due_receipts(actor=worker, at=just_before) == 0
    assert delete_due_receipts(actor=worker, at=receipt.expires_at) == 1
    assert not kept.exists()
    assert browser.get(pdf).status_code == 409
    assert asked_and_made(browser, pdf)[:5] == b"%PDF-"
    told = Entry.objects.filter(type__in=("receipt.requested", "receipt.sealed", "receipt.deleted"))
    assert [entry.type for entry in told.order_by("pk")] == [
        "receipt.requested", "receipt.sealed", "receipt.deleted", "receipt.requested", "receipt.sealed",
    ]  # fmt: skip


@pytest.mark.django_db
def test_the_address_on_a_receipt_is_the_page_that_shows_its_row(card: Card, tmp_path: Path) -> None:
    sign_head(tmp_path / "heads")
    (entry,) = Entry.objects.filter(type="card.blocked")
    proof = receipt_proof([entry.pk])
    assert proof is not None
    path = reverse("proof", args=[proof.positions[-1], proof.leaf_hashes[-1]])
    assert f"{path}#" in shown_proof(proof).link


@pytest.mark.django_db
def test_whoever_holds_the_receipt_sees_its_row_in_the_log_and_nobody_learns_what_it_says(
    card: Card, tmp_path: Path
) -> None:
    anybody = Client()
    sequencing.sequence_committed(limit=1000)
    leaf = Leaf.objects.get(entry=Entry.objects.get(type="card.blocked"))
    leaf_hash = bytes(leaf.leaf_hash).hex()
    page, file = (reverse(name, args=[leaf.position, leaf_hash]) for name in ("proof", "proof-bundle"))
    assert anybody.get(page).status_code == 200
    assert anybody.get(file).status_code == 404
    sign_head(tmp_path / "heads")
    shown = anybody.get(page).content.decode()
    assert bytes(Checkpoint.objects.get().root_hash).hex() in shown
    downloaded = anybody.get(file).content
    code, said = checked(downloaded, tmp_path)
    assert (code, f"row {leaf.position}: content withheld" in said) == (0, True), said
    for secret in (str(card.pk), "card.blocked", "SE"):
        assert secret not in downloaded.decode().partition("\n")[2]
    other = f"{leaf_hash[:-1]}{'0' if leaf_hash[-1] != '0' else '1'}"
    for position, hashed in ((leaf.position, other), (leaf.position + 1, leaf_hash), (10**9, leaf_hash)):
        assert anybody.get(reverse("proof", args=[position, hashed])).status_code == 404


@pytest.mark.django_db
def test_a_card_that_is_not_blocked_has_no_receipt_of_a_block(scene: Scene, log_in: LogIn) -> None:
    card = an_active_card(scene)
    assert log_in(scene.cast.alva).get(reverse("block-receipt", args=[card.pk])).status_code == 404


@pytest.mark.django_db
def test_of_a_card_without_certificates_nothing_is_said_of_certificates(scene: Scene, log_in: LogIn) -> None:
    """A card that was never activated: nobody can ask for its status, and nothing is on its way anywhere."""
    card, browser = a_shipped_card(scene), log_in(scene.cast.alva)
    url = reverse("block-card", args=[card.pk])
    asked = browser.get(url).content.decode()
    assert "Det har inga certifikat att spärra" in asked
    assert "Alla som frågar om certifikaten" not in asked
    sent = re.findall(r'name="(requested_\w+)" value="([^"]+)"', asked)
    answer = {**dict(sent), "reason": BlockReason.LOST_OR_STOLEN.value, "confirmed": "on"}
    person = browser.post(url, answer, follow=True).content.decode()
    assert "är spärrat." in person
    assert "Nedan ser du" not in person
    receipt = reverse("block-receipt", args=[card.pk])
    assert receipt in person
    page = browser.get(receipt).content.decode()
    assert "Det hade inga certifikat att spärra" in page
    assert "Tjänstekort utan foto" in page
    assert "i samma ögonblick" not in page


@pytest.mark.django_db
def test_a_receipt_says_whose_clock_it_goes_by_and_of_which_certificates(
    card: Card, scene: Scene, log_in: LogIn
) -> None:
    page = log_in(scene.cast.alva).get(reverse("block-receipt", args=[card.pk])).content.decode()
    assert "Dess certifikat spärrades i samma ögonblick" in page
    assert page.count("Klockslag är svensk tid.") == 2
