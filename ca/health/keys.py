"""The keys: through the signer while it runs, else on the token itself, also after a lost session."""

from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from ca.errors import SigningRefused, SigningUnavailable
from ca.health.check import Check, note, right, wrong
from ca.hsm import token_copy
from ca.hsm.configuration import TokenConfiguration
from ca.hsm.copy_proof import prove_keys
from ca.hsm.faults import PinMissing, PinRefused, Remedy, TokenBusy, TokenFault
from ca.hsm.proxy import SocketSigners
from ca.hsm.token_lock import own_token
from ca.hsm.token_opening import open_session
from ca.models import Certificate
from ca.pki.errors import PkiError
from ca.registration import OCSP_SIGNER
from ca.selectors import issuers

_PIN = "manage.py restore BACKUP --only secrets/hsm-pin"
_RESTORE = "the signer puts the newest copy back when it starts; else restore the backup (manage.py restore)"


def keys(configuration: TokenConfiguration, *, is_serving: bool) -> Iterator[Check]:
    """Try every certified key."""
    certified = certified_keys()
    if not certified:
        return
    try:
        with own_token(configuration.lock_file, patience=0):
            said = "no signer runs, so nothing is signed; the token is looked at directly"
            if is_serving:
                yield wrong("signer", said, remedy="start it: `make up`, or the unit sigill-signer")
            else:
                yield note("signer", said)
            yield from _on_token(configuration, certified)
            return
    except TokenBusy:
        pass
    yield from _through_signer(certified)


def certified_keys() -> dict[str, bytes]:
    """Return label and public half of each key of ours that has a certificate in use."""
    own = Certificate.objects.filter(carrier_kind="none", revoked_at__isnull=True).exclude(profile="root")
    newest: dict[str, bytes] = {}
    for one in own.order_by("issued_at", "pk"):
        if one.profile == OCSP_SIGNER:
            # Of the signers only the newest of each issuer has a key that must still be there.
            newest.pop(_signer_of(newest, one.issuer_id), None)
        newest[one.carrier_id] = _public_key(bytes(one.certificate_der))
    return newest | {one.key: _public_key(bytes(one.certificate_der)) for one in issuers()}


def _signer_of(labels: dict[str, bytes], issuer: str) -> str:
    return next((label for label in labels if label.startswith(f"{issuer}.ocsp.")), "")


def copies(configuration: TokenConfiguration) -> Iterator[Check]:
    """Look at the newest proved copy of a file token."""
    if not configuration.is_file_token:
        return
    copy = token_copy.newest_copy(configuration)
    if copy is None:
        yield wrong(
            "copies",
            "there is no verified copy of the token",
            remedy="start the signer: it makes and proves one",
        )
        return
    counted = len(token_copy.copied_keys(copy))
    if token_copy.is_current(configuration, copy):
        said = f"copy {copy.name} was verified with {counted} keys and has the same objects as the token"
        yield right("copies", said)
    else:
        yield wrong(
            "copies",
            f"copy {copy.name} and the token do not have the same objects",
            remedy="start the signer: it makes a new copy, or puts this one back where the token lost a key",
        )


def _through_signer(certified: dict[str, bytes]) -> Iterator[Check]:
    signers = SocketSigners(settings.SIGILL_SIGNER_SOCKET, patience=3)
    try:
        health = signers.health()
    except (SigningUnavailable, SigningRefused) as error:
        yield wrong(
            "signer",
            f"the token is owned but nobody answers: {error}",
            remedy="stop the process that owns hsm/token.lock and start the signer",
        )
        return
    past = f"repairs {health['repairs']}, faults {health['faults'] or 'none'}"
    yield right("signer", f"process {health['process']} answers; {past}")
    different = []
    try:
        proved = signers.prove()
    except (SigningUnavailable, SigningRefused) as error:
        yield wrong("mechanisms", f"the signer cannot sign with each key: {error}", remedy=_RESTORE)
        return
    for label, public_key in certified.items():
        try:
            if signers.signer_for(label).public_key != public_key:
                different.append(f"{label} (another key)")
            elif label not in proved:
                different.append(f"{label} (not proved)")
        except (SigningUnavailable, SigningRefused) as error:
            different.append(f"{label} ({error})")
    mechanisms = ", ".join(sorted(set(proved.values())))
    yield right("mechanisms", f"each key signed once inside the signer and was verified: {mechanisms}")
    yield _keys(certified, different)


def _on_token(configuration: TokenConfiguration, certified: dict[str, bytes]) -> Iterator[Check]:
    if configuration.is_file_token and token_copy.is_visibly_damaged(configuration.tokens):
        yield wrong("keys", "the token's files are gone or empty", remedy=_RESTORE)
        return
    try:
        with open_session(configuration) as session:
            present = set(session.labels())
            missing = sorted(set(certified) - present)
            if missing:
                yield wrong("keys", f"the token lacks the keys {', '.join(missing)}", remedy=_RESTORE)
                return
            different = [label for label, key in certified.items() if session.public_key(label) != key]
            if different:
                yield _keys(certified, different)
                return
            prove_keys(session, certified)
            mechanisms = sorted({session.algorithm(label).name for label in certified})
            yield right("mechanisms", f"each key signed once and was verified: {', '.join(mechanisms)}")
            yield _keys(certified, [])
            session.lose()
            yield _lost(configuration, certified)
    except PinRefused:
        yield wrong(
            "keys",
            "the token refuses the PIN in secrets/hsm-pin",
            remedy=f"{_PIN}; some modules lock after a few wrong PINs",
        )
    except PinMissing as missing:
        yield wrong("keys", str(missing), remedy=_PIN)
    except (TokenFault, PkiError) as error:
        yield wrong("keys", f"the token does not sign as it must: {error}", remedy=_RESTORE)


def _lost(configuration: TokenConfiguration, certified: dict[str, bytes]) -> Check:
    """Sign again after the session was closed behind our back."""
    label, public_key = next(iter(certified.items()))
    try:
        with open_session(configuration) as again:
            prove_keys(again, {label: public_key})
    except (TokenFault, PkiError) as error:
        help_ = " and says so" if isinstance(error, TokenFault) and error.remedy is Remedy.NEW_SESSION else ""
        return wrong("session", f"after a lost session the token does not sign again{help_}: {error}")
    return right("session", "after a lost session a new one signs")


def _keys(certified: dict[str, bytes], different: list[str]) -> Check:
    if different:
        said = f"keys that are not those in their certificates: {', '.join(different)}"
        return wrong("keys", said, remedy="restore token and database from one and the same backup")
    return right("keys", f"{len(certified)} keys are those in their certificates")


def _public_key(certificate_der: bytes) -> bytes:
    key = x509.load_der_x509_certificate(certificate_der).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
