"""What people do about production: deal with a file that was set aside, have the factory asked again."""

from datetime import datetime
from typing import Final

from django.db import transaction

from cards import policies
from cards.errors import IllegalTransition, ProductionNotFound, Refused
from cards.manufacturing.events import FactoryFileSettled, ProductionBatchAskedAgain
from cards.manufacturing.models import FactoryFile, ProductionBatch
from cards.manufacturing.states import BatchState, FactoryFileAction, FactoryFileState
from cards.manufacturing.transitions import file_after
from cards.transitions import demand_moved
from directory.models import Role
from journal.actor import Actor, ActorKind
from journal.errors import Refusal
from journal.recording import record

MAY_FOLLOW: Final = frozenset({Role.CENTRAL_ADMINISTRATOR.value})
"""Batches and files hold the orders of every organization: they are the central administration's to mend."""


def may_follow(actor: Actor) -> Refusal | None:
    """Return why this actor may not deal with batches and files, or None if they may."""
    if not policies.has_role(actor, MAY_FOLLOW):
        facts = (("role", actor.role), ("needed", ",".join(sorted(MAY_FOLLOW))))
        return Refusal(code="role_missing", facts=facts, fixer=Role.CENTRAL_ADMINISTRATOR.value)
    if actor.kind is ActorKind.PERSON and actor.loa < policies.REQUIRED_LOA:
        facts = (("loa", str(actor.loa)), ("needed", str(policies.REQUIRED_LOA)))
        return Refusal(code="login_too_weak", facts=facts, fixer="you")
    return None


def settle_file(number: int, *, actor: Actor, at: datetime) -> FactoryFile:
    """Note that a file is dealt with. Raises Refused, ProductionNotFound, IllegalTransition."""
    _demand(actor)
    with transaction.atomic():
        file = FactoryFile.objects.filter(pk=number).first()
        if file is None:
            raise ProductionNotFound(str(number))
        moved = FactoryFile.objects.filter(pk=number, state=file.state).update(
            state=file_after(FactoryFileState(file.state), FactoryFileAction.SETTLE),
            settled_at=at,
            settled_by=actor.identifier,
        )
        demand_moved(moved, thing="factory_file", state=file.state, action=FactoryFileAction.SETTLE)
        record(FactoryFileSettled(file_number=number, problem=file.problem), actor=actor, at=at)
    file.refresh_from_db()
    return file


def ask_again(number: int, *, actor: Actor, at: datetime) -> ProductionBatch:
    """Let a batch be sent once more at once, so that the factory tells again all that it knows of it.

    Raises Refused, ProductionNotFound, IllegalTransition for a batch that was given up.
    """
    _demand(actor)
    with transaction.atomic():
        batch = ProductionBatch.objects.filter(pk=number).first()
        if batch is None:
            raise ProductionNotFound(str(number))
        if batch.state == BatchState.WITHDRAWN.value:
            raise IllegalTransition.of(thing="production_batch", state=batch.state, action="ASK_AGAIN")
        ProductionBatch.objects.filter(pk=number).update(next_attempt_at=at)
        record(ProductionBatchAskedAgain(batch_number=number), actor=actor, at=at)
    batch.refresh_from_db()
    return batch


def _demand(actor: Actor) -> None:
    if (refusal := may_follow(actor)) is not None:
        raise Refused(refusal)
