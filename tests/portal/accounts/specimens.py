"""Own pages, scanned login, signatures and their evidence, filled with made-up people."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from portal import problems, words
from portal.accounts.own_pages import OwnCard, OwnCertificate, OwnPage, OwnSession
from portal.accounts.providers import Challenge
from portal.accounts.scan_picture import scan_picture
from portal.pages.auditor.evidence import EvidencePage
from portal.pages.parts import Crumb, Fact
from portal.signing.views import SigningPage, StoppedPage
from portal.wordings.signing import SIGNING_HINTS
from portal.words import Tag

AT = datetime.now(tz=UTC)
ID = "33333333-3333-4333-8333-333333333333"
OK = Tag(tone="ok", icon="check-circle", label="Aktivt")
TEXT = (
    "Jag har kontrollerat identiteten hos Åsa Lindqvist (Körkort) och lämnar ut kort 9752 2789 8692 6985 468"
    " till denna person. Kortet får aktiveras."
)


def scanned(context: dict[str, object]) -> dict[str, object]:
    """Return the login page with a code to scan."""
    challenge = context["challenge"]
    assert isinstance(challenge, Challenge)
    picture = scan_picture("siths://q/1/q7Zt1mS0u6c0m1nQ2r9w8A/7/9FBAFbc6dcX6lKbsB4V0qw")
    return {
        **context,
        "challenge": replace(challenge, is_scanned=True),
        "is_scanned": True,
        "picture": picture,
    }


def signing(status: str = "pending") -> dict[str, object]:
    hint = {"pending": "outstanding", "failed": "wrongSubject", "complete": "processing"}[status]
    page = SigningPage(
        id=ID, title="Lämna ut och aktivera ett kort", text=TEXT, status=status, message=SIGNING_HINTS[hint],
        autostart_url="siths://auth/1/x", client_link="http://127.0.0.1:8100/open?url=x",
        verification_code="4659", back_url="/",
    )  # fmt: skip
    return {"page": page}


def stopped(*, is_done: bool = False) -> dict[str, object]:
    problem = None if is_done else problems.of_code("signatureUnfit")
    page = StoppedPage(
        title="Lämna ut och aktivera ett kort", text=TEXT, back_url="/", problem=problem, is_done=is_done
    )
    return {"page": page}


def evidence(*, fault: str = "") -> dict[str, object]:
    facts = (
        Fact(name="Kortnummer", value="9752 2789 3771 0489 993"),
        Fact(name="Bevis", value=ID, copy=ID),
    )
    page = EvidencePage(
        title="Lämna ut och aktivera ett kort", text=TEXT, is_hidden=bool(fault), is_spent=not fault,
        fault=fault, facts=facts, file_url="" if fault else "/file", entry_url="/event",
        crumbs=(Crumb(label="Logg", url="/journal/"), Crumb(label="Underskrift")),
    )  # fmt: skip
    return {"page": page}


def mine(*, is_empty: bool = False) -> dict[str, object]:
    sessions = [
        OwnSession(
            id=ID, since=AT, seen=AT, role="Mina sidor", is_here=True, is_scanned=True, is_typed=False,
            is_shown=False,
        ),
        OwnSession(
            id=ID[:-1] + "4", since=AT - timedelta(minutes=40), seen=AT - timedelta(minutes=2),
            role=words.ROLES[next(iter(words.ROLES))], is_here=False, is_scanned=False,
            is_typed=False, is_shown=True,
        ),
        OwnSession(
            id=ID[:-1] + "5", since=AT - timedelta(minutes=50), seen=AT - timedelta(minutes=9),
            role="Mina sidor", is_here=False, is_scanned=False, is_typed=True, is_shown=False,
        ),
    ]  # fmt: skip
    card = OwnCard(
        product="Tjänstekort utan foto", number="9752278986926985468", tag=OK, valid_until="2031-05-31"
    )
    certificate = OwnCertificate(
        purpose="Legitimering, HSA-id",
        issuer="TEST Sigill e-id Person HSA-id 3 CA v1",
        not_after=AT + timedelta(days=900),
        is_revoked=False,
    )
    page = OwnPage(
        name="Åsa Lindqvist", cards=[] if is_empty else [card],
        certificates=[] if is_empty else [certificate],
        sessions=sessions, may_choose_role=is_empty, has_role=False,
    )  # fmt: skip
    return {"page": page}
