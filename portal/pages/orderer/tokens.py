"""The tokens by which programs order and revoke: what each may do, who it acts as, when it was last used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from directory.models import Role
from directory.selectors import held_among, names_of
from functioncerts import policies
from functioncerts.errors import ApiTokenNotFound, Refused, TokenNotGranted
from functioncerts.models import ApiToken, TokenScope
from functioncerts.receipts import TEXT, VERSION, Receipt, text_sha256
from functioncerts.token_models import DEFAULT_SCOPES
from functioncerts.token_selectors import list_tokens
from functioncerts.tokens import LIFETIME, LONGEST_LABEL, CreatedToken, create_token, revoke_token
from journal.actor import OPERATOR, Actor
from journal.errors import Refusal
from portal import problems, words
from portal.pages import asking
from portal.pages.desk.identity_form import dress
from portal.pages.orderer import function_words
from portal.pages.parts import Crumb
from portal.problems import Problem
from portal.signing.acts import Act, ActKind
from portal.signing.step_up import signed
from portal.words import Tag, Text

_DAYS: Final = (30, 90, LIFETIME.days)
_SOON: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLine:
    """A token as a line."""

    id: str
    label: str
    acts_as: str
    role: Text
    organization: str
    scopes: Sequence[Text]
    made_at: datetime
    made_by: str
    expires_at: datetime
    last_used_at: datetime | None
    tag: Tag
    may_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensPage:
    """What the page shows; ``text`` is the token itself, only right after it was made."""

    crumbs: Sequence[Crumb]
    rows: Sequence[TokenLine]
    next_url: str = ""
    is_all: bool = False
    why: Problem | None = None
    address: str = ""
    receipt: str = TEXT
    version: str = VERSION
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeShown:
    """One thing that a program may do, as the form shows it."""

    value: str
    name: Text
    label: Text
    is_ticked: bool
    is_weighty: bool


class TokenForm(forms.Form):
    """What a new token is for, for how long, and whether the receipt is accepted ahead."""

    label = forms.CharField(
        label=gettext_lazy("What it is for"),
        help_text=gettext_lazy("The program and where it runs, so that somebody else knows it in a year."),
        max_length=LONGEST_LABEL,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What the program may do"), widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(label=gettext_lazy("How long it works"), coerce=int)
    receipt = forms.BooleanField(
        label=gettext_lazy("I accept the receipt now, for every certificate that is ordered with it."),
        required=False,
    )

    def __init__(self, data: object = None) -> None:
        given = {"scopes": [one.value for one in DEFAULT_SCOPES], "days": _DAYS[1]}
        super().__init__(data, initial=given)  # type: ignore[arg-type]
        self.fields["scopes"].choices = list(function_words.SCOPES.items())  # type: ignore[attr-defined]
        self.fields["days"].choices = [  # type: ignore[attr-defined]
            (days, _("%(days)d days") % {"days": days}) for days in _DAYS
        ]
        dress(self)
        self.fields["scopes"].error_messages["required"] = _(
            "Tick at least one thing that the program may do."
        )

    @property
    def scopes_shown(self) -> Sequence[ScopeShown]:
        """Return every scope with whether it is ticked."""
        ticked = {str(one) for one in self["scopes"].value() or ()}
        return [
            ScopeShown(
                value=one.value,
                name=function_words.SHORT_SCOPES[one],
                label=function_words.SCOPES[one],
                is_ticked=one.value in ticked,
                is_weighty=one not in DEFAULT_SCOPES,
            )
            for one in TokenScope
        ]

    def chosen(self) -> tuple[TokenScope, ...]:
        """Return the scopes, in their own order."""
        return tuple(one for one in TokenScope if one.value in self.cleaned_data["scopes"])


@require_http_methods(["GET", "HEAD", "POST"])
def show_tokens(request: HttpRequest) -> HttpResponse:
    """List the tokens in reach; make one for oneself, shown only in the answer."""
    actor, at = asking.who(request), asking.now()
    if (refusal := policies.may_see_tokens(actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    if request.method != "POST":
        return _answer(request, TokenForm(), actor=actor, at=at)
    if (refusal := _why_not(actor)) is not None:
        return problems.page(request, problems.explain(refusal))
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _answer(request, form, actor=actor, at=at, status=422)
    try:
        made = _made(request, form, actor=actor, at=at)
    except (Refused, TokenNotGranted) as error:
        return _answer(request, form, actor=actor, at=at, problem=problems.explain(error))
    return _answer(request, TokenForm(), actor=actor, at=at, made=made)


@require_http_methods(["POST"])
def end_token(request: HttpRequest, api_token_id: str) -> HttpResponse:
    """Take a token out of use, at once and for ever; what takes back is not held up by a card."""
    actor, at = asking.who(request), asking.now()
    try:
        revoke_token(api_token_id=str(api_token_id), actor=actor, at=at)
    except (ApiTokenNotFound, Refused) as error:
        return problems.page(request, problems.explain(error))
    messages.success(request, _("The token works no more."))
    return HttpResponseRedirect(reverse("function-tokens"))


def tokens_page(
    *, actor: Actor, at: datetime, after: str = "", made: CreatedToken | None = None
) -> TokensPage:
    """Return what the page shows to this actor."""
    found = list_tokens(actor=actor, after=after)
    names = names_of(
        {one.employment.hsa_id for one in found.tokens} | {one.created_by for one in found.tokens}
    )
    live = held_among({one.employment.hsa_id for one in found.tokens}, at=at)
    refusal = _why_not(actor)
    here = reverse("function-tokens")
    return TokensPage(
        crumbs=(Crumb(label=_("Function objects"), url=reverse("functions")), Crumb(label=_("API tokens"))),
        rows=[_line(one, names=names, live=live, actor=actor, at=at) for one in found.tokens],
        next_url=f"{here}?{urlencode({'after': found.after})}" if found.after else "",
        is_all=policies.sees_all_tokens(actor),
        why=problems.explain(refusal) if refusal is not None else None,
        address=f"{settings.SIGILL_PORTAL_URL}{reverse('api-function-certificates')}",
        text=made.text if made else "",
    )


def _made(request: HttpRequest, form: TokenForm, *, actor: Actor, at: datetime) -> CreatedToken:
    scopes, days = form.chosen(), form.cleaned_data["days"]
    accepts = form.cleaned_data["receipt"]
    with signed(request, _making(form, actor), actor=actor, at=at) as doer:
        return create_token(
            hsa_id=actor.identifier,
            role=actor.role,
            organization_id=actor.acting_for,
            scopes=scopes,
            label=form.cleaned_data["label"],
            receipt=Receipt(version=VERSION, evidence_id=doer.evidence_id) if accepts else None,
            lifetime=timedelta(days=days),
            actor=doer,
            at=at,
        )


def _making(form: TokenForm, actor: Actor) -> Act:
    """Return what is signed: from then on whoever has the token acts in this role, and no card is asked."""
    scopes, accepts = form.chosen(), form.cleaned_data["receipt"]
    told = {
        "label": form.cleaned_data["label"],
        "hsa_id": actor.identifier,
        "role": words.ROLES[Role(actor.role)],
        "days": form.cleaned_data["days"],
        "scopes": " ".join(f"{number}) {function_words.SCOPES[one]}" for number, one in enumerate(scopes, 1)),
    }
    sentence = _(
        "I make an API token for “%(label)s”. For %(days)d days, whoever has it acts as %(hsa_id)s, "
        "%(role)s, without a card, and may: %(scopes)s"
    )
    return Act(
        kind=ActKind.API_TOKEN,
        text=sentence % told + ("\n\n" + TEXT if accepts else ""),
        facts={
            "hsa_id": actor.identifier,
            "role": actor.role,
            "organization_id": actor.acting_for,
            "unit_id": actor.unit_id,
            "scopes": ",".join(scopes),
            "label": form.cleaned_data["label"],
            "days": str(form.cleaned_data["days"]),
            "receipt": text_sha256() if accepts else "",
        },
    )


def _why_not(actor: Actor) -> Refusal | None:
    return policies.may_make_token(
        hsa_id=actor.identifier, role=actor.role, organization_id=actor.acting_for, actor=actor
    )


def _line(
    one: ApiToken,
    *,
    names: Mapping[str, str],
    live: frozenset[tuple[str, str, str]],
    actor: Actor,
    at: datetime,
) -> TokenLine:
    hsa_id, is_live = one.employment.hsa_id, one.revoked_at is None and one.expires_at > at
    by_operator = one.created_by.startswith(OPERATOR)
    holds = (hsa_id, one.role, str(one.organization_id)) in live
    return TokenLine(
        id=str(one.pk),
        label=one.label or _("without a name"),
        acts_as=names.get(hsa_id, hsa_id),
        role=words.ROLES[Role(one.role)],
        organization=one.organization.name,
        scopes=[function_words.SHORT_SCOPES[scope] for scope in TokenScope if scope.value in one.scopes],
        made_at=one.created_at,
        made_by=_("The operator") if by_operator else names.get(one.created_by, one.created_by),
        expires_at=one.expires_at,
        last_used_at=one.last_used_at,
        tag=_tag(one, holds=holds, at=at),
        may_end=is_live and policies.may_end_token(one, actor=actor) is None,
    )


def _tag(one: ApiToken, *, holds: bool, at: datetime) -> Tag:
    if one.revoked_at is not None:
        return Tag(label=_("Ended"), tone="mute", icon="slash-circle")
    if one.expires_at <= at:
        return Tag(label=_("Has run out"), tone="mute", icon="clock-history")
    if not holds:
        return Tag(label=_("The role is gone"), tone="warn", icon="person-badge")
    if one.expires_at - at <= _SOON:
        return Tag(label=_("Runs out soon"), tone="warn", icon="hourglass-split")
    return Tag(label=_("Works"), tone="ok", icon="check-circle")


def _answer(
    request: HttpRequest,
    form: TokenForm,
    *,
    actor: Actor,
    at: datetime,
    made: CreatedToken | None = None,
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    page = tokens_page(actor=actor, at=at, after=request.GET.get("after", "")[:80], made=made)
    context = {"page": page, "form": form, "problem": problem}
    response = render(
        request, "portal/function_tokens.html", context, status=problem.status if problem else status
    )
    return problems.tagged(response, problem)
