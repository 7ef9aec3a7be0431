"""The portal as a relying party of its own authentication service: who it is there, and what it may ask."""

from urllib.parse import quote

from django.conf import settings

from authn.evidence import Flow, Purpose
from authn.relying_parties import Registration
from journal.actor import Actor, ActorKind


def rp_id() -> str:
    """Return the HSA-id under which the portal is registered."""
    identifier: str = getattr(settings, "SIGILL_RP_ID", "SE0000000000-SIGILL")
    return identifier


def rp_name() -> str:
    """Return the name that people are shown."""
    name: str = getattr(settings, "SIGILL_PORTAL_NAME", "Sigill")
    return name


def rp_registration() -> Registration:
    """Return what the portal is registered with."""
    return Registration(
        rp_id=rp_id(),
        name_sv=rp_name(),
        name_en=rp_name(),
        return_origins=(settings.SIGILL_PORTAL_URL,),
        flows=(Flow.SAME_DEVICE, Flow.OTHER_DEVICE),
        allows_mtls=bool(settings.SIGILL_MTLS_URL),
        purposes=(Purpose.AUTH, Purpose.AUTH_FOR_SIGN, Purpose.SIGN, Purpose.RECEIPT, Purpose.ENROL),
    )


def rp_actor() -> Actor:
    """Return the actor of what the portal asks of the service."""
    return Actor(kind=ActorKind.SERVICE, identifier=rp_id())


def client_link(autostart_url: str) -> str:
    """Return the address of the card client's page for a link; empty without such a page."""
    client: str = getattr(settings, "SIGILL_CLIENT_URL", "")
    return f"{client}/open?url={quote(autostart_url, safe='')}" if client else ""
