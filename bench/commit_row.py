"""From CSR to committed certificate with its journal, against bare commits of the same rows."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.db import connection

from bench.certificates import ACTOR, now, register
from bench.installation import Installation
from bench.journal_row import with_database
from bench.measuring import NotMeasured, Result, Work, cpu_seconds, interleaved, ratio
from bench.place import Place
from ca.hsm.proxy import SocketSigners
from ca.issuance import issue_request
from ca.pki.csr import parse_csr

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
    """Parse the CSR, register, issue; CPU of the worker and its database backend."""
    signers = SocketSigners(settings.SIGILL_SIGNER_SOCKET)
    count = place.size(120, 60)
    requests = [_csr() for _ in range(count)]
    numbers = iter(range(10_000_000))
    left_behind = [_rows_of(_issue(signers, csr, next(numbers))) for csr in requests]
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"CREATE TABLE IF NOT EXISTS bare_{table} (LIKE {table} INCLUDING ALL)")

    def ours() -> int:
        for csr in requests:
            _issue(signers, csr, next(numbers))
        return count

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
        note=f"CPU of the worker and its database backend; the signer's {signing:.2f} ms are not in it; "
        f"{note}",
    )


def _csr() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "courtesy")])
    request = x509.CertificateSigningRequestBuilder(subject_name=name).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.DER)


def _issue(signers: SocketSigners, csr: bytes, number: int) -> str:
    request = register(number, parse_csr(csr).public_key, purpose="commit")
    if issue_request(request.pk, signers=signers, actor=ACTOR, at=now()) is None:
        raise NotMeasured("a request was refused")
    return str(request.pk)


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
