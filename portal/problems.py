"""Turns an error or refusal into words: which rule, which data, who can fix it; the home of HTTP status."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cards import products
from cards.card_number import grouped
from cards.reasons import BlockReason
from journal.errors import DomainError, Refusal
from portal import moments, reader, words
from portal.wordings.accounts import ACCOUNTS
from portal.wordings.api import API
from portal.wordings.authn import AUTHN
from portal.wordings.bulk import BULK
from portal.wordings.ca import CA
from portal.wordings.cards import CARDS
from portal.wordings.directory import AGENCY_RULES, DIRECTORY, ROLE_FIXERS, ROLE_RULES
from portal.wordings.fixers import fixer_said
from portal.wordings.functioncerts import FUNCTIONCERTS
from portal.wordings.ground import GROUND
from portal.wordings.pictures import FAULTS, KINDS, PICTURES
from portal.wordings.refusals import REFUSALS
from portal.wordings.reports import REPORTS
from portal.wordings.signing import SIGNING
from portal.wordings.stock import STOCK
from portal.wordings.weaknesses import CSR_FAULTS, NOT_REQUESTS, WEAKNESSES
from portal.wordings.wording import Wording

WORDINGS: Final[Mapping[str, Wording]] = {
    **GROUND,
    **DIRECTORY,
    **CA,
    **CARDS,
    **BULK,
    **PICTURES,
    **FUNCTIONCERTS,
    **AUTHN,
    **ACCOUNTS,
    **API,
    **REFUSALS,
    **REPORTS,
    **SIGNING,
    **STOCK,
}

_SERVER_FAULT: Final = 500
_UNAVAILABLE: Final = 503
MACHINE_PATHS: Final = ("/api/", "/c/", "/acme/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An explanation, ready for a page or for problem+json (RFC 9457)."""

    code: str
    status: int
    title: str
    text: str
    fixer: str
    url: str = ""
    link: str = ""
    retry_after: str = ""

    @property
    def sentence(self) -> str:
        """Return the title as a sentence, for where more follows on the same line."""
        return self.title if self.title.endswith((".", "?", "!", ":")) else f"{self.title}."

    @property
    def tone(self) -> str:
        """Return the tone of the notice: red only where something is broken."""
        return "bad" if self.status == _SERVER_FAULT else "warn"

    @property
    def icon(self) -> str:
        """Return the notice's icon."""
        return "exclamation-octagon" if self.status == _SERVER_FAULT else "exclamation-triangle"

    def as_json(self) -> dict[str, object]:
        """Return the members of problem+json."""
        return {
            "type": f"urn:sigill:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": " ".join(part for part in (self.text, self.fixer) if part),
            "code": self.code,
        }


class _Facts(dict[str, str]):
    """Facts for a text: one that is missing shows as a dash, and never stops the page."""

    def __missing__(self, key: str) -> str:
        return "-"


def explain(error: DomainError | Refusal) -> Problem:
    """Return the words for an error or a refusal; an unknown code gets the general ones."""
    if isinstance(error, Refusal):
        return of_code(error.code, facts=dict(error.facts), fixer=error.fixer)
    refusal = getattr(error, "refusal", None)
    if isinstance(refusal, Refusal):
        return explain(refusal)
    return of_code(error.code, facts=error.facts)


def of_code(code: str, *, facts: Mapping[str, str] | None = None, fixer: str = "") -> Problem:
    """Return the words for a code and the facts it rests on."""
    wording = WORDINGS.get(code, WORDINGS["domain_error"])
    if code == "role_refused":
        fixer = ROLE_FIXERS.get((facts or {}).get("rule", ""), fixer)
    shown = _Facts({name: _shown(name, value) for name, value in (facts or {}).items()})
    url, link = _where(code, facts or {})
    return Problem(
        url=url,
        link=link,
        retry_after=(facts or {}).get("retry_after", ""),
        code=code,
        status=wording.status,
        title=str(wording.title) % shown,
        text=str(_why(code, facts or {}) or wording.text) % shown,
        fixer=str(
            fixer_said(
                fixer if fixer not in {"", "nobody"} else wording.fixer, code=code, reader=reader.role()
            )
        ),
    )


def _why(code: str, facts: Mapping[str, str]) -> words.Text:
    """Return what is wrong with the picture, or with the key or the request it came in, or nothing."""
    if code == "picture_refused":
        return FAULTS.get(facts.get("rule", ""), "")
    if "csr_refused" in {code, facts.get("check")}:
        return NOT_REQUESTS.get(facts.get("fault", "")) or CSR_FAULTS.get(facts.get("reason", ""), "")
    return WEAKNESSES.get(facts.get("weakness", ""), "")


def page(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Answer with the problem: as a page for people, as problem+json for machines."""
    if request.path.startswith(MACHINE_PATHS):
        return JsonResponse(problem.as_json(), status=problem.status, content_type="application/problem+json")
    response = render(request, "portal/problem.html", {"problem": problem}, status=problem.status)
    tagged(response, problem)
    if problem.status == _UNAVAILABLE:
        response["Retry-After"] = "10"
    if problem.retry_after:
        response["Retry-After"] = problem.retry_after
    return response


def tagged(response: HttpResponse, problem: Problem | None) -> HttpResponse:
    """Return the response, marked with the code of the problem that it shows, for the journal."""
    if problem is not None:
        response.problem_code = problem.code  # type: ignore[attr-defined] # read by code_of
    return response


def code_of(response: HttpResponse) -> str:
    """Return the code of the problem that an answer tells of, in whichever shape; empty without one."""
    if (code := getattr(response, "problem_code", "")) != "":
        return str(code)
    if response.streaming or "json" not in response.get("Content-Type", ""):
        return ""
    try:
        told = json.loads(response.content)
    except ValueError:
        return ""
    return str(told.get("code") or told.get("errorCode") or "") if isinstance(told, dict) else ""


def in_words(response: HttpResponse) -> HttpResponse:
    """Return a problem+json of the layers below, which know codes and facts, with words for people added.

    ``title`` and ``explanation`` are in the language that the caller asked for; ``code``, ``facts`` and
    ``detail`` (a field by its name, a fault by its sentence) stay what programs read.
    """
    if response.get("Content-Type", "") != "application/problem+json" or response.streaming:
        return response
    told = json.loads(response.content)
    facts = told.get("facts")
    facts = facts if isinstance(facts, dict) else {}
    if told.get("code") not in WORDINGS or "explanation" in told:
        return response
    problem = of_code(told["code"], facts=facts, fixer=str(facts.get("fixer", "")))
    told["title"] = problem.title
    told["explanation"] = " ".join(part for part in (problem.text, problem.fixer) if part)
    response.content = json.dumps(told).encode()
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400: Django's handler400. A session that could not be stored comes this way too."""
    if _is_passing(exception):
        return _bare(request, of_code("unavailable"))
    return page(request, of_code("bad_request"))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django names it
    """Answer 403: Django's handler403."""
    return page(request, of_code("forbidden"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django names it
    """Answer 404: Django's handler404."""
    return page(request, of_code("not_found"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 without asking anything that may be what broke: Django's handler500.

    A database that is away or busy is no fault of ours and passes: 503, and when to come back.
    """
    return _bare(request, of_code("unavailable" if _is_passing(sys.exception()) else "internal_error"))


def _is_passing(error: BaseException | None) -> bool:
    """Tell whether a database that was away is what an error began with."""
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _bare(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Answer with nothing that asks the database or the session."""
    response: HttpResponse
    if request.path.startswith(MACHINE_PATHS):
        response = JsonResponse(
            problem.as_json(), status=problem.status, content_type="application/problem+json"
        )
    else:
        response = render(None, "portal/broken.html", {"problem": problem}, status=problem.status)
    if problem.status == _UNAVAILABLE:
        response["Retry-After"] = "10"
    return response


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django names it
    """Answer a form without a valid token: Django's CSRF_FAILURE_VIEW."""
    return page(request, of_code("csrf"))


def _shown(name: str, value: str) -> str:
    """Return a fact as people read it: states, reasons, roles and moments in words."""
    if name in {"at", "until", "since"} or name.endswith(("_at", "_until", "_on")):
        return _when(value)
    if name in {"missing", "numbers"}:
        parts = [part.strip() for part in value.split(",")]
        steps = (str(_STEPS.get(part, part)).lower() for part in parts)
        return ", ".join(steps if name == "missing" else map(grouped, parts))
    if name == "needed":
        return _(" or ").join(str(_NAMES.get(part, part)) for part in value.split(","))
    if name == "product" and (item := products.product(value)) is not None:
        return words.product_name(item)
    if name in {"state", "order_state"}:
        return str(_STATES.get(value, value)).lower()
    return str({"reason": _REASONS}.get(name, _NAMES).get(value, value))


def _where(code: str, facts: Mapping[str, str]) -> tuple[str, str]:
    """Return address and label of the page where a refused person can go on."""
    if code == "order_already_running" and "card_order_id" in facts:
        return reverse("order", args=[facts["card_order_id"]]), _("Show the order")
    return "", ""


def _when(value: str) -> str:
    try:
        at = datetime.fromisoformat(value)
        return moments.moment(at, now=timezone.now()) if at.tzinfo else moments.day(at)
    except (ValueError, OverflowError):  # no date, or one at the very end of time
        return value


_REASONS: Final[Mapping[str, words.Text]] = {
    **{reason.value: words.BLOCK_REASONS[reason] for reason in BlockReason},
    **words.ABORT_REASONS,
}
_STATES: Final[Mapping[str, words.Text]] = {
    **{state.value: tag.label for state, tag in words.CARD_STATES.items()},
    **{state.value: tag.label for state, tag in words.ORDER_STATES.items()},
    **{state.value: tag.label for state, tag in words.FUNCTION_STATES.items()},
    **{status.value: tag.label for status, tag in words.REGISTRATION.items()},
}
_STEPS: Final[Mapping[str, words.Text]] = {name: label for name, label, _detail in words.SEVEN_STEPS}
_NAMES: Final[Mapping[str, words.Text]] = {
    "hsa": "HSA",  # the registers, as everybody calls them
    "pu": "PU",
    **{role.value: name for role, name in words.ROLES.items()},
    **KINDS,  # a card carries a photo, a signature
    **ROLE_RULES,
    **AGENCY_RULES,
    **{kind.value: name for kind, name in words.DOCUMENT_KINDS.items()},
    **{method.value: name for method, name in words.CHECK_METHODS.items()},
}
