"""The simulated readers and the cards that lie beside them: inserting a card is writing a file."""

import json
from dataclasses import dataclass
from pathlib import Path

from client.configuration import Configuration

READER_COUNT = 2


class NoSuchCard(Exception):
    """No card with this number lies here."""


class NoSuchReader(Exception):
    """There are two readers, 0 and 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedCard:
    """What is printed on a card. `valid_until` is a date YYYY-MM-DD as text."""

    card_number: str
    printed_name: str
    organization_name: str
    product_name: str
    product_code: str
    valid_until: str

    @property
    def grouped_number(self) -> str:
        """Return the number in groups of four."""
        return " ".join(self.card_number[start : start + 4] for start in range(0, len(self.card_number), 4))


class VirtualReaders:
    """Two readers and a pile of cards."""

    def __init__(self, configuration: Configuration) -> None:
        self._readers = configuration.readers
        self._cards = configuration.cards

    def cards(self) -> tuple[PrintedCard, ...]:
        """Return all cards, by name and number; a description that cannot be read is left out."""
        found = (_printed(path) for path in self._cards.glob("[0-9]*.json"))
        return tuple(
            sorted((card for card in found if card), key=lambda card: (card.printed_name, card.card_number))
        )

    def inserted(self) -> dict[int, str]:
        """Return the card number by reader, for readers that have one."""
        numbers = {reader: self._read(reader) for reader in range(READER_COUNT)}
        return {reader: number for reader, number in numbers.items() if number}

    def insert(self, card_number: str, *, reader: int) -> None:
        """Put the card into the reader, out of any other. Raises NoSuchCard, NoSuchReader."""
        if not (self._cards / f"{card_number}.json").is_file() or not card_number.isdecimal():
            raise NoSuchCard(card_number)
        self._check(reader)
        for other, number in self.inserted().items():
            if number == card_number and other != reader:
                self._write(other, "")
        self._write(reader, card_number)

    def remove(self, *, reader: int) -> None:
        """Take the card out; nothing happens to an empty reader. NoSuchReader."""
        self._check(reader)
        if self._read(reader):
            self._write(reader, "")

    @staticmethod
    def _check(reader: int) -> None:
        if not 0 <= reader < READER_COUNT:
            raise NoSuchReader(str(reader))

    def _read(self, reader: int) -> str:
        try:
            return (self._readers / str(reader)).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def _write(self, reader: int, card_number: str) -> None:
        self._readers.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._readers / f".{reader}"
        fresh.write_text(card_number, encoding="ascii")
        fresh.replace(self._readers / str(reader))


def _printed(path: Path) -> PrintedCard | None:
    try:
        members = json.loads(path.read_text(encoding="utf-8"))
        return PrintedCard(
            card_number=path.stem,
            printed_name=str(members["printed_name"]),
            organization_name=str(members["organization_name"]),
            product_name=str(members.get("product_name", "")),
            product_code=str(members.get("product_code", "")),
            valid_until=str(members["valid_until"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
