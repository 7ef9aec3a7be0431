"""How old each published list is, in figures and in words: for the doctor, the metrics and the alarm."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ca.crl_lists import CrlList, lists_of
from ca.models import Issuer
from ca.policy_files import files_of


class CrlState(StrEnum):
    """How a list stands."""

    FRESH = "fresh"
    LATE = "late"
    """Its successor is overdue; it can still be used, and a person must look before it cannot."""
    EXPIRED = "expired"
    MISSING = "missing"
    AWAITED = "awaited"
    """The first delta: the worker makes it after the first whole list, which alone is enough until then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlAge:
    """One list at a moment; one that was never made has names and, a delta, ``due_at``."""

    name: str
    file_name: str
    at: datetime
    crl_number: int = 0
    base_crl_number: int | None = None
    entries: int = 0
    this_update: datetime | None = None
    next_update: datetime | None = None
    due_at: datetime | None = None
    """When the next one is made, if nothing is revoked before."""
    alarm_at: datetime | None = None
    """When somebody is told: a quarter of the spare time after it was due (reliability F8, F9)."""

    @property
    def state(self) -> CrlState:
        """How it stands."""
        if self.next_update is None or self.alarm_at is None:
            is_awaited = self.due_at is not None and self.at < self.due_at
            return CrlState.AWAITED if is_awaited else CrlState.MISSING
        if self.at >= self.next_update:
            return CrlState.EXPIRED
        return CrlState.LATE if self.at >= self.alarm_at else CrlState.FRESH

    @property
    def age(self) -> timedelta:
        """How long ago it was made."""
        return timedelta(0) if self.this_update is None else self.at - self.this_update

    @property
    def sentence(self) -> str:
        """Say it in words, for the doctor."""
        match self.state:
            case CrlState.MISSING:
                return "no CRL has been made; is the worker running?"
            case CrlState.AWAITED:
                return f"the worker makes the first one by {_text(self.due_at)}"
            case CrlState.EXPIRED:
                return f"CRL {self.crl_number} expired {_text(self.next_update)}; is the worker running?"
            case CrlState.LATE:
                return (
                    f"CRL {self.crl_number} should have been followed {_text(self.due_at)} "
                    f"and expires {_text(self.next_update)}; is the worker running?"
                )
            case CrlState.FRESH:
                left = (self.next_update or self.at) - self.at
                hours = int(left.total_seconds() // 3600)
                return f"CRL {self.crl_number}, {self.entries} entries, valid for {hours} hours more"


def crl_ages(*, at: datetime) -> list[CrlAge]:
    """Return how old every list of every issuer is."""
    issuers = Issuer.objects.filter(certified_at__isnull=False).order_by("key")
    return [crl_age(crl_list, at=at) for issuer in issuers for crl_list in lists_of(issuer)]


def late_crls(*, at: datetime) -> list[CrlAge]:
    """Return the lists that somebody must look at: late, expired or never made."""
    return [one for one in crl_ages(at=at) if one.state not in {CrlState.FRESH, CrlState.AWAITED}]


def crl_age(crl_list: CrlList, *, at: datetime) -> CrlAge:
    """Return how old a list is."""
    latest = crl_list.latest
    plan = files_of(crl_list.issuer).hierarchy.issuer(crl_list.issuer.key)
    if latest is None or latest.this_update is None or latest.next_update is None:
        whole = CrlList(issuer=crl_list.issuer).latest if crl_list.is_delta else None
        begun = None if whole is None else whole.this_update
        due_at = None if begun is None else begun + plan.delta_crl_interval
        return CrlAge(name=crl_list.name, file_name=crl_list.file.name, at=at, due_at=due_at)
    interval = plan.delta_crl_interval if crl_list.is_delta else plan.crl_interval
    due_at = latest.this_update + interval
    return CrlAge(
        name=crl_list.name,
        file_name=crl_list.file.name,
        at=at,
        crl_number=latest.crl_number,
        base_crl_number=latest.base_crl_number,
        entries=latest.entry_count,
        this_update=latest.this_update,
        next_update=latest.next_update,
        due_at=due_at,
        alarm_at=due_at + (latest.next_update - due_at) / 4,
    )


def _text(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
