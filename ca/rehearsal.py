"""Asks whether a certificate would be taken in order, before anybody asks for it."""

from datetime import datetime

from ca.blocklist import known_keys
from ca.models import Issuer
from ca.registration import _checked
from ca.request_draft import RequestDraft
from journal.actor import Actor


def check_request(draft: RequestDraft, *, actor: Actor, at: datetime) -> None:
    """Raise what ``registration.request_certificate`` would raise for this draft, and write nothing."""
    issuers = list(Issuer.objects.defer("certificate_der", "public_key"))
    _checked(draft, known=known_keys([draft.public_key_sha256]), issuers=issuers, actor=actor, at=at)
