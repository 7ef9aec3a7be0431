"""The live steps of new certificates for a card in use, as the desk and the holder see them."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from cards.renewal.models import Renewal, RenewalPurpose
from cards.renewal.renewing import kind_of
from cards.renewal.states import OPEN_RENEWAL_STATES, RenewalState
from portal import problems, words
from portal.pages.desk import visit
from portal.pages.desk.visit import VisitPage
from portal.pages.parts import Crumb, Fact, Step
from portal.words import Text


def renewal_page(
    renewal: Renewal,
    *,
    start_url: str,
    status_url: str,
    again_url: str,
    back_url: str,
    back_label: Text = "",
    receipt_view: str = "renewal-receipt",
    is_own: bool = False,
    crumbs: tuple[Crumb, ...] = (),
    at: datetime,
) -> VisitPage:
    """Return what the live steps show; without ``again_url`` there is no way to begin again."""
    card, state = renewal.card, RenewalState(renewal.state)
    is_running = state in OPEN_RENEWAL_STATES
    is_late = is_running and renewal.expires_at <= at
    refusal = kind_of(renewal).refusal(card, at) if is_running else None
    is_open = is_running and not is_late and refusal is None
    is_done = state is RenewalState.RENEWED
    start_url = start_url if state is RenewalState.OPENED and is_open else ""
    problem = problems.of_code("renewal_expired") if is_late else None
    if refusal is not None:
        problem = problems.explain(refusal)
    return VisitPage(
        id=str(renewal.pk),
        name=card.person.full_name,
        card_number=card.card_number or "",
        look="",
        is_open=is_open,
        is_done=is_done,
        heading=words.RENEWAL_PURPOSES[renewal.purpose],
        status_line=words.RENEWAL_STATES[state] if is_open or not is_running else _("It stopped here"),
        explanation=_explanation(renewal, state=state, is_open=is_open, is_own=is_own),
        steps=_steps(renewal, is_open=is_open, now=at),
        facts=[*visit.visit_facts(renewal), *_identity(renewal)],
        crumbs=crumbs,
        person_url=back_url,
        receipt_url=reverse(receipt_view, args=[renewal.pk]) if is_done else "",
        status_url=status_url,
        start_url=start_url,
        client_url=visit.client_url(start_url),
        link_note=_("The holder types their PIN. It is the same as before."),
        expires_at=renewal.expires_at,
        problem=problem if again_url else None,
        again_url=again_url if not is_done and not start_url else "",
        again_label=_("Begin again"),
        back_label=back_label,
    )


def ended_says(renewal: Renewal) -> str:
    """Return what is said when somebody ended it: a reserve card that is filled again had nothing valid."""
    if renewal.purpose == RenewalPurpose.REFILL.value:
        return _(
            "The fetching was ended. The card is as it was. The certificates are fetched again with the code."
        )
    return _("The renewal was ended. The certificates that were on the card go on.")


def _explanation(renewal: Renewal, *, state: RenewalState, is_open: bool, is_own: bool) -> Text:
    if state is RenewalState.ABORTED:
        reason = visit.told_to_holder(renewal.abort_reason) if is_own else renewal.abort_reason
        return words.RENEWAL_REASONS.get(reason, reason)
    if not is_open and state is not RenewalState.RENEWED:
        if renewal.purpose == RenewalPurpose.REFILL.value:
            return _(
                "The card is as it was. The certificates are fetched again with the code, while the order"
                " stands."
            )
        return _("Begin again. The certificates that were on the card go on.")
    return {
        RenewalState.OPENED: _("Put the card in the reader and open the card client on this computer."),
        RenewalState.CLAIMED: _("The holder types the PIN, and the card makes new keys."),
        RenewalState.KEYS_MADE: _("The card has shown that it holds its keys. This takes a second or two."),
        RenewalState.ISSUED: _("Leave the card in the reader until everything has been read back."),
        RenewalState.WRITTEN: _("The holder signs with the card that the new certificates are on it."),
        RenewalState.RENEWED: _(
            "They were read back from the card and signed for. What they replace is revoked: who was logged"
            " in with it logs in again."
        ),
    }[state]


def _identity(renewal: Renewal) -> list[Fact]:
    if renewal.hsa_id == renewal.card.hsa_id:
        return []
    return [Fact(name=_("HSA-id"), value=renewal.hsa_id)]


def step_names() -> tuple[Text, ...]:
    """Return the steps after the beginning."""
    return (
        _("Card client opened"),
        _("New keys made on the card"),
        _("Certificates issued"),
        _("Written and read back"),
        _("Signed with the card"),
    )


def _steps(renewal: Renewal, *, is_open: bool, now: datetime) -> list[Step]:
    reached = (
        renewal.claimed_at,
        renewal.keys_made_at,
        renewal.issued_at,
        renewal.written_at,
        renewal.finished_at,
    )
    named = zip(step_names(), reached, strict=True)
    begun = _("Identity checked") if renewal.standing_check is not None else _("Begun on the own pages")
    return visit.live_steps([(begun, renewal.opened_at), *named], is_open=is_open, now=now)
