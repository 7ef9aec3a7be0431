"""What people must have done before a program orders: the second person's approval, the receipt."""

from django.conf import settings

from functioncerts.acme.errors import AcmeProblem, ProblemType
from functioncerts.acme.models import Account
from functioncerts.policies import needs_second_person
from functioncerts.receipts import Receipt
from journal.actor import Actor


def demand_second_person(account: Account, *, actor: Actor) -> str:
    """Return who approved the account's key, where the organization wants two people; else nothing.

    Raises AcmeProblem (userActionRequired) while nobody has: the way to the page stands in it.
    """
    if not needs_second_person(account.function_object, actor=actor):
        return ""
    if account.external_key.approved_by:
        return account.external_key.approved_by
    raise AcmeProblem(
        ProblemType.USER_ACTION_REQUIRED,
        "the organization wants a second person: another orderer approves the external account key on the"
        " function object's page",
        instance=f"{settings.SIGILL_PORTAL_URL}/functions/{account.function_object_id}/",
    )


def demand_receipt(account: Account) -> Receipt:
    """Return the receipt that was accepted when the account's key was made (FC-4).

    Raises AcmeProblem (userActionRequired) for a key from before there was one: another is made.
    """
    key = account.external_key
    if key.receipt_version:
        return Receipt(
            version=key.receipt_version,
            evidence_id=key.receipt_evidence_id,
            accepted_by=key.created_by,
            accepted_at=key.created_at,
        )
    raise AcmeProblem(
        ProblemType.USER_ACTION_REQUIRED,
        "nobody has accepted the receipt for this external account key: an orderer makes another key on the"
        " function object's page",
        instance=f"{settings.SIGILL_PORTAL_URL}/functions/{account.function_object_id}/acme/",
    )
