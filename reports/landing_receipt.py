"""Writes the receipt of a card's revocations: when each was seen where, with its place in the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string

from ca.environments import Environment
from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from cards.card_number import grouped
from directory.swedish_time import SWEDEN, swedish_day
from journal.models import Entry
from journal.proofs import ReceiptProof
from ocsp.models import Sighting
from reports.landing_words import LANDING_WORDS, LandingWords

_TWO_MINUTES: Final = 120
PROVING: Final = ("certificate.revoked", "revocation.seen", "revocation.closed")
"""What the receipt rests on, and proves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    source: str
    node: str
    seen: str
    after: str
    list: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Revoked:
    name: str
    serial: str
    issuer: str
    reason: str
    requested: str
    revoked: str
    sightings: Sequence[_Seen]


def entries_of(certificates: Sequence[Certificate]) -> list[int]:
    """Return the journal's entries that the receipt proves."""
    wanted = Entry.objects.filter(
        type__in=PROVING,
        references__kind="certificate",
        references__value__in=[str(one.pk) for one in certificates],
    )
    return list(wanted.order_by("pk").values_list("pk", flat=True))


def write_receipt(
    *,
    card_number: str,
    certificates: Sequence[Certificate],
    proof: ReceiptProof,
    language: str,
    made_at: datetime,
) -> bytes:
    """Return the receipt as a tagged PDF with the proof inside; it is sealed by whoever has the key."""
    import weasyprint  # noqa: PLC0415 - takes a second to load, and few processes ever need it

    words = LANDING_WORDS[language]
    html = render_to_string(
        "reports/landing_receipt.html",
        {
            "language": language,
            "words": words,
            "card_number": grouped(card_number),
            "environment": environment_of(certificates),
            "made": moment(made_at, words),
            "revoked": [_revoked(one, words) for one in certificates],
            "proof": proof,
        },
    )
    bundle = weasyprint.Attachment(
        string=proof.bundle.encode(), name="journal-proof.jsonl", description=words.journal
    )
    written: bytes = weasyprint.HTML(string=html).write_pdf(pdf_variant="pdf/ua-1", attachments=[bundle])
    return written


def environment_of(certificates: Sequence[Certificate]) -> str:
    """Return whose the card is: QA's, where QA's issuers stand beside this installation's own, or its own."""
    is_qa = any(one.issuer.environment == Environment.QA.value for one in certificates)
    return Environment.QA.value if is_qa else str(settings.SIGILL_ENVIRONMENT)


def _revoked(row: Certificate, words: LandingWords) -> _Revoked:
    sightings = Sighting.objects.filter(landing_id=row.pk).order_by("seen_at", "source", "node")
    return _Revoked(
        name=words.keys.get(row.name, row.name),
        serial=row.serial_hex,
        issuer=row.issuer.common_name,
        reason=words.reasons[RevocationReason(row.revocation_reason or 0)],
        requested=moment(row.revocation_requested_at, words),
        revoked=moment(row.revoked_at, words),
        sightings=[
            _Seen(
                source=words.sources[one.source],
                node=one.node,
                seen=_clock(one.seen_at, since=row.revoked_at, words=words),
                after=span(one.seen_at - row.revoked_at, words),
                list=str(one.crl_number or ""),
            )
            for one in sightings
            if one.seen_at is not None and row.revoked_at is not None
        ],
    )


def moment(at: datetime | None, words: LandingWords) -> str:
    """Return the day and the Swedish clock time as a document tells them; nothing for never."""
    if at is None:
        return ""
    local = at.astimezone(SWEDEN)
    return f"{local.day} {words.months[local.month - 1]} {local.year} {words.at} {local:%H:%M:%S}"


def span(length: timedelta, words: LandingWords) -> str:
    """Return a span in seconds with one decimal, in minutes from two minutes on."""
    seconds = max(length.total_seconds(), 0.0)
    if seconds >= _TWO_MINUTES:
        return f"{seconds / 60:.0f} min"
    return f"{seconds:.1f} s".replace(".", words.decimal)


def _clock(at: datetime, *, since: datetime, words: LandingWords) -> str:
    """Return the clock time, with its day where that is another than that of the revocation."""
    local = at.astimezone(SWEDEN)
    if local.date() == swedish_day(since):
        return f"{local:%H:%M:%S}"
    return moment(at, words)
