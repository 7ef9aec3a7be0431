"""Who acts when a program signs: the account, for its function object's organization and nothing else."""

from directory.models import Role
from functioncerts.acme.models import Account
from functioncerts.models import FunctionOrder
from journal.actor import Actor, ActorKind

WORKER = Actor.system("acme")
"""Our own jobs: challenges, orders that settle."""


def actor_of_account(account: Account, *, client_address: str) -> Actor:
    """Return the account as an actor: it may order and revoke for one organization, as an orderer may.

    That it acts for one function object only is for who calls to hold.
    """
    return _service(f"acme:{account.pk}", str(account.organization_id), client_address)


def actor_of_key(order: FunctionOrder, *, client_address: str) -> Actor:
    """Return whoever holds the key of a certificate, as an actor that may revoke it."""
    return _service(f"acme-key:{order.pk}", str(order.organization_id), client_address)


def stranger(*, client_address: str) -> Actor:
    """Return whoever has proved nothing but a key of their own."""
    return Actor(kind=ActorKind.SERVICE, identifier="stranger", client_address=client_address)


def _service(identifier: str, organization_id: str, client_address: str) -> Actor:
    return Actor(
        kind=ActorKind.SERVICE,
        identifier=identifier,
        role=Role.FUNCTION_CERT_ORDERER.value,
        organization_ids=(organization_id,),
        organization_id=organization_id,
        client_address=client_address,
    )
