"""The log's state, its heads, and whether one continues another."""

import re

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils import timezone

from directory.lifecycle import record_search
from journal.actor import Actor
from journal.audit_key import audit_key
from journal.checkpoints import note_body, signed_note
from journal.models import Checkpoint
from journal.watching import watch
from tests.portal.auditor.conftest import Notary
from tests.portal.auditor.test_journal import text_of
from tests.portal.conftest import LogIn
from tests.scenarios import Scene, a_pending_order

JOB = Actor.system("journal.watch")


@pytest.fixture
def sizes(scene: Scene, notary: Notary) -> tuple[int, int]:
    """Return the sizes of two heads."""
    a_pending_order(scene)
    notary.sign()
    for _ in range(3):
        record_search(key="hsa_id", person_id="", actor=scene.cast.alva, at=scene.at)
    notary.sign()
    older, newer = Checkpoint.objects.order_by("size").values_list("size", flat=True)
    return older, newer


def note_of(notary: Notary, *, size: int, root: bytes, origin: str = "sigill.test/journal") -> str:
    """Return a head that the audit key signed, whatever it says."""
    body = note_body(origin=origin, size=size, root_hash=root).encode()
    return signed_note(
        origin=origin,
        size=size,
        root_hash=root,
        public_key=notary.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        signature=notary.key.sign(body, ec.ECDSA(hashes.SHA256())),
    )


def test_a_newer_head_continues_an_older_one(scene: Scene, sizes: tuple[int, int], log_in: LogIn) -> None:
    page = log_in(scene.cast.cia).get("/journal/compare/", {"old": sizes[0]})
    assert "Det nyare huvudet fortsätter det äldre" in text_of(page)
    assert page.context["page"].verdict.span.old_size == sizes[0]


def test_a_head_that_was_kept_is_found_in_the_log_however_it_was_pasted(
    scene: Scene, sizes: tuple[int, int], log_in: LogIn
) -> None:
    kept = Checkpoint.objects.get(size=sizes[0]).note
    for pasted in (kept, kept.replace("\n", "\r\n"), f"\n{kept}\n\n"):
        page = log_in(scene.cast.cia).post("/journal/compare/", {"old_note": pasted})
        assert "Det nyare huvudet fortsätter det äldre" in text_of(page)
    same = log_in(scene.cast.cia).post("/journal/compare/", {"old_note": kept, "new_note": kept})
    assert "Samma huvud" in text_of(same)


def test_a_head_of_another_truth_is_said_to_be_that(
    scene: Scene, sizes: tuple[int, int], notary: Notary, log_in: LogIn
) -> None:
    """All of these are signed by the audit key: what it signed must still be in the log."""
    browser = log_in(scene.cast.cia)
    older, newer = sizes

    def said(**note: object) -> str:
        return text_of(browser.post("/journal/compare/", {"old_note": note_of(notary, **note)}))  # type: ignore[arg-type]

    assert "Inte den logg som signerades då" in said(size=older, root=b"\1" * 32)
    assert "Två sanningar om samma rader" in said(size=newer, root=b"\1" * 32)
    assert "Loggen är kortare än det här huvudet" in said(size=newer + 5, root=b"\1" * 32)
    assert "Två olika loggar" in said(size=older, root=b"\1" * 32, origin="another")


@pytest.mark.parametrize("pasted", ["hej", "a\n1\nb\n\n— a AAAA\n", "a\nx\ny\n\nz", "\0", "a\n" * 900])
def test_what_is_no_head_is_said_to_be_none(
    scene: Scene, sizes: tuple[int, int], log_in: LogIn, pasted: str
) -> None:
    page = log_in(scene.cast.cia).post("/journal/compare/", {"old_note": pasted})
    assert page.status_code == 200
    assert "Det här är inte ett huvud för den här loggen" in text_of(page)


def test_a_head_signed_by_somebody_else_is_none_of_this_log(
    scene: Scene, sizes: tuple[int, int], notary: Notary, log_in: LogIn
) -> None:
    stranger = Notary(home=notary.home, key=ec.generate_private_key(ec.SECP256R1()))
    pasted = note_of(stranger, size=sizes[0], root=b"\1" * 32)
    page = log_in(scene.cast.cia).post("/journal/compare/", {"old_note": pasted})
    assert "Det här är inte ett huvud för den här loggen" in text_of(page)


@pytest.mark.parametrize("old", ["0", "99999999999999999999", "-1", "x"])
def test_sizes_without_a_head_are_said_to_be_that(
    scene: Scene, sizes: tuple[int, int], log_in: LogIn, old: str
) -> None:
    assert log_in(scene.cast.cia).get("/journal/compare/", {"old": old}).status_code == 200


def test_a_head_can_be_read_and_kept(scene: Scene, sizes: tuple[int, int], log_in: LogIn) -> None:
    browser = log_in(scene.cast.cia)
    head = Checkpoint.objects.get(size=sizes[1])
    assert bytes(head.root_hash).hex() in text_of(browser.get(f"/journal/intact/{head.size}/"))
    kept = browser.get(f"/journal/intact/{head.size}/head.txt")
    assert kept.content.decode() == head.note
    assert browser.get(f"/journal/intact/{sizes[1] + 1}/").status_code == 404
    assert browser.get("/journal/intact/99999999999999999999/").status_code == 404


def test_the_page_tells_whether_the_log_is_intact_and_since_when(
    scene: Scene, sizes: tuple[int, int], notary: Notary, log_in: LogIn
) -> None:
    browser = log_in(scene.cast.cia)
    assert "Inte kontrollerad än" in text_of(browser.get("/journal/intact/"))
    watch(key=audit_key(notary.home), outside=notary.outside, actor=JOB, at=timezone.now())
    page = browser.get("/journal/intact/")
    assert "Loggen är hel" in text_of(page)
    assert len(re.findall(r'href="/journal/intact/\d+/"', page.content.decode())) >= 2
    root = Checkpoint.objects.get(size=sizes[1]).root_hash
    assert bytes(root).hex() in browser.get("/journal/intact/status/").content.decode()
    assert "Loggen är hel" in text_of(browser.get("/journal/"))
