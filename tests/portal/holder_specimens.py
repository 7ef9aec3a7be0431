"""Pages about a card in its holder's hand, filled with made-up people: renewed, replaced, blocked."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from authn.evidence import client_key_of
from cards.mobile.models import MobileEid
from cards.mobile.terms import current_mobile_terms
from cards.replacement_reasons import ReplacementReason
from cards.states import CardState, UnlockState
from journal.errors import Refusal
from portal import problems, words
from portal.accounts.own_pages import OwnAct, OwnCard, OwnPage
from portal.pages.desk.blocking import Consequence
from portal.pages.desk.receipt_seal import SealPart
from portal.pages.desk.renewal_receipt import RenewalReceiptPage
from portal.pages.desk.replacing import ReplacePage
from portal.pages.desk.visit import VisitPage
from portal.pages.mine import unlocking
from portal.pages.mine.blocking import OwnBlockForm, OwnBlockPage
from portal.pages.mine.entrance import Entrance, own_menu
from portal.pages.mine.history import OwnHistoryPage, OwnTestPage
from portal.pages.mine.mobile import (
    BlockMobileForm,
    BlockMobilePage,
    NewMobilePage,
    OwnMobile,
    OwnMobilesPage,
    TermsForm,
    mobile_page,
)
from portal.pages.mine.unlocking import OwnUnlockPage
from portal.pages.parts import Choice, Crumb, Fact, Step, TimelineItem
from reports.receipt_facts import ReceiptFact, RenewalReceipt
from reports.receipt_models import ReceiptKind

AT = datetime.now(tz=UTC)
NUMBER = "9752278903123456781"
STEPS = (
    "Identiteten kontrollerad", "Kortklienten öppnad", "Nya nycklar gjorda på kortet", "Certifikat utfärdade",
    "Skrivna och återlästa", "Underskrivet med kortet",
)  # fmt: skip
Context = dict[str, Any]


def renewal(filled: Mapping[str, Any], *, done: int) -> Context:
    """Return the live steps of a renewal, from those of an activation."""
    page = filled["page"]
    assert isinstance(page, VisitPage)
    steps = [
        Step(name=name, progress="done" if place < done else "now" if place == done else "later")
        for place, name in enumerate(STEPS)
    ]
    heading = words.RENEWAL_PURPOSES["renew"]
    start_url = "siths://renew/1/abc" if page.start_url else ""
    renewed = replace(page, steps=steps, heading=heading, start_url=start_url)
    return {**filled, "page": replace(renewed, link_note="Innehavaren skriver sin PIN. Den är som förut.")}


def renewal_check(filled: Mapping[str, Any]) -> Context:
    """Return the identity check before it."""
    page = filled["page"]
    steps = [Step(name=name, progress="now" if not place else "later") for place, name in enumerate(STEPS)]
    return {**filled, "page": replace(page, steps=steps, title=words.RENEWAL_PURPOSES["renew"])}


def receipt() -> Context:
    said = RenewalReceipt(
        opening=f"Jag har förnyat certifikaten på mitt kort {NUMBER}. De som de ersätter spärras.",
        card_facts=[ReceiptFact(name="Innehavare", value="Åsa Lindqvist")],
        written_facts=[ReceiptFact(name="Legitimering, HSA-id", value="5f0c1cbb0f434a7a5f0c1cbb0f434a7a")],
        replaced_facts=[ReceiptFact(name="Legitimering, HSA-id", value="1f0c1cbb0f434a7a5f0c1cbb0f434a7b")],
        check_facts=[],
        proof_facts=[ReceiptFact(name="Underskrift", value="MEUCIQ" * 16)],
    )
    page = RenewalReceiptPage(
        receipt=said,
        seal=SealPart(kind=ReceiptKind.RENEWAL, subject_id="1", ask_url="#a", pdf_url="#p", page_url="#"),
        crumbs=(Crumb(label="Personer", url="#"), Crumb(label="Kvittens")),
        back_url="#",
        back_label="Till personen",
    )
    return {"page": page}


def replacing() -> Context:
    why = problems.explain(Refusal(code="name_not_changed", fixer="id_administrator"))
    page = ReplacePage(
        name="Åsa Lindqvist",
        card_number=NUMBER,
        reasons=[
            Choice(
                value=reason.value,
                name=words.REPLACEMENT_REASONS[reason],
                detail="Det fungerar tills det nya kortet aktiveras och spärras i samma stund.",
                whys=(why,) if reason is ReplacementReason.NAME_CHANGED else (),
            )
            for reason in ReplacementReason
        ],
        crumbs=(Crumb(label="Personer", url="#"), Crumb(label="Ersätt kort …781")),
        person_url="#",
        problem=problems.of_code("no_replacement_reason"),
    )
    return {"page": page}


def own_block() -> Context:
    page = OwnBlockPage(
        card_number=NUMBER,
        toll=[
            Consequence(icon="slash-circle", text="2 certifikat spärras. Det kan inte ångras."),
            Consequence(icon="person", text="Du har inget annat kort som fungerar."),
        ],
    )
    return {"page": page, "form": OwnBlockForm({"reason": ""})}


def own_unlock(filled: Mapping[str, Any], *, done: bool = False) -> Context:
    """Return the live steps of one's own unlocking, from those of the desk's."""
    page = filled["page"]
    assert isinstance(page, VisitPage)
    own = replace(
        page,
        steps=[replace(page.steps[0], name="Påbörjad med Mobilt SITHS eID"), *page.steps[1:]],
        link_note="" if done else "Du väljer den nya PIN-koden själv, och ingen annan känner till den.",
        back_label="Till dina sidor",
        cancel_url="" if done else "#c",
    )
    if done:
        own = replace(
            own,
            heading="Kortet är upplåst",
            status_line=words.UNLOCK_STATES[UnlockState.UNLOCKED],
            explanation=unlocking.explanation_of(UnlockState.UNLOCKED),
            receipt_url="",
        )
    return {**filled, "page": own}


def own_mobiles() -> Context:
    rows = [
        OwnMobile(made=AT, valid_until=AT, tag=words.MOBILE_TAGS[state], block_url=url, is_here=bool(url))
        for state, url in (("ACTIVE", "#block"), ("BLOCKED", ""))
    ]
    why = problems.explain(Refusal(code="mobile_needs_card_here", fixer="you"))
    menu = own_menu(Entrance.MOBILE, here="own-mobiles")
    return {"page": OwnMobilesPage(menu=menu, mobiles=rows, most=3, why_not=why)}


def own_mobile_new() -> Context:
    page = NewMobilePage(
        terms=current_mobile_terms().text_sv.splitlines(), version="2026-11", card_number=NUMBER
    )
    return {"page": page, "form": TermsForm({"version": "2026-11"})}


_EPHEMERAL: Final = ec.generate_private_key(ec.SECP256R1())


def own_mobile(*, is_scanned: bool = False) -> Context:
    """Return one in the making: its code, or, once it is scanned, the phone's steps."""
    now = datetime.now(tz=UTC)
    mobile = MobileEid(
        state="CLAIMED" if is_scanned else "OPENED",
        opened_at=now,
        expires_at=now + timedelta(minutes=15),
        claimed_at=now if is_scanned else None,
        client_key=client_key_of(_EPHEMERAL).as_jwk() if is_scanned else None,
    )
    code = f"siths://mobile/1/{'q' * 32}/{'m' * 22}"
    return {"page": mobile_page(mobile, code_text=code, at=now)}


def own_mobile_block() -> Context:
    return {"page": BlockMobilePage(made=AT, is_here=True), "form": BlockMobileForm({"reason": ""})}


def own_history() -> Context:
    events = [TimelineItem(at=AT, title="Kort spärrat", detail="Trasigt kort")]
    return {"page": OwnHistoryPage(menu=own_menu(Entrance.ORDINARY, here="own-history"), events=events)}


def own_test() -> Context:
    facts = [Fact(name="Kortnummer", value=NUMBER), Fact(name="Tillitsnivå", value="2")]
    menu = own_menu(Entrance.RESERVE_LOW, here="own-test")
    return {"page": OwnTestPage(menu=menu, tag=words.CARD_STATES[CardState.ACTIVE], facts=facts)}


def mine(filled: Mapping[str, Any]) -> Context:
    """Return the own pages with what can be done with a card, and what cannot."""
    entrance = Entrance.RESERVE_LOW
    page = filled["page"]
    assert isinstance(page, OwnPage)
    why = problems.explain(Refusal(code="reserve_card_needs_order", fixer="id_administrator"))
    acts = (
        OwnAct(label="Certifikat för underskrift", purpose="signature", url="#s"),
        OwnAct(label="Förnya certifikaten", purpose="renew", url="#r", why=why),
        OwnAct(label="Spärra kortet", purpose="", url="#b", style="btn-danger0"),
    )
    cards = [OwnCard(
        product="Reservkort", number=NUMBER, tag=words.CARD_STATES[CardState.ACTIVE],
        valid_until="2031-05-31", acts=acts,
    )]  # fmt: skip
    menu = own_menu(entrance, here="mine")
    return {**filled, "page": replace(page, cards=cards, menu=menu, is_limited=entrance.is_limited)}


def made(
    shell: Mapping[str, object],
    *,
    activation: Callable[[int], Context],
    unlock: Callable[[int], Context],
    check: Context,
    own: Context,
    proof: object,
) -> dict[str, tuple[str, Callable[[], Context]]]:
    """Return the specimens by name, from what others of their kind are filled with."""
    outside = {"shell": shell}
    return {
        "renewal-check": ("renewal_check", lambda: renewal_check(check)),
        "renewal": ("renewal", lambda: renewal(activation(1), done=1)),
        "own-renewal": ("own_renewal", lambda: renewal(activation(1), done=1) | outside),
        "renewal-receipt": ("renewal_receipt", lambda: receipt() | {"proof": proof}),
        "replace-card": ("replace_card", replacing),
        "own-block": ("own_block", lambda: own_block() | outside),
        "own-unlock-begin": (
            "own_unlock_begin",
            lambda: {"page": OwnUnlockPage(card_number=NUMBER)} | outside,
        ),
        "own-unlock": ("own_unlock", lambda: own_unlock(unlock(1)) | outside),
        "own-unlock-done": ("own_unlock", lambda: own_unlock(unlock(4), done=True) | outside),
        "own-mobiles": ("own_mobiles", lambda: own_mobiles() | outside),
        "own-mobile-new": ("own_mobile_new", lambda: own_mobile_new() | outside),
        "own-mobile": ("own_mobile", lambda: own_mobile() | outside),
        "own-mobile-scanned": ("own_mobile", lambda: own_mobile(is_scanned=True) | outside),
        "own-mobile-block": ("own_mobile_block", lambda: own_mobile_block() | outside),
        "own-history": ("own_history", lambda: own_history() | outside),
        "own-test": ("own_test", lambda: own_test() | outside),
        "mine-reserve": ("mine", lambda: mine(own) | outside),
    }
