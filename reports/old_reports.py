"""The old portal's reports: kept as they were, read within the reader's reach, closed on a day (REP-4)."""

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from directory.models import Role
from directory.swedish_time import swedish_day
from journal.actor import Actor
from journal.recording import record
from reports import vault
from reports.errors import ReportNotFound
from reports.events import OldReportDeleted, OldReportImported, OldReportPulled
from reports.old_models import OldReport

READERS: Final = frozenset(
    role.value
    for role in (
        Role.CENTRAL_ADMINISTRATOR,
        Role.ISSUANCE_MANAGER,
        Role.DEPUTY_ISSUANCE_MANAGER,
        Role.AUDITOR,
    )
)
"""Nobody looked inside: so those who see all of an organization, and no role for a part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldFile:
    """A file of the old portal, and what is known of it."""

    name: str
    made_on: date
    organization_id: str
    names_protected: bool
    original_name: str
    content: bytes


def are_open(*, at: datetime) -> bool:
    """Tell whether the old reports may be read: through the Swedish day in ``SIGILL_OLD_REPORTS_UNTIL``."""
    until: date | None = settings.SIGILL_OLD_REPORTS_UNTIL
    return until is None or swedish_day(at) <= until


def keep_old_report(file: OldFile, *, actor: Actor, at: datetime) -> bool:
    """Keep a file; the same again for the same organization is nothing. Return whether it was kept now."""
    row = OldReport(
        name=file.name,
        made_on=file.made_on,
        organization_id=file.organization_id,
        names_protected=file.names_protected,
        original_name=file.original_name,
        imported_at=at,
    )
    writer = vault.VaultWriter(_file_name(row))
    writer.write(file.content)
    if OldReport.objects.filter(organization_id=file.organization_id, sha256=writer.sha256).exists():
        writer.discard()
        return False
    writer.finish()
    row.octets, row.sha256, row.wrapped_key = writer.octets, writer.sha256, writer.wrapped_key
    event = OldReportImported(
        old_report_id=str(row.pk), sha256=row.sha256, organization_id=row.organization_id
    )
    with transaction.atomic():
        OldReport.objects.bulk_create([row])
        record(event, actor=actor, at=at)
    return True


def list_old(*, actor: Actor, at: datetime) -> tuple[OldReport, ...]:
    """Return the old reports that the actor may read now, the newest first; none after their last day."""
    if not are_open(at=at):
        return ()
    return tuple(_readable(actor).order_by("-made_on", "name", "pk")[:200])


def pull_old(old_report_id: str, *, actor: Actor, at: datetime) -> tuple[OldReport, Iterator[bytes]]:
    """Record that a file is taken and return it; raises ``ReportNotFound``, also out of reach or closed."""
    row = _readable(actor).filter(pk=old_report_id).first() if are_open(at=at) else None
    if row is None:
        raise ReportNotFound("no such old report")
    with transaction.atomic():
        event = OldReportPulled(old_report_id=str(row.pk), organization_id=row.organization_id)
        record(event, actor=actor, at=at)
    return row, vault.read(_file_name(row), bytes(row.wrapped_key))


def content_type(row: OldReport) -> str:
    """Return what a file is, by its name."""
    return mimetypes.guess_type(row.original_name)[0] or "application/octet-stream"


def delete_closed(*, actor: Actor, at: datetime) -> int:
    """Destroy the keys of all old reports after their last day, remove the files, and return how many."""
    if are_open(at=at):
        return 0
    deleted = 0
    for row in OldReport.objects.filter(deleted_at__isnull=True):
        event = OldReportDeleted(old_report_id=str(row.pk), organization_id=row.organization_id)
        with transaction.atomic():
            lying = OldReport.objects.filter(pk=row.pk, deleted_at__isnull=True)
            if lying.update(deleted_at=at, wrapped_key=b""):
                record(event, actor=actor, at=at)
                deleted += 1
        vault.remove(_file_name(row))
    return deleted


def _readable(actor: Actor) -> QuerySet[OldReport]:
    """Return what the actor may read: of its organizations, and protected people by the right alone."""
    if actor.role not in READERS or actor.unit_id:
        return OldReport.objects.none()
    found = OldReport.objects.filter(deleted_at__isnull=True, organization_id__in=actor.organization_ids)
    return found if actor.may_see_protected else found.filter(names_protected=False)


def _file_name(row: OldReport) -> str:
    return f"{row.pk}.old"
