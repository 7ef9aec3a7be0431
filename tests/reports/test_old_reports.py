"""The old portal's reports: as they were, within reach, until a day, every pull recorded (REP-4)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from journal.actor import Actor
from journal.models import Entry
from reports import vault
from reports.errors import ReportNotFound
from reports.old_models import OldReport
from reports.old_reports import delete_closed, list_old, pull_old
from tests.scenarios import Scene, a_scene

OLD = b"\xef\xbb\xbfkortnr;status\r\n9752;aktivt\r\n"


@pytest.fixture
def scene(db: None, settings: Settings, tmp_path: Path) -> Scene:
    settings.SIGILL_HOME = tmp_path / "home"
    return a_scene()


@pytest.fixture
def folder(scene: Scene, tmp_path: Path) -> Path:
    place = tmp_path / "old"
    place.mkdir()
    (place / "kort.csv").write_bytes(OLD)
    (place / "roller.csv").write_bytes(b"roll;hsa-id\r\n")
    norr = scene.cast.norr.hsa_id
    index = (
        "file;name;made_on;organization;names_protected\n"
        f"kort.csv;Kort 2025;2025-12-31;{norr};no\nroller.csv;Roller 2025;2025-12-31;{norr};yes\n"
    )
    (place / "index.csv").write_text(index, encoding="utf-8-sig")
    return place


def manager(scene: Scene) -> Actor:
    """Somebody who manages all of Region Norr."""
    return replace(scene.cast.cia, may_see_protected=False)


def test_they_are_taken_over_encrypted_and_once(scene: Scene, folder: Path) -> None:
    call_command("import_old_reports", str(folder))
    call_command("import_old_reports", str(folder))
    assert OldReport.objects.count() == 2
    assert Entry.objects.filter(type="old_report.imported").count() == 2
    lying = list(vault.folder().iterdir())
    assert len(lying) == 2
    assert all(OLD not in file.read_bytes() for file in lying)


def test_who_reads_all_of_the_organization_takes_them_and_it_is_recorded(scene: Scene, folder: Path) -> None:
    """What may name protected people is for those with the right alone: nobody can mask what is inside."""
    call_command("import_old_reports", str(folder))
    (seen,) = list_old(actor=manager(scene), at=scene.at)
    assert (seen.name, seen.made_on) == ("Kort 2025", date(2025, 12, 31))
    row, pieces = pull_old(str(seen.pk), actor=manager(scene), at=scene.at)
    assert b"".join(pieces) == OLD
    assert row.original_name == "kort.csv"
    assert (
        Entry.objects.filter(type="old_report.pulled", actor_identifier=scene.cast.cia.person_id).count() == 1
    )
    assert len(list_old(actor=replace(manager(scene), may_see_protected=True), at=scene.at)) == 2
    protected = OldReport.objects.get(names_protected=True)
    with pytest.raises(ReportNotFound):
        pull_old(str(protected.pk), actor=manager(scene), at=scene.at)


def test_an_administrator_of_the_desk_and_doris_get_nothing(scene: Scene, folder: Path) -> None:
    call_command("import_old_reports", str(folder))
    row = OldReport.objects.get(names_protected=False)
    foreign = replace(manager(scene), organization_ids=scene.cast.doris.organization_ids)
    for actor in (scene.cast.alva, scene.cast.doris, foreign):
        assert list_old(actor=actor, at=scene.at) == ()
        with pytest.raises(ReportNotFound):
            pull_old(str(row.pk), actor=actor, at=scene.at)


def test_after_the_last_day_they_are_closed_and_their_keys_destroyed(
    scene: Scene, folder: Path, settings: Settings
) -> None:
    call_command("import_old_reports", str(folder))
    row = OldReport.objects.get(names_protected=False)
    settings.SIGILL_OLD_REPORTS_UNTIL = date(2027, 6, 30)
    last, after = datetime(2027, 6, 30, 21, 59, tzinfo=UTC), datetime(2027, 6, 30, 22, 0, tzinfo=UTC)
    assert len(list_old(actor=manager(scene), at=last)) == 1
    assert delete_closed(actor=Actor.system("reports"), at=last) == 0
    assert list_old(actor=manager(scene), at=after) == ()
    with pytest.raises(ReportNotFound):
        pull_old(str(row.pk), actor=manager(scene), at=after)
    assert delete_closed(actor=Actor.system("reports"), at=after) == 2
    assert delete_closed(actor=Actor.system("reports"), at=after + timedelta(hours=1)) == 0
    assert list(vault.folder().iterdir()) == []
    assert set(OldReport.objects.values_list("wrapped_key", flat=True)) <= {b"", None}
    assert Entry.objects.filter(type="old_report.deleted").count() == 2


@pytest.mark.parametrize(
    "line",
    [
        "kort.csv;Kort;31/12 2025;{norr};no",
        "kort.csv;Kort;2025-12-31;SE0-NONE;no",
        "kort.csv;Kort;2025-12-31;{norr};perhaps",
        "gone.csv;Kort;2025-12-31;{norr};no",
        "../index.csv;Kort;2025-12-31;{norr};no",
        "kort.csv;Kort;2025-12-31",
    ],
)
def test_a_folder_with_a_fault_in_it_changes_nothing(scene: Scene, folder: Path, line: str) -> None:
    with (folder / "index.csv").open("a", encoding="utf-8") as index:
        index.write(line.format(norr=scene.cast.norr.hsa_id) + "\n")
    with pytest.raises(CommandError, match="line 4"):
        call_command("import_old_reports", str(folder))
    assert not OldReport.objects.exists()
