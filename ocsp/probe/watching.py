"""Watches revocations until each was seen as ``revoked`` on every source of every node, from outside."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography import x509
from django.conf import settings
from django.db.models import F

from ca.crl_lists import CrlList
from ca.models import Certificate, Issuer
from ca.policy_files import files_of
from ocsp.models import Landing, Sighting
from ocsp.probe import addresses, landings
from ocsp.probe.landings import Place
from ocsp.probe.reading import ReadList
from ocsp.probe.visiting import FAULTS, NotOffered, Visitor, fault_of
from ocsp.states import LandingState, SightingState, Source

_log: Final = logging.getLogger(__name__)

_ROUND: Final = 1000
"""Most sightings that one round asks for; those asked longest ago come first."""
_TOGETHER: Final = 100
"""What was seen of so many is noted in one transaction: its moment is that of the last of them."""
_MANY: Final = 20
"""From so many on, a list's numbers are read into a set instead of being searched one by one."""


@dataclass(slots=True, kw_only=True)
class Watched:
    """What a round saw."""

    seen: int = 0
    closed: int = 0
    late: int = 0
    under_way: int = 0

    def __str__(self) -> str:
        return f"{self.seen} seen, {self.closed} closed, {self.late} late, {self.under_way} under way"


def nodes_of(issuer: Issuer) -> tuple[str, ...]:
    """Return the nodes that must all say the same of an issuer; its public address where none is named."""
    public = files_of(issuer).addresses.ocsp.removesuffix("/ocsp")
    if settings.SIGILL_STATUS_NODES and public == settings.SIGILL_STATUS_URL:
        return tuple(settings.SIGILL_STATUS_NODES)
    return (public,)


def begin(certificate: Certificate, *, visitor: Visitor) -> Landing | None:
    """Begin to watch a revocation; None when it is too old to be worth it, or watched no more."""
    return next(iter(begin_many([certificate], visitor=visitor)), None)


def begin_many(certificates: Iterable[Certificate], *, visitor: Visitor) -> list[Landing]:
    """Begin to watch revocations, but those that are too old to be worth it; a list is looked for once."""
    now = visitor.clock()
    deltas: dict[str, bool] = {}
    begun = {
        certificate: list(_places(certificate, visitor, deltas))
        for certificate in certificates
        if certificate.revoked_at is not None
        and certificate.not_after > now
        and now - certificate.revoked_at <= landings.TOO_OLD
    }
    return landings.open_landings(begun, at=now)


def watch(*, visitor: Visitor) -> Watched:
    """Ask once for what is awaited, note what was seen, close what was seen everywhere."""
    watched = Watched()
    awaited = Sighting.objects.filter(state=SightingState.AWAITED.value).exclude(
        landing__state=LandingState.LAPSED.value
    )
    chosen = list(
        awaited.order_by(F("asked_at").asc(nulls_first=True), "pk").select_related(
            "landing__certificate__issuer"
        )[:_ROUND]
    )
    ask(chosen, visitor=visitor, watched=watched)
    under_way = Landing.objects.filter(state__in=[LandingState.OPEN.value, LandingState.LATE.value])
    looked_at = {one.landing_id: one.landing for one in chosen}
    # And what was left by a probe that died between seeing the last of it and saying so.
    for left in under_way.exclude(sightings__state=SightingState.AWAITED.value).select_related("certificate")[
        :_ROUND
    ]:
        looked_at.setdefault(left.pk, left)
    for landing in looked_at.values():
        _settle(landing, at=visitor.clock(), watched=watched)
    watched.under_way = under_way.count()
    return watched


def ask(
    sightings: Iterable[Sighting], *, visitor: Visitor, watched: Watched, notes_unseen: bool = True
) -> None:
    """Ask for sightings and note what came of each; a list is fetched once for all that look on it."""
    chosen = list(sightings)
    looks = _Looks(visitor=visitor, is_many=len(chosen) > _MANY)
    together = _TOGETHER if looks.is_many else 1
    for start in range(0, len(chosen), together):
        _ask_together(
            chosen[start : start + together], looks=looks, watched=watched, notes_unseen=notes_unseen
        )


def _ask_together(
    sightings: Sequence[Sighting], *, looks: "_Looks", watched: Watched, notes_unseen: bool
) -> None:
    """Look at some, and note what came of it in one transaction."""
    seen: dict[int | None, list[Sighting]] = {}
    unseen: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        number: int | None = None
        try:
            is_seen, said, number = looks.look(sighting)
        except FAULTS as error:
            is_seen, said = False, fault_of(error)
        if is_seen:
            seen.setdefault(number, []).append(sighting)
        elif notes_unseen:
            unseen.setdefault(said, []).append(sighting)
    now = looks.visitor.clock()
    watched.seen += landings.note_all_seen(seen, at=now)
    landings.note_all_unseen(unseen, at=now)


def _settle(landing: Landing, *, at: datetime, watched: Watched) -> None:
    before = landing.state
    after = landings.settle(landing, at=at)
    if after.value == before:
        return
    watched.closed += after is LandingState.CLOSED
    if after is LandingState.LATE:
        watched.late += 1
        certificate = landing.certificate
        _log.error(
            "revocation of %s %s was not seen everywhere after %.0f s",
            certificate.issuer_id, certificate.serial_hex, (at - landing.revoked_at).total_seconds(),
        )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Looks:
    """One round: what was fetched in it is not fetched again."""

    visitor: Visitor
    is_many: bool
    lists: dict[str, ReadList | Exception] = field(default_factory=dict)
    issuers: dict[str, x509.Certificate] = field(default_factory=dict)

    def look(self, sighting: Sighting) -> tuple[bool, str, int | None]:
        """Return whether it was seen, what was said, and the number of the list. Raises one of ``FAULTS``."""
        row = sighting.landing.certificate
        certificate = x509.load_der_x509_certificate(bytes(row.certificate_der))
        issuer = self.issuers.get(row.issuer_id)
        if issuer is None:
            issuer = x509.load_der_x509_certificate(bytes(row.issuer.certificate_der))
            self.issuers[row.issuer_id] = issuer
        if sighting.source == Source.OCSP.value:
            url = addresses.at_node(addresses.ocsp_urls(certificate)[0], sighting.node)
            # By POST: what a cache still holds is bounded by max-age and is not what is watched here.
            answer, _ = self.visitor.ask_ocsp(url, certificate, issuer, by_get=False)
            return answer.status == "revoked", answer.status, None
        crl_url = addresses.at_node(_crl_url(certificate, row.issuer), sighting.node)
        full = self._fetch(crl_url, issuer)
        if sighting.source == Source.FULL_CRL.value:
            is_listed = self._names(crl_url, full, certificate.serial_number)
            return is_listed, f"not on list {full.number}", full.number
        url = addresses.at_node(addresses.delta_url(full.crl, crl_url=crl_url), sighting.node)
        delta = self._fetch(url, issuer)
        if delta.base_number is None or full.number < delta.base_number:
            return False, "the delta adds to a list that is not there", delta.number
        # RFC 5280 section 5.2.4: whoever reads a delta reads it together with the full list that it adds to.
        is_listed = self._names(url, delta, certificate.serial_number) or (
            full.number <= delta.number and self._names(crl_url, full, certificate.serial_number)
        )
        return is_listed, f"not on delta {delta.number}", delta.number

    def _fetch(self, url: str, issuer: x509.Certificate) -> ReadList:
        if url not in self.lists:
            try:
                self.lists[url], _ = self.visitor.fetch_list(url, issuer)
            except FAULTS as error:
                self.lists[url] = error
        found = self.lists[url]
        if isinstance(found, Exception):
            raise found
        return found

    def _names(self, url: str, read: ReadList, serial_number: int) -> bool:
        if self.is_many:
            return serial_number in self.visitor.serial_numbers(url)
        return read.lists(serial_number)


def _places(certificate: Certificate, visitor: Visitor, deltas: dict[str, bool]) -> Iterable[Place]:
    """Yield where a revocation must be seen; ``deltas`` keeps beside which lists one was found."""
    parsed = x509.load_der_x509_certificate(bytes(certificate.certificate_der))
    issuer = x509.load_der_x509_certificate(bytes(certificate.issuer.certificate_der))
    crl_url = _crl_url(parsed, certificate.issuer)
    for node in nodes_of(certificate.issuer):
        if addresses.ocsp_urls(parsed):
            yield Place(source=Source.OCSP, node=node)
        yield Place(source=Source.FULL_CRL, node=node)
        at_node = addresses.at_node(crl_url, node)
        if at_node not in deltas:
            offered = offers_delta(visitor, at_node, issuer)
            # A node that cannot be asked now offers what was signed for it: a restart drops no stop.
            deltas[at_node] = _signs_delta(certificate.issuer, crl_url) if offered is None else offered
        if deltas[at_node]:
            yield Place(source=Source.DELTA_CRL, node=node)


def offers_delta(visitor: Visitor, crl_url: str, issuer: x509.Certificate) -> bool | None:
    """Tell whether a delta lies beside a full list; one that is there and bad is offered.

    None when the full list cannot be had, which says nothing about the delta.
    """
    try:
        full, _ = visitor.fetch_list(crl_url, issuer)
    except FAULTS:
        return None
    try:
        visitor.fetch_list(addresses.at_node(addresses.delta_url(full.crl, crl_url=crl_url), crl_url), issuer)
    except NotOffered:
        return False
    except FAULTS:
        return True
    return True


def _signs_delta(issuer: Issuer, crl_url: str) -> bool:
    """Tell whether a delta was signed for the list at an address: deltas lie beside whole lists only."""
    is_whole = crl_url == files_of(issuer).facts_of(issuer).crl_url
    return is_whole and CrlList(issuer=issuer, is_delta=True).latest is not None


def _crl_url(certificate: x509.Certificate, issuer: Issuer) -> str:
    """Return the list that covers a certificate; the issuer's, for one that names none (an OCSP signer)."""
    named = addresses.crl_urls(certificate)
    return named[0] if named else files_of(issuer).facts_of(issuer).crl_url
