"""What is signed when a basis list is decided about: whose, which, and that they are blocked or taken."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from directory.basis_models import BasisDecision, BasisSubject
from portal.pages.basis.rows import BasisRow
from portal.signing.acts import Act, ActKind
from portal.signing.listing import facts_of, listed

KINDS = {BasisSubject.CARD: ActKind.CARDS_BLOCK, BasisSubject.ROLE: ActKind.ROLE_TAKE}
"""Decisions that are signed: orders that were never made can be placed again."""


def is_signed(subject: BasisSubject, *, count: int) -> bool:
    """Tell whether a decision is signed: about roles always, about cards from the second card on."""
    return subject is BasisSubject.ROLE or (subject is BasisSubject.CARD and count > 1)


def deciding(subject: BasisSubject, rows: Sequence[BasisRow], *, digest: str) -> Act:
    """Return the act of deciding about the rows that were shown."""
    lines = [f"{row.person}, {row.what}" for row in rows]
    return Act(
        kind=KINDS[subject],
        text=listed(_text(subject, len(rows)) % {"count": len(rows)}, lines),
        facts={"digest": digest, "ids": ",".join(sorted(row.id for row in rows)), **facts_of(lines)},
    )


def approving(decision: BasisDecision, lines: Sequence[str]) -> Act:
    """Return the act of the second person who approves a large decision; ``lines`` name its rows."""
    subject = BasisSubject(decision.subject)
    count = decision.total
    lead = _("I approve a colleague's decision. %(decision)s") % {
        "decision": _text(subject, count) % {"count": count}
    }
    return Act(
        kind=KINDS[subject],
        text=listed(lead, lines),
        facts={"basis_decision_id": str(decision.pk), "count": str(count), **facts_of(lines)},
    )


def _text(subject: BasisSubject, count: int) -> str:
    if subject is BasisSubject.CARD:
        return ngettext(
            "%(count)d card is blocked, and its certificates are revoked. It cannot be undone.",
            "%(count)d cards are blocked, and their certificates are revoked. It cannot be undone.",
            count,
        )
    return ngettext("%(count)d role is taken back.", "%(count)d roles are taken back.", count)
