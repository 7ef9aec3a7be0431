"""Gives the first roles of an installation, which no person can give: ``manage.py bootstrap_roles``."""

import tomllib
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from directory.errors import RoleRefused
from directory.lifecycle import grant_role
from directory.models import Employment, Organization, Role
from directory.selectors import roles_of
from journal.actor import Actor

_DEMO = Path(__file__).parents[2] / "demo_roles.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRole:
    """One entry of the file."""

    hsa_id: str
    role: str
    organization: str
    may_see_protected: bool = False


class Command(BaseCommand):
    """Grant the roles in a file; those held already are left as they are."""

    help = "Grant the first roles (by default those of the demonstration); safe to run again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file: TOML with [[role]] hsa_id, role, organization (HSA-id), may_see_protected."""
        parser.add_argument("--file", type=Path, default=_DEMO)

    def handle(self, *, file: Path, **_options: object) -> None:
        """Grant them. Fails with a sentence when a person or organization is not known."""
        entries = [FirstRole(**entry) for entry in tomllib.loads(file.read_text(encoding="utf-8"))["role"]]
        granted = [entry for entry in entries if self._grant(entry)]
        self.stdout.write(f"{len(granted)} roles granted, {len(entries) - len(granted)} held already.")

    def _grant(self, entry: FirstRole) -> bool:
        at = timezone.now()
        employment = Employment.objects.filter(hsa_id=entry.hsa_id).first()
        organization = Organization.objects.filter(hsa_id=entry.organization).first()
        if employment is None or organization is None:
            raise CommandError(
                f"{entry.hsa_id} or {entry.organization} is not known here; run sync hsa first."
            )
        for held in roles_of(entry.hsa_id, at=at):
            if (held.role, held.organization_id) == (entry.role, organization.pk):
                return False
        try:
            grant_role(
                employment=employment,
                role=Role(entry.role),
                organization=organization,
                valid_from=at,
                may_see_protected=entry.may_see_protected,
                actor=Actor.system("directory.bootstrap_roles"),
                at=at,
            )
        except RoleRefused as error:
            raise CommandError(f"{entry.role} for {entry.hsa_id}: {error.facts.get('rule')}") from error
        return True
