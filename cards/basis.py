"""What a decision over the basis list does with each card: look again, then block it (POR-11)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from cards.basis_selectors import BLOCK_REASONS, CardGround, employments_of, rows_of
from cards.errors import AlreadyBlocked
from cards.lifecycle import block_card
from cards.models import Card
from cards.states import BLOCKABLE_CARD_STATES
from directory.basis_decisions import Result
from directory.basis_models import BasisMember, BasisOutcome
from directory.sync_decisions import note_acted_on
from directory.sync_models import ChangeKind
from journal.actor import Actor

_OF_EMPLOYMENT: Final = frozenset({CardGround.MISSING_IN_HSA, CardGround.EMPLOYMENT_ENDED})
_RESTS_ON: Final[Mapping[CardGround, frozenset[ChangeKind]]] = {
    CardGround.DECEASED: frozenset({ChangeKind.DECEASED}),
    CardGround.EMIGRATED: frozenset({ChangeKind.EMIGRATED}),
    CardGround.DEREGISTERED: frozenset({ChangeKind.DEREGISTERED}),
    CardGround.MISSING_IN_PU: frozenset({ChangeKind.MISSING}),
    CardGround.MISSING_IN_HSA: frozenset({ChangeKind.MISSING}),
    CardGround.EMPLOYMENT_ENDED: frozenset({ChangeKind.EMPLOYMENT_ENDED}),
    CardGround.NOT_ACTIVATED: frozenset(),
}


def block_card_on_basis(member: BasisMember, reason: str, actor: Actor, at: datetime) -> Result:
    """Block the card of a row if it still belongs on the list: what a decision does with each."""
    card = Card.objects.select_related("person", "organization", "order").filter(pk=member.subject_id).first()
    if card is None or card.state not in {state.value for state in BLOCKABLE_CARD_STATES}:
        return Result(outcome=BasisOutcome.ALREADY_DONE)
    rows = rows_of([card], actor=actor, at=at)
    if not rows:
        return Result(outcome=BasisOutcome.NO_LONGER_SO)
    row = rows[0]
    try:
        block_card(
            card_id=str(card.pk),
            reason=BLOCK_REASONS[row.ground],
            # The clocks of two machines may differ by a little: never ahead of now, nor before the card.
            requested_at=max(min(member.decision.decided_at, at), card.ordered_at),
            note=reason,
            actor=actor,
            at=at,
        )
    except AlreadyBlocked:
        return Result(outcome=BasisOutcome.ALREADY_DONE)
    employment = employments_of([card]).get(card.hsa_id.upper()) if row.ground in _OF_EMPLOYMENT else None
    note_acted_on(
        person_id=card.person_id,
        employment_id=employment.pk if employment else None,
        kinds=_RESTS_ON[row.ground],
        at=at,
    )
    return Result(outcome=BasisOutcome.DONE)
