"""Nonces that are good once, in whichever process they come back (RFC 8555 section 6.5).

Made from the installation's secret, so that giving one out costs no row; a spent one is a row for an hour.
"""

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction

from functioncerts.acme.encoded import base64url, from_base64url
from functioncerts.acme.errors import AcmeProblem, ProblemType
from functioncerts.acme.models import SpentNonce

LIFETIME: Final = timedelta(hours=1)
_SKEW: Final = timedelta(minutes=5)
"""How far the clocks of two of our own machines may differ."""
_MOMENT, _RANDOM, _MAC = 6, 16, 16


def fresh_nonce(*, at: datetime) -> str:
    """Return a nonce that is good once within the next hour."""
    content = int(at.timestamp()).to_bytes(_MOMENT, "big") + secrets.token_bytes(_RANDOM)
    return base64url(content + _mac(content))


def spend(nonce: str, *, at: datetime) -> None:
    """Use a nonce up, in a transaction of its own. Raises AcmeProblem (badNonce): used, old, or not ours."""
    try:
        content = from_base64url(nonce, "nonce")
    except AcmeProblem:
        raise _bad("it was not given out here") from None
    made, mac = content[:-_MAC], content[-_MAC:]
    if len(made) != _MOMENT + _RANDOM or not hmac.compare_digest(_mac(made), mac):
        raise _bad("it was not given out here")
    made_at = int.from_bytes(made[:_MOMENT], "big")
    if not -_SKEW.total_seconds() <= at.timestamp() - made_at < LIFETIME.total_seconds():
        raise _bad("it is too old")
    try:
        with transaction.atomic():
            SpentNonce.objects.create(nonce=nonce, good_until=at + LIFETIME + _SKEW)
    except IntegrityError:
        raise _bad("it was used before") from None


def forget_spent(*, at: datetime) -> int:
    """Remove spent nonces that would be refused for their age; return how many. For a periodic job."""
    removed, _ = SpentNonce.objects.filter(good_until__lt=at).delete()
    return removed


def _mac(content: bytes) -> bytes:
    key = f"sigill acme nonce {settings.SIGILL_ACME_MASTER}".encode()
    return hmac.digest(key, content, "sha256")[:_MAC]


def _bad(why: str) -> AcmeProblem:
    return AcmeProblem(ProblemType.BAD_NONCE, f"the nonce is not good: {why}; ask for another and try again")
