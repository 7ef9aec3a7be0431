"""The rows of a report by the English names of its columns."""

from collections.abc import Mapping

from reports.question import Question
from reports.tables import first_rows


def told(question: Question, *, most: int = 99) -> list[Mapping[str, str]]:
    """Return the first rows in Swedish words."""
    names = [field.english for field in question.fields]
    return [dict(zip(names, row, strict=True)) for row in first_rows(question, most)]
