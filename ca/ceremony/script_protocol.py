"""The protocol of a ceremony by script: what was approved by whom, what was done, with every fingerprint."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from ca.ceremony.document import render_pdf
from ca.ceremony.planning import Facts
from ca.ceremony.protocol import (
    CertificateRecord,
    CrlRecord,
    FileRecord,
    KeyRecord,
    certificate_record,
    crl_record,
    file_records,
)
from ca.ceremony.recorded import protocol_file
from ca.ceremony.running import Ceremony
from ca.environments import Environment
from ca.hsm.key_algorithms import key_algorithm_of
from ca.published_files import write_whole
from directory.models import Person
from journal.recording import rfc3339

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One of the two: an officer leads, a witness watches; both saw the plan with this digest."""

    part: str
    person_id: str
    name: str
    approved_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptProtocol:
    """Everything that the protocol says."""

    format: int
    title: str
    environment: str
    hierarchy: str
    organization: str
    ceremony_id: str
    script: str
    script_sha256: str
    plan_sha256: str
    started_at: str
    finished_at: str
    approvals: tuple[Approval, ...]
    steps: tuple[Facts, ...]
    consequences: tuple[Facts, ...]
    keys: tuple[KeyRecord, ...]
    certificates: tuple[CertificateRecord, ...]
    revoked: tuple[CertificateRecord, ...]
    crls: tuple[CrlRecord, ...]
    published_files: tuple[FileRecord, ...]


def protocols_folder() -> Path:
    """Return where the protocols of later ceremonies lie."""
    folder: Path = protocol_file(Environment.PROD).parent / "protocols"
    return folder


def draw_up_script(ceremony: Ceremony, *, finished_at: datetime) -> ScriptProtocol:
    """Return the protocol of a ceremony whose steps have all been taken."""
    plan, files = ceremony.plan, ceremony.files
    public: Path = settings.SIGILL_PUBLIC
    folder = "qa/" if ceremony.environment is Environment.QA else ""
    keys = ceremony.hold.keys
    return ScriptProtocol(
        format=FORMAT,
        title=plan.title,
        environment=plan.environment,
        hierarchy=files.hierarchy.name,
        organization=files.hierarchy.organization,
        ceremony_id=str(plan.pk),
        script=plan.script,
        script_sha256=plan.script_sha256,
        plan_sha256=plan.plan_sha256,
        started_at="" if plan.begun_at is None else rfc3339(plan.begun_at),
        finished_at=rfc3339(finished_at),
        approvals=(
            _approval("officer", plan.first_approver, plan.first_approved_at),
            _approval("witness", plan.second_approver, plan.second_approved_at),
        ),
        steps=tuple(plan.plan),
        consequences=tuple(plan.consequence),
        keys=tuple(
            KeyRecord(
                label=label,
                algorithm=key_algorithm_of(public_key).value,
                public_key_sha256=hashlib.sha256(public_key).hexdigest(),
                attributes=keys.attributes(label),
            )
            for label, public_key in ((one, keys.signer_for(one).public_key) for one in ceremony.keys)
        ),
        certificates=tuple(certificate_record(label, one) for label, one in ceremony.certificates),
        revoked=tuple(certificate_record(one.carrier_id, one) for one in ceremony.revoked),
        crls=tuple(crl_record(crl) for crl in ceremony.crls),
        published_files=tuple(
            file_records(public, f"{folder}chain.pem", f"{folder}root.pem", "aia/*.cer", "chains/*.pem")
        ),
    )


def write_script_protocol(protocol: ScriptProtocol, name: str) -> str:
    """Write ``<name>.pdf`` and ``<name>.draft`` (the JSON before its name), and return its SHA-256."""
    facts = asdict(protocol)
    content = (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode()
    digest = hashlib.sha256(content).hexdigest()
    folder = protocols_folder()
    write_whole(folder / f"{name}.pdf", render_pdf(facts, digest=digest, template="script_protocol.html"))
    write_whole(folder / f"{name}.draft", content)
    return digest


def finish_protocol(name: str) -> None:
    """Give the JSON its name: from now on the ceremony has been held. Safe to repeat."""
    draft = protocols_folder() / f"{name}.draft"
    if draft.exists():
        write_whole(draft.with_suffix(".json"), draft.read_bytes())
        draft.unlink()


def _approval(part: str, person_id: str, at: datetime | None) -> Approval:
    person = Person.objects.filter(pk=person_id).first()
    return Approval(
        part=part,
        person_id=person_id,
        name=person.full_name if person else "",
        approved_at="" if at is None else rfc3339(at),
    )
