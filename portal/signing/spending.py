"""The only writer of signed acts: kept when the card has signed, spent once with the act, or void."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from authn.evidence import unb64
from journal.actor import Actor
from journal.recording import record
from portal.accounts.events import ActSigned, SignatureVoided
from portal.accounts.models import PortalSession, SignedAct
from portal.signing.acts import Act
from portal.signing.errors import SignatureUnfit

LONGEST: Final = timedelta(minutes=5)
"""How old a signature may be when its act is done (authn.md section 9)."""


def keep_signed(signed: SignedAct) -> SignedAct:
    """Insert a signature that waits to be spent."""
    with transaction.atomic():
        signed.save(force_insert=True)
    return signed


def spend(signed: SignedAct, act: Act, *, actor: Actor, at: datetime) -> None:
    """Spend a signature on the act, in the caller's transaction, which carries the act out.

    Raises SignatureUnfit when it is for something else, too old, of a session that has ended, or used.
    """
    if signed.kind != act.kind.value or signed.facts_hash != act.facts_hash:
        raise SignatureUnfit("what would be done is not what was signed", facts={"rule": "other_act"})
    if not timedelta(0) <= at - signed.signed_at <= LONGEST:
        raise SignatureUnfit("the signature is too old", facts={"rule": "too_old"})
    is_open = PortalSession.objects.select_for_update().filter(
        pk=signed.session_id, ended_at__isnull=True, person_id=actor.person_id
    )
    if str(signed.session_id) != actor.credential or not is_open.exists():
        raise SignatureUnfit("the session in which it was signed is over", facts={"rule": "session_over"})
    unspent = SignedAct.objects.filter(pk=signed.pk, spent_at__isnull=True, voided_at__isnull=True)
    if unspent.update(spent_at=at) != 1:
        raise SignatureUnfit("the signature was used before", facts={"rule": "used"})
    event = ActSigned(
        signed_act_id=str(signed.pk),
        kind=act.kind.value,
        facts_sha256=unb64(signed.facts_hash).hex(),
        evidence_id=signed.evidence_id,
    )
    record(event, actor=actor, at=at)


def void(signed: SignedAct, *, reason: str, actor: Actor, at: datetime) -> bool:
    """Let a signature never be used, because its act was not carried out; False when it was spent."""
    event = SignatureVoided(
        signed_act_id=str(signed.pk), kind=signed.kind, evidence_id=signed.evidence_id, reason=reason
    )
    with transaction.atomic():
        unspent = SignedAct.objects.filter(pk=signed.pk, spent_at__isnull=True, voided_at__isnull=True)
        if unspent.update(voided_at=at) != 1:
            return False
        record(event, actor=actor, at=at)
    return True
