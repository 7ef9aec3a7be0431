"""What is wrong with the factory at the moment: switches that tests and the demo turn."""

from dataclasses import asdict, dataclass, fields


class FaultsNotUnderstood(Exception):
    """A switch that does not exist, or a value of the wrong kind; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """All off by default.

    down: every answer is 503. reject: new orders are rejected with this reason. reject_every: every so many
    orders of a batch, counted from its last. slow_seconds: every answer waits so long. stalled: nothing is
    produced or shipped. lose_answers: orders are taken, but the connection is closed instead of answered.
    duplicate_reports: each file is listed twice and tells each row twice. shuffled_reports: newest first.
    And of the files as they are given now: wrong_signature, garbage (no CMS at all), lose_row (the last row
    of each is missing), wrong_count (it says one more than it holds).
    """

    down: bool = False
    reject: str = ""
    reject_every: int = 0
    slow_seconds: float = 0.0
    stalled: bool = False
    lose_answers: bool = False
    duplicate_reports: bool = False
    shuffled_reports: bool = False
    wrong_signature: bool = False
    garbage: bool = False
    lose_row: bool = False
    wrong_count: bool = False

    def as_members(self) -> dict[str, bool | str | int | float]:
        """Return the switches as JSON members."""
        return asdict(self)


def parse_faults(members: object) -> Faults:
    """Read the switches; those not named are off. FaultsNotUnderstood."""
    if not isinstance(members, dict):
        raise FaultsNotUnderstood("faults must be an object")
    kinds: dict[str, type | tuple[type, ...]] = {
        field.name: {bool: bool, str: str, int: int}.get(type(field.default), (int, float))
        for field in fields(Faults)
    }
    for name, value in members.items():
        if name not in kinds or not isinstance(value, kinds[name]):
            raise FaultsNotUnderstood(f"no such switch, or not of its kind: {name}")
    return Faults(**members)
