"""The steps of a later ceremony, one verb each; every one may be interrupted anywhere and taken again."""

import hashlib

from django.db import transaction

from ca.ceremony.additions import AddedIssuer, write_addition
from ca.ceremony.errors import CeremonyStopped
from ca.ceremony.events import IssuerRenewed, IssuerRetired
from ca.ceremony.issuer_revocation import revoke_issuer
from ca.ceremony.plan import AUDIT, algorithm_of, ocsp_label, ocsp_subject, service_subject
from ca.ceremony.planning import AUDIT_PROFILE, Facts
from ca.ceremony.publication import publish_files, write_certificate
from ca.ceremony.running import Ceremony, certify, new_crl
from ca.ceremony.script import ISSUER_REASONS, Act
from ca.events import IssuerPlanned
from ca.models import Issuer
from ca.pki.hierarchy import file_stem
from ca.registration import OCSP_SIGNER
from ca.selectors import issuer as certified_issuer
from journal.recording import record


def take_step(ceremony: Ceremony, facts: Facts) -> None:
    """Take one step of the plan, or find that it was taken.

    Raises ``CeremonyStopped``, and what registering and signing raise.
    """
    match Act(str(facts["act"])):
        case Act.ADD_ISSUER:
            add_issuer(ceremony, facts)
        case Act.ROLL_OVER:
            add_issuer(ceremony, facts)
            old = facts["old"]
            if isinstance(old, dict):
                retire_issuer(ceremony, str(old["issuer"]))
        case Act.RENEW_ISSUER:
            renew_issuer(ceremony, facts)
        case Act.RETIRE_ISSUER:
            retire_issuer(ceremony, str(facts["issuer"]))
        case Act.ROOT_CRL:
            new_crl(ceremony, str(facts["issuer"]))
        case Act.REVOKE_ISSUER:
            revoke_issuer(ceremony, str(facts["issuer"]), ISSUER_REASONS[str(facts["reason"])])
        case Act.RENEW_AUDIT:
            renew_audit(ceremony, facts)


def add_issuer(ceremony: Ceremony, facts: Facts) -> None:
    """Make an issuer: key, row, plan, certificate, OCSP signer, first CRL, files."""
    key, algorithm = str(facts["issuer"]), str(facts["algorithm"])
    ceremony.watch(f"{key}: key ({algorithm})")
    public_key = ceremony.hold.keys.generate_key(key, algorithm)
    ceremony.keys.append(key)
    _plan_row(ceremony, key, str(facts["common_name"]), public_key)
    write_addition(
        AddedIssuer(
            environment=ceremony.environment.value,
            place=int(str(facts["place"])),
            key=key,
            like=str(facts["like"]),
            common_name=str(facts["plan_name"]),
            issues=_texts(facts["issues"]),
            policies=_texts(facts["policies"]),
        )
    )
    files = ceremony.files
    plan = files.hierarchy.issuer(key)
    ceremony.watch(f"{key}: certificate")
    certificate = certify(
        ceremony,
        label=key,
        public_key=public_key,
        profile=plan.profile,
        issuer=plan.issued_by,
        subject=files.hierarchy.subject_of(key, name_prefix=files.name_prefix),
        idempotency_key=f"ceremony:{key}",
    )
    write_certificate(
        key, certificate, environment=ceremony.environment, configuration=ceremony.configuration
    )
    signer = ocsp_label(key, 1)
    ceremony.watch(f"{signer}: key and certificate")
    signer_key = ceremony.hold.keys.generate_key(signer, algorithm_of(files, OCSP_SIGNER).value)
    ceremony.keys.append(signer)
    certify(
        ceremony,
        label=signer,
        public_key=signer_key,
        profile=OCSP_SIGNER,
        issuer=key,
        subject=ocsp_subject(files, key),
        idempotency_key=f"ceremony:{signer}",
    )
    new_crl(ceremony, key)
    ceremony.watch(f"{key}: files")
    publish_files(ceremony.environment)


def renew_issuer(ceremony: Ceremony, facts: Facts) -> None:
    """Make a new certificate for an issuer's old key and put it in the place of the old one."""
    key, replaced = str(facts["issuer"]), str(facts.get("certificate_sha256", ""))
    issuer = certified_issuer(key)
    files = ceremony.files
    ceremony.watch(f"{key}: new certificate")
    certificate = certify(
        ceremony,
        label=key,
        public_key=bytes(issuer.public_key),
        profile=files.hierarchy.issuer(key).profile,
        issuer=files.hierarchy.issuer(key).issued_by,
        subject=files.hierarchy.subject_of(key, name_prefix=files.name_prefix),
        idempotency_key=f"ceremony:{key}:{ceremony.plan.script_sha256[:24]}:{facts['step']}",
    )
    before = bytes(issuer.certificate_der)
    if hashlib.sha256(before).hexdigest() != certificate.sha256:
        with transaction.atomic():
            changed = Issuer.objects.filter(pk=key, certificate_der=before).update(
                certificate_der=bytes(certificate.certificate_der)
            )
            if changed != 1:
                raise CeremonyStopped(f"{key} was changed by somebody else; run the ceremony again")
            record(
                IssuerRenewed(
                    issuer_id=key,
                    certificate_id=str(certificate.pk),
                    sha256=certificate.sha256,
                    replaced_sha256=replaced,
                ),
                actor=ceremony.actor,
                at=ceremony.clock(),
            )
    write_certificate(
        key, certificate, environment=ceremony.environment, configuration=ceremony.configuration
    )
    publish_files(ceremony.environment)


def renew_audit(ceremony: Ceremony, facts: Facts) -> None:
    """Make a new certificate for the audit key: signed heads go on, and verify with the key as before."""
    ceremony.watch(f"{AUDIT}: new certificate")
    certificate = certify(
        ceremony,
        label=AUDIT,
        public_key=ceremony.hold.keys.signer_for(AUDIT).public_key,
        profile=AUDIT_PROFILE,
        issuer=str(facts["issued_by"]),
        subject=service_subject(ceremony.files, AUDIT),
        idempotency_key=f"ceremony:{AUDIT}:{ceremony.plan.script_sha256[:24]}:{facts['step']}",
    )
    write_certificate(
        AUDIT, certificate, environment=ceremony.environment, configuration=ceremony.configuration
    )


def retire_issuer(ceremony: Ceremony, key: str) -> None:
    """Close an issuer for new requests; CRLs, OCSP and its signers go on."""
    ceremony.watch(f"{key}: retired")
    at = ceremony.clock()
    with transaction.atomic():
        changed = Issuer.objects.filter(pk=key, certified_at__isnull=False, retired_at__isnull=True).update(
            retired_at=at
        )
        if changed:
            record(IssuerRetired(issuer_id=key), actor=ceremony.actor, at=at)


def _plan_row(ceremony: Ceremony, key: str, common_name: str, public_key: bytes) -> None:
    planned = Issuer.objects.filter(pk=key).first()
    if planned is not None:
        if bytes(planned.public_key) != public_key:
            raise CeremonyStopped(f"the token's key {key} is not the one in the database; restore the backup")
        return
    hierarchy, at = ceremony.files.hierarchy, ceremony.clock()
    with transaction.atomic():
        Issuer.objects.create(
            key=key,
            environment=ceremony.environment.value,
            hierarchy=hierarchy.name,
            hierarchy_sha256=hierarchy.sha256,
            common_name=common_name,
            file_stem=file_stem(common_name),
            public_key=public_key,
            planned_at=at,
        )
        record(
            IssuerPlanned(
                issuer_id=key,
                hierarchy=hierarchy.name,
                hierarchy_sha256=hierarchy.sha256,
                public_key_sha256=hashlib.sha256(public_key).hexdigest(),
            ),
            actor=ceremony.actor,
            at=at,
        )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else ()
