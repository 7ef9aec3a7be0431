"""From CSR to committed certificate with its journal, against bare commits of the same rows."""

from collections.abc import Iterator
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.db import connection

from bench.certificates import ACTOR, a_draft, now
from bench.installation import Installation
from bench.journal_row import with_database
from bench.measuring import NotMeasured, Result, Work, cpu_seconds, interleaved, ratio
from bench.place import Place
from ca.batch_issuance import BATCH, issue_batch
from ca.hsm.proxy import SocketSigners
from ca.pki.csr import parse_csr
from ca.registration import request_certificates

_ABOUT = "SELECT entry_id FROM journal_entryreference WHERE kind = 'certificate_request' AND value = %(text)s"
_TABLES = {
    "ca_certificaterequest": "id = %(key)s",
    "ca_serialreservation": "request_id = %(key)s",
    "ca_certificate": "request_id = %(key)s",
    "journal_entry": f"id IN ({_ABOUT})",
    "journal_entryreference": f"entry_id IN ({_ABOUT})",
    "journal_unsequenced": f"entry_id IN ({_ABOUT})",
}
"""The rows that one certificate leaves behind."""


def commit(place: Place, installation: Installation) -> Result:
    """Parse CSRs, register and issue, fifty at a time; CPU of the worker and its database backend."""
    signers = SocketSigners(settings.SIGILL_SIGNER_SOCKET)
    count = place.size(3 * BATCH, 2 * BATCH)
    requests = iter([[_csr() for _ in range(count)] for _ in range(place.rounds + 1)])
    numbers = iter(range(10_000_000))
    left_behind = [_rows_of(key) for key in _issue(signers, next(requests), numbers)]
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"CREATE TABLE IF NOT EXISTS bare_{table} (LIKE {table} INCLUDING ALL)")

    def ours() -> int:
        return len(_issue(signers, next(requests), numbers))

    def bare() -> int:
        raw: Any = connection.connection
        with raw.cursor() as cursor:
            for rows in left_behind:
                with raw.transaction():
                    for statement, values in rows:
                        cursor.executemany(statement, values)
        return count

    def bare_into_empty_tables() -> Work:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(f'bare_{table}' for table in _TABLES)}")
        return with_database(bare)

    before = cpu_seconds(installation.signer.pid)
    rates = interleaved(
        {"certificates": lambda: with_database(ours), "bare commits": bare_into_empty_tables},
        rounds=place.rounds,
        say=place.say,
    )
    signing = 1e3 * (cpu_seconds(installation.signer.pid) - before) / (count * place.rounds)
    lines = sum(len(values) for _, values in left_behind[0])
    value, note = ratio(rates, "certificates", "bare commits")
    return Result(
        value=value,
        of=f"bare commits with psycopg of the {lines} rows that one leaves behind",
        note=f"{BATCH} registered in one commit, and issued in two; the bare rows of one certificate are "
        f"one commit; CPU of worker and database backend; the signer's {signing:.2f} ms are not in it; "
        f"{note}",
    )


def _csr() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "courtesy")])
    request = x509.CertificateSigningRequestBuilder(subject_name=name).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.DER)


def _issue(signers: SocketSigners, requests: list[bytes], numbers: Iterator[int]) -> list[str]:
    keys: list[str] = []
    for start in range(0, len(requests), BATCH):
        drafts = [
            a_draft(next(numbers), parse_csr(csr).public_key, purpose="commit")
            for csr in requests[start : start + BATCH]
        ]
        rows = [str(row.pk) for row in request_certificates(drafts, actor=ACTOR, at=now())]
        if issue_batch(rows, signers=signers, actor=ACTOR, at=now()) != len(rows):
            raise NotMeasured("a request was refused")
        keys += rows
    return keys


def _rows_of(key: str) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """Return what writes a request's rows again into tables of the same shape."""
    found = []
    with connection.cursor() as cursor:
        for table, condition in _TABLES.items():
            cursor.execute(f"SELECT * FROM {table} WHERE {condition}", {"key": key, "text": key})  # noqa: S608 - as above
            values = [tuple(_plain(value) for value in row) for row in cursor.fetchall()]
            names = ", ".join(column.name for column in cursor.description or ())
            marks = ", ".join(["%s"] * len(cursor.description or ()))
            if not values:
                raise NotMeasured(f"{table} holds nothing of a certificate that was issued")
            found.append((f"INSERT INTO bare_{table} ({names}) VALUES ({marks})", values))  # noqa: S608 - as above
    return found


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value
