"""The ceremony's protocol: what was made, with every fingerprint, as JSON and as a document to sign."""

import hashlib
import json
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from django.conf import settings

from ca.ceremony.document import render_pdf
from ca.ceremony.plan import PlannedKey
from ca.environments import Environment
from ca.hsm.configuration import TokenConfiguration
from ca.hsm.token_session import TokenSession
from ca.models import Certificate, Crl
from ca.pki.hierarchy import file_stem
from ca.policy_files import PolicyFiles
from ca.published_files import write_whole
from journal.recording import rfc3339

_CA: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """One key pair: where it is, what it is, and what the token says about it."""

    label: str
    algorithm: str
    public_key_sha256: str
    attributes: dict[str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRecord:
    """One certificate that the ceremony made."""

    label: str
    profile: str
    subject: str
    issuer: str
    serial: str
    not_before: str
    not_after: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlRecord:
    """One first CRL."""

    issuer: str
    crl_number: int
    this_update: str
    next_update: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """A file and its digest."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """Everything that the protocol says."""

    format: int
    environment: str
    hierarchy: str
    hierarchy_sha256: str
    organization: str
    policy_arc: str
    name_prefix: str
    started_at: str
    finished_at: str
    officer: str
    witnesses: tuple[str, ...]
    module: dict[str, str]
    versions: dict[str, str]
    keys: tuple[KeyRecord, ...]
    certificates: tuple[CertificateRecord, ...]
    crls: tuple[CrlRecord, ...]
    policy_files: tuple[FileRecord, ...]
    published_files: tuple[FileRecord, ...]


def draw_up(
    *,
    files: PolicyFiles,
    session: TokenSession,
    configuration: TokenConfiguration,
    plan: list[PlannedKey],
    certificates: dict[str, Certificate],
    crls: list[Crl],
    officer: str,
    witnesses: tuple[str, ...],
    started_at: datetime,
    finished_at: datetime,
) -> Protocol:
    """Return the protocol of a ceremony whose files are all in place."""
    module = {
        **session.module_facts(),
        "file": configuration.module.name,
        "file_sha256": digest_of(configuration.module),
    }
    public: Path = settings.SIGILL_PUBLIC
    is_qa = files.environment is Environment.QA
    return Protocol(
        format=1,
        environment="QA" if is_qa else settings.SIGILL_ENVIRONMENT,
        hierarchy=files.hierarchy.name,
        hierarchy_sha256=files.hierarchy.sha256,
        organization=files.hierarchy.organization,
        policy_arc=files.policy_arc,
        name_prefix=files.name_prefix,
        started_at=rfc3339(started_at),
        finished_at=rfc3339(finished_at),
        officer=officer,
        witnesses=witnesses,
        module=module,
        versions={
            "python": platform.python_version(),
            **{name: version(name) for name in ("PyKCS11", "cryptography", "asn1crypto", "Django")},
        },
        keys=tuple(
            KeyRecord(
                label=key.label,
                algorithm=key.algorithm.value,
                public_key_sha256=hashlib.sha256(session.public_key(key.label)).hexdigest(),
                attributes=session.attributes(key.label),
            )
            for key in plan
        ),
        certificates=tuple(certificate_record(key.label, certificates[key.label]) for key in plan),
        crls=tuple(crl_record(crl) for crl in crls),
        policy_files=tuple(file_records(_CA, "profiles/*.toml", f"hierarchies/{files.hierarchy.name}.toml")),
        published_files=tuple(file_records(public, *_published(files, certificates))),
    )


def _published(files: PolicyFiles, certificates: dict[str, Certificate]) -> Iterator[str]:
    """Yield what the ceremony published, as patterns under public/: nothing of the other environment."""
    folder = "qa/" if files.environment is Environment.QA else ""
    yield from (f"{folder}chain.pem", f"{folder}root.pem")
    stems = sorted(
        file_stem(files.name_prefix + plan.common_name)
        for plan in files.hierarchy.issuers
        if plan.key in certificates
    )
    yield from (f"aia/{stem}.cer" for stem in stems)
    yield from (f"crl/{stem}.crl" for stem in stems)


def write_protocol(protocol: Protocol, folder: Path) -> str:
    """Write ``protocol.pdf`` and ``protocol.draft`` (the JSON before its name), and return its SHA-256."""
    content = (json.dumps(asdict(protocol), indent=2, ensure_ascii=False) + "\n").encode()
    digest = hashlib.sha256(content).hexdigest()
    write_whole(folder / "protocol.pdf", render_pdf(asdict(protocol), digest=digest))
    write_whole(folder / "protocol.draft", content)
    return digest


def certificate_record(label: str, certificate: Certificate) -> CertificateRecord:
    """Return what a protocol says of a certificate."""
    return CertificateRecord(
        label=label,
        profile=certificate.profile,
        subject=certificate.subject_text,
        issuer=certificate.issuer_id,
        serial=certificate.serial_hex,
        not_before=rfc3339(certificate.not_before),
        not_after=rfc3339(certificate.not_after),
        sha256=certificate.sha256,
    )


def crl_record(crl: Crl) -> CrlRecord:
    """Return what a protocol says of a CRL."""
    return CrlRecord(
        issuer=crl.issuer_id,
        crl_number=crl.crl_number,
        this_update="" if crl.this_update is None else rfc3339(crl.this_update),
        next_update="" if crl.next_update is None else rfc3339(crl.next_update),
        sha256=crl.sha256,
    )


def file_records(folder: Path, *patterns: str) -> Iterator[FileRecord]:
    """Yield the files of a folder that fit the patterns, with their digests."""
    for pattern in patterns:
        for file in sorted(folder.glob(pattern)):
            yield FileRecord(name=str(file.relative_to(folder)), sha256=digest_of(file))


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
