"""Registers the services that may ask; the portal registers itself as the first of them."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from authn.errors import InvalidParameters
from authn.events import RelyingPartyClosed, RelyingPartyRegistered
from authn.evidence import EvidenceInvalid, Flow, Purpose, origin_of
from authn.levels import LEVELS, LOA3
from authn.models import RelyingParty
from journal.actor import Actor
from journal.recording import record


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a relying party is registered with; names are what people are shown."""

    rp_id: str
    name_sv: str
    name_en: str
    return_origins: tuple[str, ...]
    flows: tuple[Flow, ...] = (Flow.SAME_DEVICE,)
    purposes: tuple[Purpose, ...] = (Purpose.AUTH,)
    most_loa: str = LOA3
    allows_mtls: bool = False
    orders_per_minute: int = 600


def register(registration: Registration, *, actor: Actor, at: datetime) -> RelyingParty:
    """Return the relying party's row, made or changed to say exactly this; raises InvalidParameters."""
    for origin in registration.return_origins:
        _check_origin(origin)
    if registration.most_loa not in LEVELS:
        raise InvalidParameters("not a level of assurance")
    columns = {
        "name_sv": registration.name_sv,
        "name_en": registration.name_en,
        "return_origins": list(registration.return_origins),
        "flows": [flow.value for flow in registration.flows],
        "purposes": [purpose.value for purpose in registration.purposes],
        "most_loa": registration.most_loa,
        "allows_mtls": registration.allows_mtls,
        "orders_per_minute": registration.orders_per_minute,
        "closed_at": None,
    }
    present = RelyingParty.objects.filter(rp_id=registration.rp_id).first()
    if present is not None and all(getattr(present, name) == value for name, value in columns.items()):
        return present
    with transaction.atomic():
        row, _ = RelyingParty.objects.update_or_create(
            rp_id=registration.rp_id, defaults=columns, create_defaults={**columns, "registered_at": at}
        )
        event = RelyingPartyRegistered(
            rp_id=row.rp_id,
            rp_name=row.name_sv,
            return_origins=registration.return_origins,
            allows_mtls=row.allows_mtls,
        )
        record(event, actor=actor, at=at)
    return row


def close(rp_id: str, *, actor: Actor, at: datetime) -> bool:
    """Let a service start and collect nothing more; False when it is closed or unknown already.

    Registering it again opens it.
    """
    with transaction.atomic():
        is_open = RelyingParty.objects.filter(rp_id=rp_id, closed_at__isnull=True)
        if is_open.update(closed_at=at) != 1:
            return False
        row = RelyingParty.objects.get(rp_id=rp_id)
        record(RelyingPartyClosed(rp_id=row.rp_id, rp_name=row.name_sv), actor=actor, at=at)
    return True


def _check_origin(origin: str) -> None:
    try:
        canonical = origin_of(origin)
    except EvidenceInvalid as error:
        raise InvalidParameters("a return origin is not an origin") from error
    if canonical != origin:
        raise InvalidParameters("a return origin has no path")
