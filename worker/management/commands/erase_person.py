"""Erases what the journal says of a person before its time: one person asks, another approves."""

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ca.selectors import certificates_of_person
from directory.erasures import ErasureRefused, LegalGround, approve_erasure, decider, request_erasure
from directory.models import ErasureRequest
from journal.correlation import caused_by, fresh
from journal.erasure import Ground, erase

_WHY = {
    "role_missing": "the HSA-id holds no role of the central administration",
    "unknown_person": "no person has that id",
    "holds_a_role": "the person still acts in a role; take it away first",
    "unknown_request": "no request has that id",
    "two_persons": "who asked cannot approve: it takes two persons",
    "decided": "the request was decided already",
}


def _demand_no_live_certificate(person_id: str, *, at: datetime) -> None:
    """Refuse while a certificate is in use: it holds its evidence back, whoever decides."""
    live = [one for one in certificates_of_person(person_id) if one.revoked_at is None and one.not_after > at]
    if live:
        ends_at = max(one.not_after for one in live)
        raise CommandError(
            f"refused: {len(live)} certificates of the person are valid, the last until {ends_at:%Y-%m-%d}; "
            "they hold their evidence back. Block the cards first"
        )


class Command(BaseCommand):
    """manage.py erase_person request PERSON_ID --ground WHY --by HSA_ID; approve REQUEST_ID --by HSA_ID."""

    help = (
        "Ask for, or approve, the erasure of what the journal says of a person. It cannot be undone. "
        "Whoever is named with --by holds the role, but nobody proves here to be that person: whoever may "
        "run this command can name two. Who was at the shell is in the operating system's log."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the step, its object, and who takes it."""
        steps = parser.add_subparsers(dest="step", required=True)
        asking = steps.add_parser("request", help="ask for it")
        asking.add_argument("object_id", metavar="PERSON_ID")
        asking.add_argument("--ground", choices=[one.value for one in LegalGround], required=True)
        approving = steps.add_parser("approve", help="approve it: the key is destroyed at once")
        approving.add_argument("object_id", metavar="REQUEST_ID")
        for one in (asking, approving):
            one.add_argument("--by", metavar="HSA_ID", required=True, help="who takes this step; not proved")

    def handle(self, *_: object, step: str, object_id: str, by: str, **more: object) -> None:
        """Take the step and say what comes next."""
        try:
            with caused_by(fresh()):
                if step == "request":
                    self._request(object_id, by=by, ground=str(more["ground"]))
                else:
                    self._approve(object_id, by=by)
        except ErasureRefused as error:
            raise CommandError(f"refused: {_WHY[error.facts['rule']]}") from error
        except ValidationError as error:
            raise CommandError(f"{object_id} is no id") from error

    def _request(self, person_id: str, *, by: str, ground: str) -> None:
        at = timezone.now()
        actor = decider(by, at=at)
        _demand_no_live_certificate(person_id, at=at)
        asked = request_erasure(person_id, legal_ground=LegalGround(ground), actor=actor, at=at)
        self.stdout.write(
            f"Asked for: {asked.pk}. Another person approves it:\n"
            f"manage.py erase_person approve {asked.pk} --by HSA_ID"
        )

    def _approve(self, request_id: str, *, by: str) -> None:
        at = timezone.now()
        actor = decider(by, at=at)
        asked = ErasureRequest.objects.filter(pk=request_id).first()
        if asked is not None:
            _demand_no_live_certificate(str(asked.person_id), at=at)
        asked = approve_erasure(request_id, actor=actor, at=at)
        was_there = erase(
            str(asked.person_id),
            ground=Ground.DECISION,
            ledger=settings.SIGILL_ERASURES,
            erasure_request_id=str(asked.pk),
            actor=actor,
            at=at,
        )
        self.stdout.write(
            "Erased: what the journal said of the person can no longer be read; every proof stands.\n"
            "Not part of this: the copy of the registers, cards and evidence rows, and backups made before "
            "today (docs/gdpr.md)."
            if was_there
            else "The journal holds nothing of that person."
        )
