"""The journal's rows: entries and leaves that only grow, checkpoints, and the consumers' bookkeeping.

Rows that belong to an entry are written in one statement with it and no entry is ever removed, so the
database does not look each of them up again: no foreign key constraint, and a fifth less work an event.
"""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Entry(models.Model):
    """One event as it was recorded. ``content`` is what is hashed; the other columns repeat parts of it.

    ``at`` is the application's clock and is hashed; ``recorded_at`` is the database's own, a second witness.
    ``actor_identifier`` is a pseudonym: a person's random id, or the name of a service or job. Rows of
    format 1 hold an HSA-id there.
    """

    type = models.CharField(max_length=64)
    version = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    actor_identifier = models.CharField(max_length=64)
    content = models.TextField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        """Indexes for the auditor's searches."""

        indexes: ClassVar = [
            models.Index(fields=["type", "at", "id"], name="journal_entry_by_type"),
            models.Index(fields=["actor_identifier", "at", "id"], name="journal_entry_by_actor"),
            models.Index(fields=["at", "id"], name="journal_entry_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.type}"


class EntryReference(models.Model):
    """An object that an entry is about, so that its history can be read; ``at`` is the entry's moment."""

    entry = models.ForeignKey(
        Entry, on_delete=models.PROTECT, related_name="references", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=32)
    value = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        """One row per object and entry; an object's history is read from the newest on."""

        indexes: ClassVar = [
            models.Index(fields=["kind", "value", "at", "entry"], name="journal_reference_by_object")
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "kind", "value"], name="an_entry_names_each_object_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class PersonKey(models.Model):
    """The wrapped key of one data subject: the only row of the journal whose loss is meant (erasure)."""

    id = models.UUIDField(primary_key=True)
    subject = models.CharField(max_length=64, unique=True)
    wrapped = models.BinaryField(max_length=60)

    def __str__(self) -> str:
        return str(self.pk)


class PersonalPart(models.Model):
    """What an entry says of a person, encrypted; the leaf holds a commitment to it."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="personal_parts", db_index=False)
    part = models.CharField(max_length=8)
    key_id = models.UUIDField()
    sealed = models.BinaryField()

    class Meta:
        """One row for each part of an entry."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "part"], name="an_entry_has_each_personal_part_once")
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.part}"


class Unsequenced(models.Model):
    """An entry that has no place in the tree yet: the only table here that shrinks."""

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, primary_key=True, db_constraint=False)

    def __str__(self) -> str:
        return str(self.entry_id)


class Leaf(models.Model):
    """An entry's place in the Merkle tree, given once after its transaction was committed."""

    position = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, db_constraint=False)
    leaf_hash = models.BinaryField(max_length=32)

    class Meta:
        """Positions count from zero."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(position__gte=0), name="a_leaf_position_counts_from_zero"
            )
        ]

    def __str__(self) -> str:
        return str(self.position)


class Subtree(models.Model):
    """The hash of 256**level consecutive leaves, kept when the last of them came: what proofs are made of.

    Level 0 are the leaves themselves; 256 consecutive hashes of a level are a tile of C2SP tlog-tiles.
    """

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    node_hash = models.BinaryField(max_length=32)

    class Meta:
        """Levels count from one: level zero is ``Leaf``."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["level", "index"], name="a_subtree_has_one_hash"),
            models.CheckConstraint(condition=models.Q(level__gte=1), name="a_subtree_has_a_level"),
            models.CheckConstraint(condition=models.Q(index__gte=0), name="a_subtree_counts_from_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class TreeState(models.Model):
    """The right edge of the tree (one row), so that a new head costs O(log n)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField(default=0)
    peaks = models.TextField(default="")

    class Meta:
        """There is one tree."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_tree_state")
        ]

    def __str__(self) -> str:
        return str(self.size)


class Checkpoint(models.Model):
    """A signed tree head: origin, size and root hash as a signed note."""

    size = models.BigIntegerField(primary_key=True)
    root_hash = models.BinaryField(max_length=32)
    note = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"head at {self.size}"


class IntegrityWatch(models.Model):
    """What the running check of the journal has seen (one row); it proves nothing, but says where to look.

    ``verified_*`` is the newest signed head that the rows were found to give; ``round_*`` is the reading of
    everything from the first row on that goes on in the background. Peaks are those of ``journal.merkle``.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    verified_size = models.BigIntegerField(default=0)
    verified_root = models.CharField(max_length=64, blank=True)
    verified_peaks = models.TextField(blank=True)
    verified_at = models.DateTimeField(null=True)
    round_size = models.BigIntegerField(default=0)
    round_position = models.BigIntegerField(default=0)
    round_peaks = models.TextField(blank=True)
    round_started_at = models.DateTimeField(null=True)
    whole_size = models.BigIntegerField(default=0)
    whole_at = models.DateTimeField(null=True)
    broken_row = models.BigIntegerField(null=True)
    broken_text = models.TextField(blank=True)
    broken_at = models.DateTimeField(null=True)

    class Meta:
        """There is one journal, and so one watch over it."""

        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_integrity_watch"),
            models.CheckConstraint(
                condition=models.Q(broken_at__isnull=True, broken_text="")
                | models.Q(broken_at__isnull=False) & ~models.Q(broken_text=""),
                name="a_broken_journal_has_when_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"verified to {self.verified_size}"


class ConsumerCursor(models.Model):
    """How far a consumer has come: every leaf below ``position`` is done or in the dead-letter list."""

    name = models.CharField(max_length=64, primary_key=True)
    position = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.position}"


class DeadLetter(models.Model):
    """An entry that a consumer could not take, for an operator to see and to send again."""

    consumer = models.CharField(max_length=64)
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT)
    error = models.TextField()
    failed_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        """A consumer fails an entry once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["consumer", "entry"], name="a_consumer_fails_an_entry_once")
        ]

    def __str__(self) -> str:
        return f"{self.consumer}: {self.entry_id}"
