"""Names: which of them a person goes by, and the folded words by which people are found."""

import re
import unicodedata

_MOVED_LETTERS = str.maketrans({"æ": "ä", "ø": "ö", "ß": "ss", "đ": "d", "ł": "l", "þ": "th", "ð": "d"})
_WITHOUT_RINGS_AND_DOTS = str.maketrans("åäö", "aao")
_OWN_LETTERS = frozenset("åäö")
_PAIR = 2


def fold(text: str) -> str:
    """Return ``text`` in lower case without accents; å, ä and ö are letters of their own and stay."""
    lowered = unicodedata.normalize("NFC", text).casefold().translate(_MOVED_LETTERS)
    letters = [
        letter if letter in _OWN_LETTERS else unicodedata.normalize("NFKD", letter) for letter in lowered
    ]
    return "".join(letter for letter in "".join(letters) if not unicodedata.combining(letter))


def words(text: str) -> list[str]:
    """Return the folded words of ``text``; a hyphen, an apostrophe or a full stop parts two words."""
    return "".join(letter if letter.isalnum() else " " for letter in fold(text)).split()


def plain(word: str) -> str:
    """Return a folded word without å, ä and ö, as it is written where these are missing."""
    return word.translate(_WITHOUT_RINGS_AND_DOTS)


def search_key(*names: str) -> str:
    """Return every word of the names, each after a blank: with å ä ö, and again without where that differs.

    ``asa`` finds Åsa as well as Asa; so does ``åsa``, Åsa first (``directory.searching``).
    """
    own = [word for name in names for word in words(name)]
    return "".join(f" {word}" for word in dict.fromkeys(own + [plain(word) for word in own]))


def calling_name(given_names: str, indicator: int | None) -> str:
    """Return the name a person goes by (tilltalsnamn), written as the register writes it.

    PU's two digits count the given names, hyphenated ones each by itself: 10 is the first, 20 the second, 12
    the first and second (Karl-Erik). Without a usable indicator: all given names.
    """
    parts = list(re.finditer(r"[^\s-]+", given_names))
    positions = [int(digit) for digit in str(indicator or "") if digit != "0"]
    if not positions or max(positions) > len(parts):
        return given_names
    first, last = parts[positions[0] - 1], parts[positions[-1] - 1]
    if last.start() >= first.start() and positions[-1] - positions[0] < _PAIR:
        return given_names[first.start() : last.end()]
    return " ".join(parts[position - 1].group() for position in positions)
