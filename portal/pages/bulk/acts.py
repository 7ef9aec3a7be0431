"""What somebody may do with an order for several now: the buttons of its page."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cards.bulk.models import BulkOrder
from cards.bulk.policies import may_order_for_several, may_steer
from cards.bulk.states import DRAFT_STATES, BulkOrderState
from journal.actor import Actor
from portal.wordings import bulk as words_of
from portal.words import Text

_OVER = frozenset({BulkOrderState.FINISHED, BulkOrderState.CANCELLED, BulkOrderState.LAPSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAct:
    """A button; with ``why`` it cannot be pressed now."""

    value: str
    label: Text
    icon: str
    style: str
    why: Text = ""


def acts_of(bulk: BulkOrder, *, actor: Actor) -> list[BulkAct]:
    """Return the buttons, the harmless one first; none for whoever only reads."""
    state = BulkOrderState(bulk.state)
    if may_steer(actor) is not None or state in _OVER:
        return []
    label = _("Discard") if state in DRAFT_STATES else _("Cancel the rest")
    end = BulkAct(value="cancel", label=label, icon="x-circle", style="btn-line")
    return [end, *_next(bulk, state, actor=actor)]


def _next(bulk: BulkOrder, state: BulkOrderState, *, actor: Actor) -> list[BulkAct]:
    match state:
        case BulkOrderState.READY:
            return _placing(bulk, actor=actor)
        case BulkOrderState.WAITING:
            return [_approving(bulk, actor=actor)]
        case BulkOrderState.RUNNING:
            return [BulkAct(value="pause", label=_("Pause"), icon="hourglass-split", style="btn-line")]
        case BulkOrderState.PAUSED:
            return [BulkAct(value="resume", label=_("Go on"), icon="arrow-right", style="btn-primary")]
        case _:
            return []


def _placing(bulk: BulkOrder, *, actor: Actor) -> list[BulkAct]:
    if not bulk.ready or may_order_for_several(actor) is not None:
        return []
    label = ngettext("Order %(count)d card", "Order %(count)d cards", bulk.ready) % {"count": bulk.ready}
    why = "" if actor.person_id == bulk.started_person_id else words_of.RULES["not_yours"]
    return [BulkAct(value="place", label=label, icon="send", style="btn-primary", why=why)]


def _approving(bulk: BulkOrder, *, actor: Actor) -> BulkAct:
    label = ngettext("Approve %(count)d card", "Approve %(count)d cards", bulk.ready) % {"count": bulk.ready}
    why = words_of.RULES["same_person"] if actor.person_id == bulk.started_person_id else ""
    return BulkAct(value="approve", label=label, icon="check-circle", style="btn-primary", why=why)
