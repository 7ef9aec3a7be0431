"""What the restoring process asks of the settling one, and what it is told."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to settle. Paths are those of the old installation, empty where there is none."""

    restore_id: str
    backup_id: str
    backup_made_at: str
    restored_rows: int
    restored_root_hash: str
    present_heads: str
    present_log: str
    ledgers: tuple[str, ...]
    crl_folders: tuple[str, ...]

    @classmethod
    def decode(cls, facts: dict[str, Any]) -> "Question":
        """Read what came as JSON."""
        lists = {name: tuple(facts[name]) for name in ("ledgers", "crl_folders")}
        return cls(**{**facts, **lists})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was done. ``crl_numbers`` maps ``issuer/shard`` to the number that was skipped to."""

    lost_heads: int
    ledger_entries: int
    taken_from_crls: int
    revoked_again: int
    unknown_serials: int
    answers_published: int
    crl_numbers: dict[str, int]
    without_key: tuple[str, ...]

    @classmethod
    def decode(cls, facts: dict[str, Any]) -> "Answer":
        """Read what came as JSON."""
        return cls(**{**facts, "without_key": tuple(facts["without_key"])})
