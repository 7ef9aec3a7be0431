"""How much one account may ask for: counted from what is there, told with the time to come back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings

from functioncerts.acme.errors import AcmeProblem, ProblemType, Subproblem
from functioncerts.acme.models import Account, AcmeOrder, Authorization, ExternalAccountKey
from functioncerts.acme.states import AuthorizationState

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

WINDOW: Final = timedelta(hours=1)
ACCOUNTS_PER_HOUR: Final = 10
"""Of one external account key: a cluster opens several, a loop many."""


def demand_room_for_account(external_key: ExternalAccountKey, *, at: datetime) -> None:
    """Raise AcmeProblem (rateLimited) when a key has opened too many accounts within the hour."""
    opened = Account.objects.filter(external_key=external_key, created_at__gt=at - WINDOW)
    _demand(opened, ACCOUNTS_PER_HOUR, "accounts were opened with this key", at=at)


def demand_room_for_order(account: Account, names: Sequence[str], *, at: datetime) -> None:
    """Raise AcmeProblem (rateLimited) when an account has ordered, or failed for a name, too often."""
    placed = AcmeOrder.objects.filter(account=account, created_at__gt=at - WINDOW)
    _demand(placed, settings.SIGILL_ACME_ORDERS_PER_HOUR, "orders were placed by this account", at=at)
    for name in names:
        failed = Authorization.objects.filter(
            account=account,
            name=name,
            state=AuthorizationState.INVALID.value,
            created_at__gt=at - WINDOW,
        )
        most = settings.SIGILL_ACME_FAILURES_PER_HOUR
        _demand(failed, most, "proofs failed for this name", at=at, name=name)


def _demand(rows: "QuerySet[Model]", most: int, what: str, *, at: datetime, name: str = "") -> None:
    newest = list(rows.order_by("-created_at").values_list("created_at", flat=True)[:most])
    if len(newest) < most:
        return
    wait = max(1, int((newest[-1] + WINDOW - at).total_seconds()) + 1)
    detail = f"{most} {what} within the hour; come back in {wait} seconds"
    about = [Subproblem(kind=ProblemType.RATE_LIMITED, detail=detail, name=name)] if name else []
    raise AcmeProblem(ProblemType.RATE_LIMITED, detail, subproblems=about, retry_after=wait)
