"""The directory's settings with their defaults, read from Django's at call time."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from directory.bounded_http import Endpoint
from directory.register_tls import ClientIdentity

NATIONAL_LOGICAL_ADDRESS = "SE165565594230-1000"
"""Inera's HSA-id as the source system of HSA and PU (domain.md 4.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRules:
    """What a synchronization may do (design.md decision 9) and how it must behave towards the registers.

    ``pause`` is the wait between HSA calls (their batch rule: one thread, 50 ms). Someone counts as missing
    after ``complete_reads`` good readings without them. One run may change at most ``cap_persons`` people or
    ``cap_per_mille`` of those read, whichever is more, in ways that cost them their card.
    """

    pause: timedelta = timedelta(milliseconds=50)
    chunk: int = 500
    complete_reads: int = 3
    cap_persons: int = 20
    cap_per_mille: int = 5

    def cap(self, population: int) -> int:
        """Return how many of ``population`` people one run may change harmfully."""
        return max(self.cap_persons, population * self.cap_per_mille // 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOrderRules:
    """When PU is asked by file, and how.

    From ``at_least`` people on (0: never), ``size`` of them in an order. An order is asked about every
    ``pause``, for as long as ``patience``; one that nobody fetched is good for ``freshness``.
    """

    at_least: int = 20_000
    size: int = 10_000
    pause: timedelta = timedelta(seconds=2)
    patience: timedelta = timedelta(minutes=30)
    freshness: timedelta = timedelta(hours=12)


def _number(name: str, default: int) -> int:
    return int(getattr(settings, name, default))


def _endpoint(register: str, url: str) -> Endpoint:
    logical_address = getattr(
        settings, f"SIGILL_{register.upper()}_LOGICAL_ADDRESS", NATIONAL_LOGICAL_ADDRESS
    )
    return Endpoint(
        register=register,
        url=url,
        logical_address=logical_address,
        deadline=float(_number("SIGILL_REGISTER_DEADLINE_SECONDS", 15)),
        identity=client_identity() if url.startswith("https://") else None,
    )


def client_identity() -> ClientIdentity:
    """Return the files by which we and the registers know each other."""
    return ClientIdentity(
        certificate=Path(settings.SIGILL_REGISTER_CERTIFICATE),
        key=Path(settings.SIGILL_REGISTER_KEY),
        authorities=Path(settings.SIGILL_REGISTER_AUTHORITIES),
    )


def hsa_endpoint() -> Endpoint:
    """Return where HSA answers."""
    return _endpoint("hsa", settings.SIGILL_HSA_URL)


def pu_endpoint() -> Endpoint:
    """Return where PU answers."""
    return _endpoint("pu", settings.SIGILL_PU_URL)


def file_order_rules() -> FileOrderRules:
    """Return this installation's rules of file orders."""
    return FileOrderRules(
        at_least=_number("SIGILL_PU_FILE_ORDERS_FROM", 20_000),
        size=_number("SIGILL_PU_FILE_ORDER_SIZE", 10_000),
        pause=timedelta(milliseconds=_number("SIGILL_PU_FILE_PAUSE_MILLISECONDS", 2000)),
        patience=timedelta(seconds=_number("SIGILL_PU_FILE_PATIENCE_SECONDS", 1800)),
    )


def pu_is_unrestricted() -> bool:
    """Return whether we may ask PU by the contract that tells of protected people too (domain.md 4.4)."""
    return str(getattr(settings, "SIGILL_PU_CONTRACT", "unrestricted")) != "restricted"


def sync_rules() -> SyncRules:
    """Return this installation's rules of synchronization."""
    return SyncRules(
        pause=timedelta(milliseconds=_number("SIGILL_HSA_PAUSE_MILLISECONDS", 50)),
        complete_reads=_number("SIGILL_SYNC_COMPLETE_READS", 3),
        cap_persons=_number("SIGILL_SYNC_CAP_PERSONS", 20),
        cap_per_mille=_number("SIGILL_SYNC_CAP_PER_MILLE", 5),
    )


def bulk_window() -> timedelta:
    """Return over how long what one person decides alone is counted together (domain.md 7.3)."""
    return timedelta(hours=_number("SIGILL_BULK_WINDOW_HOURS", 24))


def appointment_patience() -> timedelta:
    """Return how long a role that somebody asked for waits for a second person before it lapses."""
    return timedelta(days=_number("SIGILL_APPOINTMENT_DAYS", 14))


def pu_files_endpoint() -> Endpoint:
    """Return where PU takes and gives files: its REST services may lie apart from the SOAP ones."""
    return _endpoint("pu", str(getattr(settings, "SIGILL_PU_FILES_URL", "") or settings.SIGILL_PU_URL))


def test_objects_allowed() -> bool:
    """Return whether feigned and test people count: nowhere but outside production."""
    return bool(settings.SIGILL_ENVIRONMENT != "PROD")
