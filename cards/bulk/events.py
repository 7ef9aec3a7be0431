"""What the journal keeps of orders for several at once; each card that is ordered has its own event."""

from dataclasses import dataclass
from typing import ClassVar

from journal.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _AboutABulkOrder(Event):
    bulk_order_id: str
    organization_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOrderPrepared(_AboutABulkOrder):
    """Somebody chose for whom cards might be ordered; nothing is ordered."""

    TYPE: ClassVar[str] = "bulk_order.prepared"
    kind: str
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOrderChecked(_AboutABulkOrder):
    """Every row was held against the rules: so many may be ordered."""

    TYPE: ClassVar[str] = "bulk_order.checked"
    total: int
    ready: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOrderPlaced(_AboutABulkOrder):
    """Somebody ordered what the check let through: the digest is of the rows that were shown."""

    TYPE: ClassVar[str] = "bulk_order.placed"
    IS_PRIVILEGED: ClassVar[bool] = True
    ready: int
    needs_second_person: bool
    list_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOrderApproved(_AboutABulkOrder):
    """A second person approved a large one."""

    TYPE: ClassVar[str] = "bulk_order.approved"
    IS_PRIVILEGED: ClassVar[bool] = True
    ready: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOrderPaused(_AboutABulkOrder):
    """Nothing more is ordered until somebody lets it go on."""

    TYPE: ClassVar[str] = "bulk_order.paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOrderResumed(_AboutABulkOrder):
    """It goes on."""

    TYPE: ClassVar[str] = "bulk_order.resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOrderEnded(_AboutABulkOrder):
    """It is over: finished, cancelled, or lapsed as a draft that nobody placed."""

    TYPE: ClassVar[str] = "bulk_order.ended"
    outcome: str
    ordered: int
    refused: int
