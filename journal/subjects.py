"""Reads of whose data the journal keeps, for retention: the data subjects, and when each was last told of."""

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice

from django.db.models import Max

from journal.models import Entry, EntryReference, PersonKey

UNATTRIBUTED = "unattributed-"
"""Before a month: what was recorded of somebody whom nobody knew, an address as a rule."""


def batches_of_subjects(size: int = 500) -> Iterator[list[str]]:
    """Yield every data subject that has a key."""
    subjects = PersonKey.objects.order_by("subject").values_list("subject", flat=True).iterator()
    while batch := list(islice(subjects, size)):
        yield batch


def last_told_of(subjects: Collection[str]) -> dict[str, datetime]:
    """Return when an entry was last about each subject."""
    about = EntryReference.objects.filter(kind="person", value__in=list(subjects))
    return dict(about.values_list("value").annotate(last=Max("at")).order_by("value"))


def last_acted(subjects: Collection[str]) -> dict[str, datetime]:
    """Return when each subject last acted."""
    acts = Entry.objects.filter(actor_identifier__in=list(subjects))
    return dict(acts.values_list("actor_identifier").annotate(last=Max("at")).order_by("actor_identifier"))
