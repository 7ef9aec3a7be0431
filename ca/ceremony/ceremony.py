"""Holds the key ceremony: each step may be repeated, so an interrupted ceremony goes on where it stopped.

Order: PINs, token, keys, issuers planned, certificates, public halves for the signer's check, CRLs,
addresses of issuer certificates and chain, protocol. Nothing is published before everything is signed,
and the protocol is written last: while it is missing, the ceremony has not been held.
"""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction

from ca.ceremony.errors import CeremonyHeldBefore, CeremonyStopped
from ca.ceremony.pins import make_pin
from ca.ceremony.plan import PlannedKey, planned_keys
from ca.ceremony.protocol import Protocol, draw_up, write_protocol
from ca.ceremony.publication import publish_files, write_certificate
from ca.ceremony.recorded import protocol_file
from ca.crl_publishing import publish_crl
from ca.environments import QA_NAME_PREFIX, Environment
from ca.events import CeremonyHeld, IssuerPlanned
from ca.hsm.configuration import TokenConfiguration
from ca.hsm.faults import PinRefused, TokenAbsent, TokenDamaged, TokenFault
from ca.hsm.keeper_signers import KeeperSigners
from ca.hsm.token_copy import newest_copy
from ca.hsm.token_keeper import TokenKeeper, keep_token
from ca.hsm.token_opening import initialize_token
from ca.issuance import issue_request
from ca.models import Certificate, Crl, Issuer
from ca.pki.hierarchy import file_stem
from ca.policy_files import PolicyFiles, policy_files
from ca.published_files import write_whole
from ca.registration import CarrierKind, request_certificate
from ca.selectors import issuers
from journal.actor import Actor
from journal.recording import record

_FRESH: Final = "a half-made demo home starts over with `make demo FRESH=1`"
_RESTORE: Final = "restore the backup; never start over, that ends every certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a ceremony has come, for whoever watches."""

    step: str
    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who is present, for the protocol."""

    officer: str = ""
    witnesses: tuple[str, ...] = ()


def hold_ceremony(
    *,
    configuration: TokenConfiguration,
    people: People,
    actor: Actor,
    clock: Callable[[], datetime],
    watch: Callable[[Progress], None],
    environment: Environment = Environment.PROD,
) -> Protocol:
    """Hold the ceremony, or go on with one that was interrupted, and return its protocol.

    Each environment has a ceremony of its own, in either order (requirement QA-1).

    Raises ``CeremonyHeldBefore``; ``CeremonyStopped`` with what to do; ``TokenBusy`` while a signer runs.
    """
    its_protocol = protocol_file(environment)
    if its_protocol.exists():
        raise CeremonyHeldBefore(
            f"the key ceremony has been held for {environment.value}: {its_protocol.name} is in "
            f"{its_protocol.parent.relative_to(settings.SIGILL_HOME)}/. "
            "It is held once; a demo home starts over with `make demo FRESH=1`, an installation in use never"
        )
    started_at = clock()
    files = policy_files(environment)
    with keep_token(configuration, patience=2.0) as keeper:
        _open_token(keeper, configuration, watch)
        plan = planned_keys(files)
        public_keys = _make_keys(keeper, plan, watch)
        _plan_issuers(files, plan, public_keys, actor=actor, at=clock())
        signers = KeeperSigners(keeper)
        certificates = _certify(files, plan, public_keys, signers, actor=actor, clock=clock, watch=watch)
        _write_certificates(files, configuration, certificates)
        crls = _first_crls(files, signers, actor=actor, clock=clock, watch=watch)
        _publish(files, watch)
        watch(Progress(step="protocol", what="protocol.json, protocol.pdf", done=0, total=1))
        protocol = draw_up(
            files=files,
            session=keeper.session(),
            configuration=configuration,
            plan=plan,
            certificates=certificates,
            crls=crls,
            officer=people.officer,
            witnesses=people.witnesses,
            started_at=started_at,
            finished_at=clock(),
        )
    digest = write_protocol(protocol, its_protocol.parent)
    with transaction.atomic():
        record(
            CeremonyHeld(
                hierarchy=files.hierarchy.name,
                hierarchy_sha256=files.hierarchy.sha256,
                protocol_sha256=digest,
                key_labels=tuple(key.label for key in plan),
            ),
            actor=actor,
            at=clock(),
        )
    draft = its_protocol.with_suffix(".draft")
    write_whole(its_protocol, draft.read_bytes())
    draft.unlink()
    watch(Progress(step="protocol", what="protocol.json, protocol.pdf", done=1, total=1))
    return protocol


def _open_token(
    keeper: TokenKeeper, configuration: TokenConfiguration, watch: Callable[[Progress], None]
) -> None:
    """Open the token, making it first when no key was ever made on it."""
    watch(Progress(step="token", what=configuration.label, done=0, total=1))
    if configuration.is_file_token and newest_copy(configuration) is None:
        if Issuer.objects.exists():
            raise CeremonyStopped(
                f"the database knows issuers, but their keys are gone from hsm/; {_remedy()}"
            )
        # No copy: no key ever left a half-made token, so it is made anew.
        shutil.rmtree(configuration.tokens, ignore_errors=True)
        configuration.tokens.mkdir(mode=0o700, parents=True)
    elif not configuration.pin_file.exists():
        raise CeremonyStopped(
            f"the token is there but secrets/{configuration.pin_file.name} is gone; {_remedy()}"
        )
    make_pin(configuration.pin_file)
    so_pin = make_pin(configuration.pin_file.with_name("hsm-so-pin"))
    try:
        if configuration.is_file_token and newest_copy(configuration) is None:
            initialize_token(configuration, so_pin=so_pin)
        try:
            keeper.start()
        except TokenAbsent:
            initialize_token(configuration, so_pin=so_pin)
            keeper.start()
    except PinRefused as error:
        raise CeremonyStopped(
            f"secrets/{configuration.pin_file.name} holds a PIN that the token refuses; {_remedy()}"
        ) from error
    except TokenDamaged as error:
        raise CeremonyStopped(f"the token cannot be used: {error}; {_remedy()}") from error
    except TokenFault as error:
        raise CeremonyStopped(f"the token cannot be opened: {error}") from error
    watch(Progress(step="token", what=configuration.label, done=1, total=1))


def _remedy() -> str:
    """Say what to do about a token or PIN: where certificates are out there, their keys must come back."""
    return _RESTORE if Certificate.objects.exists() else _FRESH


def _make_keys(
    keeper: TokenKeeper, plan: list[PlannedKey], watch: Callable[[Progress], None]
) -> dict[str, bytes]:
    algorithms = {key.label: key.algorithm for key in plan}
    labels = list(algorithms)

    def begin(label: str) -> None:
        done = labels.index(label)
        watch(
            Progress(step="keys", what=f"{label} ({algorithms[label].value})", done=done, total=len(labels))
        )

    public_keys = keeper.generate_keys(algorithms, watch=begin)
    watch(Progress(step="keys", what="", done=len(labels), total=len(labels)))
    return public_keys


def _plan_issuers(
    files: PolicyFiles, plan: list[PlannedKey], public_keys: dict[str, bytes], *, actor: Actor, at: datetime
) -> None:
    for key in plan:
        if not key.is_issuer:
            continue
        planned = Issuer.objects.filter(key=key.label).first()
        if planned is not None:
            if bytes(planned.public_key) != public_keys[key.label]:
                raise CeremonyStopped(
                    f"the token's key {key.label} is not the one in the database; {_remedy()}"
                )
            continue
        stem = file_stem(key.subject.common_name)
        if Issuer.objects.filter(file_stem=stem).exists():
            raise CeremonyStopped(
                f"an issuer of the other environment is called {key.subject.common_name} already, and names "
                "and published files of PROD and QA are never the same; SIGILL_NAME_PREFIX is what PROD's "
                f"names begin with, and QA's begin with {QA_NAME_PREFIX!r}"
            )
        with transaction.atomic():
            Issuer.objects.create(
                key=key.label,
                environment=files.environment.value,
                hierarchy=files.hierarchy.name,
                hierarchy_sha256=files.hierarchy.sha256,
                common_name=key.subject.common_name,
                file_stem=stem,
                public_key=public_keys[key.label],
                planned_at=at,
            )
            record(
                IssuerPlanned(
                    issuer_id=key.label,
                    hierarchy=files.hierarchy.name,
                    hierarchy_sha256=files.hierarchy.sha256,
                    public_key_sha256=hashlib.sha256(public_keys[key.label]).hexdigest(),
                ),
                actor=actor,
                at=at,
            )


def _certify(
    files: PolicyFiles,
    plan: list[PlannedKey],
    public_keys: dict[str, bytes],
    signers: KeeperSigners,
    *,
    actor: Actor,
    clock: Callable[[], datetime],
    watch: Callable[[Progress], None],
) -> dict[str, Certificate]:
    certificates: dict[str, Certificate] = {}
    for done, key in enumerate(plan):
        watch(Progress(step="certificates", what=key.subject.common_name, done=done, total=len(plan)))
        request = request_certificate(
            profile=key.profile,
            subject=key.subject,
            public_key=public_keys[key.label],
            person_id="",
            organization_id="",
            carrier_kind=CarrierKind.NONE.value,
            carrier_id=key.label,
            name=key.profile,
            idempotency_key=f"ceremony:{key.label}",
            issuer=key.issuer,
            environment=files.environment,
            actor=actor,
            at=clock(),
        )
        # The lock on the token is ours: nobody else can be signing this request.
        certificate = issue_request(request.pk, signers=signers, actor=actor, at=clock(), is_only_worker=True)
        if certificate is None:
            request.refresh_from_db()
            raise CeremonyStopped(
                f"no certificate could be made for {key.label}: {request.failure}; {_remedy()}"
            )
        certificates[key.label] = certificate
    watch(Progress(step="certificates", what="", done=len(plan), total=len(plan)))
    return certificates


def _write_certificates(
    files: PolicyFiles, configuration: TokenConfiguration, certificates: dict[str, Certificate]
) -> None:
    for label, certificate in certificates.items():
        write_certificate(label, certificate, environment=files.environment, configuration=configuration)


def _first_crls(
    files: PolicyFiles,
    signers: KeeperSigners,
    *,
    actor: Actor,
    clock: Callable[[], datetime],
    watch: Callable[[Progress], None],
) -> list[Crl]:
    made: list[Crl] = []
    all_issuers = issuers(files.environment)
    for done, issuer in enumerate(all_issuers):
        watch(Progress(step="crls", what=issuer.common_name, done=done, total=len(all_issuers)))
        made.append(publish_crl(issuer, signers=signers, actor=actor, at=clock()))
    watch(Progress(step="crls", what="", done=len(all_issuers), total=len(all_issuers)))
    return made


def _publish(files: PolicyFiles, watch: Callable[[Progress], None]) -> None:
    publish_files(files.environment)
    watch(Progress(step="publish", what="aia, chain", done=1, total=1))
