"""Tells the journal of each protected person whom a report may name to its reader, and why."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from directory.lifecycle import record_protected_opening
from directory.models import Person
from journal.actor import Actor
from reports.question import Question


def record_protected_in(question: Question, *, reason: str, page: str, actor: Actor, at: datetime) -> None:
    """Record a read of every protected person with work or a card in the organizations that are asked about.

    A report that names none of them to its reader is nobody's read.
    """
    if not question.may_see_protected:
        return
    reached = question.reached()
    theirs = (
        Q()
        if reached is None
        else Q(employments__organization_id__in=reached) | Q(cards__organization_id__in=reached)
    )
    with transaction.atomic():
        for person in Person.objects.filter(theirs, protected_identity=True).distinct().order_by("pk"):
            record_protected_opening(person, reason=reason, page=page, actor=actor, at=at)
