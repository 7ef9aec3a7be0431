"""What the doctor looks at: each check is a sentence about one thing, right or wrong. Changes nothing."""

import hashlib
import json
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import DatabaseError, connection

from ca.ceremony.recorded import changed_settings, protocol_file, recorded_protocol
from ca.crl_lists import crl_file
from ca.errors import LedgerDamaged, SigningRefused, SigningUnavailable
from ca.hsm import token_copy
from ca.hsm.configuration import TokenConfiguration
from ca.hsm.copy_proof import prove_keys
from ca.hsm.faults import TokenBusy, TokenFault
from ca.hsm.proxy import SocketSigners
from ca.hsm.token_lock import own_token
from ca.hsm.token_session import open_session
from ca.ledger_replay import revocation_ledger
from ca.models import Certificate, Issuer
from ca.pki.errors import PkiError
from ca.policy_files import files_of, policy_files
from ca.published_files import published_crl
from ca.selectors import chain_pem, issuers, latest_crl, requests_waiting

_FUTURE: Final = timedelta(minutes=5)
_WAITING: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at. ``is_right`` None: it could not be looked at, and that may be so."""

    what: str
    is_right: bool | None
    said: str


def examine(configuration: TokenConfiguration, *, at: datetime) -> Iterator[Check]:
    """Look at everything that the CA needs, one thing after the other."""
    changed = changed_settings()
    for sentence in changed:
        yield Check(what="settings", is_right=False, said=sentence)
    if changed:
        yield Check(what="settings", is_right=None, said="the rest is looked at when this is put right")
        return
    yield _policy()
    is_there = _database()
    yield is_there
    if not is_there.is_right:
        return
    yield _ceremony()
    yield from _secrets(configuration)
    yield from _keys(configuration)
    yield _serving()
    yield from _copies(configuration)
    yield _clock(at)
    yield from _crls(at)
    yield from _public_files()
    yield _ledger(at)
    yield _requests(at)


def _policy() -> Check:
    try:
        files = policy_files()
    except PkiError as error:
        return Check(what="policy", is_right=False, said=f"the policy files are refused: {error}")
    said = f"{len(files.profiles)} profiles and the hierarchy {files.hierarchy.name} agree"
    return Check(what="policy", is_right=True, said=said)


def _database() -> Check:
    try:
        count = Certificate.objects.count()
    except DatabaseError as error:
        return Check(what="database", is_right=False, said=f"the database does not answer: {error}")
    said = f"{connection.vendor} answers and holds {count} certificates"
    return Check(what="database", is_right=True, said=said)


def _ceremony() -> Check:
    if not protocol_file().exists():
        half = " but was begun; run manage.py key_ceremony again" if Issuer.objects.exists() else ""
        return Check(what="ceremony", is_right=False, said=f"the key ceremony has not been held{half}")
    protocol = json.loads(protocol_file().read_text())
    said = f"held {protocol['finished_at'][:10]}, {len(protocol['keys'])} keys"
    return Check(what="ceremony", is_right=True, said=said)


def _secrets(configuration: TokenConfiguration) -> Iterator[Check]:
    for file in (configuration.pin_file, configuration.pin_file.with_name("hsm-so-pin")):
        if not file.exists():
            yield Check(what="secrets", is_right=False, said=f"secrets/{file.name} is missing")
        elif file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield Check(what="secrets", is_right=False, said=f"secrets/{file.name} may be read by others")
        else:
            yield Check(what="secrets", is_right=True, said=f"secrets/{file.name} is for its owner only")


def _keys(configuration: TokenConfiguration) -> Iterator[Check]:
    """Ask the signer for every certified key; without a signer, open the token itself."""
    certified = _certified_keys()
    if not certified:
        return
    try:
        with own_token(configuration.lock_file, patience=0):
            yield Check(
                what="signer",
                is_right=None,
                said="no signer runs, so nothing is signed; the token is looked at directly",
            )
            yield _token(configuration, certified)
            return
    except TokenBusy:
        pass
    signers = SocketSigners(settings.SIGILL_SIGNER_SOCKET, patience=3)
    try:
        health = signers.health()
    except (SigningUnavailable, SigningRefused) as error:
        yield Check(what="signer", is_right=False, said=f"the token is owned but nobody answers: {error}")
        return
    past = f"repairs {health['repairs']}, faults {health['faults'] or 'none'}"
    said = f"process {health['process']} answers; {past}"
    yield Check(what="signer", is_right=True, said=said)
    wrong = []
    for label, public_key in certified.items():
        try:
            # The signer itself signs once with each key when it opens the token; a CA key signs nothing here.
            if signers.signer_for(label).public_key != public_key:
                wrong.append(f"{label} (another key)")
        except (SigningUnavailable, SigningRefused) as error:
            wrong.append(f"{label} ({error})")
    yield _keys_check(certified, wrong)


def _serving() -> Check:
    """Knock at the ports of the portal and the status server, as the settings have them."""
    ports = {"portal": settings.SIGILL_PORTAL_PORT, "status server": settings.SIGILL_STATUS_PORT}
    silent = [name for name, port in ports.items() if not _listens(port)]
    if len(silent) == len(ports):
        said = "nothing serves: neither the portal nor the status server listens; `make up` starts them"
        return Check(what="serving", is_right=None, said=said)
    if silent:
        return Check(what="serving", is_right=False, said=f"the {silent[0]} does not listen; the other does")
    return Check(what="serving", is_right=True, said="the portal and the status server listen")


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=3):
            return True
    except OSError:
        return False


def _token(configuration: TokenConfiguration, certified: dict[str, bytes]) -> Check:
    if configuration.is_file_token and token_copy.is_visibly_damaged(configuration.tokens):
        said = "the token's files are gone or empty; the signer repairs it from its copy when it starts"
        return Check(what="keys", is_right=False, said=said)
    try:
        with open_session(configuration) as session:
            prove_keys(session, certified)
    except (TokenFault, PkiError) as error:
        return Check(what="keys", is_right=False, said=f"the token does not sign as it must: {error}")
    return _keys_check(certified, [])


def _keys_check(certified: dict[str, bytes], wrong: list[str]) -> Check:
    if wrong:
        said = f"keys that do not sign for their certificates: {', '.join(wrong)}"
        return Check(what="keys", is_right=False, said=said)
    return Check(what="keys", is_right=True, said=f"{len(certified)} keys are those in their certificates")


def _certified_keys() -> dict[str, bytes]:
    return {
        issuer.key: x509.load_der_x509_certificate(bytes(issuer.certificate_der))
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for issuer in issuers()
    }


def _copies(configuration: TokenConfiguration) -> Iterator[Check]:
    if not configuration.is_file_token:
        return
    copy = token_copy.newest_copy(configuration)
    if copy is None:
        yield Check(what="copies", is_right=False, said="there is no verified copy of the token")
        return
    is_current = token_copy.is_current(configuration, copy)
    keys = len(token_copy.copied_keys(copy))
    said = f"copy {copy.name} was verified with {keys} keys and has the same objects as the token"
    if not is_current:
        said = f"copy {copy.name} is older than the token; the signer makes a new one when it starts"
    yield Check(what="copies", is_right=is_current, said=said)


def _clock(at: datetime) -> Check:
    """Compare the clock with the newest thing that it is known to have passed."""
    newest = Certificate.objects.order_by("-issued_at").values_list("issued_at", flat=True).first()
    if newest is not None and newest > at + _FUTURE:
        said = f"the clock shows {at:%Y-%m-%d %H:%M} but a certificate was issued {newest:%Y-%m-%d %H:%M}"
        return Check(what="clock", is_right=False, said=said)
    return Check(
        what="clock", is_right=True, said=f"{at:%Y-%m-%d %H:%M:%S} UTC, not before anything recorded"
    )


def _crls(at: datetime) -> Iterator[Check]:
    for issuer in issuers():
        hierarchy = files_of(issuer).hierarchy
        file = crl_file(issuer)
        name = f"CRL {issuer.key}"
        if hierarchy.issuer(issuer.key).crl_shards > 1:
            continue
        crl = published_crl(file, issuer_der=bytes(issuer.certificate_der))
        if crl is None:
            said = (
                "a file that the issuer did not sign is published" if file.exists() else "no CRL is published"
            )
            yield Check(what=name, is_right=False, said=said)
            continue
        latest = latest_crl(issuer.key)
        if latest is None or latest.sha256 != crl.fingerprint(hashes.SHA256()).hex():
            said = "the published CRL is not the newest that is recorded; the worker puts it in place"
            yield Check(what=name, is_right=False, said=said)
            continue
        left = (crl.next_update_utc or at) - at
        plan = hierarchy.issuer(issuer.key)
        # BR 4.9.7: nothing past nextUpdate; half of the time gone is when a person must look.
        is_fresh = left > (plan.crl_validity - plan.crl_interval) / 2
        hours = int(left.total_seconds() // 3600)
        said = (
            f"valid for {hours} hours more, {len(list(crl))} entries"
            if left > timedelta(0)
            else "has expired"
        )
        yield Check(what=name, is_right=is_fresh, said=said)


def _public_files() -> Iterator[Check]:
    """Compare what relying parties and officers fetch with the digests that the ceremony recorded."""
    public: Path = settings.SIGILL_PUBLIC
    all_issuers = issuers()
    wrong = [
        f"aia/{issuer.file_stem}.cer"
        for issuer in all_issuers
        if not _is_same(public / "aia" / f"{issuer.file_stem}.cer", bytes(issuer.certificate_der))
    ]
    wrong += [
        f"chains/{issuer.key}.pem"
        for issuer in all_issuers
        if not _is_same(public / "chains" / f"{issuer.key}.pem", chain_pem(issuer).encode())
    ]
    protocol = recorded_protocol() or {}
    for name, sha256 in _digests(protocol, "published_files", "name"):
        if not name.startswith("crl/") and _digest(public / name) != sha256:
            wrong.append(name)
    for label, sha256 in _digests(protocol, "certificates", "label"):
        if _certificate_digest(protocol_file().with_name(f"{label}.pem")) != sha256:
            wrong.append(f"ceremony/{label}.pem")
    if wrong:
        names = ", ".join(dict.fromkeys(wrong))
        said = f"missing, or not what the ceremony made: {names}; restore from the backup"
        yield Check(what="public", is_right=False, said=said)
    elif all_issuers:
        yield Check(
            what="public", is_right=True, said="every certificate and chain is what the ceremony made"
        )
    ours = Path(__file__).resolve().parent
    changed = [
        name for name, sha256 in _digests(protocol, "policy_files", "name") if _digest(ours / name) != sha256
    ]
    if changed:
        said = f"not as at the ceremony: {', '.join(changed)}; right only if that was decided"
        yield Check(what="profiles", is_right=None, said=said)


def _digests(protocol: dict[str, object], part: str, name: str) -> Iterator[tuple[str, str]]:
    records = protocol.get(part)
    for one in records if isinstance(records, list) else ():
        yield str(one[name]), str(one["sha256"])


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _certificate_digest(file: Path) -> str:
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return ""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _is_same(file: Path, content: bytes) -> bool:
    return file.is_file() and file.read_bytes() == content


def _ledger(at: datetime) -> Check:
    try:
        entries = revocation_ledger().entries()
    except LedgerDamaged as error:
        return Check(what="ledger", is_right=False, said=str(error))
    known = {
        (issuer, serial)
        for issuer, serial in Certificate.objects.filter(revoked_at__isnull=False).values_list(
            "issuer_id", "serial_hex"
        )
    }
    alive = Certificate.objects.filter(revoked_at__isnull=True).values_list("issuer_id", "serial_hex")
    listed = {entry.name for entry in entries if entry.expires_at > at}
    undone = listed & set(alive) if listed - known else set()
    if undone:
        said = (
            f"{len(undone)} certificates are revoked in the ledger and not in the database; replay the ledger"
        )
        return Check(what="ledger", is_right=False, said=said)
    return Check(what="ledger", is_right=True, said=f"{len(entries)} revocations, none undone")


def _requests(at: datetime) -> Check:
    late = requests_waiting(before=at - _WAITING)
    said = f"{late} requests have waited for more than two minutes" if late else "no request waits"
    return Check(what="requests", is_right=not late, said=said)
