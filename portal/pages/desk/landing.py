"""How far the block of a card has come: the ledger, OCSP, the list. Only what was seen is claimed."""

from collections.abc import Sequence
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _

from ca.models import Certificate
from ca.selectors import certificates_on_carrier
from cards.models import Card
from cards.selectors import CARRIER_KIND
from portal import moments
from portal.pages.parts import Landing, Stop
from portal.status_check import ask_ocsp

_KEPT_SECONDS = 24 * 3600
_WATCHED_SECONDS = 60.0


def of_card(card: Card, *, at: datetime) -> Landing:
    """Return the places that a block has to reach, and which of them have been seen to have it."""
    revoked = [
        one for one in certificates_on_carrier(CARRIER_KIND, str(card.pk)) if one.revoked_at is not None
    ]
    if not revoked:
        return Landing(card_id=str(card.pk), stops=())
    return Landing(
        card_id=str(card.pk), stops=(_ledger(revoked, now=at), _ocsp(card, revoked), _crl(revoked))
    )


def _ledger(revoked: Sequence[Certificate], *, now: datetime) -> Stop:
    """Return the first stop: the revocation stands in our own database, in the block's own transaction."""
    when = max(one.revoked_at for one in revoked if one.revoked_at)
    return Stop(name=_("The ledger"), text=moments.moment(when, now=now), progress="done")


def _ocsp(card: Card, revoked: Sequence[Certificate]) -> Stop:
    key = f"ocsp-saw-block-{card.pk}"
    seen_after: float | None = cache.get(key)
    if seen_after is None:
        if not all(_answers_revoked(one) for one in revoked):
            return Stop(name=_("OCSP"), text=_("not seen yet"), progress="now")
        # A clock is read here and nowhere above: this is the moment at which it was seen.
        latest = max(one.revoked_at for one in revoked if one.revoked_at)
        seen_after = (timezone.now() - latest).total_seconds()
        cache.set(key, seen_after, _KEPT_SECONDS)
    if seen_after > _WATCHED_SECONDS:
        # Nobody looked while it happened: that it is revoked is all we know.
        return Stop(name=_("OCSP"), text=_("answers revoked"), progress="done")
    return Stop(
        name=_("OCSP"), text=_("seen within %(span)s") % {"span": moments.span(seen_after)}, progress="done"
    )


def _answers_revoked(certificate: Certificate) -> bool:
    seen = ask_ocsp(bytes(certificate.certificate_der), issuer_der=bytes(certificate.issuer.certificate_der))
    return seen is not None and seen.is_revoked


def _crl(revoked: Sequence[Certificate]) -> Stop:
    listed = [one.crl_listed_at for one in revoked if one.crl_listed_at]
    if len(listed) < len(revoked):
        return Stop(name=_("The revocation list"), text=_("within a minute"), progress="now")
    latest = max(one.revoked_at for one in revoked if one.revoked_at)
    spent = max((max(listed) - latest).total_seconds(), 0.0)
    return Stop(
        name=_("The revocation list"),
        text=_("published within %(span)s") % {"span": moments.span(spent)},
        progress="done",
    )
