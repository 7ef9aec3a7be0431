"""Reads of ACME keys, accounts and orders for people, inside the bounds of the actor's role."""

from collections.abc import Sequence

from directory.row_ids import row_id
from functioncerts.acme.errors import AccountNotFound
from functioncerts.acme.models import Account, AcmeOrder, ExternalAccountKey
from functioncerts.errors import FunctionObjectNotFound
from functioncerts.models import FunctionObject
from functioncerts.selectors import get_function_object
from journal.actor import Actor


def external_keys_of(function_object: FunctionObject, *, actor: Actor) -> Sequence[ExternalAccountKey]:
    """Return a function object's external account keys, newest first. Raises FunctionObjectNotFound."""
    seen = get_function_object(function_object.hsa_id, actor=actor)
    return tuple(ExternalAccountKey.objects.filter(function_object=seen).order_by("-created_at", "-pk"))


def accounts_of(function_object: FunctionObject, *, actor: Actor) -> Sequence[Account]:
    """Return a function object's accounts, newest first. Raises FunctionObjectNotFound."""
    seen = get_function_object(function_object.hsa_id, actor=actor)
    return tuple(Account.objects.filter(function_object=seen).order_by("-created_at", "-pk"))


def account_of(account_id: str, *, actor: Actor) -> Account:
    """Return an account; raises AccountNotFound, also outside the actor's scope."""
    found = Account.objects.select_related("function_object").filter(pk=row_id(account_id)).first()
    if found is None:
        raise AccountNotFound(str(account_id))
    try:
        get_function_object(found.function_object.hsa_id, actor=actor)
    except FunctionObjectNotFound:
        raise AccountNotFound(str(account_id)) from None
    return found


def orders_of(function_object: FunctionObject, *, actor: Actor, limit: int = 50) -> Sequence[AcmeOrder]:
    """Return the newest orders of a function object's accounts. Raises FunctionObjectNotFound."""
    seen = get_function_object(function_object.hsa_id, actor=actor)
    orders = AcmeOrder.objects.select_related("account").filter(account__function_object=seen)
    return tuple(orders.order_by("-created_at", "-pk")[:limit])
