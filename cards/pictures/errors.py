"""The facts that stop a picture; each carries a code and data, and no words for users."""

from typing import Self

from cards.errors import CardsError


class PictureRefused(CardsError):
    """An upload cannot be used: ``facts["rule"]`` says why, the others what was found and what is wanted."""

    code = "picture_refused"

    @classmethod
    def because(cls, rule: str, **facts: str) -> Self:
        """Return the error with the rule's name."""
        return cls(f"picture: {rule}", facts={**facts, "rule": rule})


class PictureNotFound(CardsError):
    """There is no such picture, or it is purged, or not for this actor: told apart to nobody."""

    code = "picture_not_found"
