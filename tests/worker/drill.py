"""What happens in the installation of a restore drill, each function in a process of its own.

The same verbs as the worker's, with the token in this process: no signer need run.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.db import transaction

from ca.crl_publishing import publish_due
from ca.hsm.installation import token_configuration
from ca.hsm.keeper_signers import KeeperSigners
from ca.hsm.token_keeper import keep_token
from ca.issuance import issue_request
from ca.ledger_replay import append_revocation
from ca.models import Certificate, SerialReservation
from ca.pki.crl_entries import RevokedEntry
from ca.pki.reasons import RevocationReason
from ca.registration import request_certificate
from ca.revocation import revoke
from directory.events import ProtectedPersonOpened
from journal import checkpoints, sequencing, tile_files
from journal.erasure import Ground, erase
from journal.models import PersonKey
from journal.recording import record
from ocsp import publisher
from ocsp.store.lmdb_store import LmdbStore
from tests.ca.conftest import ALVA, WORKER, asa, new_public_key

ISSUER = "person_hsa_id_3"
BURNT = 2**150 + 7


def issue(*names: str) -> None:
    """Issue and publish a certificate for each name, and print them as PEM by name."""
    issued = {}
    with _signers() as signers:
        for name in names:
            request = request_certificate(
                profile="person_hsa_authentication",
                subject=asa(),
                public_key=new_public_key(),
                person_id="person-1",
                organization_id="organization-1",
                carrier_kind="card",
                carrier_id=name,
                name="hsa_authentication",
                idempotency_key=f"drill:{name}",
                actor=ALVA,
                at=datetime.now(UTC),
            )
            certificate = issue_request(request.pk, signers=signers, actor=WORKER, at=datetime.now(UTC))
            assert certificate is not None
            parsed = x509.load_der_x509_certificate(bytes(certificate.certificate_der))
            issued[name] = parsed.public_bytes(Encoding.PEM).decode()
        _publish(signers)
    sys.stdout.write(json.dumps(issued))


def tell_of(*subjects: str) -> None:
    """Put words about persons into the journal, each under the person's key."""
    for subject in subjects:
        event = ProtectedPersonOpened(person_id=subject, organization_id="", page="drill", reason="drill")
        with transaction.atomic():
            record(event, actor=ALVA, at=datetime.now(UTC))


def forget(*subjects: str) -> None:
    """Erase persons."""
    for subject in subjects:
        assert erase(
            subject,
            ground=Ground.RETENTION,
            ledger=settings.SIGILL_ERASURES,
            actor=WORKER,
            at=datetime.now(UTC),
        )


def known() -> None:
    """Print of whom words can be read."""
    sys.stdout.write(json.dumps(sorted(PersonKey.objects.values_list("subject", flat=True))))


def revoke_named(*names: str) -> None:
    """Revoke by name, through ledger, OCSP, CRL and a signed head."""
    now = datetime.now(UTC)
    for name in names:
        certificate = Certificate.objects.get(carrier_id=name)
        reason = RevocationReason.KEY_COMPROMISE
        revoke(certificate_id=certificate.pk, reason=reason, requested_at=now, actor=ALVA, at=now)
        append_revocation(str(certificate.pk))
    with _signers() as signers:
        _publish(signers)


def burn() -> None:
    """List a serial number that may have been signed and that no ledger knows: a worker was killed."""
    now = datetime.now(UTC)
    entry = RevokedEntry(serial_number=BURNT, revoked_at=now, reason=RevocationReason.UNSPECIFIED)
    SerialReservation.objects.create(
        issuer_id=ISSUER,
        serial_hex=f"{BURNT:x}",
        state="burnt",
        reserved_at=now,
        burnt_at=now,
        not_after=now + timedelta(days=365),
        crl_entry_der=entry.encode(),
    )
    with _signers() as signers:
        _publish(signers)


@contextmanager
def _signers() -> Iterator[KeeperSigners]:
    with keep_token(token_configuration(), patience=10) as keeper:
        keeper.start()
        yield KeeperSigners(keeper)


def _publish(signers: KeeperSigners) -> None:
    now = datetime.now(UTC)
    store = LmdbStore(settings.SIGILL_OCSP_STORE)
    assert not publisher.refresh_due(store=store, signers=signers, at=now).failures
    store.close()
    publish_due(signers=signers, actor=WORKER, at=now)
    while sequencing.sequence_committed():
        pass
    audit = signers.signer_for("audit")
    checkpoints.sign_head(
        origin=settings.SIGILL_JOURNAL_ORIGIN,
        public_key=audit.public_key,
        sign=audit.sign,
        outside=settings.SIGILL_HOME / "journal" / "checkpoints",
        at=now,
    )
    tile_files.publish(settings.SIGILL_PUBLIC / "log")
