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
from hsm_sim.factory.numbers import random_card_number, random_puk
from hsm_sim.factory.order import Order

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
CREATE TABLE IF NOT EXISTS letters (
  letter_id TEXT PRIMARY KEY, canonical TEXT NOT NULL, posted_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS switches (one INTEGER PRIMARY KEY CHECK (one = 1), members TEXT NOT NULL);
"""


class OrderDiffers(Exception):
    """The order id was used before, for something else."""


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


class Ledger:
    """Durable (synchronous=FULL); one connection per thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._local = threading.local()
        with self._transaction() as database:
            for statement in SCHEMA.split(";"):
                database.execute(statement)
        path.chmod(0o600)

    def take(self, order: Order, *, at: datetime) -> tuple[Job, bool]:
        """Record the order once; True if it is new. OrderDiffers if the id was used for something else."""
        with self._transaction() as database:
            row = database.execute(
                "SELECT canonical FROM orders WHERE order_id = ?", (order.order_id,)
            ).fetchone()
            if row and row["canonical"] != order.canonical:
                raise OrderDiffers(order.order_id)
            if row is None:
                self._record(database, order, at=at)
        job = self.job(order.order_id)
        if job is None:
            raise LookupError(order.order_id)
        return job, row is None

    def _record(self, database: sqlite3.Connection, order: Order, *, at: datetime) -> None:
        reason = self.faults().reject
        state = OrderState.REJECTED if reason else OrderState.ACCEPTED
        number, puk = (None, None) if reason else (self._unused_number(database), random_puk())
        database.execute(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                order.order_id,
                order.canonical,
                state.value,
                order.printed_name,
                order.organization_name,
                order.back_text,
                order.product_code,
                order.product_name,
                order.valid_until.isoformat(),
                number,
                puk,
                reason,
                at.isoformat(),
            ),
        )
        self._report(database, order.order_id, state, at=at, card_number=None, reason=reason)

    def advance(self, job: Job, state: OrderState, *, at: datetime) -> None:
        """Move an order on and reports it, in one transaction; nothing if somebody did so before."""
        with self._transaction() as database:
            moved = database.execute(
                "UPDATE orders SET state = ? WHERE order_id = ? AND state = ?",
                (state.value, job.order_id, job.state.value),
            ).rowcount
            if moved:
                self._report(database, job.order_id, state, at=at, card_number=job.card_number, reason="")

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

    def post_letter(self, letter_id: str, canonical: str, *, at: datetime) -> bool:
        """Record a letter once; True if it is new. OrderDiffers if the id was used for something else."""
        with self._transaction() as database:
            row = database.execute(
                "SELECT canonical FROM letters WHERE letter_id = ?", (letter_id,)
            ).fetchone()
            if row and row["canonical"] != canonical:
                raise OrderDiffers(letter_id)
            if row is None:
                database.execute(
                    "INSERT INTO letters VALUES (?, ?, ?)", (letter_id, canonical, at.isoformat())
                )
        return row is None

    def has_letter(self, letter_id: str) -> bool:
        """Return whether the letter is in the post."""
        query = "SELECT 1 FROM letters WHERE letter_id = ?"
        return self._connection().execute(query, (letter_id,)).fetchone() is not None

    def unfinished(self) -> list[Job]:
        """Orders that are accepted or produced, oldest first."""
        rows = self._connection().execute(
            "SELECT * FROM orders WHERE state IN ('accepted', 'produced') ORDER BY accepted_at, order_id"
        )
        return [_job(row) for row in rows]

    def reports(self, *, after: int, limit: int) -> list[dict[str, object]]:
        """Report with n greater than `after`, oldest first."""
        rows = self._connection().execute(
            "SELECT * FROM reports WHERE n > ? ORDER BY n LIMIT ?", (after, limit)
        )
        return [
            {name: row[name] for name in row.keys() if row[name] is not None}  # noqa: SIM118 - a Row iterates over values
            for row in rows
        ]

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
        card_number: str | None,
        reason: str,
    ) -> None:
        database.execute(
            "INSERT INTO reports (order_id, event, at, card_number, reason) VALUES (?, ?, ?, ?, ?)",
            (order_id, state.value, at.isoformat(), card_number, reason or None),
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
    )
