"""The factory's own memory: orders, what became of them, reports to the customer, switches (SQLite)."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from hsm_sim.factory.faults import Faults, parse_faults
from hsm_sim.factory.numbers import random_card_number, random_puk, random_tracking_number
from hsm_sim.factory.order import Batch, Order, Unreadable

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
  order_id TEXT PRIMARY KEY, canonical TEXT NOT NULL, state TEXT NOT NULL
    CHECK (state IN ('accepted', 'produced', 'shipped', 'rejected')),
  printed_name TEXT NOT NULL, organization_name TEXT NOT NULL, back_text TEXT NOT NULL,
  product_code TEXT NOT NULL, product_name TEXT NOT NULL, valid_until TEXT NOT NULL,
  card_number TEXT UNIQUE, puk TEXT, reason TEXT NOT NULL DEFAULT '', accepted_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS reports (
  n INTEGER PRIMARY KEY AUTOINCREMENT, order_id TEXT NOT NULL REFERENCES orders, event TEXT NOT NULL,
  at TEXT NOT NULL, card_number TEXT, reason TEXT, UNIQUE (order_id, event));
CREATE TABLE IF NOT EXISTS batches (
  number INTEGER PRIMARY KEY, content_sha256 TEXT NOT NULL, taken_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batch_orders (
  number INTEGER NOT NULL REFERENCES batches, position INTEGER NOT NULL,
  order_id TEXT NOT NULL REFERENCES orders, PRIMARY KEY (number, position));
CREATE TABLE IF NOT EXISTS files (
  n INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL CHECK (kind IN ('acknowledgement', 'status')),
  batch INTEGER REFERENCES batches);
CREATE TABLE IF NOT EXISTS letters (
  letter_id TEXT PRIMARY KEY, canonical TEXT NOT NULL, posted_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS switches (one INTEGER PRIMARY KEY CHECK (one = 1), members TEXT NOT NULL);
"""


ROW_MEMBERS = ("n", "order_id", "event", "at", "card_number", "tracking_number", "reason")
LATER_COLUMNS = {"file_n": "INTEGER REFERENCES files", "tracking_number": "TEXT"}
"""Of reports: a ledger from before files went out lacks them."""


class BatchDiffers(Exception):
    """The batch number was used before, for something else; `content_sha256` is of that."""

    def __init__(self, content_sha256: str) -> None:
        super().__init__(content_sha256)
        self.content_sha256 = content_sha256


class OrderState(Enum):
    """accepted -> produced -> shipped, or rejected at once."""

    ACCEPTED = "accepted"
    PRODUCED = "produced"
    SHIPPED = "shipped"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An order the factory has taken, with what it has given the card."""

    order_id: str
    state: OrderState
    printed_name: str
    organization_name: str
    back_text: str
    product_code: str
    product_name: str
    valid_until: str
    card_number: str | None
    puk: str | None
    reason: str
    accepted_at: datetime
    issuer_number: str = ""
    logo_png: str = ""
    photo_jpeg: str = ""
    signature_png: str = ""
    delivery_kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """A file for the customer: an answer to a batch, or what became of orders."""

    number: int
    kind: str
    batch: int | None
    content_sha256: str
    rows: tuple[dict[str, object], ...]


class Ledger:
    """Durable (synchronous=FULL); one connection per thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._local = threading.local()
        with self._transaction() as database:
            for statement in SCHEMA.split(";"):
                database.execute(statement)
            known = {row["name"] for row in database.execute("PRAGMA table_info(reports)")}
            for name, kind in LATER_COLUMNS.items():
                if name not in known:
                    database.execute(f"ALTER TABLE reports ADD COLUMN {name} {kind}")
        path.chmod(0o600)

    def take_batch(self, batch: Batch, *, at: datetime) -> bool:
        """Record a batch once, and answer it with a file each time; True if it is new.

        An order that is known already is one order, whatever batch it comes in. BatchDiffers if the number
        was used for another content, which is then answered again.
        """
        with self._transaction() as database:
            row = database.execute(
                "SELECT content_sha256 FROM batches WHERE number = ?", (batch.number,)
            ).fetchone()
            if row is None:
                database.execute(
                    "INSERT INTO batches VALUES (?, ?, ?)",
                    (batch.number, batch.content_sha256, at.isoformat()),
                )
                self._take_orders(database, batch, at=at)
            database.execute("INSERT INTO files (kind, batch) VALUES ('acknowledgement', ?)", (batch.number,))
        if row is not None and row["content_sha256"] != batch.content_sha256:
            raise BatchDiffers(row["content_sha256"])
        return row is None

    def _take_orders(self, database: sqlite3.Connection, batch: Batch, *, at: datetime) -> None:
        faults = self.faults()
        for position, order in enumerate(batch.orders, start=1):
            known = database.execute("SELECT 1 FROM orders WHERE order_id = ?", (order.order_id,)).fetchone()
            if not known:
                is_one_of_many = faults.reject_every > 0 and position % faults.reject_every == 0
                reason = faults.reject or ("photo_quality" if is_one_of_many else "")
                self._record(database, order, reason=reason, at=at)
            database.execute(
                "INSERT INTO batch_orders VALUES (?, ?, ?)", (batch.number, position, order.order_id)
            )

    def _record(
        self, database: sqlite3.Connection, order: Order | Unreadable, *, reason: str, at: datetime
    ) -> None:
        if isinstance(order, Unreadable):
            reason = order.reason
        is_made = isinstance(order, Order) and not reason
        state = OrderState.ACCEPTED if is_made else OrderState.REJECTED
        number, puk = (self._unused_number(database), random_puk()) if is_made else (None, None)
        printed = _printed(order) if isinstance(order, Order) else ("", "", "", "", "", "")
        database.execute(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                order.order_id,
                _beside(order) if isinstance(order, Order) else "{}",
                state.value,
                *printed,
                number,
                puk,
                reason,
                at.isoformat(),
            ),
        )
        self._report(database, order.order_id, state, at=at, reason=reason)

    def advance(self, job: Job, state: OrderState, *, at: datetime) -> None:
        """Move an order on and reports it, in one transaction; nothing if somebody did so before."""
        with self._transaction() as database:
            moved = database.execute(
                "UPDATE orders SET state = ? WHERE order_id = ? AND state = ?",
                (state.value, job.order_id, job.state.value),
            ).rowcount
            if moved:
                is_posted = state is OrderState.SHIPPED and job.delivery_kind != "skatteverket"
                self._report(
                    database,
                    job.order_id,
                    state,
                    at=at,
                    card_number=job.card_number,
                    tracking_number=random_tracking_number() if is_posted else None,
                )

    def job(self, order_id: str) -> Job | None:
        """Return the order with this id."""
        row = self._connection().execute("SELECT * FROM orders WHERE order_id = ?", (order_id,)).fetchone()
        return None if row is None else _job(row)

    def puk_of(self, card_number: str) -> str | None:
        """Return what the PUK letter of a card would say."""
        row = (
            self._connection()
            .execute("SELECT puk FROM orders WHERE card_number = ?", (card_number,))
            .fetchone()
        )
        return None if row is None else str(row["puk"])

    def post_letter(self, letter_id: str, content_sha256: str, *, at: datetime) -> str:
        """Record a letter once, and return the digest of the order that there is under the id."""
        with self._transaction() as database:
            database.execute(
                "INSERT OR IGNORE INTO letters VALUES (?, ?, ?)", (letter_id, content_sha256, at.isoformat())
            )
        return self.letter(letter_id) or ""

    def letter(self, letter_id: str) -> str | None:
        """Return the digest of the order of a letter that is in the post, or None."""
        query = "SELECT canonical FROM letters WHERE letter_id = ?"
        row = self._connection().execute(query, (letter_id,)).fetchone()
        return None if row is None else str(row["canonical"])

    def unfinished(self) -> list[Job]:
        """Orders that are accepted or produced, oldest first."""
        rows = self._connection().execute(
            "SELECT * FROM orders WHERE state IN ('accepted', 'produced') ORDER BY accepted_at, order_id"
        )
        return [_job(row) for row in rows]

    def files(self, *, after: int, limit: int) -> list[int]:
        """Put what is new of orders into a file, and return the numbers of files above `after`."""
        with self._transaction() as database:
            fresh = "file_n IS NULL AND event IN ('produced', 'shipped')"
            if database.execute(f"SELECT 1 FROM reports WHERE {fresh} LIMIT 1").fetchone():  # noqa: S608 - ours
                number = database.execute("INSERT INTO files (kind) VALUES ('status')").lastrowid
                database.execute(
                    f"UPDATE reports SET file_n = ? WHERE n IN (SELECT n FROM reports WHERE {fresh} "  # noqa: S608 - ours
                    "ORDER BY n LIMIT ?)",
                    (number, limit),
                )
            rows = database.execute("SELECT n FROM files WHERE n > ? ORDER BY n LIMIT ?", (after, limit))
            return [int(row["n"]) for row in rows]

    def file(self, number: int) -> OutgoingFile | None:
        """Return a file with its rows; an answer tells all that is known of each order of the batch now."""
        connection = self._connection()
        found = connection.execute(
            "SELECT files.*, batches.content_sha256 FROM files "
            "LEFT JOIN batches ON batches.number = files.batch WHERE n = ?",
            (number,),
        ).fetchone()
        if found is None:
            return None
        if found["kind"] == "status":
            rows = connection.execute("SELECT * FROM reports WHERE file_n = ? ORDER BY n", (number,))
        else:
            rows = connection.execute(
                "SELECT reports.* FROM batch_orders JOIN reports USING (order_id) "
                "WHERE number = ? ORDER BY position, n",
                (found["batch"],),
            )
        return OutgoingFile(
            number=number,
            kind=found["kind"],
            batch=found["batch"],
            content_sha256=found["content_sha256"] or "",
            rows=tuple({name: row[name] for name in ROW_MEMBERS if row[name] is not None} for row in rows),
        )

    def faults(self) -> Faults:
        """Return the switches now."""
        row = self._connection().execute("SELECT members FROM switches").fetchone()
        return Faults() if row is None else parse_faults(json.loads(row["members"]))

    def switch(self, faults: Faults) -> None:
        """Set all switches."""
        with self._transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO switches VALUES (1, ?)",
                (json.dumps(faults.as_members()),),
            )

    @staticmethod
    def _unused_number(database: sqlite3.Connection) -> str:
        while True:
            number = random_card_number()
            if not database.execute("SELECT 1 FROM orders WHERE card_number = ?", (number,)).fetchone():
                return number

    @staticmethod
    def _report(
        database: sqlite3.Connection,
        order_id: str,
        state: OrderState,
        *,
        at: datetime,
        card_number: str | None = None,
        tracking_number: str | None = None,
        reason: str = "",
    ) -> None:
        database.execute(
            "INSERT INTO reports (order_id, event, at, card_number, reason, tracking_number) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (order_id, state.value, at.isoformat(), card_number, reason or None, tracking_number),
        )

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=10)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            self._local.connection = connection
        return connection

    def close(self) -> None:
        """Close this thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _printed(order: Order) -> tuple[str, ...]:
    return (
        order.printed_name,
        order.organization_name,
        order.back_text,
        order.product_code,
        order.product_name,
        order.valid_until.isoformat(),
    )


def _beside(order: Order) -> str:
    return json.dumps(
        {
            "issuer_number": order.issuer_number,
            "logo_png": order.logo_png,
            "photo_jpeg": order.photo_jpeg,
            "signature_png": order.signature_png,
            "delivery_kind": order.delivery_kind,
        }
    )


def _job(row: sqlite3.Row) -> Job:
    printed = json.loads(row["canonical"])
    return Job(
        order_id=row["order_id"],
        state=OrderState(row["state"]),
        printed_name=row["printed_name"],
        organization_name=row["organization_name"],
        back_text=row["back_text"],
        product_code=row["product_code"],
        product_name=row["product_name"],
        valid_until=row["valid_until"],
        card_number=row["card_number"],
        puk=row["puk"],
        reason=row["reason"],
        accepted_at=datetime.fromisoformat(row["accepted_at"]),
        issuer_number=printed.get("issuer_number", ""),
        logo_png=printed.get("logo_png", ""),
        photo_jpeg=printed.get("photo_jpeg", ""),
        signature_png=printed.get("signature_png", ""),
        delivery_kind=printed.get("delivery_kind", ""),
    )
