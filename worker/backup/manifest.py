"""What a backup says of itself: its files with their digests, and how far journal and CRLs had come."""

import json
from dataclasses import asdict, dataclass, fields

from worker.backup.errors import BackupDamaged

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFact:
    """One file of the backup, by its path in the archive."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """How far a database has come. ``crl_numbers`` maps ``issuer/shard`` to the highest number taken.

    ``last_entry`` is the newest journal entry; ``journal_rows`` of the entries have their place in the tree.
    """

    last_entry: int
    journal_rows: int
    journal_root_hash: str
    newest_head_rows: int
    certificates: int
    revoked: int
    crl_numbers: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A backup's description of itself. ``engine`` is ``sqlite`` or ``postgresql``; ``made_at`` RFC 3339."""

    backup_id: str
    made_at: str
    engine: str
    root_sha256: str
    database: DatabaseFacts
    files: tuple[FileFact, ...]

    def encode(self) -> bytes:
        """Return the manifest as JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, sort_keys=True).encode()

    @classmethod
    def decode(cls, content: bytes) -> "Manifest":
        """Read a manifest. Raises ``BackupDamaged`` for anything that ``encode`` does not write."""
        try:
            facts = json.loads(content)
            if facts.pop("format") != FORMAT or set(facts) != {field.name for field in fields(cls)}:
                raise BackupDamaged("the manifest is of a format that this version does not know")
            database = DatabaseFacts(**facts.pop("database"))
            files = tuple(FileFact(**fact) for fact in facts.pop("files"))
            return cls(**facts, database=database, files=files)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupDamaged("the manifest of the backup cannot be read") from error
