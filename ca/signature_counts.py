"""How many signatures each CA key has made, beside the rows that account for them: none may lack a row."""

import struct
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Count, QuerySet, Sum

from ca.events import SignaturesAccepted
from ca.models import Certificate, Crl, Issuer, SerialReservation, SignatureAllowance
from ca.states import SerialState
from journal.actor import Actor
from journal.recording import record

_FORMAT: Final = struct.Struct(">Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigures:
    """One key. ``certificates`` and ``crls`` are rows; ``uncertain`` may have been signed before a crash.

    ``signed`` was read before the rows and ``signed_since`` after them: a signer at work signs between.
    ``accepted`` are signatures whose rows a restored backup does not have, or that an operator explained;
    less than 0 where a counter was set back.
    """

    label: str
    signed: int
    signed_since: int
    certificates: int
    crls: int
    uncertain: int
    accepted: int

    @property
    def without_a_row(self) -> int:
        """Signatures that nothing accounts for: an alarm unless 0 (reliability F36)."""
        return max(0, self.signed - self.certificates - self.crls - self.uncertain - self.accepted)

    @property
    def rows_without_signature(self) -> int:
        """Rows that the key's counter does not know: the counter was set back."""
        return max(0, self.certificates + self.crls + self.accepted - self.signed_since)


def key_figures() -> list[KeyFigures]:
    """Return the figures of every issuer's key, the only keys of which each signature is a row.

    In the order in which things become something else, so that work under way is never an alarm: what may
    have been signed before what is recorded, and the counters on either side.
    """
    signed = signed_by_label()
    burnt = SerialReservation.objects.filter(state=SerialState.BURNT.value).exclude(tbs_sha256="")
    open_ones = SerialReservation.objects.filter(state=SerialState.INTENDED.value)
    begun = Crl.objects.filter(signed_at__isnull=True).exclude(tbs_sha256="")
    uncertain = _per_issuer(open_ones) + _per_issuer(burnt) + _per_issuer(begun)
    certificates = _per_issuer(Certificate.objects.all())
    crls = _per_issuer(Crl.objects.filter(signed_at__isnull=False))
    accepted = dict(
        SignatureAllowance.objects.values_list("label")
        .annotate(Sum("signatures"))
        .values_list("label", "signatures__sum")
    )
    since = signed_by_label()
    return [
        KeyFigures(
            label=key,
            signed=signed.get(key, 0),
            signed_since=since.get(key, 0),
            certificates=certificates[key],
            crls=crls[key],
            uncertain=uncertain[key],
            accepted=accepted.get(key, 0),
        )
        for key in Issuer.objects.filter(certified_at__isnull=False)
        .order_by("key")
        .values_list("key", flat=True)
    ]


def signed_by_label() -> dict[str, int]:
    """Return the signer's own counters, of every key; empty where the signer is another machine's."""
    folder = settings.SIGILL_HOME / "hsm" / "counts"
    found = {}
    for file in folder.iterdir() if folder.is_dir() else ():
        content = file.read_bytes()
        if len(content) == _FORMAT.size:
            (found[file.name],) = _FORMAT.unpack(content)
    return found


def accept_differences(*, reason: str, actor: Actor, at: datetime, is_set_back: bool = False) -> int:
    """Accept the signatures that have no row now, each key's in the journal; return how many they are.

    For a restored backup (its rows are older than the keys), or after a person found the cause. Where
    ``is_set_back`` also rows that a key's counter does not know: with their sign.
    """
    accepted = 0
    with transaction.atomic():
        for figures in key_figures():
            difference = figures.without_a_row
            if is_set_back and not difference:
                difference = -figures.rows_without_signature
            if not difference:
                continue
            SignatureAllowance.objects.create(
                label=figures.label, signatures=difference, reason=reason, noted_at=at
            )
            event = SignaturesAccepted(label=figures.label, signatures=difference, reason=reason)
            record(event, actor=actor, at=at)
            accepted += abs(difference)
    return accepted


def _per_issuer(rows: QuerySet[Certificate] | QuerySet[Crl] | QuerySet[SerialReservation]) -> Counter[str]:
    counted = rows.values_list("issuer_id").annotate(n=Count("pk")).values_list("issuer_id", "n")
    return Counter(dict(counted))
