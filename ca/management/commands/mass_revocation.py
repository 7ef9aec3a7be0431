"""Revokes many certificates (``manage.py mass_revocation``): stage a list, approve it, carry it out."""

from datetime import datetime
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ca.mass_models import MOST_ALONE, MassRevocation
from ca.mass_revocation import Criteria, Progress, approve, carry_out, stage
from ca.pki.reasons import RevocationReason
from ca.revocation import RECORDED_REASONS
from directory.models import Role
from directory.selectors import roles_of
from journal.actor import Actor, ActorKind
from journal.errors import DomainError

_ACTOR = Actor.system("mass_revocation")
_REASONS = {reason.rfc_name: reason for reason in sorted(RECORDED_REASONS)}


class Command(BaseCommand):
    """Three steps, by two people; works while the portal is down."""

    help = (
        "Revoke many certificates: stage, approve (another person), carry out. Nothing takes it back. "
        "Officers are known and hold the role, but nobody proves here to be one of them: whoever may run "
        "this command can name two. Who was at the shell is in the operating system's log."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take one step and what it needs."""
        steps = parser.add_subparsers(dest="step", required=True)
        staging = steps.add_parser("stage", help="fix the list; nothing is revoked")
        staging.add_argument("--officer", required=True, metavar="HSA_ID", help="who decides; not proved")
        staging.add_argument("--reason", required=True, choices=_REASONS)
        staging.add_argument("--requested-at", help="when somebody asked for it, RFC 3339 (default: now)")
        staging.add_argument("--issuer", default="", help="key of the issuer, e.g. person_id_3")
        staging.add_argument("--profile", default="")
        staging.add_argument("--organization", default="", help="id of the organization")
        staging.add_argument("--issued-from", default="", help="RFC 3339")
        staging.add_argument("--issued-until", default="", help="RFC 3339, excluded")
        staging.add_argument("--serials", type=Path, metavar="FILE", help="serial numbers in hex, one a line")
        approving = steps.add_parser("approve", help="approve a list as another person")
        approving.add_argument("id")
        approving.add_argument("--officer", required=True, metavar="HSA_ID", help="who approves; not proved")
        carrying = steps.add_parser("carry_out", help="revoke what is left of a list; goes on after a crash")
        carrying.add_argument("id")
        steps.add_parser("list", help="show every list and how far it has come")

    def handle(self, *_: object, step: str, **options: object) -> None:
        """Take the step."""
        try:
            match step:
                case "stage":
                    self._stage(options)
                case "approve":
                    at = timezone.now()
                    officer = _officer(options, at=at)
                    approve(str(options["id"]), second_person=officer.person_id, actor=officer, at=at)
                    self.stdout.write(f"Approved. Next: manage.py mass_revocation carry_out {options['id']}")
                case "carry_out":
                    done = carry_out(str(options["id"]), actor=_ACTOR, clock=timezone.now, watch=self._tell)
                    self.stdout.write(f"All {done.total} certificates of the list are revoked.")
                case _:
                    self._list()
        except DomainError as error:
            raise CommandError(str(error)) from error

    def _stage(self, options: dict[str, object]) -> None:
        named = options["serials"]
        lines = named.read_text().split() if isinstance(named, Path) else []
        criteria = Criteria(
            issuer=str(options["issuer"]),
            profile=str(options["profile"]),
            organization_id=str(options["organization"]),
            issued_from=str(options["issued_from"]),
            issued_until=str(options["issued_until"]),
            serials=tuple(line.lower().replace(":", "") for line in lines),
        )
        at = timezone.now()
        officer = _officer(options, at=at)
        asked = options["requested_at"]
        mass = stage(
            criteria,
            reason=_REASONS[str(options["reason"])],
            requested_at=datetime.fromisoformat(str(asked)) if asked else at,
            first_person=officer.person_id,
            actor=officer,
            at=at,
        )
        step = "approve" if mass.total > MOST_ALONE else "carry_out"
        self.stdout.write(f"{mass.total} certificates are on list {mass.pk}; none is revoked yet.")
        self.stdout.write(f"Next: manage.py mass_revocation {step} {mass.pk}")

    def _tell(self, progress: Progress) -> None:
        self.stdout.write(f"  {progress.done} of {progress.total}")

    def _list(self) -> None:
        for mass in MassRevocation.objects.order_by("staged_at"):
            left = mass.members.filter(outcome="").count()
            state = "finished" if mass.finished_at else "approved" if mass.approved_at else "staged"
            reason = RevocationReason(mass.reason).rfc_name
            self.stdout.write(f"{mass.pk} {state}, {left} of {mass.total} left, {reason}")


def _officer(options: dict[str, object], *, at: datetime) -> Actor:
    """Return the person of the central administration with the HSA-id: another spelling is nobody else."""
    hsa_id = str(options["officer"]).strip()
    wanted = Role.CENTRAL_ADMINISTRATOR.value
    held = next((one for one in roles_of(hsa_id, at=at) if one.role == wanted), None)
    if held is None:
        raise CommandError(f"{hsa_id} holds no role of the central administration")
    return Actor(
        kind=ActorKind.PERSON,
        identifier=held.employment.hsa_id,
        role=held.role,
        organization_ids=(str(held.organization_id),),
        organization_id=str(held.organization_id),
        person_id=str(held.employment.person_id),
    )
