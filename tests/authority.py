"""A CA for tests of what stands above it: our own issuance, with the issuers' keys in memory."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec

from ca.batch_issuance import issue_pending
from ca.environments import QA_KEY_PREFIX, Environment
from ca.issuance import mark_published
from ca.models import Certificate, Issuer
from ca.pki import dates
from ca.pki.issuance import issue, prepare
from ca.pki.issuer import IssuerFacts, issuer_facts, root_facts
from ca.pki.serial import new_serial
from ca.pki.signer import SignatureAlgorithm
from ca.policy_files import PolicyFiles, policy_files
from journal.actor import Actor
from tests.ca.pki.software_signer import SoftwareSigner

WORKER = Actor.system("worker")
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Authority:
    """Signers by label, as the signer process gives them, for the issuers in the database."""

    def signer_for(self, key_label: str) -> SoftwareSigner:
        return _signer(key_label)

    def issue_and_publish(self, *, at: datetime) -> int:
        """Do what the worker does: issue what waits, publish its status, let it be handed out."""
        issued = issue_pending(signers=self, actor=WORKER, at=at)
        self.publish(at=at)
        return issued

    def publish(self, *, at: datetime) -> None:
        for certificate in Certificate.objects.filter(published_at__isnull=True):
            mark_published(certificate.pk, at=at)


def the_authority(environment: Environment = Environment.PROD) -> Authority:
    """Hold a small ceremony: put root and issuers with their certificates into the database."""
    files = policy_files(environment)
    for plan in files.hierarchy.issuers:
        Issuer.objects.get_or_create(
            key=plan.key,
            environment=environment.value,
            defaults={
                "hierarchy": "p384",
                "hierarchy_sha256": "0" * 64,
                "common_name": plan.key,
                "file_stem": plan.key,
                "public_key": _signer(plan.key).public_key,
                "certificate_der": _issuer_certificate(plan.key),
                "planned_at": MADE_AT,
                "certified_at": MADE_AT,
            },
        )
    return Authority()


@cache
def _signer(label: str) -> SoftwareSigner:
    key = ec.generate_private_key(ec.SECP384R1())
    return SoftwareSigner(key=key, algorithm=SignatureAlgorithm.ECDSA_SHA384)


@cache
def _issuer_certificate(key: str) -> bytes:
    files = policy_files(Environment.QA if key.startswith(QA_KEY_PREFIX) else Environment.PROD)
    is_root = key == files.hierarchy.root.key
    profile = files.profile("root" if is_root else "issuer")
    not_before, not_after = dates.validity(at=MADE_AT, lasting=profile.default_validity)
    prepared = prepare(
        profile=profile,
        subject=files.hierarchy.subject_of(key, name_prefix=files.name_prefix),
        public_key=_signer(key).public_key,
        issuer=_uncertified_root(files) if is_root else _certified_root(files),
        serial_number=new_serial(),
        not_before=not_before,
        not_after=not_after,
        at=MADE_AT,
    )
    return issue(prepared, _signer(files.hierarchy.root.key))


def _uncertified_root(files: PolicyFiles) -> IssuerFacts:
    return root_facts(
        hierarchy=files.hierarchy,
        public_key=_signer(files.hierarchy.root.key).public_key,
        name_prefix=files.name_prefix,
        addresses=files.addresses,
        policy_arc=files.policy_arc,
    )


def _certified_root(files: PolicyFiles) -> IssuerFacts:
    return issuer_facts(
        hierarchy=files.hierarchy,
        key=files.hierarchy.root.key,
        certificate_der=_issuer_certificate(files.hierarchy.root.key),
        addresses=files.addresses,
        policy_arc=files.policy_arc,
    )
