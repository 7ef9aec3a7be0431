"""A block and the signer at the same instant: nothing is signed that nobody revokes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection, transaction

from ca import serial_numbers
from ca.issuance import LEASE
from ca.models import CertificateRequest
from ca.pki.reasons import RevocationReason
from ca.revocation import revoke_carrier
from ca.states import RequestState
from tests.ca.conftest import ALVA, Authority
from tests.running.installation import eventually


def block(at: datetime) -> None:
    try:
        revoke_carrier(
            carrier_kind="card",
            carrier_id="card-1",
            reason=RevocationReason.SUPERSEDED,
            requested_at=at,
            actor=ALVA,
            at=at,
        )
    finally:
        connection.close()


def somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks AS wanted"
            " WHERE NOT wanted.granted AND pg_backend_pid() = ANY(pg_blocking_pids(wanted.pid))"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_request_that_goes_to_the_signer_while_its_card_is_blocked_is_marked(authority: Authority) -> None:
    """What comes of it is revoked when it is recorded, and does not stand as if nothing had been blocked."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    request = authority.request()
    reservation = serial_numbers.reserve(request, at=authority.at)
    rows = CertificateRequest.objects.filter(pk=request.pk)
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            # The signer's step to "being signed", as it stands before its commit.
            rows.update(
                state=RequestState.SIGNING.value, serial=reservation, leased_until=authority.at + LEASE
            )
            blocking = threads.submit(block, authority.at)
            eventually(somebody_waits_for_us, why="the block waits for the request")
        blocking.result(timeout=60)
    found = rows.get()
    assert (found.state, found.failure) == (RequestState.SIGNING.value, "")
    assert (found.withdrawn_at, found.withdrawn_reason) == (authority.at, RevocationReason.SUPERSEDED.value)
