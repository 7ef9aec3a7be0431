"""What the doctor looks at: each check is a sentence about one thing, right or wrong. Changes nothing."""

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import DatabaseError, connection

from ca.ceremony.recorded import changed_settings, protocol_file
from ca.crl_publishing import crl_file
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
from ca.policy_files import policy_files
from ca.selectors import issuers, requests_waiting

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
            yield Check(what="signer", is_right=None, said="no signer runs; the token is looked at directly")
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
    hierarchy = policy_files().hierarchy
    for issuer in issuers():
        file = crl_file(issuer)
        name = f"CRL {issuer.key}"
        if hierarchy.issuer(issuer.key).crl_shards > 1:
            continue
        try:
            crl = x509.load_der_x509_crl(file.read_bytes())
        except (OSError, ValueError):
            yield Check(what=name, is_right=False, said="no CRL is published")
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
    public: Path = settings.SIGILL_PUBLIC
    missing = [
        issuer.key
        for issuer in issuers()
        if not _is_same(public / "aia" / f"{issuer.file_stem}.cer", bytes(issuer.certificate_der))
    ]
    if missing:
        said = f"the published certificate is missing or another one: {', '.join(missing)}"
        yield Check(what="public", is_right=False, said=said)
    elif issuers():
        yield Check(what="public", is_right=True, said="every issuer's certificate is published")


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
