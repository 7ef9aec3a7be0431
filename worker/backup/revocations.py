"""Gathers every revocation that is known outside the database into the ledger of the new installation.

The ledger outside wins over the one in the backup. Published CRLs know what no ledger does: serial numbers
that were burnt after signing; a CRL counts only with its issuer's signature.
"""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.conf import settings
from django.db.models import Max

from ca.crl_lists import crl_file
from ca.ledger import LedgerEntry, RevocationLedger
from ca.models import Certificate, Crl, Issuer, SerialReservation
from ca.pki.reasons import RevocationReason
from ca.pki.serial import serial_hex
from ca.published_files import published_crl_number, write_whole
from ca.states import SerialState
from journal.recording import rfc3339


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCrl:
    """A CRL file with its issuer's signature on it, and the place that it was published at."""

    issuer: Issuer
    shard: int
    number: int
    content: bytes
    parsed: x509.CertificateRevocationList


def join_ledgers(outside: Iterable[Path]) -> RevocationLedger:
    """Make the ledger of this installation out of those outside, the first first, and the backup's own.

    Raises ``LedgerDamaged``.
    """
    place: Path = settings.SIGILL_LEDGER
    others = [file for file in outside if file.exists()]
    if not others:
        ledger = RevocationLedger(place)
        ledger.append([])
        return ledger
    own = RevocationLedger(place).entries()
    draft = place.with_name("joined.draft")
    draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(others[0], draft)
    draft.chmod(0o600)
    ledger = RevocationLedger(draft)
    for file in others[1:]:
        ledger.append(RevocationLedger(file).entries())
    ledger.append(own)
    draft.replace(place)
    return RevocationLedger(place)


def published_crls(folders: Iterable[Path]) -> list[PublishedCrl]:
    """Return every CRL of ours in those folders; others and unsigned ones are left out."""
    return [crl for folder in folders for crl in _crls_in(folder)]


def take_from_crls(crls: Iterable[PublishedCrl], ledger: RevocationLedger) -> int:
    """Put revocations that stand on a CRL and nowhere else into the ledger; return how many."""
    known = {entry.name for entry in ledger.entries()}
    fresh = {}
    for crl in crls:
        for revoked in crl.parsed:
            name = (crl.issuer.key, serial_hex(revoked.serial_number))
            if name not in known and not _is_on_record(*name):
                fresh[name] = _entry(crl.issuer, revoked)
    return ledger.append(fresh.values())


def put_newest_in_place(crls: Iterable[PublishedCrl]) -> None:
    """Publish the newest of each CRL, so that the next one is measured against it."""
    for crl in crls:
        file = crl_file(crl.issuer, shard=crl.shard)
        if published_crl_number(file, issuer_der=bytes(crl.issuer.certificate_der)) < crl.number:
            write_whole(file, crl.content)


def jump_crl_numbers(crls: Iterable[PublishedCrl], *, since: datetime, at: datetime) -> dict[str, int]:
    """Take a number for each CRL beyond every one that may have been used since the backup.

    Nobody makes more than one CRL a second, so the seconds since then are enough, also where the newest
    files were lost. Returns ``issuer/shard`` -> number.
    """
    seconds = max(timedelta(0), at - since) // timedelta(seconds=1)
    highest: dict[tuple[str, int], int] = {}
    for issuer, shard, number in Crl.objects.values_list("issuer_id", "shard").annotate(Max("crl_number")):
        highest[issuer, shard] = number
    for crl in crls:
        name = (crl.issuer.key, crl.shard)
        highest[name] = max(highest.get(name, 0), crl.number)
    for (issuer, shard), number in highest.items():
        Crl.objects.create(issuer_id=issuer, shard=shard, crl_number=number + seconds + 1, reserved_at=at)
    return {f"{issuer}/{shard}": number + seconds + 1 for (issuer, shard), number in highest.items()}


def _crls_in(folder: Path) -> Iterator[PublishedCrl]:
    shards = Crl.objects.order_by().values_list("issuer_id", "shard").distinct()
    issuers = Issuer.objects.in_bulk()
    for issuer_key, shard in shards:
        issuer = issuers[issuer_key]
        file = folder / crl_file(issuer, shard=shard).name
        try:
            content = file.read_bytes()
            parsed = x509.load_der_x509_crl(content)
        except (OSError, ValueError):
            continue
        if parsed.is_signature_valid(_public_key(issuer)):
            number = parsed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
            yield PublishedCrl(issuer=issuer, shard=shard, number=number, content=content, parsed=parsed)


def _public_key(issuer: Issuer) -> CertificateIssuerPublicKeyTypes:
    return load_der_public_key(bytes(issuer.public_key))  # type: ignore[return-value] # RSA or EC: the hierarchy's


def _is_on_record(issuer_key: str, number_hex: str) -> bool:
    named = {"issuer_id": issuer_key, "serial_hex": number_hex}
    burnt = SerialReservation.objects.filter(**named, state=SerialState.BURNT.value).exclude(
        crl_entry_der=b""
    )
    return burnt.exists() or Certificate.objects.filter(**named, revoked_at__isnull=False).exists()


def _entry(issuer: Issuer, revoked: x509.RevokedCertificate) -> LedgerEntry:
    number = serial_hex(revoked.serial_number)
    certificate = Certificate.objects.filter(issuer=issuer, serial_hex=number).first()
    if certificate is not None:
        certificate_id, not_after = str(certificate.pk), certificate.not_after
    else:  # nobody knows when it ends: not after its issuer
        certificate_id = ""
        not_after = x509.load_der_x509_certificate(bytes(issuer.certificate_der)).not_valid_after_utc
    revoked_at = rfc3339(revoked.revocation_date_utc)
    return LedgerEntry(
        issuer=issuer.key,
        serial=number,
        certificate_id=certificate_id,
        revoked_at=revoked_at,
        requested_at=revoked_at,
        invalidity_at=_invalid_from(revoked),
        not_after=rfc3339(not_after),
        reason=_reason(revoked).value,
    )


def _reason(revoked: x509.RevokedCertificate) -> RevocationReason:
    try:
        flag = revoked.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return RevocationReason.UNSPECIFIED
    return next((one for one in RevocationReason if one.rfc_name == flag.value), RevocationReason.UNSPECIFIED)


def _invalid_from(revoked: x509.RevokedCertificate) -> str:
    try:
        value = revoked.extensions.get_extension_for_class(x509.InvalidityDate).value
    except x509.ExtensionNotFound:
        return ""
    return rfc3339(value.invalidity_date_utc)
