"""Pages filled with made-up people, so that every state of every page can be looked at without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path

from ca.policy_files import policy_files
from cards.bulk.states import BulkOrderState
from cards.products import assurance_level
from cards.states import CardOrderState, CardState
from functioncerts.states import FunctionObjectState
from journal.errors import Refusal
from portal import problems, words
from portal.accounts.providers import Challenge
from portal.pages.desk.block_receipt import BlockReceiptPage
from portal.pages.desk.blocking import BlockForm, BlockPage, Consequence
from portal.pages.desk.certificate_block import CertificateBlockForm, CertificateBlockPage
from portal.pages.desk.finding import Hit
from portal.pages.desk.identity_form import IdentityForm
from portal.pages.desk.order_pictures import PictureStep, Remark, TakenPicture
from portal.pages.desk.ordering import OrderWizardPage
from portal.pages.desk.orders import OrderPage, OrdersPage
from portal.pages.desk.paper_log_page import EXAMPLE, LogRow, PaperLogPage
from portal.pages.desk.people import SearchPage, UnitPage
from portal.pages.desk.person import PersonPage
from portal.pages.desk.puk_letter import PukLetterPage
from portal.pages.desk.receipt import ReceiptPage
from portal.pages.desk.receipt_seal import SealPart
from portal.pages.desk.today import TodayPage
from portal.pages.desk.visit import IdentityPage, VisitPage
from portal.pages.latency_plot import HourRow, latency_plot
from portal.pages.orderer import function_words
from portal.pages.orderer.acme import AccountLine, AcmePage, KeyLine
from portal.pages.orderer.certificates import FunctionRow, FunctionsPage
from portal.pages.orderer.function import FunctionPage, MailLine, SetUpForm, ValidationLine
from portal.pages.orderer.functions import ObjectRow, ObjectsPage
from portal.pages.orderer.month_plot import month_plot
from portal.pages.orderer.order import AnswerForm, AnswerLine, FunctionOrderPage, RevocationForm
from portal.pages.orderer.ordering import Finding, FunctionOrderingPage, RequestForm
from portal.pages.parts import (
    Act,
    CardPanel,
    CertificateLanding,
    CertificateRow,
    Chip,
    Choice,
    Crumb,
    Fact,
    Figure,
    ForeignNote,
    Landing,
    LandingReceipt,
    Line,
    OrderRow,
    Queue,
    Step,
    Stop,
    Thought,
    TimelineItem,
)
from portal.pages.plot import DayCount, plot
from portal.pages.proof import ProofPart
from portal.pages.public.cps import cps_page
from portal.pages.public.proof import ProofPage
from portal.pages.public.specimens import SpecimenRow
from portal.pages.public.status import IssuerStatus, ServiceState, StatusPage
from portal.pages.public.status_words import Addresses
from portal.pages.shell import Entry, Section, Shell, Who
from portal.words import Tag
from reports.models import SealedReceipt
from reports.receipt_documents import qr_code
from reports.receipt_facts import ActivationReceipt, BlockReceipt, ReceiptFact
from reports.receipt_models import ReceiptKind
from tests.portal import holder_specimens as holder
from tests.portal import orderer_specimens as orderer
from tests.portal import production_specimens as production
from tests.portal import report_specimens, role_specimens, stock_specimens
from tests.portal.accounts import specimens as own
from tests.portal.auditor import specimens as auditor
from tests.portal.basis import specimens as basis
from tests.portal.bulk import specimens as bulk
from tests.portal.central import specimens as central

AT = datetime.now(tz=UTC).replace(hour=8, minute=41)
CARD = "11111111-1111-4111-8111-111111111111"
OK = Tag(tone="ok", icon="check-circle", label="Aktivt")


def _shell(here: str, *, is_in: bool = True) -> Shell:
    entries = (
        Entry(label="I dag", icon="sun", url="/", is_here=here == "today", count=3),
        Entry(label="Personer", icon="people", url="/people/search/", is_here=here == "people"),
        Entry(label="Beställningar", icon="credit-card-2-front", url="/orders/", is_here=here == "orders"),
    )
    more = (Entry(label="Statustjänster", icon="broadcast", url="/status/", is_here=here == "status"),)
    return Shell(
        actor=Who(name="Alva Berg", role="ID-administratör", organization="Region Norr") if is_in else None,
        menu=(Section(title="", entries=entries), Section(title="Översikt", entries=more)) if is_in else (),
        may_search=is_in,
        may_read_journal=False,
        environment="TEST",
        version="0.1",
        idle_seconds=900,
        absolute_seconds=3600,
    )


def _inside() -> dict[str, object]:
    return {"shell": _shell("today")}


def _why(code: str, fixer: str = "nobody", **facts: str) -> problems.Problem:
    return problems.explain(Refusal(code=code, facts=tuple(facts.items()), fixer=fixer))


def _events() -> list[TimelineItem]:
    return [
        TimelineItem(at=AT, title="Kort spärrat", detail="Alva Berg · Förlorat eller stulet kort"),
        TimelineItem(at=AT - timedelta(days=19), title="Kort skickat"),
        TimelineItem(at=AT - timedelta(days=28), title="Kort beställt", detail="Alva Berg"),
    ]


def person(*, is_protected: bool = False) -> dict[str, object]:
    blocked = CardPanel(
        id=CARD,
        product="Tjänstekort utan foto",
        number="9752278905551200044",
        look="dead",
        tag=words.CARD_STATES[CardState.BLOCKED],
        facts=("spärrat i dag 09:41", "förlorat eller stulet kort"),
        landing=Landing(
            card_id=CARD,
            stops=(
                Stop(name="Liggaren", text="i dag 09:41", progress="done"),
                Stop(name="OCSP", text="syns inom 0,31 s", progress="done"),
                Stop(name="Deltalistan", text="09:41:09, efter 2,4 s", progress="done"),
                Stop(name="Spärrlistan", text="inom en minut", progress="now"),
            ),
            certificates=(
                CertificateLanding(
                    name="Legitimering, HSA-id",
                    serial="1f0c55d2a9",
                    stops=(Stop(name="OCSP", text="09:41:07, efter 0,31 s", progress="done"),),
                ),
            ),
            receipt=LandingReceipt(state="offered", url="#r"),
        ),
    )
    shipped = CardPanel(
        id="2",
        product="Tjänstekort utan foto",
        number="9752278903123456781",
        look="waiting",
        tag=words.CARD_STATES[CardState.SHIPPED],
        facts=("giltigt t.o.m. 2031-10-30", "71 dagar kvar att aktivera"),
        acts=(
            Act(label="Aktivera", icon="key", url="#a"),
            Act(label="Spärra", icon="slash-circle", url="#b", style="btn-danger0"),
            Act(
                label="Lås upp",
                icon="unlock",
                url="",
                style="btn-line",
                why=_why("not_reached_yet"),
            ),
        ),
    )
    old_test_card = CardPanel(
        id="3",
        product="Testkort",
        number="9752278905551200051",
        look="",
        tag=words.CARD_STATES[CardState.ACTIVE],
        facts=("giltigt t.o.m. 2027-10-30",),
        environment=words.QA,
        foreign=ForeignNote(
            issuer="Telia",
            phone="020-32 32 62",
            certificates=("CN=Telia e-legitimation HW CA v4, serienummer 1f2e3d4c5b6a",),
        ),
    )
    page = PersonPage(
        name="Åsa Lindqvist",
        initials="ÅL",
        is_protected=is_protected,
        tags=[
            Tag(tone="ok", icon="check-circle", label="Folkbokförd"),
            Tag(tone="ok", icon="building", label="Anställd enligt HSA"),
            Tag(tone="info", icon="shield-check", label="Tillitsnivå 3 möjlig"),
        ],
        facts=[
            Fact(name="Personnummer", value="19890102-9809", copy="19890102-9809"),
            Fact(name="HSA-id", value="SE2321000016-4KQ7", copy="SE2321000016-4KQ7"),
            Fact(name="Organisation", value="Region Norr, Akutmottagningen"),
            Fact(name="Läst från PU", value="i dag 03:12"),
        ],
        order_test=Act(label="Beställ testkort", icon="cone-striped", url="#t"),
        order=Act(
            label="Beställ kort",
            icon="plus-lg",
            url="#o",
            why=_why("order_already_running", "id_administrator", placed_at=AT.isoformat(), state="SHIPPED")
            if is_protected
            else None,
        ),
        refresh_url="#refresh",
        cards=[shipped, blocked, old_test_card],
        all_cards=3,
        shows_all=False,
        certificates=[
            CertificateRow(
                purpose="Legitimering, HSA-id",
                carrier="Tjänstekort utan foto …\u2060044",
                issuer="Person HSA-id 3",
                not_after=AT + timedelta(days=900),
                tag=Tag(tone="bad", icon="slash-circle", label="Spärrat"),
            ),
            CertificateRow(
                purpose="Legitimering, personnummer",
                carrier="Tjänstekort utan foto …\u2060781",
                issuer="Person ID 3",
                not_after=AT + timedelta(days=900),
                tag=OK,
                block_url="#block",
            ),
        ],
        orders=[_order_row(CardOrderState.SHIPPED), _order_row(CardOrderState.ACTIVATED)],
        thoughts=[
            Thought(
                tag=Tag(tone="warn", icon="exclamation-triangle", label="Inget fungerande kort"),
                text="Ett kort är skickat. Det fungerar när det har aktiverats här.",
                url="#a",
                link="Aktivera det",
            )
        ],
        events=_events(),
        crumbs=(Crumb(label="Personer", url="/people/search/"), Crumb(label="Åsa Lindqvist")),
    )
    return {"page": page, "shell": _shell("people")}


def _order_row(state: CardOrderState) -> OrderRow:
    return OrderRow(
        url="#x",
        person="Åsa Lindqvist",
        product="Tjänstekort utan foto",
        at=AT,
        tag=words.ORDER_STATES[state],
        environment=words.QA if state is CardOrderState.SENT else None,
        detail="beställt i dag 09:41",
    )


def _line(name: str, detail: str, act: str) -> Line:
    return Line(title=name, detail=detail, act=act, url="#l")


def today() -> dict[str, object]:
    counts = [3, 5, 2, 0, 0, 6, 7, 4, 8, 3, 0, 0, 9, 2]
    blocked = [1, 0, 1, 0, 0, 2, 1, 0, 1, 0, 0, 0, 3, 1]
    days = [
        DayCount(day=date(2026, 11, 8) + timedelta(days=index), first=one, second=blocked[index])
        for index, one in enumerate(counts)
    ]
    page = TodayPage(
        date_line="lördag 21 november",
        figures=(
            Figure(label="väntar på aktivering", value=14, url="#"),
            Figure(label="tillverkas", value=6, url="#"),
            Figure(label="avvisades av producenten", value=1, url="#", alarm=True),
            Figure(label="går ut inom 60 dagar", value=3, url="#"),
        ),
        queues=(
            Queue(
                key="waiting",
                title="Väntar vid disken",
                nothing="",
                lines=(
                    _line(
                        "Åsa Lindqvist",
                        "Tjänstekort utan foto, skickat 2026-11-02, 81 dagar kvar",
                        "Aktivera",
                    ),
                    _line(
                        "Göran Öst", "Tjänstekort utan foto, skickat 2026-10-22, 70 dagar kvar", "Aktivera"
                    ),
                ),
                more_url="#",
            ),
            Queue(
                key="failed",
                title="Behöver ditt beslut",
                nothing="",
                lines=(_line("Per Ek", "Avvisad av producenten, i dag 07:10", "Titta"),),
            ),
            Queue(key="making", title="Tillverkas", nothing="Inga kort tillverkas just nu."),
        ),
        plot=plot(days, title="Aktiverade och spärrade kort per dag"),
        status_facts=[
            Fact(name="Person HSA-id 3", value="lista 41, i dag 09:12"),
            Fact(name="Person ID 3", value="lista 38, i dag 09:12"),
        ],
        events=_events(),
    )
    return {"page": page, "shell": _shell("today")}


def orders() -> dict[str, object]:
    page = OrdersPage(
        chips=[
            Chip(label=name, url="#", is_chosen=name == "Alla")
            for name in ("Alla", "Tillverkas", "Skickat, ej aktiverat", "Avvisad av producenten", "Aktiverad")
        ],
        rows=[_order_row(state) for state in CardOrderState],
        next_url="#n",
        first_url="",
    )
    return {"page": page, "shell": _shell("orders")}


def order(*, has_failed: bool = False) -> dict[str, object]:
    last = Step(
        name="Avvisad av producenten" if has_failed else "I produktion",
        text="i dag 09:44" if has_failed else "",
        progress="failed" if has_failed else "now",
    )
    page = OrderPage(
        title="Tjänstekort utan foto",
        url="#p",
        person="Åsa Lindqvist",
        person_url="#",
        tag=words.ORDER_STATES[CardOrderState.REJECTED if has_failed else CardOrderState.SENT],
        is_running=False,
        steps=[
            Step(name="Beställd", text="i dag 09:41", progress="done"),
            Step(name="Mottagen av producenten", text="i dag 09:42", progress="done"),
            last,
            *(
                []
                if has_failed
                else [Step(name="Skickad till innehavaren"), Step(name="Aktiverad vid disken")]
            ),
        ],
        failure=problems.of_code("order_refused_by_factory") if has_failed else None,
        next=None,
        cancel=None
        if has_failed
        else Act(
            label="Avbryt beställningen",
            icon="x-circle",
            url="#c",
            why=_why("order_being_handed_over", "time", since=AT.isoformat()),
        ),
        facts=[
            Fact(name="Namn på kortet", value="Åsa Lindqvist"),
            Fact(name="HSA-id", value="SE2321000016-4KQ7"),
            Fact(name="Tillitsnivå", value="3"),
            Fact(name="Beställd", value="i dag 09:41, Alva Berg"),
        ],
        events=_events(),
        crumbs=(Crumb(label="Beställningar", url="#"), Crumb(label="Åsa Lindqvist")),
    )
    return {"page": page, "shell": _shell("orders")}


def wizard(*, step: str = "choose") -> dict[str, object]:
    is_confirm = step == "confirm"
    page = OrderWizardPage(
        step=step,
        name="Åsa Lindqvist",
        steps=(
            Step(name="Välj kort", progress="done" if is_confirm else "now"),
            Step(name="Läs och bekräfta", progress="now" if is_confirm else "later"),
            Step(name="Följ tillverkningen", text="omkring två veckor"),
            Step(name="Aktivera vid besök", text="identitetskontroll och PIN-kod"),
        ),
        crumbs=(Crumb(label="Personer", url="#"), Crumb(label="Beställ kort")),
        back_url="#",
        products=[
            Choice(
                value="7C1",
                name="Tjänstekort utan foto",
                detail="Tillitsnivå 3 · giltigt högst 5 år",
                is_chosen=True,
                met=("är 18 år eller äldre", "har folkbokföringsadress"),
                note="Har redan ett i bruk, giltigt till och med 2031-10-30.",
            ),
            Choice(
                value="7T1",
                name="Testkort",
                detail="Tillitsnivå 3 · giltigt högst 5 år",
                environment=words.QA,
            ),
            Choice(
                value="7A1",
                name="SIS-kort med foto",
                detail="Tillitsnivå 3 · giltigt högst 5 år",
                whys=(
                    _why("issuer_number_missing", "central_administrator", product="7A1"),
                    _why("registered_address_missing", "register"),
                ),
            ),
        ],
        employments=[
            Choice(
                value="a", name="Region Norr, Akutmottagningen", detail="SE2321000016-4KQ7", is_chosen=True
            ),
            Choice(value="b", name="Region Norr, Labb", detail="SE2321000016-9XX1"),
        ],
        product="7C1",
        employment="a",
        facts=[
            Fact(name="Kort", value="Tjänstekort utan foto"),
            Fact(name="Skickas till", value="Åsa Lindqvist\nStorgatan 1\n972 00 Luleå"),
        ],
        delivery_note="Kortet skickas till folkbokföringsadressen inom omkring två veckor.",
        picture=None if step in {"choose", "confirm"} else _picture_step(step),
    )
    return {"page": page, "form": None, "shell": _shell("people")}


def _picture_step(step: str) -> PictureStep:
    """A photo with remarks, or a signature that is still to be written."""
    taken = TakenPicture(
        url="#",
        alt="Fotot som det kommer att se ut på kortet",
        facts="900 gånger 1200 bildpunkter, 180 kB",
        remarks=[
            Remark(value="a_little_dark", text="Den är lite mörk.", is_accepted=False),
            Remark(value="face_off_center", text="Ansiktet är inte i mitten.", is_accepted=True),
        ],
    )
    return PictureStep(
        kind=step,
        taken=taken if step == "photo" else None,
        hidden=[("seen", "photo")],
        least_width=480,
        least_height=640,
        most_width=1200,
        most_height=1600,
    )


def activate(*, has_errors: bool = False) -> dict[str, object]:
    form = IdentityForm({"steps": ["number_checked"]} if has_errors else None, level=assurance_level(3))
    form.is_valid()
    page = IdentityPage(
        name="Åsa Lindqvist",
        card_number="9752278903123456781",
        facts=(
            Fact(name="Namn", value="Åsa Lindqvist"),
            Fact(name="Personnummer", value="19890102-9809"),
            Fact(name="Organisation", value="Region Norr"),
        ),
        steps=_activation_steps(0),
        crumbs=(Crumb(label="Personer", url="#"), Crumb(label="Aktivera kort")),
        person_url="#",
        block_url="#b",
        problem=_why("document_expired", "holder", valid_until="2024-01-02") if has_errors else None,
    )
    return {"page": page, "form": form, "shell": _shell("people")}


def _activation_steps(done: int, *, now: str = "now") -> tuple[Step, ...]:
    names = (
        "Identiteten kontrollerad",
        "Kort i läsaren",
        "PIN-kod vald, nycklar gjorda",
        "Certifikat utfärdade",
        "Skrivna och lästa tillbaka",
        "Kvittens underskriven",
    )
    return tuple(
        Step(
            name=name,
            text="i dag 09:41" if index < done else "",
            progress="done" if index < done else now if index == done else "later",
        )
        for index, name in enumerate(names)
    )


def activation(done: int = 1, *, is_aborted: bool = False) -> dict[str, object]:
    is_done = done == 6
    page = VisitPage(
        id=CARD,
        name="Åsa Lindqvist",
        card_number="9752278903123456781",
        look="waiting",
        is_open=not is_done and not is_aborted,
        is_done=is_done,
        heading="Kortet är klart" if is_done else "Just nu",
        status_line="Kortet är aktivt"
        if is_done
        else "Aktiveringen avslutades"
        if is_aborted
        else "Väntar på kortklienten",
        explanation="Sätt kortet i läsaren och öppna kortklienten på den här datorn.",
        steps=_activation_steps(done, now="failed" if is_aborted else "now"),
        facts=[
            Fact(name="Kortnummer", value="9752278903123456781"),
            Fact(name="Villkor", value="2026-11"),
        ],
        crumbs=(Crumb(label="Personer", url="#"), Crumb(label="Aktivera kort")),
        person_url="#",
        status_url="/nothing-new/",  # else htmx puts the whole page into its own part
        receipt_url="#r",
        start_url="siths://activate/1/abc" if done == 1 and not is_aborted else "",
        client_url="http://127.0.0.1:8100/open?url=siths",
        expires_at=AT + timedelta(minutes=10),
        problem=problems.of_code("activation_expired") if is_aborted else None,
        again_url="#again" if is_aborted else "",
        again_label="Kontrollera identiteten igen och fortsätt",
    )
    return {"page": page, "shell": _shell("people")}


def _unlock_steps(done: int, *, now: str = "now") -> tuple[Step, ...]:
    names = ("Identitet kontrollerad", "Kortklienten öppnad", "Kortet öppnat", "Ny PIN-kod bekräftad")
    return tuple(
        Step(
            name=name,
            text="i dag 09:41" if index < done else "",
            progress="done" if index < done else now if index == done else "later",
        )
        for index, name in enumerate(names)
    )


def unlock_check(*, has_errors: bool = False) -> dict[str, object]:
    filled = activate(has_errors=has_errors)
    page = filled["page"]
    assert isinstance(page, IdentityPage)
    return {**filled, "page": replace(page, steps=_unlock_steps(0))}


def unlock(done: int = 1, *, is_aborted: bool = False) -> dict[str, object]:
    filled = activation(6 if done == 4 else 1, is_aborted=is_aborted)
    page = filled["page"]
    assert isinstance(page, VisitPage)
    steps = _unlock_steps(done, now="failed" if is_aborted else "now")
    start_url = "siths://unlock/1/abc" if page.start_url else ""
    problem = problems.of_code("unlock_expired") if is_aborted else None
    return {**filled, "page": replace(page, steps=steps, start_url=start_url, problem=problem)}


def puk_letter() -> dict[str, object]:
    page = PukLetterPage(
        name="Åsa Lindqvist",
        card_number="9752278903123456781",
        facts=(
            Fact(name="Namn", value="Åsa Lindqvist"),
            Fact(name="Går till", value="innehavarens folkbokföringsadress"),
        ),
        crumbs=(Crumb(label="Personer", url="#"), Crumb(label="Beställ PUK-brev")),
        person_url="#",
        unlock_url="#u",
    )
    return {"page": page, "shell": _shell("people")}


def block(*, has_errors: bool = False) -> dict[str, object]:
    initial = {"requested_day": "2026-11-21", "requested_clock": "09:38"}
    form = BlockForm(
        {"requested_day": "21/11", "requested_clock": "9"} if has_errors else None, initial=initial
    )
    form.is_valid()
    page = BlockPage(
        name="Åsa Lindqvist",
        product="Tjänstekort utan foto",
        number_grouped="9752 2789 0312 3456 781",
        number_short="…781",
        toll=[
            Consequence(icon="slash-circle", text="2 certifikat spärras. Det kan inte ångras."),
            Consequence(icon="broadcast", text="Alla som frågar om certifikaten får veta det inom en minut."),
            Consequence(icon="person", text="Personen har inget annat fungerande kort."),
        ],
        crumbs=(Crumb(label="Personer", url="#"), Crumb(label="Spärra")),
        person_url="#",
        problem=None,
        environment=words.QA,
        foreign=ForeignNote(issuer="Telia", phone="020-32 32 62"),
    )
    return {"page": page, "form": form, "shell": _shell("people")}


def certificate_block() -> dict[str, object]:
    page = CertificateBlockPage(
        name="Åsa Lindqvist",
        purpose="Legitimering, HSA-id",
        facts=[Fact(name="Serienummer", value="73e23a835c24de61d255aa6220325b16")],
        toll=["Certifikatet spärras för alltid.", "Kortet och dess andra certifikat fortsätter att fungera."],
        crumbs=(Crumb(label="Personer", url="#"), Crumb(label="Spärra ett certifikat")),
        person_url="#",
        problem=None,
    )
    form = CertificateBlockForm(initial={"requested_day": "2026-11-21", "requested_clock": "09:38"})
    return {"page": page, "form": form, "shell": _shell("people")}


def paper_log(*, is_looked_at: bool = False) -> dict[str, object]:
    good = LogRow(
        line=2,
        received="2026-12-18 08:15",
        holder="Åsa Lindqvist",
        what="Kort 9752 2789 0312 3456 781",
        reason="Förlorat eller stulet kort",
        receiver="Bo Ek",
        tag=Tag(tone="bad", icon="slash-circle", label="Spärras"),
        text="",
    )
    wrong = replace(good, line=3, holder="Asa", text="Innehavaren är någon annan.", tag=OK)
    page = PaperLogPage(
        columns="datum;tid",
        example=EXAMPLE,
        text="datum;tid" if is_looked_at else "",
        problem="",
        rows=[good, wrong] if is_looked_at else [],
        good=1,
        digest="0" * 64,
        button="Registrera 1 begäran",
        kept=[] if is_looked_at else [good],
        can_register=is_looked_at,
        reasons=["Förlorat eller stulet kort"],
    )
    return {"page": page, "shell": _shell("paper-log")}


def receipt() -> dict[str, object]:
    said = ActivationReceipt(
        opening="Jag, Åsa Lindqvist, har fått kortet med nummer 9752278903123456781 utlämnat till mig.",
        terms="Kortet är personligt och får inte lånas ut.\nDu väljer själv din PIN-kod.",
        card_facts=[ReceiptFact(name="Innehavare", value="Åsa Lindqvist")],
        check_facts=[ReceiptFact(name="Handling", value="Svenskt körkort")],
        proof_facts=[ReceiptFact(name="Underskrift", value="MEUCIQ" * 16)],
    )
    page = ReceiptPage(
        receipt=said,
        seal=_seal(ReceiptKind.ACTIVATION),
        crumbs=(Crumb(label="Personer", url="#"), Crumb(label="Kvittens")),
        back_url="#",
        back_label="Till personen",
    )
    return {"page": page, "proof": proof_part(), "shell": _shell("people")}


def proof_part(*, is_awaited: bool = False) -> ProofPart:
    if is_awaited:
        return ProofPart(again_url="#again")
    facts = [
        ReceiptFact(name="Loggen", value="sigill.test/journal"),
        ReceiptFact(name="Rader", value="4711"),
        ReceiptFact(name="Radens kontrollsumma", value="5b" * 32),
        ReceiptFact(name="Signerat huvud", value="över 4722 rader"),
    ]
    link = "http://127.0.0.1:8000/proof/4711/" + "5b" * 32 + "/"
    return ProofPart(again_url="#", facts=facts, link=link, qr=qr_code(link), bundle="{}")


def _seal(kind: ReceiptKind, receipt: SealedReceipt | None = None) -> SealPart:
    return SealPart(
        kind=kind, subject_id="1", ask_url="/asks-for-the-seal", pdf_url="#pdf", page_url="#", receipt=receipt
    )


def block_receipt() -> dict[str, object]:
    said = BlockReceipt(
        card_facts=[ReceiptFact(name="Innehavare", value="Åsa Lindqvist")],
        block_facts=[ReceiptFact(name="Orsak", value="Förlorat eller stulet")],
        certificate_facts=[ReceiptFact(name="Legitimering", value="5f0c1cbb0f434a7a")],
    )
    awaited = SealedReceipt(kind="block", subject_id="1", language="sv")
    page = BlockReceiptPage(
        receipt=said,
        seal=_seal(ReceiptKind.BLOCK, awaited),
        crumbs=(Crumb(label="Personer", url="#"), Crumb(label="Kvittens på spärren")),
        person_url="#",
    )
    return {"page": page, "proof": proof_part(is_awaited=True), "shell": _shell("people")}


def row_in_the_log() -> dict[str, object]:
    facts = (Fact(name="Rad", value="4711"), Fact(name="Rotens kontrollsumma", value="5b" * 32))
    return {
        "page": ProofPage(facts=facts, is_awaited=False, bundle_url="#bundle"),
        "shell": _shell("", is_in=False),
    }


def _hit(name: str, detail: str, kind: str = "Person", icon: str = "person", matched: str = "namn") -> Hit:
    return Hit(url="#p", name=name, detail=detail, kind=kind, icon=icon, matched=matched)


def _hits() -> list[Hit]:
    long = "Ö" + "stergötlandsvägens" * 4
    return [
        _hit("Akutmottagningen", "Region Norr · SE2321000016-E001", "Enhet", "building"),
        _hit("Journaltjänst", "SE2321009801-F001 · Region Norr", "Funktion", "server"),
        _hit("Åsa Lindqvist", "19890102-9809 · Sjuksköterska · Akutmottagningen · Region Norr"),
        replace(
            _hit("Åsa Lind", "Kort 9752 2789 0312 3456 781", "Kort", "credit-card-2-front", "kortnummer"),
            tags=(words.CARD_STATES[CardState.BLOCKED],),
        ),
        _hit(long, "5f0c1cbb0f434a7a5f0c1cbb0f434a7a", "Certifikat", "patch-check", "serienummer"),
    ]


def search(*, has_hits: bool = True, is_new: bool = False) -> dict[str, object]:
    page = SearchPage(
        query="" if is_new else "åsa",
        hits=_hits() if has_hits and not is_new else (),
        notice=None if has_hits or is_new else problems.of_code("identifier_wrong_check_digit"),
        next_url="#more" if has_hits and not is_new else "",
        finds_functions=is_new,
    )
    return {"page": page, "shell": _shell("people")}


def unit() -> dict[str, object]:
    page = UnitPage(
        name="Akutmottagningen",
        detail="Region Norr · SE2321000016-E001",
        hits=_hits()[2:3],
        next_url="#more",
        first_url="#first",
        crumbs=(Crumb(label="Personer", url="#"), Crumb(label="Akutmottagningen")),
    )
    return {"page": page, "shell": _shell("people")}


def function_objects() -> dict[str, object]:
    row = ObjectRow(
        url="#f",
        name="Journaltjänst",
        hsa_id="SE2321009801-F001",
        kind="Server",
        organization="Region Norr",
        tag=OK,
        ends_at=AT + timedelta(days=40),
        certificates=2,
        tags=("drift", "norr"),
        environment=words.QA,
    )
    plain = ObjectRow(
        url="#g", name="Remissklient", hsa_id="SE2321009801-F002", kind="Klient", organization="Region Norr",
        tag=words.FUNCTION_OBJECT_STATES[FunctionObjectState.NOT_VALIDATED],
    )  # fmt: skip
    counts = {AT + timedelta(days=31 * month): month % 7 for month in range(25)}
    page = ObjectsPage(
        rows=[row, plain],
        next_url="#more",
        first_url="",
        query="journal",
        chips=[Chip(label="Alla", url="#a", is_chosen=True), Chip(label="Server", url="#s", is_chosen=False)],
        tags=[Chip(label="drift", url="#t", is_chosen=False)],
        plot=month_plot(counts, at=AT),
        export_url="#e",
        validations_url="#v",
        approval=[Choice(value="server", name="Server", is_chosen=True)],
        keys=[Choice(value="server", name="Server", is_chosen=False)],
    )
    return {"page": page, "shell": _shell("")}


def function_object() -> dict[str, object]:
    rows = functions()["page"].rows  # type: ignore[attr-defined] # the page value of the specimen below
    page = FunctionPage(
        id="00000000-0000-0000-0000-000000000000",
        name="Journaltjänst",
        tag=OK,
        facts=[Fact(name="HSA-id", value="SE2321009801-F001", copy="SE2321009801-F001")],
        validations=[
            ValidationLine(
                name="regionnorr.test",
                method=function_words.METHODS["document"],
                reference="DNR 2026-17",
                valid_to=AT + timedelta(days=300),
            )
        ],
        mails=_function_mails(),
        acts=[Act(label="Beställ ett certifikat", icon="plus-lg", url="#o")],
        events=[TimelineItem(at=AT, title="Namn validerat", detail="Åsa Lindqvist")],
        tags=["drift", "norr"],
        may_set_up=True,
        rows=rows,
        crumbs=(Crumb(label="Funktionsobjekt", url="#"), Crumb(label="Journaltjänst")),
        environment=words.QA,
    )
    return {"page": page, "form": SetUpForm(), "shell": _shell("")}


def function_acme(*, is_made: bool = False) -> dict[str, object]:
    key = KeyLine(
        id="00000000-0000-0000-0000-000000000001",
        made_at=AT,
        made_by="SE2321009801-A003",
        opens_until=AT + timedelta(days=30),
        accounts=1,
        tag=OK,
        may_approve=True,
        may_revoke=True,
    )
    account = AccountLine(id="00000000-0000-0000-0000-000000000002", opened_at=AT, tag=OK, may_revoke=True)
    page = AcmePage(
        directory="https://portal.example.org/acme/directory",
        crumbs=(Crumb(label="Funktionsobjekt", url="#"), Crumb(label="ACME")),
        keys=[key] if is_made else [],
        accounts=[account] if is_made else [],
        may_make=is_made,
        key_id=key.id if is_made else "",
        hmac_key="A" * 43 if is_made else "",
    )
    return {"page": page, "shell": _shell("")}


def _function_mails() -> list[MailLine]:
    return [
        MailLine(
            title="30 dagar före slutet",
            to=function_words.RECIPIENTS["orderer"],
            address="bo.ek@regionnorr.test",
            at=AT,
            tag=tag,
            reply="550 5.1.1 no such user" if fate == "REFUSED" else "",
        )
        for fate, tag in function_words.FATES.items()
    ]


def function_order_new(step: str = "ask") -> dict[str, object]:
    page = FunctionOrderingPage(
        step=step,
        name="Journaltjänst",
        steps=[Step(name="Namn och begäran", progress="now"), Step(name="Fynd och kvittens")],
        crumbs=(Crumb(label="Funktionsobjekt", url="#"), Crumb(label="Beställ ett certifikat")),
        back_url="#b",
        validated=["journal.regionnorr.test", "regionnorr.test"],
        facts=[Fact(name="Namn", value="journal.regionnorr.test"), Fact(name="Nyckel", value="5f" * 32)],
        findings=[Finding(title="Nyckeln är kort", text="Den är rsa-2048 och godtas.")],
        receipt="Jag kvitterar funktionscertifikatet.",
        takes_two=True,
        replaces="x",
    )
    kept = {"names": "journal.regionnorr.test", "csr": "x", "version": "1"}
    return {"page": page, "form": RequestForm() if step == "ask" else None, "kept": kept, "shell": _shell("")}


def function_order() -> dict[str, object]:
    page = FunctionOrderPage(
        id="00000000-0000-0000-0000-000000000000",
        name="Journaltjänst",
        tag=OK,
        facts=[
            Fact(name="Serienummer", value="5f" * 20, copy="5f" * 20),
            Fact(name="Beställt", value="i dag"),
        ],
        crumbs=(Crumb(label="Funktionsobjekt", url="#"), Crumb(label="Beställning")),
        findings=["Subjektet i begäran används inte"],
        mails=_function_mails(),
        answers=[AnswerLine(text="Tas om hand", who="Bo Ek", at=AT)],
        events=[TimelineItem(at=AT, title="Beställd")],
        may_decide=False,
        why_not_decide=problems.of_code("second_person_is_the_first"),
        needs_receipt=True,
        receipt="Jag kvitterar funktionscertifikatet.",
        is_delivered=True,
        may_fetch=True,
        may_revoke=True,
        may_answer=True,
        renew_url="#r",
        may_fetch_key=True,
        why_not_mail=problems.of_code("mobile_missing", facts={"function_object": "SE2321009801-F001"}),
        lost=("drift@regionnorr.test",),
        function_url="#f",
        sent=_function_mails(),
        environment=words.QA,
    )
    answering = AnswerForm(delegates={"SE2321000016-A100": "Åsa Lindqvist"})
    return {
        "page": page,
        "revocation": RevocationForm(),
        "answering": answering,
        "version": "1",
        "shell": _shell(""),
    }


def status() -> dict[str, object]:
    services = [
        ServiceState(name="OCSP", tag=OK, text="1,4 ms, signerat i dag 07:12, förnyas före i dag 15:12"),
        ServiceState(name="Deltalistan", tag=words.QA, text="2,0 ms, nummer 42 från i dag 08:40", url="#d"),
        ServiceState(
            name="Spärrlistan",
            tag=Tag(tone="bad", icon="exclamation-octagon", label="Fel"),
            text="HTTP 503",
            url="#c",
        ),
        ServiceState(name="Utfärdarcertifikat", tag=OK, text="0,9 ms", url="#a"),
    ]
    hours = [
        HourRow(
            starts_at=AT.replace(minute=0) - timedelta(hours=h),
            typical=1.2,
            worst=3.0 + h,
            asked=900,
            failed=0,
        )
        for h in range(9, -1, -1)
    ]
    page = StatusPage(
        issuers=[
            IssuerStatus(
                name="TEST Sigill e-id Person HSA-id 3 CA v1",
                services=services,
                chain_url="#k",
                environment=words.QA,
            )
        ],
        seen_at=AT,
        measured_at=AT,
        nodes=["http://one.test", "http://two.test"],
        addresses=[
            Addresses(
                environment=environment,
                ocsp="http://127.0.0.1:8080/ocsp",
                lists="http://127.0.0.1:8080/crl/",
                certificates="http://127.0.0.1:8080/aia/",
                list_text="En ny hel lista varje timme.",
                delta_text="En deltalista var femte minut.",
            )
            for environment in (None, words.QA)
        ],
        alarms=["Spärrlistan hos TEST Sigill e-id Person HSA-id 3 CA v1 på http://one.test: HTTP 503."],
        plots=[latency_plot(hours, title="OCSP: millisekunder till svaret", at=AT)],
        specimens=[
            SpecimenRow(
                name="Spärrat",
                tag=Tag(tone="bad", icon="slash-circle", label="Neka"),
                told="Utfärdat av oss och spärrat.",
                ocsp="revoked",
                listed="på listan",
                verified="certificate revoked",
                url="#p",
                serial="41d2b07c9ae0553f0d1e8c2a7716b3f0",
                ends="slutar 2027-11-22 01:08",
                commands="curl -s http://127.0.0.1:8000/status/test/revoked.pem -o test.pem\nopenssl ocsp",
                environment=words.QA,
            )
        ],
        under_way=2,
    )
    return {"page": page, "shell": _shell("", is_in=False)}


def functions() -> dict[str, object]:
    row = FunctionRow(
        function="Journaltjänst",
        hsa_id="SE2321009801-F001",
        names="journal.regionnorr.test",
        ordered_at=AT,
        not_after=AT + timedelta(days=700),
        tag=OK,
    )
    return {"page": FunctionsPage(rows=[row]), "shell": _shell("today")}


def login(kind: str = "") -> dict[str, object]:
    challenge = Challenge(
        order_ref="x",
        autostart_url="siths://auth/1/abc",
        client_link="http://127.0.0.1:8100/open?url=x",
        verification_code="4659",
        claim_before=AT,
        poll_interval=2,
    )
    return {
        "shell": _shell("", is_in=False),
        "challenge": challenge if kind == "waiting" else None,
        "status": {"waiting": "pending", "failed": "failed"}.get(kind, "none"),
        "message": words.LOGIN_HINTS["outstanding" if kind == "waiting" else "cardNotActive"],
        "failed": "",
        "ended": "idle" if kind == "" else "",
    }


def role() -> dict[str, object]:
    choices = [
        {
            "id": "1",
            "role": "id_administrator",
            "organization_name": "Region Norr",
            "hsa_id": "SE2321000016-A1",
        },
        {
            "id": "2",
            "role": "issuance_manager",
            "organization_name": "Region Norr",
            "hsa_id": "SE2321000016-A1",
        },
    ]
    return {
        "shell": _shell("", is_in=False),
        "choices": choices,
        "current": "",
        "person_name": "Alva Berg",
    }


def _auditor(page: object) -> dict[str, object]:
    shell = replace(_shell("journal"), may_search=False, may_read_journal=True)
    return {"page": page, "shell": shell}


def _central(context: dict[str, object]) -> dict[str, object]:
    return {**context, "shell": _shell("")}


def problem(code: str) -> dict[str, object]:
    return {"problem": problems.of_code(code), "shell": _shell("")}


SPECIMENS = {
    "certificate-block": ("certificate_block", certificate_block),
    "paper-log": ("paper_log", paper_log),
    "paper-log-looked-at": ("paper_log", lambda: paper_log(is_looked_at=True)),
    "login": ("login", login),
    "login-waiting": ("login", lambda: login("waiting")),
    "login-failed": ("login", lambda: login("failed")),
    "login-scan": ("login", lambda: own.scanned(login("waiting"))),
    "signing": ("signing", lambda: own.signing() | _inside()),
    "signing-failed": ("signing", lambda: own.signing("failed") | _inside()),
    "signing-stopped": ("signing_stopped", lambda: own.stopped() | _inside()),
    "signing-done": ("signing_stopped", lambda: own.stopped(is_done=True) | _inside()),
    "evidence": ("evidence", lambda: own.evidence() | _inside()),
    "evidence-fault": (
        "evidence",
        lambda: own.evidence(fault="not over this") | _inside(),
    ),
    "mine": ("mine", lambda: own.mine() | {"shell": _shell("", is_in=False)}),
    "mine-empty": ("mine", lambda: own.mine(is_empty=True) | {"shell": _shell("", is_in=False)}),
    "role": ("role", role),
    "today": ("today", today),
    "search": ("search", search),
    "search-nobody": ("search", lambda: search(has_hits=False)),
    "search-new": ("search", lambda: search(is_new=True)),
    "unit": ("unit", unit),
    "function-objects": ("function_objects", function_objects),
    "function-object": ("function_object", function_object),
    "function-acme": ("function_acme", function_acme),
    "function-acme-made": ("function_acme", lambda: function_acme(is_made=True)),
    "function-order-new": ("function_order_new", function_order_new),
    "function-order-confirm": ("function_order_new", lambda: function_order_new("confirm")),
    "function-order": ("function_order", function_order),
    "function-notices": ("function_notices", lambda: orderer.notices() | {"shell": _shell("")}),
    "function-order-key": ("function_order_key", lambda: orderer.key_order() | {"shell": _shell("")}),
    "function-tokens": ("function_tokens", lambda: orderer.tokens() | {"shell": _shell("")}),
    "function-tokens-error": (
        "function_tokens",
        lambda: orderer.tokens(has_errors=True) | {"shell": _shell("")},
    ),
    "function-tokens-made": (
        "function_tokens",
        lambda: orderer.tokens(is_made=True) | {"shell": _shell("")},
    ),
    "validations": ("validations", lambda: orderer.validations() | {"shell": _shell("")}),
    "validations-empty": (
        "validations",
        lambda: orderer.validations(is_empty=True) | {"shell": _shell("")},
    ),
    "validation-dns": ("validation", lambda: orderer.validation("dns_txt") | {"shell": _shell("")}),
    "validation-http": ("validation", lambda: orderer.validation("http") | {"shell": _shell("")}),
    "validation-mail": ("validation", lambda: orderer.validation("mail") | {"shell": _shell("")}),
    "validation-link": ("validation_link", lambda: orderer.link() | {"shell": _shell("", is_in=False)}),
    "validation-link-done": (
        "validation_link",
        lambda: orderer.link(is_done=True) | {"shell": _shell("", is_in=False)},
    ),
    "person": ("person", person),
    "person-protected": ("person", lambda: person(is_protected=True)),
    "order-choose": ("order_card", wizard),
    "order-confirm": ("order_card", lambda: wizard(step="confirm")),
    "order-photo": ("order_card", lambda: wizard(step="photo")),
    "order-signature": ("order_card", lambda: wizard(step="signature")),
    "orders": ("orders", orders),
    "production": ("production", lambda: {"page": production.listed(), "shell": _shell("orders")}),
    "production-none": (
        "production",
        lambda: {"page": production.listed(is_empty=True), "shell": _shell("orders")},
    ),
    "production-batch": (
        "production_batch",
        lambda: {"page": production.batch(), "shell": _shell("orders")},
    ),
    "order": ("order", order),
    "order-failed": ("order", lambda: order(has_failed=True)),
    "activate": ("activate", activate),
    "activate-errors": ("activate", lambda: activate(has_errors=True)),
    "suspicion": ("suspicion", activate),
    "activation": ("activation", activation),
    "activation-aborted": ("activation", lambda: activation(3, is_aborted=True)),
    "activation-done": ("activation", lambda: activation(6)),
    "unlock-check": ("unlock_check", unlock_check),
    "unlock-check-errors": ("unlock_check", lambda: unlock_check(has_errors=True)),
    "unlock-suspicion": ("unlock_suspicion", unlock_check),
    "unlock": ("unlock", unlock),
    "unlock-aborted": ("unlock", lambda: unlock(2, is_aborted=True)),
    "unlock-done": ("unlock", lambda: unlock(4)),
    "puk-letter": ("puk_letter", puk_letter),
    "receipt": ("receipt", receipt),
    "block_receipt": ("block_receipt", block_receipt),
    "proof": ("proof", row_in_the_log),
    "block": ("block", block),
    "block-errors": ("block", lambda: block(has_errors=True)),
    "status": ("status", status),
    "cps": (
        "cps",
        lambda: {
            "page": cps_page(policy_files(), qa_issuers=("TEST Sigill e-id Root CA v1",)),
            "shell": _shell("", is_in=False),
        },
    ),
    "accessibility": ("accessibility", lambda: {"shell": _shell("", is_in=False)}),
    "functions": ("functions", functions),
    **{
        f"journal-{kind or 'found'}": ("journal", lambda kind=kind: _auditor(auditor.journal(kind)))
        for kind in ("", "empty", "first", "unclear", "broken")
    },
    **{
        f"event-{kind or 'shown'}": ("event", lambda kind=kind: _auditor(auditor.event(kind)))
        for kind in ("", "hidden", "waiting")
    },
    **{
        f"intact-{kind}": ("intact", lambda kind=kind: _auditor(auditor.intact(kind)))
        for kind in ("intact", "broken", "new")
    },
    "head": ("head", lambda: _auditor(auditor.head())),
    **{
        f"compare-{kind or 'unasked'}": ("compare", lambda kind=kind: _auditor(auditor.compare(kind)))
        for kind in ("", "good", "bad")
    },
    "registers": ("registers", lambda: _central(basis.registers())),
    "register-run": ("register_run", lambda: _central(basis.register_run())),
    "basis": ("basis", lambda: _central(basis.basis())),
    "basis-preview": ("basis_preview", lambda: _central(basis.preview())),
    "basis-preview-errors": ("basis_preview", lambda: _central(basis.preview(has_problem=True))),
    "basis-decision": ("basis_decision", lambda: _central(basis.decision())),
    "bulk-start": ("bulk_start", lambda: _central(bulk.start(has_problem=True))),
    "bulk-orders": ("bulk_orders", lambda: _central(bulk.listing())),
    "bulk-order": ("bulk_order", lambda: _central(bulk.order())),
    "bulk-order-running": ("bulk_order", lambda: _central(bulk.order(BulkOrderState.RUNNING))),
    "reports": ("reports", lambda: _central(report_specimens.catalogue())),
    "reports-none": ("reports", lambda: _central(report_specimens.catalogue(is_empty=True))),
    "report": ("report", lambda: _central(report_specimens.report())),
    "report-error": ("report", lambda: _central(report_specimens.report(has_error=True))),
    "report-schedules": ("report_schedules", lambda: _central(report_specimens.recurring())),
    "report-schedules-none": (
        "report_schedules",
        lambda: _central(report_specimens.recurring(is_empty=True)),
    ),
    "dashboard": ("dashboard", lambda: _central(report_specimens.dashboard())),
    **{
        name: (template, lambda made=made: _central(made()))
        for name, (template, made) in (role_specimens.SPECIMENS | stock_specimens.SPECIMENS).items()
    },
    **holder.made(
        _shell("", is_in=False),
        activation=activation,
        unlock=unlock,
        check=activate(),
        own=own.mine(),
        proof=proof_part(),
    ),
    "issuers": ("issuers", lambda: _central(central.issuers())),
    **{
        f"ceremony-{kind}": ("ceremony", lambda kind=kind: _central(central.ceremony(kind)))
        for kind in ("open", "mine", "held")
    },
    "not-found": ("problem", lambda: problem("not_found")),
    "broken": ("broken", lambda: problem("internal_error")),
}


def show(request: HttpRequest, name: str) -> HttpResponse:
    """Show a specimen by its name; whatever on it asks for news is told that there are none.

    Else a part that asks the place "#" would put the whole page into itself a second later.
    """
    if "HX-Request" in request.headers:
        return HttpResponse(status=204)
    if name not in SPECIMENS:
        raise Http404(name)
    template, context = SPECIMENS[name]
    return render(request, f"portal/{template}.html", context())


urlpatterns = [path("specimen/<str:name>", show), path("", include("portal.urls"))]
