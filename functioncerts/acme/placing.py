"""Places orders and authorizations: the same again gives the same, and what is proved is not asked twice."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction

from functioncerts import policies
from functioncerts.acme.acting import WORKER
from functioncerts.acme.errors import AcmeProblem, ProblemType, malformed
from functioncerts.acme.events import AcmeAuthorizationGranted, AcmeOrderPlaced
from functioncerts.acme.identifiers import names_in
from functioncerts.acme.limits import demand_room_for_order
from functioncerts.acme.models import Account, AcmeOrder, Authorization, Challenge
from functioncerts.acme.moves import about_account, about_order, fail_order, make_ready
from functioncerts.acme.policies import demand_second_person
from functioncerts.acme.renewal_information import certificate_named
from functioncerts.acme.states import AuthorizationState, ChallengeState, OrderState
from functioncerts.models import FunctionKind
from functioncerts.names import is_inside
from functioncerts.validated import validations_in_force
from functioncerts.validation_models import ValidationMethod
from journal.actor import Actor
from journal.recording import record

ORDER_LASTS: Final = timedelta(days=7)
PENDING_LASTS: Final = timedelta(days=7)
PROFILES: Final[Mapping[str, str]] = {
    FunctionKind.SERVER.value: "a server that other systems call, and that calls them (both purposes)",
    FunctionKind.CLIENT.value: "a system that calls others (client authentication)",
}
KINDS: Final = ("http-01", "dns-01")
_LEAST_LEFT: Final = timedelta(hours=1)
"""What is over sooner is not given out again."""
_BY_MACHINE: Final = frozenset({ValidationMethod.DNS_TXT.value, ValidationMethod.HTTP.value})


def place_order(account: Account, fields: Mapping[str, object], *, actor: Actor, at: datetime) -> AcmeOrder:
    """Return an order for the names asked for (RFC 8555 section 7.4), an open one if it is the same.

    Raises AcmeProblem: for names, profile, replaces, limits, and while the function object gets none.
    """
    function_object = account.function_object
    if "notBefore" in fields or "notAfter" in fields:
        raise malformed("the validity is the profile's: notBefore and notAfter are not taken")
    profile = _profile(fields.get("profile"), function_object.kind)
    if (refusal := policies.may_order(function_object, actor=actor, at=at)) is not None:
        raise AcmeProblem(ProblemType.UNAUTHORIZED, f"nothing may be ordered now: {refusal.code}")
    demand_second_person(account, actor=actor)
    names = names_in(fields.get("identifiers"), function_object=function_object, at=at)
    replaces = _replaces(fields.get("replaces", ""), account, names, at=at)
    earlier = _open_order(account, names, profile, replaces, at=at)
    if earlier is not None:
        return earlier
    demand_room_for_order(account, names, at=at)
    try:
        with transaction.atomic():
            return _placed(account, names, profile, replaces, actor=actor, at=at)
    except IntegrityError:
        raise _already_replaced() from None


def authorize_ahead(account: Account, identifier: object, *, actor: Actor, at: datetime) -> Authorization:
    """Return an authorization for a name before there is an order (RFC 8555 section 7.4.1)."""
    names = names_in([identifier], function_object=account.function_object, at=at)
    demand_room_for_order(account, names, at=at)
    with transaction.atomic():
        return _authorization(account, names[0], actor=actor, at=at)


def expire_orders(*, at: datetime, limit: int = 200) -> int:
    """End the orders whose time is over, and return how many were; a periodic job."""
    open_ones = [OrderState.PENDING.value, OrderState.READY.value]
    due = AcmeOrder.objects.select_related("account").filter(state__in=open_ones, expires_at__lte=at)
    return sum(expire(order, actor=WORKER, at=at) for order in due.order_by("expires_at")[:limit])


def expire(order: AcmeOrder, *, actor: Actor, at: datetime) -> bool:
    """End one order whose time is over."""
    problem = AcmeProblem(ProblemType.MALFORMED, "the order expired before it was finalized").document()
    with transaction.atomic():
        return fail_order(order, problem, actor=actor, at=at, expired=True)


def _placed(
    account: Account, names: Sequence[str], profile: str, replaces: str, *, actor: Actor, at: datetime
) -> AcmeOrder:
    order = AcmeOrder.objects.create(
        account=account,
        state=OrderState.PENDING.value,
        names=list(names),
        profile=profile,
        replaces=replaces,
        created_at=at,
        expires_at=at + ORDER_LASTS,
    )
    placed = AcmeOrderPlaced(
        **about_order(order), names=tuple(names), profile=profile, is_replacement=bool(replaces)
    )
    record(placed, actor=actor, at=at)
    order.authorizations.set([_authorization(account, name, actor=actor, at=at) for name in names])
    make_ready(order, actor=actor, at=at)
    order.refresh_from_db()
    return order


def _authorization(account: Account, name: str, *, actor: Actor, at: datetime) -> Authorization:
    """Return an authorization that is good or open, or a new one with its challenges."""
    usable = [AuthorizationState.VALID.value, AuthorizationState.PENDING.value]
    known = Authorization.objects.filter(
        account=account, name=name, state__in=usable, expires_at__gt=at + _LEAST_LEFT
    )
    # A name that is shown comes before one that is asked for: "valid" is the later word.
    found = known.order_by("-state", "-created_at").first()
    if found is not None:
        return found
    if (method := _shown_by_organization(account, name, at=at)) != "":
        return _granted(account, name, method, actor=actor, at=at)
    created = Authorization.objects.create(
        account=account,
        name=name,
        state=AuthorizationState.PENDING.value,
        created_at=at,
        expires_at=at + PENDING_LASTS,
    )
    for kind in KINDS:
        Challenge.objects.create(
            authorization=created,
            kind=kind,
            token=secrets.token_urlsafe(32),
            state=ChallengeState.PENDING.value,
        )
    return created


def _shown_by_organization(account: Account, name: str, *, at: datetime) -> str:
    """Return by which method the organization itself showed its right to the name lately; empty for none."""
    days = settings.SIGILL_ACME_VALIDATION_COUNTS_DAYS
    fresh = validations_in_force(account.function_object, at=at).filter(
        method__in=_BY_MACHINE, valid_from__gt=at - timedelta(days=days)
    )
    return next((one.method for one in fresh.order_by("pk") if is_inside(name, [one.name])), "")


def _granted(account: Account, name: str, method: str, *, actor: Actor, at: datetime) -> Authorization:
    created = Authorization.objects.create(
        account=account,
        name=name,
        state=AuthorizationState.VALID.value,
        created_at=at,
        expires_at=at + timedelta(days=settings.SIGILL_ACME_AUTHORIZATION_DAYS),
    )
    granted = AcmeAuthorizationGranted(
        **about_account(account), acme_authorization_id=str(created.pk), names=(name,), ground=method
    )
    record(granted, actor=actor, at=at)
    return created


def _open_order(
    account: Account, names: Sequence[str], profile: str, replaces: str, *, at: datetime
) -> AcmeOrder | None:
    """Return an open order for just the same, so that a client that asks twice has one order."""
    open_ones = AcmeOrder.objects.select_related("account").filter(
        account=account,
        state__in=[OrderState.PENDING.value, OrderState.READY.value],
        profile=profile,
        replaces=replaces,
        expires_at__gt=at + _LEAST_LEFT,
    )
    return next((one for one in open_ones.order_by("-created_at") if one.names == list(names)), None)


def _profile(asked: object, kind: str) -> str:
    """Return the profile: what the function object is decides it (draft-aaron-acme-profiles section 4)."""
    if asked is not None and asked != kind:
        told = str(asked)[:32]
        raise AcmeProblem(
            ProblemType.INVALID_PROFILE,
            f"the function object gets certificates of the profile {kind}, not {told}",
        )
    return kind


def _replaces(asked: object, account: Account, names: Sequence[str], *, at: datetime) -> str:
    """Return the id of the certificate that is replaced, after RFC 9773 section 5."""
    if asked == "":
        return ""
    if not isinstance(asked, str):
        raise malformed("replaces is the id of a certificate (RFC 9773 section 4.1)")
    found = certificate_named(asked)
    if found is None or found.order.function_object_id != account.function_object_id:
        raise malformed("replaces names no certificate of this account's function object")
    if not set(found.order.names) & set(names):
        raise malformed("the certificate that is replaced has none of these names")
    for other in AcmeOrder.objects.filter(replaces=asked).exclude(state=OrderState.INVALID.value):
        is_open = other.state in {OrderState.PENDING.value, OrderState.READY.value}
        if is_open and other.expires_at <= at:
            expire(other, actor=WORKER, at=at)
        elif not is_open or other.account_id != account.pk:
            raise _already_replaced()
    return asked


def _already_replaced() -> AcmeProblem:
    return AcmeProblem(ProblemType.ALREADY_REPLACED, "another order replaces that certificate already")
