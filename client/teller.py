"""How the command line speaks: sentences for people on standard output, or one JSON object for programs."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from client.errors import ClientError
from client.texts import Language, failure_text, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Says things in one language; `is_json` leaves the sentences out and prints results as JSON."""

    language: Language
    is_json: bool
    has_json_errors: bool

    def words(self, key: str, **facts: object) -> str:
        """Return a text of the client. Raises KeyError for one that does not exist."""
        return text(key, self.language, **facts)

    def say(self, key: str, **facts: object) -> None:
        """Say a text of the client, to people only."""
        self.line(self.words(key, **facts))

    def line(self, sentence: str) -> None:
        """Say a sentence, to people only."""
        if not self.is_json:
            sys.stdout.write(f"{sentence}\n")
            sys.stdout.flush()

    def result(self, **members: object) -> None:
        """Give the result, to programs only: once in each command, as one line."""
        if self.is_json:
            sys.stdout.write(f"{json.dumps(members, ensure_ascii=False)}\n")
            sys.stdout.flush()

    def failure(self, error: ClientError) -> None:
        """Say on standard error what went wrong."""
        self.complaint(failure_text(error, self.language), code=error.code, facts=error.facts)

    def complaint(self, sentence: str, *, code: str, facts: Mapping[str, str] | None = None) -> None:
        """Say a sentence on standard error, as JSON where that was asked for."""
        if self.has_json_errors:
            sentence = json.dumps({"code": code, "text": sentence, **(facts or {})}, ensure_ascii=False)
        sys.stderr.write(f"{sentence}\n")
