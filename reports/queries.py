"""The rows of each report as they stood at a moment, inside the bounds of the reader's role.

How a thing stood is told by when it changed, never by the state it has now, so a report of yesterday says
today what it said yesterday. Only who is protected is told as of now: protection reaches back.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from directory.models import Organization
from journal.actor import Actor, ActorKind
from reports import card_rows, carrier_rows, certificate_rows, role_rows, stock_rows
from reports.columns import local, text_of
from reports.conditions import CHUNK, Answer, Raw, Streamed
from reports.question import Question, organizations_of
from reports.replays import missing_people, unlocks
from reports.words import vocabulary

Row = tuple[str, ...]

__all__ = [
    "CHUNK", "Answer", "Raw", "Row", "Streamed", "answer_to", "local", "organization_names", "rows", "teller",
    "texts",
]  # fmt: skip


def rows(code: str, *, actor: Actor, as_of: datetime) -> Iterator[Row]:
    """Yield the rows of report ``code`` with its codes; a person or service gets its own organizations'."""
    is_ours = actor.kind is ActorKind.SYSTEM
    question = Question(
        code=code,
        as_of=as_of,
        organization_ids=None if is_ours else organizations_of(actor),
        unit_ids=actor.unit_ids if actor.unit_id and not is_ours else None,
        may_see_protected=is_ours or actor.may_see_protected,
    )
    yield from map(teller(question, language=None), stream(answer_to(question)))


def texts(question: Question) -> Iterator[Row]:
    """Yield the rows that answer a question, as the file in Swedish tells them."""
    yield from map(teller(question), stream(answer_to(question)))


def teller(question: Question, *, language: int | None = 0) -> Callable[[Raw], Row]:
    """Return what makes text of a row: 0 in Swedish, 1 in English, None with codes as they are."""
    fields, names, as_of = question.fields, organization_names(), question.as_of
    spoken = [{} if language is None else vocabulary(field.english, language) for field in fields]

    def tell(raw: Raw) -> Row:
        return tuple(
            text_of(value, field, as_of=as_of, organizations=names, words=words)
            for value, field, words in zip(raw, fields, spoken, strict=True)
        )

    return tell


def answer_to(question: Question) -> Answer:
    """Return the rows that answer a question, in their steady order."""
    return _QUERIES[question.code](question)


def stream(answer: Answer) -> Iterator[Raw]:
    """Yield the rows of an answer, a few thousand in memory."""
    yield from answer.iterator(chunk_size=CHUNK) if isinstance(answer, QuerySet) else answer


def organization_names() -> dict[str, str]:
    """Return each organization's name by its id as text."""
    return {str(key): name for key, name in Organization.objects.values_list("id", "name")}


_QUERIES: Final[dict[str, Callable[[Question], Answer]]] = {
    "S1": card_rows.s1, "S2": certificate_rows.s2, "S3": card_rows.s3, "S4": carrier_rows.s4,
    "S5": certificate_rows.s5, "S6": role_rows.s6, "S7": missing_people, "S8": card_rows.s8,
    "S9": stock_rows.s9,
    "H1": card_rows.h1, "H2": card_rows.h2, "H3": carrier_rows.h3, "H4": unlocks,
    "H5": certificate_rows.h5, "H6": role_rows.h6, "H7": certificate_rows.h7, "H8": card_rows.h8,
}  # fmt: skip
