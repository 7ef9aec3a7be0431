"""Writes the receipt of a card's revocations: when each was seen where, with its place in the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string

from ca.environments import Environment
from ca.models import Certificate
from ca.pki.reasons import RevocationReason
from journal.models import Entry
from journal.proofs import ReceiptProof
from ocsp.models import Sighting

_STOCKHOLM: Final = ZoneInfo("Europe/Stockholm")
PROVING: Final = ("certificate.revoked", "revocation.seen", "revocation.closed")
"""What the receipt rests on, and proves."""

_WORDS: Final[dict[str, dict[str, str]]] = {
    "sv": {
        "title": "Kvittens på spärr",
        "opening": "Alla certifikat på kortet är spärrade, och spärren har setts utifrån på varje tjänst som "
        "förlitande parter frågar. Tiderna är svensk tid.",
        "card": "Kortnummer",
        "environment": "Miljö",
        "made": "Gjord",
        "certificate": "Certifikat",
        "issuer": "Utfärdare",
        "reason": "Orsak",
        "requested": "Begärd",
        "revoked": "Spärrad i liggaren",
        "source": "Tjänst",
        "node": "Adress",
        "seen": "Sedd som spärrad",
        "after": "Efter",
        "list": "Lista",
        "journal": "Journalen",
        "proof": "Journalens rader om detta, med bevis att de hör till trädet vars huvud är signerat, ligger "
        "i filen journal-proof.jsonl i den här PDF:en. Den prövas med journal/verify.py, utan någon server.",
        "rows": "rader, huvud",
        "ocsp": "OCSP",
        "delta_crl": "Deltalistan",
        "full_crl": "Spärrlistan",
    },
    "en": {
        "title": "Receipt of revocation",
        "opening": "All certificates on the card are revoked, and the revocation was seen from outside on "
        "every service that relying parties ask. Times are Swedish time.",
        "card": "Card number",
        "environment": "Environment",
        "made": "Made",
        "certificate": "Certificate",
        "issuer": "Issuer",
        "reason": "Reason",
        "requested": "Asked for",
        "revoked": "Revoked in the ledger",
        "source": "Service",
        "node": "Address",
        "seen": "Seen as revoked",
        "after": "After",
        "list": "List",
        "journal": "The journal",
        "proof": "The journal's rows about this, with proofs that they belong to the tree whose head is "
        "signed, lie in the file journal-proof.jsonl inside this PDF. journal/verify.py checks it alone.",
        "rows": "rows, head",
        "ocsp": "OCSP",
        "delta_crl": "The delta list",
        "full_crl": "The revocation list",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    source: str
    node: str
    seen: str
    after: str
    list: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Revoked:
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

    words = _WORDS[language]
    html = render_to_string(
        "reports/landing_receipt.html",
        {
            "language": language,
            "words": words,
            "card_number": card_number,
            "environment": environment_of(certificates),
            "made": _clock(made_at),
            "revoked": [_revoked(one, words) for one in certificates],
            "proof": proof,
        },
    )
    bundle = weasyprint.Attachment(
        string=proof.bundle.encode(), name="journal-proof.jsonl", description=words["journal"]
    )
    written: bytes = weasyprint.HTML(string=html).write_pdf(pdf_variant="pdf/ua-1", attachments=[bundle])
    return written


def environment_of(certificates: Sequence[Certificate]) -> str:
    """Return whose the card is: QA's, where QA's issuers stand beside this installation's own, or its own."""
    is_qa = any(one.issuer.environment == Environment.QA.value for one in certificates)
    return Environment.QA.value if is_qa else str(settings.SIGILL_ENVIRONMENT)


def _revoked(row: Certificate, words: dict[str, str]) -> _Revoked:
    sightings = Sighting.objects.filter(landing_id=row.pk).order_by("seen_at", "source", "node")
    return _Revoked(
        serial=row.serial_hex,
        issuer=row.issuer.common_name,
        reason=RevocationReason(row.revocation_reason or 0).rfc_name,
        requested=_clock(row.revocation_requested_at),
        revoked=_clock(row.revoked_at),
        sightings=[
            _Seen(
                source=words[one.source],
                node=one.node,
                seen=_clock(one.seen_at),
                after=f"{(one.seen_at - row.revoked_at).total_seconds():.2f} s",
                list=str(one.crl_number or ""),
            )
            for one in sightings
            if one.seen_at is not None and row.revoked_at is not None
        ],
    )


def _clock(at: datetime | None) -> str:
    return f"{at.astimezone(_STOCKHOLM):%Y-%m-%d %H:%M:%S}" if at is not None else ""
