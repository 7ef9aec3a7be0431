"""Whether a role reaches a person's certificate, which names what carries it and its holder by text."""

from ca.models import Certificate
from cards.models import Card
from directory.models import Employment
from directory.reach import held_within, placed_within
from directory.row_ids import row_id
from journal.actor import Actor, ActorKind

_CARD = "card"


def reaches_certificate(certificate: Certificate, actor: Actor) -> bool:
    """Tell whether the actor's role reaches a person's certificate: by its organization, or by its card.

    For a role for a unit one without a card (a mobile one) is where its holder works.
    """
    if actor.kind is ActorKind.SYSTEM or not actor.unit_id:
        return actor.kind is ActorKind.SYSTEM or certificate.organization_id in actor.organization_ids
    if certificate.organization_id != actor.organization_id:
        return False
    if certificate.carrier_kind == _CARD:
        carrying = Card.objects.filter(held_within(actor), pk=row_id(certificate.carrier_id))
        return carrying.exists()
    holder = row_id(certificate.person_id)
    return Employment.objects.filter(placed_within(actor), person_id=holder).exists()
