"""Made-up readings and basis lists, so that their pages can be looked at without a database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from cards.basis_selectors import CardGround
from directory.basis_decisions import Chosen
from directory.models import SyncState
from directory.sync_models import ChangeState, SyncDecisionKind
from journal.errors import Refusal
from portal import problems
from portal.pages.basis.decision import DecisionPage, MemberRow
from portal.pages.basis.lists import BasisPage, PreviewPage
from portal.pages.basis.rows import BasisRow
from portal.pages.central.register_run import ChangeRow, DecisionText, RunPage
from portal.pages.central.registers import Progress, RegisterPanel, RegistersPage, RunRow
from portal.pages.parts import Chip, Crumb, Fact, Line
from portal.wordings import registers as words_of
from portal.words import Tag

AT = datetime.now(tz=UTC).replace(hour=8, minute=41)
_ID = "11111111-1111-4111-8111-111111111111"
_CHOSEN = Chosen(
    subject_id=UUID(_ID), person_id=UUID(_ID), organization_id=UUID(_ID), ground="deceased", weight=2
)
_RUN = RunRow(
    url="/central/registers/",
    started_at=AT - timedelta(days=1),
    tag=words_of.RUN_STATES[SyncState.QUARANTINED],
    figures="12 034 av 12 034 lästa, 3 nya, 41 ändrade",
    detail="23 skillnader hölls kvar för beslut",
)


def registers() -> dict[str, object]:
    """Return the page with a reading under way and one that waits for a decision."""
    facts = (
        Fact(name="Senaste läsning", value="i dag 02:00"),
        Fact(name="Senaste fullständiga läsning", value="i dag 02:00"),
        Fact(name="Nästa läsning", value="2026-11-23 02:00"),
    )
    progress = Progress(
        key="hsa",
        label="Läser HSA: 4 500 av 12 034",
        done=4500,
        total=12034,
        detail="Omkring 6 min kvar.",
        url="/central/registers/hsa/progress/",
    )
    bad = RunRow(
        url="/central/registers/",
        started_at=AT - timedelta(days=2),
        tag=words_of.RUN_STATES[SyncState.INCOMPLETE],
        figures="800 av 12 034 lästa, 0 nya, 2 ändrade",
        detail="Inte fullständig: det svarade inte i tid. Ingen räknas som saknad för det.",
    )
    return {
        "page": RegistersPage(
            registers=[
                RegisterPanel(
                    key="hsa",
                    name="HSA",
                    facts=facts,
                    progress=progress,
                    waiting=None,
                    waiting_count=0,
                    runs=[bad],
                ),
                RegisterPanel(
                    key="pu",
                    name="PU",
                    facts=facts,
                    progress=None,
                    waiting=_RUN,
                    waiting_count=23,
                    runs=[_RUN, bad],
                ),
            ]
        )
    }


def register_run() -> dict[str, object]:
    """Return a reading that waits, with a decision that was undone before."""
    rows = [
        ChangeRow(
            person="Åsa Lindqvist",
            person_url="/",
            place="",
            kind="Nytt namn",
            what="Lindqvist → Nyberg-Sjöberg",
            consequence="1 kort i bruk. Ett nytt kort behövs. Det gamla fungerar tills det spärras.",
            tag=words_of.CHANGE_STATES[ChangeState.WAITING],
        ),
        ChangeRow(
            person="Skyddade uppgifter",
            person_url="",
            place="Region Norr",
            kind="Avliden",
            what="",
            consequence="2 kort i bruk. Hamnar på listan över kort att spärra. Inget spärras av sig självt.",
            tag=words_of.CHANGE_STATES[ChangeState.KEPT],
        ),
    ]
    return {
        "page": RunPage(
            title="Läsning av PU",
            tag=words_of.RUN_STATES[SyncState.QUARANTINED],
            started_at=AT,
            facts=[Fact(name="Tillfrågade", value="12034"), Fact(name="Kvarhållna", value="23")],
            detail="23 skillnader hölls kvar för beslut",
            progress=None,
            waiting=23,
            toll=[
                "Nytt namn: 22 personer, 20 kort i bruk. Ett nytt kort behövs.",
                "Avliden: 1 person, 2 kort i bruk. Hamnar på listan över kort att spärra.",
            ],
            undoable=3,
            undo_refusal="",
            decisions=[
                DecisionText(
                    tag=words_of.DECIDED[SyncDecisionKind.UNDO],
                    by="Gun Ek",
                    at=AT,
                    reason="Registret sade upp fel person",
                    result="3 av 3 rader klara",
                )
            ],
            chips=[
                Chip(label="Det som kostar någon ett kort", url="#a", is_chosen=True),
                Chip(label="Nytt namn (22)", url="#b", is_chosen=False),
            ],
            rows=rows,
            next_url="#next",
            first_url="",
            problem="",
            url="#",
            crumbs=(Crumb(label="Register", url="/central/registers/"), Crumb(label="Läsning")),
        )
    }


def _rows() -> list[BasisRow]:
    return [
        BasisRow(
            id=_ID,
            person="Åsa Lindqvist",
            url="/people/",
            place="Region Norr",
            what="Tjänstekort utan foto 9752 2789 0555 1200 044",
            tag=words_of.CARD_GROUNDS[CardGround.MISSING_IN_HSA],
            evidence=[
                "Fanns inte i 3 fullständiga läsningar av HSA: 2026-11-19, 2026-11-20, i går 02:00",
                "HSA lästes senast i dag 02:00",
            ],
            effect=["2 certifikat spärras", "Legitimering, HSA-id: 1f0c55d2a9b3c4d5…"],
            chosen=_CHOSEN,
        ),
        BasisRow(
            id="22222222-2222-4222-8222-222222222222",
            person="Gösta Ek",
            url="/people/",
            place="Region Norr",
            what="SIS-kort med foto",
            tag=words_of.CARD_GROUNDS[CardGround.DECEASED],
            evidence=["PU sade det i läsningen i dag 03:00"],
            effect=["1 certifikat spärras"],
            chosen=_CHOSEN,
            why=problems.explain(Refusal(code="login_too_weak", facts=(("loa", "2"), ("needed", "3")))),
        ),
    ]


def basis() -> dict[str, object]:
    """Return a list with a row that cannot be chosen, a card with a former name and a decision."""
    return {
        "page": BasisPage(
            subject="card",
            title="Kort att spärra",
            lead="Kort i bruk vars innehavare har avlidit, utvandrat eller saknas i HSA eller PU.",
            chips=[
                Chip(label="Kort att spärra (2)", url="#a", is_chosen=True),
                Chip(label="Inaktuella roller (0)", url="#b", is_chosen=False),
            ],
            rows=_rows(),
            nothing="Inget kort att spärra",
            renamed=[
                Line(
                    title="Karin Holm",
                    detail="På kortet står Karin Ek",
                    act="Beställ ett nytt kort",
                    url="#c",
                )
            ],
            soon=_rows()[:1],
            removed=_rows()[:1],
            decisions=[Line(title="Kort att spärra, 2 rader", detail="Enligt PU", act="Utfört", url="#d")],
            next_url="#next",
            first_url="",
            url="/basis/card/",
        )
    }


def preview(*, has_problem: bool = False) -> dict[str, object]:
    """Return the preview of a decision."""
    return {
        "page": PreviewPage(
            subject="card",
            title="Spärra 2 kort",
            act="Spärra 2 kort",
            toll=["3 certifikat spärras. Det kan inte ångras.", "Varje rad kontrolleras på nytt."],
            rows=_rows()[:1],
            digest="d",
            reason="",
            problem="Skriv varför. Skälet sparas i loggen." if has_problem else "",
            url="/basis/card/",
            back_url="/basis/card/",
            crumbs=(Crumb(label="Kort att spärra", url="/basis/card/"), Crumb(label="Besluta")),
        )
    }


def decision() -> dict[str, object]:
    """Return a decision under way, whose rows came out differently."""
    rows = [
        MemberRow(
            person=name,
            url="/people/",
            what="9752 2789 0555 1200 044",
            ground=words_of.CARD_GROUNDS[CardGround.DECEASED],
            tag=words_of.OUTCOMES[outcome],
            detail=detail,
        )
        for name, outcome, detail in (
            ("Åsa Lindqvist", "done", ""),
            ("Karin Holm", "no_longer_so", ""),
            ("Lars Öberg", "refused", "Utanför din roll"),
            ("Maria Sund", "", ""),
        )
    ]
    return {
        "page": DecisionPage(
            title="Kort att spärra",
            tag=Tag(tone="warn", icon="people", label="Väntar på en andra person"),
            reason="Enligt PU, bekräftat av närmaste chef",
            facts=[Fact(name="Beslutat av", value="Alva Berg"), Fact(name="Beslutat", value="i dag 09:41")],
            progress=Progress(
                key="basis",
                label="3 av 4 rader klara",
                done=3,
                total=4,
                detail="2 har hittills lämnats orörda",
                url="/basis/decisions/1/progress/",
            ),
            rows=rows,
            may_approve=False,
            may_withdraw=True,
            may_stop=False,
            why="Den som beslutade kan inte också godkänna.",
            url="#",
            crumbs=(Crumb(label="Kort att spärra", url="/basis/card/"), Crumb(label="Beslut")),
        )
    }
