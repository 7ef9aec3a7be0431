"""Looks whether challenges are met; for the worker alone, outside every transaction (RFC 8555 section 8)."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from functioncerts.acme.acting import WORKER
from functioncerts.acme.encoded import base64url
from functioncerts.acme.errors import AcmeProblem, ProblemType
from functioncerts.acme.models import Challenge
from functioncerts.acme.moves import claim, confirm, refuse, retry
from functioncerts.acme.name_probe import NameProbe
from functioncerts.acme.proving import key_authorization
from functioncerts.acme.states import AccountState, ChallengeState
from functioncerts.acme.web_probe import WebProbe

LEASE: Final = timedelta(seconds=60)
"""How long one worker has an attempt to itself: longer than an attempt takes, short for whom it is lost."""
PAUSE: Final = timedelta(seconds=5)
WELL_KNOWN: Final = "/.well-known/acme-challenge/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """What looks outside, and a clock."""

    web: WebProbe
    names: NameProbe
    clock: Callable[[], datetime]


def probes(*, clock: Callable[[], datetime], seconds: Callable[[], float]) -> Probes:
    """Return the probes that the settings ask for."""
    names = NameProbe(resolvers=settings.SIGILL_ACME_RESOLVERS)
    web = WebProbe(
        names=names,
        networks=settings.SIGILL_ACME_NETWORKS,
        port=settings.SIGILL_ACME_HTTP_PORT,
        clock=seconds,
    )
    return Probes(web=web, names=names, clock=clock)


def validate(challenge_id: UUID | str, *, probes: Probes) -> bool:
    """Take the next attempt at a challenge if it is due and nobody else has it; return whether it was taken.

    1. claim: committed, so that a crash after it costs the lease and nothing else
    2. look: no transaction open
    3. note the outcome, if the challenge is still where the attempt began
    """
    challenge = _one(challenge_id)
    at = probes.clock()
    if challenge is None or not claim(challenge, until=at + LEASE, at=at):
        return False
    problem = _look(challenge, probes)
    at = probes.clock()
    with transaction.atomic():
        if problem is None:
            until = at + timedelta(days=settings.SIGILL_ACME_AUTHORIZATION_DAYS)
            confirm(challenge, until=until, actor=WORKER, at=at)
        elif challenge.attempts < settings.SIGILL_ACME_ATTEMPTS:
            retry(challenge, problem.document(), at=at, pause=PAUSE)
        else:
            refuse(challenge, problem.document(), actor=WORKER, at=at)
    return True


def due(*, at: datetime, limit: int = 100) -> list[UUID]:
    """Return the challenges that wait for an attempt: repeated ones, and those whose worker died."""
    waiting = Challenge.objects.filter(state=ChallengeState.PROCESSING.value, next_attempt_at__lte=at)
    return list(waiting.order_by("next_attempt_at").values_list("pk", flat=True)[:limit])


def _one(challenge_id: UUID | str) -> Challenge | None:
    rows = Challenge.objects.select_related("authorization__account")
    return rows.filter(pk=challenge_id, state=ChallengeState.PROCESSING.value).first()


def _look(challenge: Challenge, probes: Probes) -> AcmeProblem | None:
    """Return what is wrong, or None where the account's proof is in its place."""
    if challenge.authorization.account.state != AccountState.VALID.value:
        return AcmeProblem(ProblemType.UNAUTHORIZED, "the account was ended")
    try:
        return _http(challenge, probes.web) if challenge.kind == "http-01" else _dns(challenge, probes.names)
    except AcmeProblem as problem:
        return problem


def _http(challenge: Challenge, web: WebProbe) -> AcmeProblem | None:
    """RFC 8555 section 8.3."""
    name, expected = challenge.authorization.name, key_authorization(challenge)
    found = web.fetch(name, WELL_KNOWN + challenge.token).rstrip()
    if hmac.compare_digest(found, expected.encode()):
        return None
    return AcmeProblem(
        ProblemType.INCORRECT_RESPONSE,
        f"the page at {name} holds {len(found)} octets that are not the key authorization",
    )


def _dns(challenge: Challenge, names: NameProbe) -> AcmeProblem | None:
    """RFC 8555 section 8.4."""
    place = f"_acme-challenge.{challenge.authorization.name}"
    expected = base64url(hashlib.sha256(key_authorization(challenge).encode()).digest())
    found = names.texts(place)
    if any(hmac.compare_digest(text.encode(), expected.encode()) for text in found):
        return None
    if not found:
        return AcmeProblem(ProblemType.DNS, f"{place} has no TXT record")
    return AcmeProblem(
        ProblemType.INCORRECT_RESPONSE, f"no TXT record of {place} holds the digest of the key authorization"
    )
