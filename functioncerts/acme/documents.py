"""ACME's objects as JSON, and the addresses that they name (RFC 8555 section 7.1)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from django.conf import settings

from functioncerts.acme.models import Account, AcmeOrder, Authorization, Challenge
from functioncerts.acme.placing import PROFILES
from functioncerts.acme.renewal_information import Window
from functioncerts.acme.states import AuthorizationState, ChallengeState, OrderState

PREFIX: Final = "/acme"


def url_of(place: str) -> str:
    """Return the address of a place below /acme/."""
    return f"{settings.SIGILL_ACME_URL}/{place}"


def url_of_path(path: str) -> str:
    """Return the address under which clients know a path of a request."""
    return settings.SIGILL_ACME_URL + path.removeprefix(PREFIX)


def directory() -> dict[str, object]:
    """Return where everything is."""
    return {
        "newNonce": url_of("new-nonce"),
        "newAccount": url_of("new-account"),
        "newOrder": url_of("new-order"),
        "newAuthz": url_of("new-authz"),
        "revokeCert": url_of("revoke-cert"),
        "keyChange": url_of("key-change"),
        "renewalInfo": url_of("renewal-info"),
        "meta": {
            "termsOfService": f"{settings.SIGILL_PORTAL_URL}/cps/",
            "website": settings.SIGILL_PORTAL_URL,
            "externalAccountRequired": True,
            "profiles": dict(PROFILES),
        },
    }


def account_document(account: Account) -> dict[str, object]:
    """Return an account (RFC 8555 section 7.1.2)."""
    told: dict[str, object] = {
        "status": account.state,
        "termsOfServiceAgreed": True,
        "externalAccountBinding": account.binding,
        "orders": url_of(f"account/{account.pk}/orders"),
    }
    return told | ({"contact": account.contact} if account.contact else {})


def order_document(order: AcmeOrder) -> dict[str, object]:
    """Return an order (RFC 8555 section 7.1.3)."""
    authorizations = order.authorizations.order_by("name").values_list("pk", flat=True)
    told: dict[str, object] = {
        "status": order.state,
        "expires": moment(order.expires_at),
        "identifiers": [{"type": "dns", "value": name} for name in order.names],
        "profile": order.profile,
        "authorizations": [url_of(f"authz/{pk}") for pk in authorizations],
        "finalize": url_of(f"order/{order.pk}/finalize"),
    }
    if order.replaces:
        told["replaces"] = order.replaces
    if order.state == OrderState.VALID.value:
        told["certificate"] = url_of(f"cert/{order.pk}")
    if order.error is not None:
        told["error"] = order.error
    return told


def authorization_document(authorization: Authorization, *, at: datetime) -> dict[str, object]:
    """Return an authorization (RFC 8555 section 7.1.4); decided ones with the challenge that did it."""
    challenges = list(authorization.challenges.order_by("kind"))
    decided = {
        AuthorizationState.VALID.value: ChallengeState.VALID,
        AuthorizationState.INVALID.value: ChallengeState.INVALID,
    }
    if (state := decided.get(authorization.state)) is not None:
        challenges = [one for one in challenges if one.state == state.value]
    return {
        "identifier": {"type": "dns", "value": authorization.name},
        "status": authorization_status(authorization, at=at),
        "expires": moment(authorization.expires_at),
        "challenges": [challenge_document(one) for one in challenges],
    }


def authorization_status(authorization: Authorization, *, at: datetime) -> str:
    """Return the state, or what time alone has made of it: a valid one expires, a pending one is invalid."""
    if authorization.expires_at > at:
        return authorization.state
    over = {AuthorizationState.VALID.value: "expired", AuthorizationState.PENDING.value: "invalid"}
    return over.get(authorization.state, authorization.state)


def challenge_document(challenge: Challenge) -> dict[str, object]:
    """Return a challenge (RFC 8555 section 8)."""
    told: dict[str, object] = {
        "type": challenge.kind,
        "url": url_of(f"chall/{challenge.pk}"),
        "status": challenge.state,
        "token": challenge.token,
    }
    if challenge.validated_at is not None:
        told["validated"] = moment(challenge.validated_at)
    if challenge.error is not None:
        told["error"] = challenge.error
    return told


def orders_document(orders: Sequence[AcmeOrder]) -> dict[str, object]:
    """Return a page of an account's orders (RFC 8555 section 7.1.2.1)."""
    return {"orders": [url_of(f"order/{order.pk}") for order in orders]}


def renewal_document(window: Window) -> dict[str, object]:
    """Return when to renew (RFC 9773 section 4.2)."""
    return {
        "suggestedWindow": {"start": moment(window.start), "end": moment(window.end)},
        "explanationURL": f"{settings.SIGILL_PORTAL_URL}/cps/",
    }


def moment(at: datetime) -> str:
    """Return a moment as RFC 3339 writes it, in whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
