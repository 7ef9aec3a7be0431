"""Ten years after the last certificate nobody can read who it was; what is in use holds its evidence back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from pytest_django import Settings

from ca.selectors import certificates_of_person
from directory.erasures import ErasureRefused, LegalGround, approve_erasure, decider, request_erasure
from directory.models import ErasureRequest, Role
from journal.actor import Actor
from journal.erasure import Ground, erase, erase_again, join, lines_of
from journal.models import Entry, PersonalPart, PersonKey
from journal.personal import openings_of, whole_contents
from tests.cast import actor_of
from tests.journal.test_personal import ALVA, opened
from tests.scenarios import Scene, a_blocked_card, a_scene, an_active_card
from worker.retention import Held, Term, due, erase_due, periods, terms

pytestmark = pytest.mark.django_db
JOB = Actor.system("retention")


@pytest.fixture(autouse=True)
def _ledger(settings: Settings, tmp_path: Path) -> None:
    settings.SIGILL_ERASURES = tmp_path / "erasures.log"


@pytest.fixture
def scene() -> Iterator[Scene]:
    return a_scene()


def term_of(subject: str) -> Term:
    return next(term for term in terms(periods()) if term.subject == subject)


def years_after(moment: datetime, years: int) -> datetime:
    return moment.replace(year=moment.year + years)


def test_a_holder_is_kept_ten_years_after_the_last_certificate(scene: Scene) -> None:
    """A14, domain.md 7.3."""
    card = an_active_card(scene)
    opened(ALVA, person_id=str(card.person_id))  # says something of the holder
    last = max(one.not_after for one in certificates_of_person(card.person_id))
    term = term_of(str(card.person_id))
    assert (term.held_by, term.ends_at) == (Held.CERTIFICATE, years_after(last, 10))
    assert last > scene.at + timedelta(days=365)
    subject = str(card.person_id)
    assert subject not in {one.subject for one in due(at=term.ends_at - timedelta(seconds=1))}
    assert subject in {one.subject for one in due(at=term.ends_at)}


def test_after_eleven_years_without_a_certificate_nobody_is_known_and_every_proof_stands() -> None:
    entry = opened()
    at = years_after(entry.at, 11)
    before = entry.content
    assert [term.subject for term in due(at=at)] == ["erik-id"]
    assert erase_due(actor=JOB, at=at) == 1
    # Alva vouched for somebody whose certificate may have lived five years: she is kept five years longer.
    assert set(openings_of([entry])[entry.pk]) == {"actor"}
    assert erase_due(actor=JOB, at=years_after(entry.at, 16)) == 1
    assert openings_of([entry]) == {}
    entry.refresh_from_db()
    assert entry.content == before
    assert PersonalPart.objects.filter(entry=entry).count() == 2  # ciphertext stays; nobody opens it
    told = [
        json.loads(one.content)["event"] for one in Entry.objects.filter(type="person.erased").order_by("id")
    ]
    assert [(one["subject"], one["ground"], one["parts"]) for one in told] == [
        ("erik-id", "retention", 1),
        ("alva-id", "retention", 1),
    ]


def test_a_run_erases_no_more_than_its_cap_the_oldest_first() -> None:
    for number in range(4):
        opened(JOB, person_id=f"p{number}")
    at = years_after(Entry.objects.latest("id").at, 11)
    assert erase_due(actor=JOB, at=at, cap=3) == 3
    assert PersonKey.objects.get().subject == "p3"


def test_what_is_known_of_nobody_goes_after_its_months(settings: Settings) -> None:
    settings.SIGILL_RETENTION_TECHNICAL_MONTHS = 18
    opened(Actor(kind=ALVA.kind, identifier="", client_address="192.0.2.1"), person_id="", reason="")
    term = term_of("unattributed-2026-11")
    assert (term.held_by, term.ends_at) == (Held.TECHNICAL, datetime(2028, 6, 1, tzinfo=UTC))


def test_the_ledger_knows_each_erasure_and_a_restored_key_is_destroyed_again(settings: Settings) -> None:
    entry = opened()
    key = PersonKey.objects.get(subject="erik-id")
    erase("erik-id", ground=Ground.RETENTION, ledger=settings.SIGILL_ERASURES, actor=JOB, at=entry.at)
    PersonKey.objects.create(pk=key.pk, subject=key.subject, wrapped=key.wrapped)  # an older backup
    assert "reason" in whole_contents([entry])[entry.pk]["event"]
    assert erase_again([settings.SIGILL_ERASURES], actor=JOB, at=entry.at) == 1
    assert "reason" not in whole_contents([entry])[entry.pk]["event"]
    assert erase_again([settings.SIGILL_ERASURES], actor=JOB, at=entry.at) == 0


def test_ledgers_are_joined_and_a_cut_line_does_not_count(tmp_path: Path) -> None:
    entry = opened()
    one, other = tmp_path / "a.log", tmp_path / "b.log"
    erase("erik-id", ground=Ground.RETENTION, ledger=one, actor=JOB, at=entry.at)
    other.write_text('{"key_id":"cut')
    join(other, [one])
    assert list(lines_of(other)) == list(lines_of(one))


def central(scene: Scene, employment: object) -> Actor:
    return actor_of(employment, Role.CENTRAL_ADMINISTRATOR)  # type: ignore[arg-type]


def test_before_the_time_it_takes_two_persons(scene: Scene, settings: Settings) -> None:
    a_blocked_card(scene)
    holder = scene.cast.asa.person
    first = central(scene, scene.cast.alva_herself)
    second = central(scene, scene.cast.erik)
    opened(ALVA, person_id=str(holder.pk))
    out = StringIO()
    words = ["request", str(holder.pk), "--by", first.identifier, "--ground", "objection"]
    call_command("erase_person", *words, stdout=out)
    asked = ErasureRequest.objects.get()
    with pytest.raises(CommandError, match="two persons"):
        call_command("erase_person", "approve", str(asked.pk), "--by", first.identifier)
    assert PersonKey.objects.filter(subject=str(holder.pk)).exists()
    call_command("erase_person", "approve", str(asked.pk), "--by", second.identifier, stdout=out)
    assert not PersonKey.objects.filter(subject=str(holder.pk)).exists()
    assert "every proof stands" in out.getvalue()
    told = json.loads(Entry.objects.get(type="person.erased").content)["event"]
    assert (told["ground"], told["erasure_request_id"]) == ("decision", str(asked.pk))
    assert Entry.objects.filter(type__in=["erasure.requested", "erasure.approved"]).count() == 2
    assert len(list(lines_of(settings.SIGILL_ERASURES))) == 1
    with pytest.raises(CommandError, match="decided already"):
        call_command("erase_person", "approve", str(asked.pk), "--by", second.identifier)


def test_a_certificate_in_use_holds_its_evidence_back_whoever_decides(scene: Scene) -> None:
    card = an_active_card(scene)
    first = central(scene, scene.cast.alva_herself)
    with pytest.raises(CommandError, match="valid"):
        call_command(
            "erase_person", "request", str(card.person_id), "--by", first.identifier, "--ground", "objection"
        )
    assert not ErasureRequest.objects.exists()


def test_nobody_without_the_role_asks_and_nobody_in_a_role_is_erased(scene: Scene) -> None:
    with pytest.raises(ErasureRefused) as told:
        decider(scene.cast.doris.identifier, at=scene.at)
    assert told.value.facts == {"rule": "role_missing"}
    first = central(scene, scene.cast.alva_herself)
    with pytest.raises(ErasureRefused) as told:
        request_erasure(
            scene.cast.doris.person_id, legal_ground=LegalGround.OBJECTION, actor=first, at=scene.at
        )
    assert told.value.facts == {"rule": "holds_a_role"}


def test_who_got_a_role_since_it_was_asked_for_is_not_erased(scene: Scene) -> None:
    first = central(scene, scene.cast.alva_herself)
    asked = request_erasure(
        scene.cast.asa.person_id, legal_ground=LegalGround.OBJECTION, actor=first, at=scene.at
    )
    actor_of(scene.cast.asa, Role.ID_ADMINISTRATOR)
    with pytest.raises(ErasureRefused) as told:
        approve_erasure(asked.pk, actor=central(scene, scene.cast.erik), at=scene.at)
    assert told.value.facts == {"rule": "holds_a_role"}


def test_the_database_says_so_too(scene: Scene) -> None:
    first = central(scene, scene.cast.alva_herself)
    asked = request_erasure(
        scene.cast.asa.person_id, legal_ground=LegalGround.OBJECTION, actor=first, at=scene.at
    )
    for wrong in (
        {"state": "approved", "approved_by": first.person_id, "approved_at": scene.at},
        {"state": "approved", "approved_by": "", "approved_at": scene.at},
        {"state": "requested", "approved_by": "x", "approved_at": None},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            ErasureRequest.objects.filter(pk=asked.pk).update(**wrong)
    second = central(scene, scene.cast.erik)
    assert approve_erasure(asked.pk, actor=second, at=scene.at).approved_by == second.person_id


def test_the_command_lists_what_is_due_and_forgets_only_when_told_to(settings: Settings) -> None:
    opened()
    out = StringIO()
    call_command("retention", stdout=out)
    assert "0 due, 2 held back." in out.getvalue()
    settings.SIGILL_RETENTION_YEARS = settings.SIGILL_RETENTION_LONGEST_CERTIFICATE_YEARS = 0
    call_command("retention", stdout=out)
    assert "2 due, 0 held back." in out.getvalue()
    assert PersonKey.objects.count() == 2
    call_command("retention", "--apply", stdout=out)
    assert "2 keys destroyed, 0 segments archived." in out.getvalue()
    assert not PersonKey.objects.exists()
