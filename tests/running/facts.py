"""What a running installation's database says, for the tests to compare with what was asked of it."""

import base64
import json
from collections import Counter

from ca.models import Certificate, CertificateRequest
from ca.pki.reasons import RevocationReason
from cards.models import Activation, Card, CardKey, CardOrder
from directory.models import Employment, Person
from journal.models import Checkpoint, ConsumerCursor, DeadLetter, Entry, Leaf, Unsequenced
from portal.accounts.models import PortalSession
from worker.models import JobStatus

Facts = dict[str, object]


def person(*, hsa_id: str) -> Facts:
    """Return who holds an employment, and how fresh the register data are."""
    row = Employment.objects.select_related("person").get(hsa_id=hsa_id).person
    return {
        "id": str(row.pk),
        "number": row.personal_identity_number,
        "name": row.full_name,
        "pu_read_at": str(row.pu_read_at),
    }


def all_numbers() -> list[str]:
    """Return the personal number of everybody."""
    return list(Person.objects.values_list("personal_identity_number", flat=True))


def orders(*, hsa_id: str) -> list[Facts]:
    """Return the orders for an employment, oldest first."""
    rows = CardOrder.objects.filter(hsa_id=hsa_id).select_related("card").order_by("placed_at")
    return [
        {
            "id": str(row.pk),
            "state": row.state,
            "attempts": row.attempts,
            "last_problem": row.last_problem,
            "card_id": str(row.card.pk),
            "card_number": row.card.card_number,
            "card_state": row.card.state,
        }
        for row in rows
    ]


def sessions_ended(*, card_number: str) -> list[Facts]:
    """Return the logins with a card that are over, and how long after the card was blocked they ended."""
    rows = PortalSession.objects.filter(card_number=card_number, ended_at__isnull=False)
    blocked_at = Card.objects.get(card_number=card_number).blocked_at
    return [
        {
            "reason": row.end_reason,
            "seconds": (row.ended_at - blocked_at).total_seconds() if row.ended_at and blocked_at else None,
        }
        for row in rows
    ]


def card(*, card_id: str) -> Facts:
    """Return a card with its keys, certificates, activations, and how often each event about it happened."""
    row = Card.objects.get(pk=card_id)
    keys = CardKey.objects.filter(card=row)
    requests = CertificateRequest.objects.filter(carrier_kind="card", carrier_id=str(row.pk))
    return {
        "id": str(row.pk),
        "number": row.card_number,
        "state": row.state,
        "blocked_by": row.blocked_by,
        "keys": [{"name": key.name, "is_current": key.superseded_at is None} for key in keys],
        "requests": Counter(request.state for request in requests),
        "certificates": [_certificate(one) for one in _certificates_on(row)],
        "activation_ids": [str(one.pk) for one in Activation.objects.filter(card=row).order_by("opened_at")],
        "events": Counter(
            Entry.objects.filter(references__kind="card", references__value=str(row.pk)).values_list(
                "type", flat=True
            )
        ),
    }


def _certificates_on(row: Card) -> list[Certificate]:
    return list(
        Certificate.objects.filter(carrier_kind="card", carrier_id=str(row.pk)).order_by("issued_at", "name")
    )


def _certificate(row: Certificate) -> Facts:
    events = Entry.objects.filter(references__kind="certificate", references__value=str(row.pk))
    return {
        "name": row.name,
        "serial": row.serial_hex,
        "issuer": row.issuer_id,
        "public_key": row.public_key_sha256,
        "is_published": row.published_at is not None,
        "is_revoked": row.revoked_at is not None,
        "reason": None if row.revocation_reason is None else RevocationReason(row.revocation_reason).name,
        "is_listed": row.crl_listed_at is not None,
        "der": base64.b64encode(bytes(row.certificate_der)).decode(),
        "events": Counter(events.values_list("type", flat=True)),
    }


def certificates() -> list[Facts]:
    """Return every certificate that was ever issued, to persons, functions and responders."""
    return [_certificate(row) for row in Certificate.objects.order_by("issued_at")]


def journal() -> Facts:
    """Return how far the journal has come and how far its consumers follow."""
    return {
        "last_entry": Entry.objects.order_by("-pk").values_list("pk", flat=True).first(),
        "unsequenced": Unsequenced.objects.count(),
        "leaves": Leaf.objects.count(),
        "heads": Checkpoint.objects.count(),
        "cursors": dict(ConsumerCursor.objects.values_list("name", "position")),
        "dead_letters": [f"{letter.consumer}: {letter.error}" for letter in DeadLetter.objects.all()],
    }


def job(*, job_name: str) -> Facts:
    """Return when a periodic job last did what it has to, in seconds since 1970."""
    when = JobStatus.objects.filter(name=job_name).values_list("succeeded_at", flat=True).first()
    return {"succeeded_at": when.timestamp() if when else 0.0}


def acts_since(*, entry: int) -> list[str]:
    """Return the types of what people did, or were refused, after an entry: jobs go on meanwhile."""
    rows = Entry.objects.filter(pk__gt=entry).order_by("pk").values_list("type", "content")
    return [kind for kind, content in rows if json.loads(content)["actor"]["kind"] == "person"]


def numbers_of_cards() -> list[str]:
    """Return the numbers of all cards that the portal knows."""
    return list(Card.objects.exclude(card_number=None).values_list("card_number", flat=True))
