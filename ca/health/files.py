"""What relying parties and officers fetch, compared with what the ceremonies recorded."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from django.conf import settings

from ca.ceremony.recorded import protocol_file
from ca.environments import Environment
from ca.health.check import Check, note, right, wrong
from ca.selectors import chain_pem, issuers

_CA = Path(__file__).resolve().parents[1]


def public_files() -> Iterator[Check]:
    """Compare certificates, chains and policy files; the newest ceremony that wrote a file decides."""
    public: Path = settings.SIGILL_PUBLIC
    all_issuers = issuers()
    different = [
        f"aia/{issuer.file_stem}.cer"
        for issuer in all_issuers
        if not _is_same(public / "aia" / f"{issuer.file_stem}.cer", bytes(issuer.certificate_der))
    ]
    different += [
        f"chains/{issuer.key}.pem"
        for issuer in all_issuers
        if not _is_same(public / "chains" / f"{issuer.key}.pem", chain_pem(issuer).encode())
    ]
    torn: list[str] = []
    protocols = list(_protocols(torn))
    published = {name: sha for one in protocols for name, sha in _digests(one, "published_files", "name")}
    for name, sha256 in published.items():
        if not name.startswith("crl/") and _digest(public / name) != sha256:
            different.append(name)
    certificates = {
        (_folder(one), label): sha
        for one in protocols
        for label, sha in _digests(one, "certificates", "label")
    }
    for (folder, label), sha256 in certificates.items():
        file = protocol_file().parent / folder / f"{label}.pem"
        if (file.exists() or ".ocsp." not in label) and _certificate_digest(file) != sha256:
            different.append(f"ceremony/{folder}{label}.pem")
    if torn:
        said = f"protocols of ceremonies that cannot be read: {', '.join(torn)}"
        remedy = "manage.py restore BACKUP --only ceremony puts back what a backup has"
        yield wrong("protocols", said, remedy=remedy)
    if different:
        names = ", ".join(dict.fromkeys(different))
        said = f"missing, or not what the ceremony made: {names}"
        remedy = (
            "find out who changed them; manage.py publish_files writes them again from the database, and "
            "manage.py restore BACKUP --only ceremony what that cannot mend"
        )
        yield wrong("public", said, remedy=remedy)
    elif all_issuers:
        yield right("public", "every certificate and chain is what the ceremonies made")
    decided = {name: sha for one in protocols for name, sha in _digests(one, "policy_files", "name")}
    changed = [name for name, sha256 in decided.items() if _digest(_CA / name) != sha256]
    if changed:
        said = f"not as at the ceremony: {', '.join(changed)}; right only if that was decided"
        yield note("profiles", said)


def _protocols(torn: list[str]) -> Iterator[dict[str, object]]:
    """Yield the protocols of PROD and QA in the order in which they were finished; names what is torn."""
    found = []
    first = [file for one in Environment if (file := protocol_file(one)).exists()]
    for file in (*first, *sorted((protocol_file().parent / "protocols").glob("*.json"))):
        try:
            content = json.loads(file.read_bytes())
        except (OSError, ValueError):
            content = None
        if isinstance(content, dict):
            found.append(content)
        else:
            torn.append(str(file.relative_to(settings.SIGILL_HOME)))
    yield from sorted(found, key=lambda one: str(one.get("finished_at", "")))


def _folder(protocol: dict[str, object]) -> str:
    return "qa/" if protocol.get("environment") == Environment.QA.value else ""


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
