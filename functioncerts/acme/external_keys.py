"""External account keys (RFC 8555 7.3.4): an orderer makes one for one function object; it is shown once."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction

from directory.models import Role
from functioncerts import policies, selectors
from functioncerts.acme.accounts_ended import end_accounts
from functioncerts.acme.encoded import base64url
from functioncerts.acme.errors import ExternalKeyNotFound
from functioncerts.acme.events import AcmeKeyApproved, AcmeKeyCreated, AcmeKeyRevoked
from functioncerts.acme.models import Account, ExternalAccountKey
from functioncerts.acme.states import AccountAction, AccountState
from functioncerts.errors import FunctionObjectNotFound, Refused
from functioncerts.models import FunctionKind
from functioncerts.receipts import ACCEPTED, Receipt
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record, rfc3339

LIFETIME: Final = timedelta(days=30)
LONGEST_LIFETIME: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedExternalKey:
    """A key at the only moment when it is shown: ``key_id`` and ``hmac_key`` are what clients are given."""

    external_key: ExternalAccountKey
    key_id: str
    hmac_key: str = field(repr=False)


def create_external_key(
    *,
    hsa_id: str,
    lifetime: timedelta = LIFETIME,
    receipt: Receipt = ACCEPTED,
    actor: Actor,
    at: datetime,
) -> CreatedExternalKey:
    """Make a key with which accounts may be opened for a function object until its lifetime is over.

    Who makes it accepts the ``receipt`` (FC-4) once, for every certificate that its accounts will fetch.

    Raises FunctionObjectNotFound (also outside the actor's scope) and Refused: who may not order for the
    object may not let a program do it, and ACME knows no mailboxes.
    """
    function_object = selectors.get_function_object(hsa_id, actor=actor)
    if (refusal := policies.may_order(function_object, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    if function_object.kind == FunctionKind.EMAIL.value:
        raise Refused(Refusal(code="acme_not_for_mailboxes", facts=(("function_object", hsa_id),)))
    until = at + max(timedelta(minutes=1), min(lifetime, LONGEST_LIFETIME))
    with transaction.atomic():
        created = ExternalAccountKey.objects.create(
            pk=fresh_id(),
            function_object=function_object,
            organization_id=function_object.organization_id,
            created_at=at,
            created_by=actor.identifier,
            expires_at=until,
            receipt_version=receipt.version,
            receipt_evidence_id=receipt.evidence_id,
        )
        record(
            AcmeKeyCreated(
                function_object_id=str(function_object.pk),
                organization_id=str(function_object.organization_id),
                external_key_id=str(created.pk),
                valid_until=rfc3339(until),
                receipt_version=receipt.version,
            ),
            actor=actor,
            at=at,
        )
    return CreatedExternalKey(
        external_key=created, key_id=str(created.pk), hmac_key=hmac_key_text(created.pk)
    )


def fresh_id(make: Callable[[], UUID] = uuid4) -> UUID:
    """Return an id whose HMAC key a command line takes.

    One text in 64 begins with a hyphen: certbot takes that for an option and says that the key is missing.
    """
    while True:
        made = make()
        if not hmac_key_text(made).startswith("-"):
            return made


def hmac_key_text(pk: UUID) -> str:
    """Return the HMAC key of an id as clients are given it: base64url without padding (RFC 8555 7.3.4)."""
    return base64url(_derived(pk))


def approve_external_key(*, external_key_id: UUID | str, actor: Actor, at: datetime) -> None:
    """Approve a key as the second person, once for all that its accounts order; twice is harmless.

    Raises ExternalKeyNotFound and Refused: who made it may not, nor who may not order.
    """
    found = get_external_key(external_key_id, actor=actor)
    if (refusal := policies.may_order(found.function_object, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    if policies.is_same_person(actor, found.created_by):
        raise Refused(Refusal(code="second_person_is_the_first", fixer=Role.FUNCTION_CERT_ORDERER.value))
    with transaction.atomic():
        waiting = ExternalAccountKey.objects.filter(
            pk=found.pk, approved_at__isnull=True, revoked_at__isnull=True
        )
        if waiting.update(approved_at=at, approved_by=actor.identifier) != 1:
            return
        record(
            AcmeKeyApproved(
                function_object_id=str(found.function_object_id),
                organization_id=str(found.organization_id),
                external_key_id=str(found.pk),
            ),
            actor=actor,
            at=at,
        )


def revoke_external_key(*, external_key_id: UUID | str, actor: Actor, at: datetime) -> None:
    """Take a key back with every account that it opened; one that is revoked stays so.

    What those accounts were issued stays valid: revoke it where that is meant. Raises ExternalKeyNotFound
    and Refused.
    """
    found = get_external_key(external_key_id, actor=actor)
    if (refusal := policies.may_end(found.function_object, actor=actor)) is not None:
        raise Refused(refusal)
    with transaction.atomic():
        moved = ExternalAccountKey.objects.filter(pk=found.pk, revoked_at__isnull=True).update(
            revoked_at=at, revoked_by=actor.identifier
        )
        if moved != 1:
            return
        record(
            AcmeKeyRevoked(
                function_object_id=str(found.function_object_id),
                organization_id=str(found.organization_id),
                external_key_id=str(found.pk),
            ),
            actor=actor,
            at=at,
        )
        valid = Account.objects.filter(external_key=found, state=AccountState.VALID.value)
        end_accounts(list(valid), AccountAction.REVOKE, actor=actor, at=at)


def get_external_key(external_key_id: UUID | str, *, actor: Actor) -> ExternalAccountKey:
    """Return a key; raises ExternalKeyNotFound, also outside the actor's scope."""
    try:
        pk = UUID(str(external_key_id))
    except ValueError:
        raise ExternalKeyNotFound("no such id") from None
    found = ExternalAccountKey.objects.select_related("function_object").filter(pk=pk).first()
    if found is None:
        raise ExternalKeyNotFound(str(pk))
    try:
        selectors.get_function_object(found.function_object.hsa_id, actor=actor)
    except FunctionObjectNotFound:
        raise ExternalKeyNotFound(str(pk)) from None
    return found


def mac_is_right(external_key: ExternalAccountKey, algorithm: str, signed: bytes, mac: bytes) -> bool:
    """Tell whether the MAC over ``signed`` is the key's (``algorithm``: sha256, sha384 or sha512)."""
    return hmac.compare_digest(hmac.digest(_derived(external_key.pk), signed, algorithm), mac)


def _derived(pk: UUID) -> bytes:
    """Return the 32 octets of a key: nothing of it is in the database, and no key tells of another."""
    info = b"sigill acme external account key " + pk.bytes
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(
        settings.SIGILL_ACME_MASTER.encode()
    )
