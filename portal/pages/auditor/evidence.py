"""The signature behind an act: what was signed, by which card, and whether it verifies here and now."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from authn import selectors
from authn.evidence_file import EvidenceRefused, Verified, evidence_file, verify_file
from authn.models import Evidence
from authn.trust import load_trust
from directory.lifecycle import record_protected_opening
from directory.models import Person
from journal.actor import Actor
from journal.searching import readable
from journal.selectors import entries_about
from portal.accounts.models import SignedAct
from portal.pages import asking
from portal.pages.auditor.reach import JournalRefused, reach_of, reader
from portal.pages.auditor.telling import exact
from portal.pages.desk.opening import ReasonNeeded, reasons_given
from portal.pages.parts import Crumb, Fact, grouped
from portal.wordings.signing import SIGNED_ACTS
from portal.words import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePage:
    """What the page of a signature shows; ``fault`` says why it does not verify."""

    title: Text
    text: str
    is_hidden: bool
    is_spent: bool
    fault: str
    facts: Sequence[Fact]
    file_url: str
    entry_url: str
    crumbs: Sequence[Crumb]


@require_safe
def show_evidence(request: HttpRequest, evidence_id: str) -> HttpResponse:
    """Show a signature and verify it; 404 also when its act lies outside the reader's organizations."""
    actor, at = _reader(request), asking.now()
    signed, entry_id = _found(str(evidence_id), actor=actor)
    is_hidden = not _may_read(request, signed, actor=actor, at=at)
    page = evidence_page(signed, entry_id=entry_id, is_hidden=is_hidden)
    return render(request, "portal/evidence.html", {"page": page})


@require_safe
def download_evidence(request: HttpRequest, evidence_id: str) -> HttpResponse:
    """Answer the signature as a file that ``manage.py verify_evidence --file`` verifies anywhere."""
    actor, at = _reader(request), asking.now()
    signed, _entry_id = _found(str(evidence_id), actor=actor)
    if not _may_read(request, signed, actor=actor, at=at):
        raise Http404
    told = evidence_file(selectors.evidence(signed.evidence_id), content=signed.content)
    response = HttpResponse(json.dumps(told, ensure_ascii=False, indent=1), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="evidence-{signed.evidence_id}.json"'
    return response


def evidence_page(signed: SignedAct, *, entry_id: int, is_hidden: bool) -> EvidencePage:
    """Return what the page shows, the signature verified anew."""
    evidence = selectors.evidence(signed.evidence_id)
    verified, fault = _verified(evidence, signed)
    content = json.loads(signed.content)
    return EvidencePage(
        title=SIGNED_ACTS.get(signed.kind, signed.kind),
        text="" if is_hidden else content["text"],
        is_hidden=is_hidden,
        is_spent=signed.spent_at is not None,
        fault=fault,
        facts=_facts(signed, evidence, verified),
        file_url="" if is_hidden else reverse("evidence-file", args=[signed.evidence_id]),
        entry_url=reverse("journal-event", args=[entry_id]),
        crumbs=(Crumb(label=_("Journal"), url=reverse("journal")), Crumb(label=_("Signature"))),
    )


def _verified(evidence: Evidence, signed: SignedAct) -> tuple[Verified | None, str]:
    try:
        return verify_file(evidence_file(evidence, content=signed.content), trust=load_trust()), ""
    except EvidenceRefused as error:
        return None, str(error)


def _facts(signed: SignedAct, evidence: Evidence, verified: Verified | None) -> list[Fact]:
    facts = [
        Fact(name=_("Signed"), value=exact(evidence.checked_at.isoformat())),
        Fact(name=_("Carried out"), value=exact(signed.spent_at.isoformat()) if signed.spent_at else "-"),
        Fact(name=_("Card number"), value=grouped(evidence.card_number)),
    ]
    if verified is not None:
        serial = f"{verified.serial_number:x}"
        facts += [
            Fact(name=_("Certificate"), value=serial, copy=serial),
            Fact(name=_("Issuer"), value=verified.issuer_name),
        ]
    return [*facts, Fact(name=_("Evidence"), value=signed.evidence_id, copy=signed.evidence_id)]


def _reader(request: HttpRequest) -> Actor:
    """Return who reads; to others no signature exists."""
    try:
        return reader(request)
    except JournalRefused as error:
        raise Http404 from error


def _found(evidence_id: str, *, actor: Actor) -> tuple[SignedAct, int]:
    signed = SignedAct.objects.filter(evidence_id=evidence_id).first()
    if signed is None:
        raise Http404
    reach = reach_of(actor)
    for entry in entries_about("evidence", evidence_id):
        if entry.type.startswith("act.") and readable(entry.pk, reach=reach) is not None:
            return signed, entry.pk
    raise Http404


def _may_read(request: HttpRequest, signed: SignedAct, *, actor: Actor, at: datetime) -> bool:
    """Tell whether the text may be shown: of protected people only with the right, a reason, and a record."""
    person_id = json.loads(signed.content)["facts"].get("person_id", "")
    person = Person.objects.filter(pk=person_id, protected_identity=True).first() if person_id else None
    if person is None:
        return True
    if not actor.may_see_protected:
        return False
    reason = reasons_given(request, at=at).get(str(person.pk))
    if reason is None:
        raise ReasonNeeded(person)
    record_protected_opening(person, reason=reason, page="evidence", actor=actor, at=at)
    return True
