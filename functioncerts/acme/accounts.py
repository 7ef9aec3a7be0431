"""The verbs of ACME accounts: open, change contacts, change the key, deactivate, revoke."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction

from functioncerts import policies
from functioncerts.acme.accounts_ended import end_accounts
from functioncerts.acme.acting import actor_of_account
from functioncerts.acme.encoded import json_object
from functioncerts.acme.envelope import envelope_of
from functioncerts.acme.errors import AcmeProblem, ProblemType, malformed
from functioncerts.acme.events import AcmeAccountCreated, AcmeAccountKeyChanged, AcmeAccountUpdated
from functioncerts.acme.external_keys import mac_is_right
from functioncerts.acme.jose import AccountKey, read_key, verify
from functioncerts.acme.limits import demand_room_for_account
from functioncerts.acme.models import Account, ExternalAccountKey
from functioncerts.acme.moves import about_account
from functioncerts.acme.selectors import account_of
from functioncerts.acme.states import AccountAction, AccountState
from functioncerts.errors import Refused
from functioncerts.names import NameInvalid, parse_mail_address
from journal.actor import Actor
from journal.recording import record

MOST_CONTACTS: Final = 5
_MAC_ALGORITHMS: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def open_account(
    *, key: AccountKey, fields: Mapping[str, object], url: str, client_address: str, at: datetime
) -> tuple[Account, bool]:
    """Return the account of a key and whether it is new (RFC 8555 section 7.3). Raises AcmeProblem.

    An account is opened with an external account key, and is for that key's function object ever after.
    """
    existing = Account.objects.filter(thumbprint=key.thumbprint).first()
    if existing is not None:
        return demand_valid(existing), False
    if fields.get("onlyReturnExisting") is True:
        raise AcmeProblem(ProblemType.ACCOUNT_DOES_NOT_EXIST, "no account has this key")
    if fields.get("termsOfServiceAgreed") is not True:
        raise malformed(
            "the terms must be agreed to: termsOfServiceAgreed (see termsOfService in the directory)"
        )
    contact = contacts_in(fields.get("contact", []))
    binding = fields.get("externalAccountBinding")
    if binding is None:
        raise AcmeProblem(
            ProblemType.EXTERNAL_ACCOUNT_REQUIRED,
            "an account is opened with an external account key, which an orderer of the organization makes"
            " on the function object's page",
        )
    try:
        with transaction.atomic():
            found = _bound(binding, key=key, url=url, at=at)
            demand_room_for_account(found, at=at)
            account = _created(found, key, contact, binding, client_address=client_address, at=at)
    except IntegrityError:  # the same key asked twice at once
        return demand_valid(Account.objects.get(thumbprint=key.thumbprint)), False
    return account, True


def demand_valid(account: Account) -> Account:
    """Return an account that may act; raises AcmeProblem (unauthorized) for one that was ended."""
    if account.state != AccountState.VALID.value:
        raise AcmeProblem(ProblemType.UNAUTHORIZED, f"the account is {account.state}")
    return account


def change_contact(account: Account, contact: object, *, actor: Actor, at: datetime) -> Account:
    """Set an account's contacts (RFC 8555 section 7.3.2). Raises AcmeProblem."""
    wanted = contacts_in(contact)
    if wanted == account.contact:
        return account
    with transaction.atomic():
        rows = Account.objects.filter(pk=account.pk, state=AccountState.VALID.value)
        if rows.update(contact=wanted) == 1:
            record(AcmeAccountUpdated(**about_account(account), changed=("contact",)), actor=actor, at=at)
    account.refresh_from_db()
    return demand_valid(account)


def deactivate_account(account: Account, *, actor: Actor, at: datetime) -> Account:
    """End an account at its holder's wish, for ever (RFC 8555 section 7.3.6)."""
    with transaction.atomic():
        end_accounts([account], AccountAction.DEACTIVATE, actor=actor, at=at)
    account.refresh_from_db()
    return account


def revoke_account(*, account_id: str, actor: Actor, at: datetime) -> Account:
    """End an account against its holder's wish, for ever; twice is harmless.

    Raises AccountNotFound (also outside the actor's scope) and Refused.
    """
    account = account_of(account_id, actor=actor)
    if (refusal := policies.may_end(account.function_object, actor=actor)) is not None:
        raise Refused(refusal)
    with transaction.atomic():
        end_accounts([account], AccountAction.REVOKE, actor=actor, at=at)
    account.refresh_from_db()
    return account


def change_key(
    account: Account, payload: object, *, outer_url: str, account_url: str, actor: Actor, at: datetime
) -> Account:
    """Give an account another key, which signs inside what the old one signs (RFC 8555 section 7.3.5).

    Raises AcmeProblem: 409 when the new key has an account already, with its place in ``location`` as its id.
    """
    inner = envelope_of(payload, "the payload")
    new_key = read_key(inner.protected.get("jwk"))
    if "kid" in inner.protected or "nonce" in inner.protected:
        raise malformed("the inner JWS has jwk, and neither kid nor nonce")
    if inner.text("url") != outer_url:
        raise malformed("the inner JWS names another url than the outer")
    algorithm = inner.protected.get("alg")
    if not verify(new_key, algorithm=algorithm, signed=inner.signed, signature=inner.signature):
        raise malformed("the inner JWS is not signed by the new key")
    asked = json_object(inner.payload, "the inner payload")
    if asked.get("account") != account_url:
        raise malformed("the inner payload names another account")
    if read_key(asked.get("oldKey")).thumbprint != account.thumbprint:
        raise malformed("oldKey is not the account's key")
    old = account.thumbprint
    rows = Account.objects.filter(pk=account.pk, state=AccountState.VALID.value, thumbprint=old)
    try:
        with transaction.atomic():
            if rows.update(jwk=dict(new_key.jwk), thumbprint=new_key.thumbprint) != 1:
                raise AcmeProblem(ProblemType.UNAUTHORIZED, "the account or its key was changed meanwhile")
            event = AcmeAccountKeyChanged(
                **about_account(account), old_key_thumbprint=old, key_thumbprint=new_key.thumbprint
            )
            record(event, actor=actor, at=at)
    except IntegrityError:
        other = Account.objects.filter(thumbprint=new_key.thumbprint).first()
        raise AcmeProblem(
            ProblemType.MALFORMED,
            "the new key has an account already",
            status=409,
            location=str(other.pk) if other else "",
        ) from None
    account.refresh_from_db()
    return account


def contacts_in(contact: object) -> list[str]:
    """Return contact URLs; raises AcmeProblem (invalidContact, unsupportedContact, malformed)."""
    if not isinstance(contact, list) or not all(isinstance(one, str) for one in contact):
        raise malformed("contact is a list of URLs")
    if len(contact) > MOST_CONTACTS:
        raise AcmeProblem(ProblemType.INVALID_CONTACT, f"more than {MOST_CONTACTS} contacts")
    for one in contact:
        scheme, _, address = one.partition(":")
        if scheme.lower() != "mailto":
            raise AcmeProblem(ProblemType.UNSUPPORTED_CONTACT, "a contact is a mailto: URL")
        try:
            parse_mail_address(address)
        except NameInvalid:
            raise AcmeProblem(
                ProblemType.INVALID_CONTACT, "a mailto: URL names one address, without header fields"
            ) from None
    return [str(one) for one in contact]


def _bound(binding: object, *, key: AccountKey, url: str, at: datetime) -> ExternalAccountKey:
    """Return the key that a binding proves, its row locked (RFC 8555 section 7.3.4)."""
    envelope = envelope_of(binding, "externalAccountBinding")
    algorithm = _MAC_ALGORITHMS.get(str(envelope.protected.get("alg")))
    if algorithm is None:
        raise AcmeProblem(
            ProblemType.BAD_SIGNATURE_ALGORITHM,
            "externalAccountBinding has a MAC",
            algorithms=list(_MAC_ALGORITHMS),
        )
    if "nonce" in envelope.protected or envelope.text("url") != url:
        raise malformed("externalAccountBinding names the url of the request, and no nonce")
    bound_to = read_key(json_object(envelope.payload, "the payload of externalAccountBinding"))
    kid = envelope.text("kid")
    rows = ExternalAccountKey.objects.select_for_update().select_related("function_object")
    found = rows.filter(pk=kid).first() if _UUID.fullmatch(kid) else None
    if found is None or not mac_is_right(found, algorithm, envelope.signed, envelope.signature):
        raise AcmeProblem(ProblemType.UNAUTHORIZED, "no external account key has this id and MAC")
    if bound_to.thumbprint != key.thumbprint:
        raise malformed("externalAccountBinding is for another account key")
    if found.revoked_at is not None:
        raise AcmeProblem(ProblemType.UNAUTHORIZED, "the external account key was revoked")
    if found.expires_at <= at:
        raise AcmeProblem(
            ProblemType.UNAUTHORIZED, "the external account key opens no more accounts: too old"
        )
    return found


def _created(
    external_key: ExternalAccountKey,
    key: AccountKey,
    contact: list[str],
    binding: object,
    *,
    client_address: str,
    at: datetime,
) -> Account:
    account = Account.objects.create(
        state=AccountState.VALID.value,
        external_key=external_key,
        function_object=external_key.function_object,
        organization_id=external_key.organization_id,
        jwk=dict(key.jwk),
        thumbprint=key.thumbprint,
        contact=contact,
        binding=binding,
        created_at=at,
    )
    record(
        AcmeAccountCreated(
            **about_account(account),
            external_key_id=str(external_key.pk),
            key_thumbprint=key.thumbprint,
        ),
        actor=actor_of_account(account, client_address=client_address),
        at=at,
    )
    return account


def directory_url() -> str:
    """Return the address that clients are given."""
    return f"{settings.SIGILL_ACME_URL}/directory"
