"""What the doctor looks at in production: whether order files can leave, and whether the figures add up."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from django.conf import settings

from ca.health.check import Check, note, right, wrong
from cards.manufacturing.factory_certificate import (
    RENEWED_WITHIN,
    FactoryCertificateRefused,
    demand_usable,
)
from cards.manufacturing.reconciliation import discrepancies, rows_in_reach, set_aside
from cards.models import CardOrder
from cards.puk_letter_models import PukLetter
from cards.states import CardOrderState, PukLetterState
from journal.actor import Actor

_MOST: Final = 5
_LETTER_LEAVES_WITHIN: Final = timedelta(hours=1)
_DOCTOR: Final = Actor.system("doctor")


def production_checks(at: datetime) -> Iterator[Check]:
    """Look at the factory's certificate, then at what was ordered, answered, made and sent."""
    yield _certificate(at)
    yield from _letters(at)
    wrong_batches = discrepancies(rows_in_reach(_DOCTOR), at=at)
    aside = set_aside().count()
    if wrong_batches:
        kinds = sorted({one.value for kinds in wrong_batches.values() for one in kinds})
        said = f"files of orders that do not add up: {_some(wrong_batches)} ({', '.join(kinds)})"
        yield wrong("production", said, remedy="the page Production shows each, and asks the producer again")
    elif aside:
        said = f"{aside} files from the card factory were set aside"
        yield wrong("production", said, remedy="the central administration deals with them on Production")
    else:
        yield right("production", "what was ordered, answered, made and sent adds up")


def _certificate(at: datetime) -> Check:
    """Look at what order files are encrypted to; nothing is wrong yet while nobody has ordered."""
    file = Path(settings.SIGILL_FACTORY_CERTIFICATE)
    is_waited_for = CardOrder.objects.filter(state=CardOrderState.PLACED.value).exists()
    remedy = f"put the factory's function certificate in {file.name}, or run manage.py factory_certificate"
    try:
        present = x509.load_pem_x509_certificates(file.read_bytes())[0]
        demand_usable(present, at=at)
    except (OSError, ValueError, IndexError):
        said = "there is no certificate of the card factory: no order file can leave"
    except FactoryCertificateRefused as error:
        said = f"no order file can leave: {error.problem}"
    else:
        ends = present.not_valid_after_utc
        if ends - at <= RENEWED_WITHIN:
            said = f"the card factory's certificate ends on {ends:%Y-%m-%d}: ask for the next one"
            return wrong("card factory", said, remedy=remedy)
        return right("card factory", "order files are encrypted to a certificate of ours that is valid")
    return wrong("card factory", said, remedy=remedy) if is_waited_for else note("card factory", said)


def _letters(at: datetime) -> Iterator[Check]:
    """Look at letters with a PUK that have not left within an hour: their holders wait, locked out."""
    waiting = PukLetter.objects.filter(
        state=PukLetterState.PLACED.value, ordered_at__lte=at - _LETTER_LEAVES_WITHIN
    )
    problems = sorted(set(waiting.values_list("last_problem", flat=True)) - {""})
    if problems:
        said = f"{waiting.count()} PUK letters have not left: {', '.join(problems)}"
        file = Path(settings.SIGILL_LETTER_CERTIFICATE)
        remedy = f"look at {file.name} and at the printer; then they leave by themselves"
        yield wrong("PUK letters", said, remedy=remedy)


def _some(numbers: Iterable[int]) -> str:
    listed = sorted(numbers)
    told = ", ".join(str(one) for one in listed[:_MOST])
    return f"{told} and {len(listed) - _MOST} more" if len(listed) > _MOST else told
