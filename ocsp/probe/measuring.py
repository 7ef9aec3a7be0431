"""Measures each service of each issuer on each node from outside: does it answer, how fast, how fresh."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final
from uuid import UUID

from cryptography import x509
from django.db import transaction

from ca.models import Certificate, Issuer
from ca.policy_files import files_of
from ca.selectors import issuers
from ocsp.models import LatencySample, Measurement
from ocsp.probe import addresses
from ocsp.probe.reading import ProbeFailed, ReadList
from ocsp.probe.visiting import FAULTS, NotOffered, Visitor, fault_of
from ocsp.probe.watching import nodes_of
from ocsp.states import Source

AIA: Final = "aia"
KEPT: Final = timedelta(days=2)
_SAMPLE: Final = 5
"""Certificates of an issuer that a round asks about; the next round goes on where this one ended."""
_SETTLING: Final = timedelta(minutes=1)
_after: Final[dict[str, UUID]] = {}


@dataclass(slots=True, kw_only=True)
class _Seen:
    """One service of one issuer on one node, in one round."""

    node: str
    issuer_key: str
    service: str
    url: str
    outcome: str = ""
    fault: str = ""
    milliseconds: float = 0
    this_update: datetime | None = None
    next_update: datetime | None = None
    crl_number: int | None = None
    octets: int = 0


def measure(*, visitor: Visitor) -> list[Measurement]:
    """Ask everything once, keep what was seen, forget what is old, and return what is wrong."""
    seen = [
        one for issuer in issuers() for node in nodes_of(issuer) for one in _issuer_on(issuer, node, visitor)
    ]
    now = visitor.clock()
    with transaction.atomic():
        for one in seen:
            _keep(one, at=now)
        # An issuer or node that is no more, or a delta that is offered no longer.
        Measurement.objects.filter(asked_at__lt=now - timedelta(minutes=10)).delete()
        LatencySample.objects.filter(asked_at__lt=now - KEPT).delete()
        LatencySample.objects.bulk_create(_samples(seen, at=now))
    return list(Measurement.objects.exclude(fault="").order_by("node", "issuer_key", "service"))


def _issuer_on(issuer: Issuer, node: str, visitor: Visitor) -> Iterator[_Seen]:
    parsed = x509.load_der_x509_certificate(bytes(issuer.certificate_der))
    crl_url = addresses.at_node(files_of(issuer).facts_of(issuer).crl_url, node)
    yield from _ocsp(issuer, parsed, node, visitor)
    told = _Seen(node=node, issuer_key=issuer.key, service=Source.FULL_CRL.value, url=crl_url)
    full, read = _list(told, parsed, visitor)
    if full is not None:
        yield full
    if read is not None:
        delta_url = addresses.at_node(addresses.delta_url(read.crl, crl_url=crl_url), node)
        told = _Seen(node=node, issuer_key=issuer.key, service=Source.DELTA_CRL.value, url=delta_url)
        delta, added = _list(told, parsed, visitor)
        if delta is not None:
            if added is not None and (added.base_number is None or added.base_number > read.number):
                delta.fault = "the delta adds to a list that is not there"
            yield delta
    yield _aia(issuer, parsed, node, visitor)


def _ocsp(issuer: Issuer, parsed: x509.Certificate, node: str, visitor: Visitor) -> Iterator[_Seen]:
    url = addresses.at_node(files_of(issuer).addresses.ocsp, node)
    sample = _next_sample(issuer, at=visitor.clock())
    if not sample:
        return
    told = _Seen(node=node, issuer_key=issuer.key, service=Source.OCSP.value, url=url)
    spent = []
    for row in sample:
        try:
            certificate = x509.load_der_x509_certificate(bytes(row.certificate_der))
            answer, milliseconds = visitor.ask_ocsp(url, certificate, parsed)
            spent.append(milliseconds)
            _demand_right(row, answer.status, at=visitor.clock())
        except FAULTS as error:
            told.fault = fault_of(error)
            continue
        if answer.this_update and answer.next_update:
            told.this_update = min(told.this_update or answer.this_update, answer.this_update)
            told.next_update = min(told.next_update or answer.next_update, answer.next_update)
    told.milliseconds = median(spent) if spent else 0
    told.outcome = f"{len(spent)} answers"
    yield told


def _demand_right(row: Certificate, status: str, *, at: datetime) -> None:
    """Refuse a status that is not the ledger's. Raises ``ProbeFailed``."""
    if row.revoked_at is None:
        # It may have been revoked since the row was read.
        is_right = (
            status == "good" or Certificate.objects.filter(pk=row.pk, revoked_at__isnull=False).exists()
        )
    else:
        is_right = status == "revoked" or at - row.revoked_at < _SETTLING
    if not is_right:
        raise ProbeFailed(f"{status}, expected {'good' if row.revoked_at is None else 'revoked'}")


def _next_sample(issuer: Issuer, *, at: datetime) -> list[Certificate]:
    known = Certificate.objects.filter(
        issuer=issuer, published_at__isnull=False, not_after__gt=at + _SETTLING
    ).order_by("pk")
    after = _after.get(issuer.key)
    sample = list((known.filter(pk__gt=after) if after else known)[:_SAMPLE])
    if not sample and after:
        sample = list(known[:_SAMPLE])
    if sample:
        _after[issuer.key] = sample[-1].pk
    return sample


def _list(told: _Seen, parsed: x509.Certificate, visitor: Visitor) -> tuple[_Seen | None, ReadList | None]:
    try:
        read, told.milliseconds = visitor.fetch_list(told.url, parsed)
    except FAULTS as error:
        if isinstance(error, NotOffered) and told.service == Source.DELTA_CRL.value:
            return None, None
        told.fault = fault_of(error)
        return told, None
    told.outcome, told.crl_number, told.octets = str(read.number), read.number, read.octets
    told.this_update, told.next_update = read.this_update, read.next_update
    return told, read


def _aia(issuer: Issuer, parsed: x509.Certificate, node: str, visitor: Visitor) -> _Seen:
    url = addresses.at_node(files_of(issuer).facts_of(issuer).ca_issuers_url, node)
    told = _Seen(node=node, issuer_key=issuer.key, service=AIA, url=url)
    try:
        told.milliseconds, told.octets = visitor.fetch_certificate(url, parsed)
        told.outcome = "the issuer"
    except FAULTS as error:
        told.fault = fault_of(error)
    return told


def _keep(one: _Seen, *, at: datetime) -> None:
    found = Measurement.objects.filter(node=one.node, issuer_key=one.issuer_key, service=one.service)
    before = found.values_list("faulty_since", flat=True).first()
    Measurement.objects.update_or_create(
        node=one.node,
        issuer_key=one.issuer_key,
        service=one.service,
        defaults={
            "asked_at": at,
            "outcome": one.outcome,
            "fault": one.fault,
            "faulty_since": (before or at) if one.fault else None,
            "milliseconds": one.milliseconds,
            "this_update": one.this_update,
            "next_update": one.next_update,
            "crl_number": one.crl_number,
            "octets": one.octets,
            "url": one.url,
        },
    )


def _samples(seen: list[_Seen], *, at: datetime) -> Iterator[LatencySample]:
    for node, service in sorted({(one.node, one.service) for one in seen}):
        chosen = [one for one in seen if (one.node, one.service) == (node, service)]
        spent = [one.milliseconds for one in chosen if not one.fault]
        yield LatencySample(
            node=node,
            service=service,
            asked_at=at,
            questions=len(chosen),
            faults=len(chosen) - len(spent),
            median_ms=median(spent) if spent else 0,
            worst_ms=max(spent, default=0),
        )
