"""The auditors' pages filled with made-up events, so that every state can be looked at without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from django.utils.safestring import mark_safe

from journal.merkle import consistency_proof, inclusion_proof, leaf_hash, root_of
from journal.verify import Head
from portal.pages.auditor.compare import ComparePage, HeadChoice, Verdict
from portal.pages.auditor.event import EventPage, Proof
from portal.pages.auditor.growth import growth
from portal.pages.auditor.heads import HeadPage, HeadRow, IntactPage
from portal.pages.auditor.journal import ChoiceGroup, Filter, JournalPage
from portal.pages.auditor.listing import Day, EntryRow
from portal.pages.auditor.picture import consistency_span, inclusion_tree
from portal.pages.auditor.standing import Standing
from portal.pages.auditor.subjects import Subject
from portal.pages.parts import Chip, Choice, Crumb, Fact
from portal.words import Tag

AT = datetime(2026, 11, 20, 8, 41, 7, tzinfo=UTC)
LEAVES = [leaf_hash(bytes([one])) for one in range(200)]
ROOT = root_of(LEAVES).hex()
CRUMBS = (Crumb(label="Logg", url="#"), Crumb(label="Händelse"))
NOTE = f"sigill.test/journal\n200\n{ROOT}\n\n— sigill.test/journal {ROOT}\n"


def _row(pk: int, icon: str, tone: str, sentence: str, detail: str, *, is_here: bool = False) -> EntryRow:
    return EntryRow(
        url=f"#e{pk}",
        at=AT - timedelta(minutes=pk),
        clock="09:41:07",
        icon=icon,
        tone=tone,
        name=detail,
        sentence=mark_safe(sentence),  # noqa: S308 - made up here
        detail=detail,
        is_here=is_here,
    )


def _rows() -> list[EntryRow]:
    return [
        _row(
            3,
            "slash-circle",
            "bad",
            "<b>Alva Berg</b> spärrade kort <b>…0044</b> åt <b>Åsa Lindqvist</b>: <b>borttappat</b>",
            "Kort spärrat · Alva Berg · ID-administratör",
            is_here=True,
        ),
        _row(
            2,
            "check-circle",
            "ok",
            "Kort <b>…0044</b> för <b>Åsa Lindqvist</b> aktiverades",
            "Kort aktiverat",
        ),
        _row(
            1, "clock-history", "warn", "Beställningen till <b>Bo Ek</b> kunde inte lämnas över", "Försenad"
        ),
        _row(
            0,
            "pencil",
            "mute",
            "Certifikatet med serienummer <b>…69c411e2</b> skulle signeras",
            "Ska signeras",
        ),
    ]


def standing(kind: str = "intact") -> Standing:
    """Return what the running check says, in each of its states."""
    tags = {
        "intact": Tag(tone="ok", icon="shield-check", label="Loggen är hel"),
        "broken": Tag(tone="bad", icon="exclamation-octagon", label="Loggen är bruten"),
        "new": Tag(tone="warn", icon="hourglass-split", label="Inte kontrollerad än"),
    }
    is_broken = kind == "broken"
    return Standing(
        tag=tags[kind],
        text="200 rader, verifierade i dag 09:41",
        is_broken=is_broken,
        broken_row=117 if is_broken else None,
        broken_text="the row's content does not give its leaf hash" if is_broken else "",
        broken_at=AT if is_broken else None,
        size=0 if kind == "new" else 200,
        root=ROOT,
        head_at=AT,
        verified_at=AT,
        whole_size=200,
        whole_at=AT,
        round_position=120,
        round_size=200,
    )


def journal(kind: str = "") -> JournalPage:
    """Return the search: with results, with nothing, unclear, or over a broken log."""
    is_empty = kind in {"empty", "first"}
    return JournalPage(
        days=[]
        if is_empty
        else [
            Day(key="2026-11-20", heading="I dag, fredag 2026-11-20", rows=_rows()),
            Day(key="2026-11-19", heading="I går, torsdag 2026-11-19", rows=_rows()),
        ],
        filters=[]
        if kind == "first"
        else [Filter(label="Åsa Lindqvist", url="#1"), Filter(label="Kort spärrat", url="#2")],
        spans=[
            Chip(label="All tid", url="#3", is_chosen=True),
            Chip(label="7 dagar", url="#4", is_chosen=False),
        ],
        actions=[
            ChoiceGroup(
                title="Kort",
                value="cards",
                is_chosen=False,
                choices=[Choice(value="card.blocked", name="Kort spärrat", is_chosen=True)],
            )
        ],
        places=[
            ChoiceGroup(
                title="Region Norr",
                value="o",
                is_chosen=False,
                choices=[Choice(value="u", name="Akutmottagningen")],
            )
        ],
        hidden=[("person", "1")],
        since="2026-11-01",
        until="",
        next_url="" if is_empty else "#n",
        first_url="" if is_empty else "#f",
        reached="i dag 09:41" if kind == "empty" else "",
        standing=standing("broken" if kind == "broken" else "intact"),
        is_first_visit=kind == "first",
        meant=[
            Subject(kind="person", id="#p", label="Åsa Lindqvist", detail="19890102-9809 · Region Norr"),
            Subject(kind="by", id="#q", label="Åsa Lind", detail="Sjuksköterska · SE2321000016-4KQ7"),
        ]
        if kind == "unclear"
        else [],
        parameters=[("person", "1")],
        clear_url="" if kind == "first" else "#c",
    )


def event(kind: str = "") -> EventPage:
    """Return an event: as it is, hidden, or without its head yet."""
    path = inclusion_proof(LEAVES, 137)
    proof = Proof(
        position=137,
        leaf=LEAVES[137].hex(),
        size=200,
        root=ROOT,
        head_at=AT,
        head_url="#h",
        tree=inclusion_tree(LEAVES[137], position=137, size=200, proof=path),
        bundle_url="#b",
        file_name="sigill-journal-137-verify-with-verify.py.jsonl",
    )
    row = _rows()[0]
    digest = sha256(b"").hexdigest()
    return EventPage(
        name="Kort spärrat",
        sentence=row.sentence,
        icon=row.icon,
        tone=row.tone,
        type="card.blocked · version 1",
        at=AT,
        exact="2026-11-20 09:41:07",
        facts=[]
        if kind == "hidden"
        else [
            Fact(name="Kort", value="9752 2789 0555 1200 044"),
            Fact(name="Orsak", value="Förlorat eller stulet kort"),
            Fact(name="Kontrollsumma", value=digest, copy=digest),
        ],
        actor_facts=[Fact(name="Vem", value="Alva Berg"), Fact(name="Roll", value="ID-administratör")],
        raw=""
        if kind == "hidden"
        else '{"actor":{"kind":"person","loa":3},"event":{"reason":"lost_or_stolen"}}',
        is_hidden=kind == "hidden",
        chain=_rows(),
        chain_url="#chain",
        cause=_rows()[1:],
        proof=None if kind == "waiting" else proof,
        crumbs=CRUMBS,
    )


def intact(kind: str = "intact") -> IntactPage:
    """Return the page of the log's state."""
    heads = [(AT - timedelta(hours=40 - one), 5 * one) for one in range(1, 41)]
    return IntactPage(
        standing=standing(kind),
        growth=None if kind == "new" else growth(heads),
        heads=[]
        if kind == "new"
        else [
            HeadRow(
                size=size,
                rows=str(size),
                at=at,
                clock="2026-11-20 09:41:07",
                root=f"{ROOT[:16]}…",
                url=f"#h{size}",
                compare_url=f"#c{size}" if size < 200 else "",
            )
            for at, size in reversed(heads[-6:])
        ],
        next_url="#n",
        first_url="#f",
        origin="sigill.test/journal",
        crumbs=CRUMBS,
    )


def head() -> HeadPage:
    """Return the page of a head."""
    return HeadPage(
        title="Huvud över 200 rader",
        note=NOTE,
        facts=[Fact(name="Rader som täcks", value="200"), Fact(name="Rothash", value=ROOT, copy=ROOT)],
        note_url="#n",
        compare_url="#c",
        crumbs=CRUMBS,
    )


def compare(kind: str = "") -> ComparePage:
    """Return the comparison: not asked yet, consistent, or not."""
    older, newer = (Head("sigill.test/journal", size, root_of(LEAVES[:size])) for size in (137, 200))
    proof = consistency_proof(LEAVES, 137)
    good = Verdict(
        tag=Tag(tone="ok", icon="check-circle", label="Stämmer"),
        tone="ok",
        title="Det nyare huvudet fortsätter det äldre",
        text="De första 137 raderna är exakt desamma under båda huvudena.",
        older=older,
        newer=newer,
        proof=[node.hex() for node in proof],
        span=consistency_span(137, 200, proof),
    )
    bad = replace(
        good,
        tag=Tag(tone="bad", icon="exclamation-octagon", label="Stämmer inte"),
        tone="bad",
        title="Loggen är kortare än det här huvudet",
        span=None,
        link="#restored",
        link_text="Databasen har återställts från en säkerhetskopia: läs händelsen",
    )
    return ComparePage(
        verdict={"good": good, "bad": bad}.get(kind),
        choices=[
            HeadChoice(size=size, label=f"{size} rader", is_old=size == 137, is_new=size == 200)
            for size in (200, 137)
        ],
        old_note=NOTE if kind == "bad" else "",
        new_note=NOTE if kind == "bad" else "",
        crumbs=CRUMBS,
    )
