"""One event of the journal: its facts, what came before and after, and its proof."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from directory.lifecycle import record_protected_opening
from directory.models import Person
from journal.actor import Actor
from journal.models import Entry, Leaf
from journal.proofs import head_over, inclusion_proof, proof_bundle
from journal.searching import Reach, chain, readable, same_cause
from portal.accounts.models import SignedAct
from portal.pages import asking
from portal.pages.auditor.asked import Asked
from portal.pages.auditor.known import Known, Told, is_own, known, told
from portal.pages.auditor.listing import EntryRow, rows_of
from portal.pages.auditor.picture import Tree, inclusion_tree
from portal.pages.auditor.reach import organizations_of, reach_of, reader
from portal.pages.auditor.telling import (
    actor_name,
    exact,
    facts,
    name_of,
    role_name,
    sentence_html,
    words_of,
)
from portal.pages.desk.opening import ReasonNeeded, reasons_given
from portal.pages.parts import Crumb, Fact
from portal.words import Text

_CHAINS: Final[tuple[tuple[str, str], ...]] = (
    ("card", "card_id"),
    ("card_order", "card_order_id"),
    ("function_object", "function_object_id"),
    ("certificate", "certificate_id"),
    ("certificate_request", "certificate_request_id"),
    ("activation", "activation_id"),
    ("unlock", "unlock_id"),
    ("puk_letter", "letter_id"),
    ("authn_order", "authn_order_id"),
    ("issuer", "issuer_id"),
    ("person", "person_id"),
    ("organization", "organization_id"),
)
"""What an event's chain follows: the first of these that it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Where the row stands in the signed journal, and the way to its head."""

    position: int
    leaf: str
    size: int
    root: str
    head_at: datetime
    head_url: str
    tree: Tree
    bundle_url: str
    file_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """What the page of an event shows."""

    name: Text
    sentence: SafeString
    icon: str
    tone: str
    type: str
    at: datetime
    exact: str
    facts: Sequence[Fact]
    actor_facts: Sequence[Fact]
    raw: str
    is_hidden: bool
    chain: Sequence[EntryRow]
    chain_url: str
    cause: Sequence[EntryRow]
    proof: Proof | None
    crumbs: Sequence[Crumb]
    evidence_url: str = ""


@require_safe
def show_event(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Show an event; 404 also when it lies outside the reader's organizations."""
    actor, at = reader(request), asking.now()
    entry, reach = _entry(entry_id, actor=actor)
    opened = _open_protected(told([entry])[0], reasons=reasons_given(request, at=at), actor=actor, at=at)
    return render(
        request, "portal/event.html", {"page": event_page(entry, reach=reach, opened=opened, actor=actor)}
    )


@require_safe
def download_proof(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Answer the event with its proof as a file that verify.py checks."""
    actor, at = reader(request), asking.now()
    entry, _reach = _entry(entry_id, actor=actor)
    row = told([entry])[0]
    opened = _open_protected(row, reasons=reasons_given(request, at=at), actor=actor, at=at)
    leaf = Leaf.objects.filter(entry=entry).first()
    head = head_over(leaf.position) if leaf else None
    if leaf is None or head is None:
        raise Http404
    names = known([row], opened=opened)
    lines = proof_bundle(
        [leaf.position],
        head.size,
        with_content=not names.hides(row),
        with_personal=names.opens(row, reader=actor),
    )
    response = HttpResponse("".join(lines), content_type="application/jsonl; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_file_name(leaf.position)}"'
    return response


def event_page(entry: Entry, *, reach: Reach, opened: frozenset[str], actor: Actor) -> EventPage:
    """Return what the page of an event shows to this reader."""
    row = told([entry])[0]
    names = known([row], opened=opened)
    words = words_of(entry.type)
    is_hidden = names.hides(row)
    kind, value = _chain_of(row)
    before, after = chain(entry, kind=kind, value=value, reach=reach) if kind else ([], [])
    correlation = str(row.acted.get("correlation", ""))
    return EventPage(
        name=name_of(entry.type),
        sentence=sentence_html(row, known=names, reader=actor),
        icon=words.icon,
        tone=words.tone,
        type=f"{entry.type} · {_('version')} {entry.version}",
        at=entry.at,
        exact=exact(entry.at.isoformat()),
        facts=[] if is_hidden else facts(row, known=names),
        actor_facts=_actor_facts(row, names=names, reader=actor),
        raw="" if is_hidden else entry.content,
        is_hidden=is_hidden,
        chain=rows_of([*before, entry, *after], reader=actor, opened=opened, here=entry.pk)
        if before or after
        else [],
        chain_url=_chain_url(kind, value),
        cause=rows_of(
            same_cause(entry, correlation_id=correlation, reach=reach), reader=actor, opened=opened
        ),
        proof=_proof(entry),
        evidence_url=_evidence_url(row),
        crumbs=(Crumb(label=_("Journal"), url=reverse("journal")), Crumb(label=name_of(entry.type))),
    )


def _evidence_url(row: Told) -> str:
    """Return the page of the signature over the act that left this entry; empty without one."""
    evidence_id = str(row.acted.get("evidence", "")) or row.text("evidence_id")
    is_act = bool(evidence_id) and SignedAct.objects.filter(evidence_id=evidence_id).exists()
    return reverse("evidence", args=[evidence_id]) if is_act else ""


def _entry(entry_id: int, *, actor: Actor) -> tuple[Entry, Reach]:
    found = Entry.objects.filter(pk=entry_id).first()
    if found is None:
        raise Http404
    person_id = told([found])[0].text("person_id")
    reach = reach_of(actor, person_ids=(person_id,) if person_id else ())
    entry = readable(entry_id, reach=reach)
    if entry is None:
        raise Http404
    return entry, reach


def _open_protected(row: Told, *, reasons: Mapping[str, str], actor: Actor, at: datetime) -> frozenset[str]:
    """Name whom an event is about to a reader with the right to see protected people, and record that.

    Raises ``ReasonNeeded`` when the reader has given no reason.
    """
    if not actor.may_see_protected:
        return frozenset()
    protected = Person.objects.filter(protected_identity=True)
    person = protected.filter(pk=row.text("person_id")).first() if row.text("person_id") else None
    if person is None:
        return frozenset()
    if (reason := reasons.get(str(person.pk))) is None:
        raise ReasonNeeded(person)
    record_protected_opening(person, reason=reason, page="journal-event", actor=actor, at=at)
    return frozenset({str(person.pk)})


def _chain_of(row: Told) -> tuple[str, str]:
    for kind, field in _CHAINS:
        if row.text(field):
            return kind, row.text(field)
    return "", ""


def _chain_url(kind: str, value: str) -> str:
    if kind not in {"person", "card", "certificate"}:
        return ""
    return Asked.read({kind: value}).address()


def _actor_facts(row: Told, *, names: Known, reader: Actor) -> list[Fact]:
    acted = row.acted
    is_named = is_own(acted, reader) and str(acted.get("person", "")) not in names.protected
    shown: tuple[tuple[Text, str], ...] = (
        (_("Who"), actor_name(row, known=names, reader=reader)),
        (_("HSA-id or name"), str(acted.get("identifier", "")) if is_named else ""),
        (_("Role"), str(role_name(row))),
        (_("For"), _scope(str(acted.get("scope") or acted.get("organization", "")), reader=reader)),
        (_("Assurance level"), str(acted.get("loa", "") or "")),
        (_("Address"), str(acted.get("address", "")) if is_named else ""),
    )
    return [Fact(name=name, value=value) for name, value in shown if value]


def _scope(scope: str, *, reader: Actor) -> str:
    ids = set(filter(None, scope.split(",")))
    own = [one.name for one in organizations_of(reader) if str(one.pk) in ids]
    others = len(ids) - len(own)
    more = _("%(count)d others") % {"count": others} if others else ""
    return ", ".join([*own[:5], *([more] if more else [])])


def _proof(entry: Entry) -> Proof | None:
    leaf = Leaf.objects.filter(entry=entry).first()
    head = head_over(leaf.position) if leaf else None
    if leaf is None or head is None:
        return None
    path = inclusion_proof(leaf.position, head.size)
    hashed = bytes(leaf.leaf_hash)
    return Proof(
        position=leaf.position,
        leaf=hashed.hex(),
        size=head.size,
        root=bytes(head.root_hash).hex(),
        head_at=head.at,
        head_url=reverse("journal-head", args=[head.size]),
        tree=inclusion_tree(hashed, position=leaf.position, size=head.size, proof=path),
        bundle_url=reverse("journal-proof", args=[entry.pk]),
        file_name=_file_name(leaf.position),
    )


def _file_name(position: int) -> str:
    return f"sigill-journal-{position}-verify-with-verify.py.jsonl"
