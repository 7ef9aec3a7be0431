"""Whether a second person has approved what a program orders."""

from django.conf import settings

from functioncerts.acme.errors import AcmeProblem, ProblemType
from functioncerts.acme.models import Account
from functioncerts.policies import needs_second_person
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
