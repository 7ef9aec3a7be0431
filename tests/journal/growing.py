"""A journal that grows as in production: many events recorded, placed, and a head signed over them."""

import json
from pathlib import Path

from django.db import transaction

from journal import checkpoints, sequencing
from journal.models import Checkpoint, TreeState
from journal.recording import record_all
from tests.journal.test_recording import ACTOR, AT, BellRung
from tests.journal.test_verifying import SPKI, sign

ORIGIN = "sigill.test/journal"


def grow(count: int, *, outside: Path) -> Checkpoint:
    """Record, place and sign; return the head."""
    first = TreeState.objects.values_list("size", flat=True).first() or 0
    with transaction.atomic():
        record_all(
            [BellRung(person_id=f"p{number}", times=number) for number in range(first, first + count)],
            actor=ACTOR,
            at=AT,
        )
    while sequencing.sequence_committed():
        pass
    head = checkpoints.sign_head(origin=ORIGIN, public_key=SPKI, sign=sign, outside=outside, at=AT)
    assert head is not None
    return head


def parsed(lines: list[str]) -> list[dict[str, object]]:
    """The lines of an export or bundle as they are read."""
    return [json.loads(line) for line in lines]
