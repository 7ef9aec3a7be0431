"""Serial numbers: reserved in a row of their own before anything is signed, and burnt when a try ends."""

from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from ca.errors import CaError
from ca.events import SerialBurnt
from ca.models import Certificate, CertificateRequest, SerialReservation
from ca.pki.crl_entries import RevokedEntry
from ca.pki.reasons import RevocationReason
from ca.pki.serial import new_serial, serial_hex
from ca.states import SerialAction, SerialState, next_serial_state
from journal.actor import Actor
from journal.recording import record

_TRIES: Final = 3


def reserve(request: CertificateRequest, *, at: datetime) -> SerialReservation:
    """Reserve a serial number for a request and commit it; refuses to run inside a transaction.

    Raises ``CaError`` when three random numbers in a row were taken: the random source is broken.
    """
    for _ in range(_TRIES):
        number = serial_hex(new_serial())
        try:
            # Durable: an uncommitted reservation would protect nobody (reliability.md F36).
            with transaction.atomic(durable=True):
                return SerialReservation.objects.create(
                    issuer_id=request.issuer_id, serial_hex=number, request=request, reserved_at=at
                )
        except IntegrityError:
            continue
    raise CaError("three random serial numbers in a row were taken")


def burn(reservation: SerialReservation, *, actor: Actor, at: datetime) -> None:
    """Make sure that a serial number is never used; call it within a transaction.

    Where bytes with the number went to the signer, a certificate may exist that nobody recorded: the
    number gets an entry in the CRL, so that it could do no harm if it came to light.
    """
    stored = SerialReservation.objects.get(pk=reservation.pk)
    state = SerialState(stored.state)
    if state in {SerialState.BURNT, SerialState.USED}:
        return
    may_be_signed = state is SerialState.INTENDED
    entry = RevokedEntry(
        serial_number=int(stored.serial_hex, 16), revoked_at=at, reason=RevocationReason.UNSPECIFIED
    )
    changed = SerialReservation.objects.filter(pk=stored.pk, state=state.value).update(
        state=next_serial_state(state, SerialAction.BURN).value,
        burnt_at=at,
        crl_entry_der=entry.encode() if may_be_signed else b"",
    )
    if changed:
        record(
            SerialBurnt(
                certificate_request_id="" if stored.request_id is None else str(stored.request_id),
                issuer_id=stored.issuer_id,
                serial=stored.serial_hex,
                tbs_sha256=stored.tbs_sha256,
                may_be_signed=may_be_signed,
            ),
            actor=actor,
            at=at,
        )


def burn_abandoned(*, actor: Actor, at: datetime, older_than: datetime) -> int:
    """Burn numbers that were reserved before ``older_than`` and never came to an intent; return how many."""
    abandoned = SerialReservation.objects.filter(state=SerialState.RESERVED.value, reserved_at__lt=older_than)
    count = 0
    for reservation in abandoned:
        with transaction.atomic():
            burn(reservation, actor=actor, at=at)
        count += 1
    return count


def is_known(issuer_key: str, number_hex: str) -> bool:
    """Tell whether an issuer ever took a serial number, whatever became of it."""
    return (
        SerialReservation.objects.filter(issuer_id=issuer_key, serial_hex=number_hex).exists()
        or Certificate.objects.filter(issuer_id=issuer_key, serial_hex=number_hex).exists()
    )
