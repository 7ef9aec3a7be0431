"""A mass revocation until an outside client has seen each of it, and a list of a hundred thousand (R21)."""

import subprocess
import time
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

from cryptography import x509
from cryptography.x509 import ocsp
from django.conf import settings

from bench.authority import serial_numbers
from bench.certificates import ACTOR, PROFILE, a_draft, now
from bench.installation import Installation, a_public_key
from bench.measuring import NotMeasured, Result
from bench.place import Place, end
from bench.revocation_row import question, says, status_processes
from ca.batch_issuance import issue_pending
from ca.crl_publishing import publish_crl
from ca.hsm.proxy import SocketSigners
from ca.mass_revocation import Criteria, approve, carry_out, stage
from ca.models import Certificate, Issuer, SerialReservation
from ca.pki.crl_entries import RevokedEntry
from ca.pki.reasons import RevocationReason
from ca.pki.serial import serial_hex
from ca.policy_files import files_of
from ca.registration import request_certificates
from ca.states import SerialState

_PURPOSE = "mass"
_PATIENCE = 600.0
_CHUNK = 500


def mass_revocation(place: Place, installation: Installation) -> Result:
    """Revoke ten thousand by query, and ask about each until the responder says so of all."""
    count = place.size(10_000, 500)
    _issue(place, count)
    running = status_processes(place)
    connection = HTTPConnection("127.0.0.1", installation.status_port, timeout=10)
    try:
        certificates = _published(place, count)
        questions = [question(one) for one in certificates]
        began = time.monotonic()
        mass = stage(
            Criteria(profile=PROFILE, organization_id=certificates[0].organization_id),
            reason=RevocationReason.SUPERSEDED,
            requested_at=now(),
            first_person="first",
            actor=ACTOR,
            at=now(),
        )
        approve(mass.pk, second_person="second", actor=ACTOR, at=now())
        if carry_out(mass.pk, actor=ACTOR, clock=now).total < count:
            raise NotMeasured("the list is shorter than what was issued")
        revoked = time.monotonic() - began
        place.say(f"{count:,} are revoked in the database after {revoked:.1f} s")
        waiting = questions
        while waiting:
            if time.monotonic() - began > _PATIENCE:
                raise NotMeasured(f"{len(waiting)} of {count} were not seen revoked in {_PATIENCE:.0f} s")
            waiting = [one for one in waiting if says(connection, one) is not ocsp.OCSPCertStatus.REVOKED]
        seen = time.monotonic() - began
    finally:
        connection.close()
        for process in running:
            end(process)
    return Result(
        value=seen,
        of="wall time from the start of the query to the last `revoked` that an outside client sees",
        note=f"{count:,} certificates, each asked about over HTTP; in the database after {revoked:.1f} s; "
        f"ledger, signature and store for each by the worker; PostgreSQL, SoftHSM",
    )


def long_list(place: Place, _: Installation) -> Result:
    """Make a list of a hundred thousand entries, from the rows to the file, and let three clients read it."""
    count = place.size(100_000, 5_000)
    chain = Path(settings.SIGILL_PUBLIC) / "chains" / "function.pem"
    issuer = Issuer.objects.get(key="function")
    _burn(issuer, count)
    place.say(f"{count:,} serial numbers are to be listed")
    signers, file = SocketSigners(settings.SIGILL_SIGNER_SOCKET), _file_of(issuer)
    began = time.monotonic()
    publish_crl(issuer, signers=signers, actor=ACTOR, at=now())
    first = time.monotonic() - began
    began = time.monotonic()
    publish_crl(issuer, signers=signers, actor=ACTOR, at=now() + timedelta(seconds=2))
    taken = time.monotonic() - began
    if len(x509.load_der_x509_crl(file.read_bytes())) < count:
        raise NotMeasured("cryptography does not read every entry")
    for reader in (
        ["openssl", "crl", "-inform", "DER", "-in", str(file), "-noout", "-CAfile", str(chain)],
        ["certtool", "--crl-info", "--inder", "--infile", str(file), "--outfile", "/dev/null"],
    ):
        done = subprocess.run(reader, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotMeasured(f"{reader[0]} does not take the list: {done.stderr.strip()[-200:]}")
    return Result(
        value=taken,
        of="wall time from the database's rows to the published file, signed in SoftHSM and verified",
        note=f"{count:,} entries, {file.stat().st_size / 1e6:.1f} MB; the first list, which also wrote them "
        f"to the ledger, {first:.1f} s; taken by openssl, GnuTLS and cryptography; PostgreSQL",
    )


def _issue(place: Place, count: int) -> None:
    signers = SocketSigners(settings.SIGILL_SIGNER_SOCKET)
    for start in range(0, count, _CHUNK):
        numbers = range(start, min(start + _CHUNK, count))
        request_certificates(
            [a_draft(number, a_public_key(), purpose=_PURPOSE) for number in numbers], actor=ACTOR, at=now()
        )
    issued = issue_pending(signers=signers, actor=ACTOR, at=now(), limit=count)
    if issued < count:
        raise NotMeasured(f"{issued} of {count} certificates were issued")
    place.say(f"{count:,} certificates are issued")


def _published(place: Place, count: int) -> list[Certificate]:
    ready = Certificate.objects.filter(
        carrier_id__startswith=f"{_PURPOSE}-", published_at__isnull=False
    ).select_related("issuer")
    deadline = time.monotonic() + _PATIENCE
    while ready.count() < count:
        if time.monotonic() > deadline:
            raise NotMeasured(f"{ready.count()} of {count} certificates were published")
        time.sleep(0.5)
    place.say(f"{count:,} certificates are published")
    return list(ready.order_by("carrier_id"))


def _burn(issuer: Issuer, count: int) -> None:
    """Write serial numbers that may have been signed: the list holds them as it holds the revoked."""
    at = now()
    for start in range(0, count, 5_000):
        SerialReservation.objects.bulk_create(
            SerialReservation(
                issuer=issuer,
                serial_hex=serial_hex(serial),
                state=SerialState.BURNT.value,
                reserved_at=at,
                burnt_at=at,
                crl_entry_der=RevokedEntry(
                    serial_number=serial, revoked_at=at, reason=RevocationReason.UNSPECIFIED
                ).encode(),
            )
            for serial in serial_numbers(count)[start : start + 5_000]
        )


def _file_of(issuer: Issuer) -> Path:
    facts = files_of(issuer).facts_of(issuer)
    return Path(settings.SIGILL_PUBLIC) / "crl" / facts.crl_url.rpartition("/")[2]
