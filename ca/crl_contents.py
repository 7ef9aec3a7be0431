"""What a list must hold: read from the database, and held against the ledger and what is published."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from ca.crl_lists import WHOLE, CrlList
from ca.errors import CrlRefused
from ca.ledger import RevocationLedger
from ca.models import Certificate, Crl, Issuer, SerialReservation
from ca.pki.crl_entries import Entries, serial_of
from ca.pki.dates import SECOND, whole_second
from ca.pki.serial import hex_of, serial_content
from ca.published_files import published_entries
from ca.states import SerialState

_CHUNK: Final = 500
"""Rows named in one query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which revocations a list takes: between two moments, and for a delta since its base."""

    expired_after: datetime
    """Entries stay until they were on one CRL beyond the certificate's validity (RFC 5280 section 3.3)."""
    this_update: datetime
    base: Crl | None = None

    @classmethod
    def after(cls, full: Crl | None, *, at: datetime, base: Crl | None = None) -> "Window":
        """Return the window of the list that is made now after a full one; for a delta on ``base``."""
        this_update = whole_second(at)
        expired_after = this_update if full is None or full.this_update is None else full.this_update
        return cls(expired_after=expired_after, this_update=this_update, base=base)


def new_rows(crl_list: CrlList, window: Window) -> tuple[QuerySet[Any], ...]:
    """Return the rows that the list takes and that no list of its kind has had yet: one query a table."""
    unlisted = Q(crl_listed_at__isnull=True)
    if crl_list.is_delta:
        unlisted &= Q(delta_listed_at__isnull=True)
    elif crl_list.shard != WHOLE:
        unlisted = Q(shard_listed_at__isnull=True)
    return tuple(rows.filter(unlisted) for rows in _rows(crl_list, window))


NewRows = list[tuple[type[Certificate] | type[SerialReservation], list[Any]]]
"""Primary keys by table."""


def new_keys(crl_list: CrlList, window: Window) -> NewRows:
    """Return which rows the list is the first of its kind to take.

    Ask before the entries are read: what comes between is listed and noted by the next list, never noted
    without being listed.
    """
    return [(rows.model, list(rows.values_list("pk", flat=True))) for rows in new_rows(crl_list, window)]


def issuers_lacking() -> frozenset[str]:
    """Return the keys of issuers of which a revocation may lack on the whole list or its delta.

    One query for all of them, and each a step into an index; what has expired since it was revoked counts
    here too, so ``lacks_something`` has the last word.
    """
    unlisted = {"issuer": OuterRef("pk"), "crl_listed_at__isnull": True}
    revoked = Certificate.objects.filter(**unlisted, revoked_at__isnull=False)
    burnt = SerialReservation.objects.filter(**unlisted, state=SerialState.BURNT.value)
    lacking = Issuer.objects.filter(Exists(revoked) | Exists(burnt.exclude(crl_entry_der=b"")))
    return frozenset(lacking.values_list("key", flat=True))


def lacks_something(crl_list: CrlList, window: Window) -> bool:
    """Tell whether there is a revocation that no list of its kind has had yet; cheap: indexes know."""
    return any(rows.exists() for rows in new_rows(crl_list, window))


def gather_entries(crl_list: CrlList, window: Window) -> Entries:
    """Read the encoded entries of revoked certificates, and of burnt serials that may have been signed."""
    return Entries.gather(_encoded(crl_list, window))


def _encoded(crl_list: CrlList, window: Window) -> Iterator[bytes]:
    for rows in _rows(crl_list, window):
        values = rows.order_by().values_list("crl_entry_der", flat=True)
        yield from map(bytes, values.iterator(chunk_size=5000))


def _rows(crl_list: CrlList, window: Window) -> tuple[QuerySet[Certificate], QuerySet[SerialReservation]]:
    """Return the rows of the list: certificates, burnt serials.

    A revocation that bears a moment after thisUpdate (the clock of another host) waits for the next list.
    """
    before = window.this_update + SECOND
    scope = Q(issuer=crl_list.issuer)
    if crl_list.shard != WHOLE:
        scope &= Q(crl_shard=crl_list.shard)
    if window.base is not None:
        scope &= Q(crl_listed_at__isnull=True) | Q(crl_listed_number__gt=window.base.crl_number)
    revoked = Certificate.objects.filter(
        scope, revoked_at__isnull=False, revoked_at__lt=before, not_after__gte=window.expired_after
    )
    burnt = SerialReservation.objects.filter(scope, state=SerialState.BURNT.value, burnt_at__lt=before)
    burnt = burnt.filter(Q(not_after__gte=window.expired_after) | Q(not_after__isnull=True))
    return revoked, burnt.exclude(crl_entry_der=b"")


def demand_complete(crl_list: CrlList, entries: Entries, window: Window, *, ledger: RevocationLedger) -> None:
    """Refuse to lose a revocation (design decision 7), and to list a serial twice (F2).

    Two witnesses are heard beside the database: the ledger, and the list that is published now. What they
    know and the list lacks must have expired, or be none of this list's. Raises ``CrlRefused``.
    """
    issuer = crl_list.issuer
    if entries.doubles:
        raise CrlRefused(
            f"{entries.doubles} serial numbers would be listed twice",
            facts={"issuer": issuer.key, "rule": "twice"},
        )
    lost = {
        serial for serial in _known(crl_list, window, ledger) if serial_content(serial) not in entries.serials
    }
    lost -= _elsewhere(crl_list, window, lost)
    published = published_entries(crl_list.file, issuer_der=bytes(issuer.certificate_der))
    gone = {hex_of(serial) for serial in map(serial_of, published) if serial not in entries.serials}
    gone -= _expired(crl_list, window, gone)
    lost |= gone - _elsewhere(crl_list, window, gone)
    if lost:
        raise CrlRefused(
            f"the CRL of {crl_list.name} would lose {len(lost)} revoked certificates; replay the ledger",
            facts={"issuer": issuer.key, "rule": "incomplete", "lost": str(len(lost))},
        )


def _known(crl_list: CrlList, window: Window, ledger: RevocationLedger) -> Iterator[str]:
    """Yield what the ledger knows as revoked and this list must hold."""
    since = None if window.base is None else window.base.this_update
    known = ledger.revoked_since(crl_list.issuer.key, at=window.this_update, since=since)
    if crl_list.shard == WHOLE:
        return known
    facts = crl_list.facts
    return (serial for serial in known if facts.shard_of(int(serial, 16)) == crl_list.shard)


def _expired(crl_list: CrlList, window: Window, serials: set[str]) -> set[str]:
    """Return those whose certificates, as the database knows them, have expired."""
    expired = Q(not_after__lt=window.this_update)
    return _found(crl_list, expired, serials)


def _elsewhere(crl_list: CrlList, window: Window, serials: set[str]) -> set[str]:
    """Return those that stand on the base of a delta, or belong to another shard."""
    if window.base is not None:
        return _found(crl_list, Q(crl_listed_number__lte=window.base.crl_number), serials)
    if crl_list.shard != WHOLE:
        return _found(crl_list, ~Q(crl_shard=crl_list.shard), serials)
    return set()


def _found(crl_list: CrlList, condition: Q, serials: Iterable[str]) -> set[str]:
    found: set[str] = set()
    ordered = sorted(serials)
    for start in range(0, len(ordered), _CHUNK):
        chunk = ordered[start : start + _CHUNK]
        for model in (Certificate, SerialReservation):
            rows = model.objects.filter(condition, issuer=crl_list.issuer, serial_hex__in=chunk)
            found.update(rows.values_list("serial_hex", flat=True))
    return found


def note_listed(crl_list: CrlList, new: NewRows, *, crl: Crl, at: datetime) -> None:
    """Note on the rows which list has taken them up, so that nothing makes another for them."""
    noted: dict[str, object] = {"crl_listed_at": at, "crl_listed_number": crl.crl_number}
    if crl_list.is_delta:
        noted = {"delta_listed_at": at}
    elif crl_list.shard != WHOLE:
        noted = {"shard_listed_at": at}
    for model, keys in new:
        for start in range(0, len(keys), _CHUNK):
            model.objects.filter(pk__in=keys[start : start + _CHUNK]).update(**noted)
