"""The words of readings of registers, their differences, and the basis lists."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from cards.basis_selectors import CardGround
from directory.basis_models import BasisOutcome, BasisSubject
from directory.models import SyncState
from directory.role_basis_selectors import RoleGround
from directory.sync_models import ChangeKind, ChangeState, SyncDecisionKind
from portal.words import Tag, Text

RUN_STATES: Final[Mapping[SyncState, Tag]] = {
    SyncState.REQUESTED: Tag(tone="info", icon="hourglass-split", label=_("Asked for")),
    SyncState.RUNNING: Tag(tone="info", icon="arrow-repeat", label=_("Under way")),
    SyncState.COMPLETE: Tag(tone="ok", icon="check-circle", label=_("Complete")),
    SyncState.INCOMPLETE: Tag(tone="warn", icon="exclamation-triangle", label=_("Not complete")),
    SyncState.QUARANTINED: Tag(tone="warn", icon="eye", label=_("Waits for a decision")),
}
DECIDED: Final[Mapping[SyncDecisionKind, Tag]] = {
    SyncDecisionKind.ACCEPT: Tag(tone="ok", icon="check-circle", label=_("Accepted")),
    SyncDecisionKind.DISCARD: Tag(tone="mute", icon="x-circle", label=_("Discarded")),
    SyncDecisionKind.UNDO: Tag(tone="mute", icon="arrow-left", label=_("Undone")),
}
CHANGE_KINDS: Final[Mapping[ChangeKind, Text]] = {
    ChangeKind.DECEASED: _("Deceased"),
    ChangeKind.EMIGRATED: _("Emigrated"),
    ChangeKind.DEREGISTERED: _("Deregistered"),
    ChangeKind.MISSING: _("Missing in the register"),
    ChangeKind.EMPLOYMENT_ENDED: _("Employment ended"),
    ChangeKind.NAME: _("New name"),
    ChangeKind.NUMBER: _("New personal identity number"),
    ChangeKind.PROTECTION_LIFTED: _("No longer protected"),
    ChangeKind.PROTECTED: _("Newly protected"),
    ChangeKind.PARTICULARS: _("Other particulars"),
}
CONSEQUENCES: Final[Mapping[ChangeKind, Text]] = {
    ChangeKind.DECEASED: _("Comes on the list of cards to block. Nothing is blocked by itself."),
    ChangeKind.EMIGRATED: _("Comes on the list of cards to block. Nothing is blocked by itself."),
    ChangeKind.DEREGISTERED: _("Comes on the list of cards to block. Nothing is blocked by itself."),
    ChangeKind.MISSING: _("Comes on the list of cards to block. Nothing is blocked by itself."),
    ChangeKind.EMPLOYMENT_ENDED: _("Roles end that day, and the card comes on the list of cards to block."),
    ChangeKind.NAME: _("A new card is needed. The old one works until it is blocked."),
    ChangeKind.NUMBER: _("A new card is needed. The old one works until it is blocked."),
    ChangeKind.PROTECTION_LIFTED: _("The name can be searched again."),
    ChangeKind.PROTECTED: _("Written at once, and never undone."),
    ChangeKind.PARTICULARS: _("Cards and certificates are not affected."),
}
CHANGE_STATES: Final[Mapping[ChangeState, Tag]] = {
    ChangeState.WAITING: Tag(tone="warn", icon="hourglass-split", label=_("Waits")),
    ChangeState.APPLIED: Tag(tone="ok", icon="check-circle", label=_("Written")),
    ChangeState.DISCARDED: Tag(tone="mute", icon="x-circle", label=_("Discarded")),
    ChangeState.SUPERSEDED: Tag(tone="mute", icon="arrow-repeat", label=_("Asked again later")),
    ChangeState.STALE: Tag(tone="mute", icon="clock-history", label=_("Changed meanwhile, not written")),
    ChangeState.UNDONE: Tag(tone="mute", icon="arrow-left", label=_("Undone")),
    ChangeState.KEPT: Tag(tone="warn", icon="lock", label=_("Could not be undone")),
}
FAILURES: Final[Mapping[str, Text]] = {
    "connection": _("it could not be reached"),
    "timeout": _("it did not answer in time"),
    "access_denied": _("it refused us"),
    "http_status": _("it answered with an error"),
    "soap_fault": _("it answered with a fault"),
    "malformed": _("its answer could not be read"),
    "too_large": _("its answer was too large"),
    "mismatched": _("it answered about somebody else"),
    "incomplete": _("its answer was not whole"),
    "superseded": _("another reading took its place"),
}
CARD_GROUNDS: Final[Mapping[CardGround, Tag]] = {
    CardGround.DECEASED: Tag(tone="bad", icon="person", label=_("Deceased")),
    CardGround.EMIGRATED: Tag(tone="bad", icon="geo-alt", label=_("Emigrated")),
    CardGround.DEREGISTERED: Tag(tone="bad", icon="x-circle", label=_("Deregistered")),
    CardGround.MISSING_IN_PU: Tag(tone="warn", icon="eye-slash", label=_("Missing in PU")),
    CardGround.MISSING_IN_HSA: Tag(tone="warn", icon="eye-slash", label=_("Missing in HSA")),
    CardGround.EMPLOYMENT_ENDED: Tag(tone="warn", icon="calendar-event", label=_("Employment ended")),
    CardGround.NOT_ACTIVATED: Tag(tone="warn", icon="clock-history", label=_("Not activated in time")),
}
ROLE_GROUNDS: Final[Mapping[RoleGround, Tag]] = {
    RoleGround.HOLDER_GONE: Tag(tone="bad", icon="person", label=_("Holder gone")),
    RoleGround.HOLDER_LEFT: Tag(tone="warn", icon="calendar-event", label=_("Holder has left")),
    RoleGround.UNUSED: Tag(tone="warn", icon="clock-history", label=_("Not used")),
}
ORDER_GROUND: Final = Tag(tone="warn", icon="clock-history", label=_("Never made"))
SUBJECTS: Final[Mapping[BasisSubject, Text]] = {
    BasisSubject.CARD: _("Cards to block"),
    BasisSubject.ROLE: _("Outdated roles"),
    BasisSubject.ORDER: _("Outdated orders"),
}
OUTCOMES: Final[Mapping[str, Tag]] = {
    "": Tag(tone="info", icon="hourglass-split", label=_("Waits")),
    BasisOutcome.DONE.value: Tag(tone="ok", icon="check-circle", label=_("Done")),
    BasisOutcome.ALREADY_DONE.value: Tag(tone="mute", icon="check-circle", label=_("Was done before")),
    BasisOutcome.NO_LONGER_SO.value: Tag(
        tone="info", icon="info-circle", label=_("No longer so, left alone")
    ),
    BasisOutcome.REFUSED.value: Tag(tone="bad", icon="exclamation-octagon", label=_("Refused")),
    BasisOutcome.WITHDRAWN.value: Tag(tone="mute", icon="x-circle", label=_("Withdrawn")),
}
RULES: Final[Mapping[str, Text]] = {
    "nothing_waits": _("Nothing waits in this reading."),
    "nothing_to_undo": _("There is nothing to undo in this reading."),
    "too_late": _("The former values have been forgotten; a reading can be undone for 30 days."),
    "under_way": _("Something is being done about it right now."),
    "decided": _("Somebody has decided about it already."),
    "no_reason": _("Write why. The reason is kept in the journal."),
    "empty": _("Choose at least one row."),
    "too_many": _("Choose at most 200 rows at a time."),
    "changed": _("The list has changed since it was shown. Look at it again."),
    "same_person": _("Whoever decided cannot approve as well."),
    "role": _("Another role decides this."),
    "not_confirmed": _("Tick that you mean it."),
}
"""Why a decision is not taken."""
STOPPED: Final = Tag(tone="warn", icon="slash-circle", label=_("Stopped"))


def failure(code: str) -> Text:
    """Return why a reading was not complete."""
    return FAILURES.get(code.rpartition(".")[2], code)
