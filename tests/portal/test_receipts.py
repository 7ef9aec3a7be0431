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

from authn.trust import LOA2
from cards.lifecycle import block_card
from cards.models import Activation, Card
from cards.reasons import BlockReason
from cards.renewal.models import Renewal
from cards.renewal.outcome import outcome_of
from journal import checkpoints, sequencing, verify
from journal.actor import Actor
from journal.events import REFERENCE_KINDS
from journal.models import Checkpoint, DeadLetter, Entry, Leaf
from journal.proofs import receipt_proof
from reports import vault
from reports.models import SealedReceipt
from reports.receipt_documents import shown_proof
from reports.receipt_facts import activation_receipt
from reports.receipt_models import ReceiptKind
from reports.sealed_receipts import delete_due_receipts, keep_sealed
from tests.cards.renewal.test_renewing import Chip, renewed
from tests.journal.test_verifying import KEY, SPKI, sign
from tests.portal.conftest import LogIn
from tests.portal.test_own_pages import inside
from tests.scenarios import Scene, a_shipped_card, a_written_activation, an_active_card
from worker import sealed_receipts
from worker.consumers import Consumer, consume_available
from worker.errors import NotYet
from worker.sealed_receipts import make_sealed_receipt, written

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
    assert [keep_sealed(receipt, one, actor=worker, at=at) for one in (document, document, b"another")] == [
        True,
        False,
        False,
    ]
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
def test_a_receipt_that_the_worker_gave_up_says_so_and_can_be_asked_for_again(
    card: Card, scene: Scene, log_in: LogIn, tmp_path: Path
) -> None:
    sign_head(tmp_path / "heads")
    browser, pdf = log_in(scene.cast.alva), reverse("block-receipt-pdf", args=[card.pk])
    ask, page = pdf.replace("receipt.pdf", "receipt/seal/"), pdf.replace("receipt.pdf", "receipt/")
    browser.post(ask)
    as_it_was = SealedReceipt.objects.get().kind
    # There is no activation with this id: a fault that no other try mends.
    SealedReceipt.objects.update(kind=ReceiptKind.ACTIVATION.value)
    worker = Consumer(name="receipts", handlers={"receipt.requested": make_sealed_receipt})
    sequencing.sequence_committed()
    consume_available(worker, limit=1000)
    assert DeadLetter.objects.filter(consumer="receipts").count() == 1
    SealedReceipt.objects.update(kind=as_it_was)
    for address in (page, ask):
        told = browser.get(address, headers={"hx-request": "true"} if address == ask else {})
        assert "DoesNotExist" in told.content.decode()
        assert "Be om det igen" in told.content.decode()
    browser.post(ask)
    again = SealedReceipt.objects.get()
    assert (again.failed_at, again.failure, again.made_at) == (None, "", None)
    browser.post(ask)
    assert Entry.objects.filter(type="receipt.requested").count() == 2
    sequencing.sequence_committed()
    with pytest.raises(NotYet):  # taken up again: no signed head covers it, or no signer is here
        consume_available(worker, limit=1000)
    assert SealedReceipt.objects.get().failure == ""


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


@pytest.mark.django_db
def test_new_certificates_have_their_receipt_at_the_desk_and_on_the_own_pages(
    scene: Scene, log_in: LogIn, tmp_path: Path
) -> None:
    """domain.md 2.10: what the holder signed, what came and what it replaced; proven as every receipt is."""
    card = an_active_card(scene)
    renewal = renewed(scene, card, Chip())
    alva, own = log_in(scene.cast.alva), inside(card)
    places = [(alva, "renewal-receipt"), (own, "own-renewal-receipt")]
    for browser, name in places:
        assert "hx-get" in browser.get(reverse(name, args=[renewal.pk])).content.decode()
    # The login may rest on a certificate that this replaced: the receipt is found after the next one too.
    url = reverse("own-renewal-receipt", args=[renewal.pk])
    assert url in own.get(reverse("own-history")).content.decode()
    sign_head(tmp_path / "heads")
    outcome = outcome_of(renewal)
    assert {len(outcome.written), len(outcome.replaced)} == {2}
    for browser, name in places:
        shown = browser.get(reverse(name, args=[renewal.pk])).content.decode()
        assert "Jag har förnyat certifikaten" in shown
        for certificate in (*outcome.written, *outcome.replaced):
            assert certificate.serial_hex in shown
        assert "Plats i loggen" in shown
        again = reverse(f"{name}-proof", args=[renewal.pk])
        assert "hx-trigger" not in browser.get(again).content.decode()
    document = _sealed(alva, "renewal-receipt", renewal)
    assert _sealed(own, "own-renewal-receipt", renewal) == document, "one document, whoever asks for it"
    (tmp_path / "out").mkdir()
    code, said = checked(document, tmp_path / "out")
    assert (code, "card.renewed" in said) == (0, True), said
    stranger = inside(a_card_of_alvas(scene))
    for browser, name in ((log_in(scene.cast.doris), places[0][1]), (stranger, places[1][1])):
        for view in (name, f"{name}-proof", f"{name}-pdf", f"{name}-seal"):
            assert browser.get(reverse(view, args=[renewal.pk])).status_code == 404


@pytest.mark.django_db
def test_the_holder_has_the_receipt_of_a_card_on_the_own_pages_too(
    scene: Scene, log_in: LogIn, tmp_path: Path
) -> None:
    """What they signed for the card is theirs to read, prove and keep; nobody else's."""
    card = an_active_card(scene)
    activation = Activation.objects.get(card=card)
    alva, own = log_in(scene.cast.alva), inside(card)
    url = reverse("own-activation-receipt", args=[activation.pk])
    assert url in own.get(reverse("own-history")).content.decode()
    assert "hx-get" in own.get(url).content.decode(), "its place in the log is awaited"
    sign_head(tmp_path / "heads")
    shown = own.get(url).content.decode()
    assert "utlämnat till mig" in shown
    assert "Plats i loggen" in shown
    assert "Till personen" not in shown
    again = reverse("own-activation-receipt-proof", args=[activation.pk])
    assert "hx-trigger" not in own.get(again).content.decode()
    document = _sealed(own, "own-activation-receipt", activation)
    assert _sealed(alva, "activation-receipt", activation) == document, "one document, whoever asks for it"
    (tmp_path / "out").mkdir()
    code, said = checked(document, tmp_path / "out")
    assert (code, "card.activated" in said) == (0, True), said
    for browser in (log_in(scene.cast.doris), alva, inside(a_card_of_alvas(scene))):
        for view in ("", "-proof", "-pdf", "-seal"):
            at = reverse(f"own-activation-receipt{view}", args=[activation.pk])
            assert browser.get(at).status_code == 404


@pytest.mark.django_db
def test_a_login_with_a_reserve_card_of_level_2_reads_no_receipt_of_another_card(scene: Scene) -> None:
    """MIN-4: such a login's own pages are about the card at hand alone."""
    activation = Activation.objects.get(card=an_active_card(scene))
    at_hand = Card(person=activation.card.person, hsa_id=activation.card.hsa_id)
    own = inside(at_hand, loa=LOA2)
    assert own.get(reverse("own-activation-receipt", args=[activation.pk])).status_code == 404


@pytest.mark.django_db
def test_a_receipt_does_not_tell_the_holder_the_number_of_an_attestors_document(scene: Scene) -> None:
    activation = Activation.objects.get(card=an_active_card(scene))
    check = activation.identity_check
    told = [fact.value for fact in activation_receipt(activation).check_facts]
    assert check.document_number in told
    check.method, check.attestor_name = "attestor", "Bo Ek"
    told = [fact.value for fact in activation_receipt(activation).check_facts]
    assert (check.document_number in told, "Bo Ek" in told) == (False, True)


@pytest.mark.django_db
def test_an_activation_that_is_not_finished_has_no_receipt_on_the_own_pages(scene: Scene) -> None:
    activation = a_written_activation(scene)
    own = inside(Card(person=activation.card.person, hsa_id=activation.card.hsa_id))
    assert own.get(reverse("own-activation-receipt", args=[activation.pk])).status_code == 404
    assert reverse("own-activation-receipt", args=[activation.pk]) not in (
        own.get(reverse("own-history")).content.decode()
    )


@pytest.mark.django_db
def test_new_certificates_from_before_the_journal_named_such_work_have_their_receipt_too(
    scene: Scene, log_in: LogIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what the journal does not tell of at all is set aside: what others asked for goes on."""
    with monkeypatch.context() as before:
        before.delitem(REFERENCE_KINDS, "renewal_id")
        renewal = renewed(scene, an_active_card(scene), Chip())
    assert not Entry.objects.filter(references__kind="renewal").exists()
    alva = log_in(scene.cast.alva)
    alva.post(reverse("renewal-receipt-seal", args=[renewal.pk]))
    sign_head(tmp_path / "heads")
    again = reverse("renewal-receipt-proof", args=[renewal.pk])
    assert "hx-trigger" not in alva.get(again).content.decode()
    receipt = SealedReceipt.objects.get(subject_id=str(renewal.pk))
    assert written(receipt).startswith(b"%PDF")
    monkeypatch.setattr(sealed_receipts, "entries_of", lambda *_, **__: [])
    worker = Consumer(name="receipts", handlers={"receipt.requested": make_sealed_receipt})
    consume_available(worker, limit=1000)
    assert SealedReceipt.objects.get().failure == "RowsMissing"
    assert DeadLetter.objects.filter(consumer="receipts").count() == 1


def _sealed(browser: Client, name: str, of: Activation | Renewal) -> bytes:
    """Ask for the document as one of the pages does, and take it."""
    pdf, ask = (reverse(f"{name}-{kind}", args=[of.pk]) for kind in ("pdf", "seal"))
    browser.post(ask, headers={"hx-request": "true"})
    receipt = SealedReceipt.objects.get(subject_id=str(of.pk))
    keep_sealed(receipt, written(receipt), actor=Actor.system("receipts"), at=datetime.now(tz=UTC))
    return browser.get(pdf).content


def a_card_of_alvas(scene: Scene) -> Card:
    """Return a card of somebody else, as far as a session is concerned."""
    return Card(person=scene.cast.alva_herself.person, hsa_id=scene.cast.alva_herself.hsa_id)
