"""Letting a server renew by itself: the keys and accounts of ACME for one function object."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from directory.selectors import names_of
from functioncerts import policies
from functioncerts.acme.accounts import revoke_account
from functioncerts.acme.errors import AccountNotFound, ExternalKeyNotFound
from functioncerts.acme.external_keys import (
    LIFETIME,
    CreatedExternalKey,
    approve_external_key,
    create_external_key,
    revoke_external_key,
)
from functioncerts.acme.models import Account, ExternalAccountKey
from functioncerts.acme.selectors import accounts_of, external_keys_of
from functioncerts.acme.states import AccountState
from functioncerts.errors import Refused
from functioncerts.models import FunctionKind, FunctionObject
from functioncerts.receipts import TEXT, VERSION, Receipt, text_sha256
from functioncerts.selectors import get_function_object_by_id
from journal.actor import Actor
from journal.errors import Refusal
from portal import problems
from portal.pages import asking
from portal.pages.parts import Crumb
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed
from portal.words import Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """An external account key as a line."""

    id: str
    made_at: datetime
    made_by: str
    opens_until: datetime
    accounts: int
    tag: Tag
    may_approve: bool = False
    may_revoke: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """An account as a line."""

    id: str
    opened_at: datetime
    tag: Tag
    may_revoke: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AcmePage:
    """What the page shows; ``key_id`` and ``hmac_key`` only right after a key was made."""

    directory: str
    crumbs: Sequence[Crumb]
    keys: Sequence[KeyLine] = ()
    accounts: Sequence[AccountLine] = ()
    why: Problem | None = None
    may_make: bool = False
    receipt: str = TEXT
    key_id: str = ""
    hmac_key: str = field(default="", repr=False)


@require_http_methods(["GET", "HEAD", "POST"])
def show_acme(request: HttpRequest, function_id: str) -> HttpResponse:
    """Show keys and accounts; make, approve or revoke one. 404 also when outside the actor's role."""
    actor, at = asking.who(request), asking.now()
    one = get_function_object_by_id(str(function_id), actor=actor)
    if request.method != "POST":
        return _answer(request, acme_page(one, actor=actor, at=at))
    try:
        made = _done(request, one, actor=actor, at=at)
    except Refused as error:
        problem = problems.explain(error)
        return _answer(request, acme_page(one, actor=actor, at=at), problem)
    except (ExternalKeyNotFound, AccountNotFound) as error:
        return problems.page(request, problems.explain(error))
    if made is not None:
        return _answer(request, acme_page(one, actor=actor, at=at, made=made))
    messages.success(request, _("The change is made."))
    return HttpResponseRedirect(reverse("function-acme", args=[one.pk]))


def acme_page(
    one: FunctionObject, *, actor: Actor, at: datetime, made: CreatedExternalKey | None = None
) -> AcmePage:
    """Return what the page shows to this actor."""
    accounts = accounts_of(one, actor=actor)
    valid = Counter(
        account.external_key_id for account in accounts if account.state == AccountState.VALID.value
    )
    refusal = _why_not(one, actor=actor, at=at)
    may_revoke = policies.may_end(one, actor=actor) is None
    waits = policies.needs_second_person(one, actor=actor)
    keys = list(external_keys_of(one, actor=actor))
    names = names_of({key.created_by for key in keys})
    return AcmePage(
        directory=f"{settings.SIGILL_ACME_URL}/directory",
        crumbs=(
            Crumb(label=_("Function objects"), url=reverse("functions")),
            Crumb(label=one.name, url=reverse("function", args=[one.pk])),
            Crumb(label="ACME"),
        ),
        keys=[
            KeyLine(
                id=str(key.pk),
                made_at=key.created_at,
                made_by=names.get(key.created_by, key.created_by),
                opens_until=key.expires_at,
                accounts=valid[key.pk],
                tag=_key_tag(key, waits=waits, at=at),
                may_approve=waits
                and refusal is None
                and key.approved_at is None
                and key.revoked_at is None
                and not policies.is_same_person(actor, key.created_by),
                may_revoke=may_revoke and key.revoked_at is None,
            )
            for key in keys
        ],
        accounts=[
            AccountLine(
                id=str(account.pk),
                opened_at=account.created_at,
                tag=_account_tag(account),
                may_revoke=may_revoke and account.state == AccountState.VALID.value,
            )
            for account in accounts
        ],
        why=problems.explain(refusal) if refusal is not None else None,
        may_make=refusal is None,
        key_id=made.key_id if made else "",
        hmac_key=made.hmac_key if made else "",
    )


def _done(
    request: HttpRequest, one: FunctionObject, *, actor: Actor, at: datetime
) -> CreatedExternalKey | None:
    """Do what the button says; return a key that was made."""
    key, account = request.POST.get("key", ""), request.POST.get("account", "")
    match request.POST.get("act", ""):
        case "make":
            with signed(request, _making(one), actor=actor, at=at) as doer:
                receipt = Receipt(version=VERSION, evidence_id=doer.evidence_id)
                return create_external_key(
                    hsa_id=one.hsa_id, lifetime=LIFETIME, receipt=receipt, actor=doer, at=at
                )
        case "approve":
            with signed(request, _approving(one, key), actor=actor, at=at) as doer:
                approve_external_key(external_key_id=key, actor=doer, at=at)
        case "revoke" if account:
            revoke_account(account_id=account, actor=actor, at=at)
        case _:
            revoke_external_key(external_key_id=key, actor=actor, at=at)
    return None


def _making(one: FunctionObject) -> Act:
    """Return what is signed when a program is let order: from then on nobody is asked about each order."""
    sentence = _(
        "I make an ACME key for %(function)s (%(hsa_id)s): for %(days)d days, whoever has it may open an "
        "account that orders certificates for it by itself."
    )
    told = {"function": one.name, "hsa_id": one.hsa_id, "days": LIFETIME.days}
    return Act(
        kind=ActKind.ACME_KEY,
        text=sentence % told + "\n\n" + TEXT,
        facts={
            "function_object_id": str(one.pk),
            "act": "make",
            "days": str(LIFETIME.days),
            "receipt": text_sha256(),
        },
    )


def _approving(one: FunctionObject, key: str) -> Act:
    sentence = _(
        "I approve the ACME key %(key)s for %(function)s (%(hsa_id)s), and all that its accounts order."
    )
    return Act(
        kind=ActKind.ACME_KEY,
        text=sentence % {"key": key, "function": one.name, "hsa_id": one.hsa_id},
        facts={"function_object_id": str(one.pk), "act": "approve", "external_key_id": key},
    )


def _why_not(one: FunctionObject, *, actor: Actor, at: datetime) -> Refusal | None:
    if one.kind == FunctionKind.EMAIL.value:
        return Refusal(
            code="acme_not_for_mailboxes", facts=(("function_object", one.hsa_id),), fixer="nobody"
        )
    return policies.may_order(one, actor=actor, at=at)


def _key_tag(key: ExternalAccountKey, *, waits: bool, at: datetime) -> Tag:
    if key.revoked_at is not None:
        return Tag(label=_("Revoked"), tone="bad", icon="slash-circle")
    if waits and key.approved_at is None:
        return Tag(label=_("Waits for a second person"), tone="warn", icon="hourglass-split")
    if key.expires_at <= at:
        return Tag(label=_("Opens no more accounts"), tone="mute", icon="clock-history")
    return Tag(label=_("Opens accounts"), tone="ok", icon="check-circle")


def _account_tag(account: Account) -> Tag:
    if account.state == AccountState.VALID.value:
        return Tag(label=_("In use"), tone="ok", icon="check-circle")
    return Tag(label=_("Ended"), tone="mute", icon="x-circle")


def _answer(request: HttpRequest, page: AcmePage, problem: Problem | None = None) -> HttpResponse:
    context = {"page": page, "problem": problem}
    status = problem.status if problem else 200
    return problems.tagged(render(request, "portal/function_acme.html", context, status=status), problem)
