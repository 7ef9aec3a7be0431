"""The temporary manual routine of QA (QA-4): a test card's or a test function's certificates, by command.

For the time until the acceptance test has ended, when desk, card client or portal are not all there yet. It
walks the ordinary way: the same verbs, lints, issuers, journal and status; only what the desk, the client and
the worker would have done is done here, in the name of an officer whom nobody has seen log in.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.db import transaction

from authn.evidence import client_key_of
from ca.environments import Environment
from ca.hsm.proxy import SignerSource
from ca.issuance import RequestUnderWay, issue_request
from ca.models import Certificate
from ca.registration import request_state
from ca.selectors import certificate
from cards import lifecycle as cards
from cards.card_keys import current_keys
from cards.identity import IdentityCheckFacts, IdentityCheckStep
from cards.models import Card
from cards.products import DocumentKind, IdentityCheckMethod
from directory.models import Role
from directory.reach import scope_of
from directory.selectors import roles_of
from directory.swedish_time import swedish_day
from functioncerts import lifecycle as functions
from functioncerts.models import FunctionObject
from journal.actor import Actor
from journal.errors import DomainError
from journal.recording import record
from ocsp import publisher
from ocsp.store.interface import StatusStore
from worker.events import QaManualIssuance

ACTOR: Final = Actor.system("qa_manual")
"""Nobody logged in, so no person acts: the officer's name is a fact of the event, as it was typed."""
CARD_OFFICERS: Final = frozenset({Role.ID_ADMINISTRATOR.value, Role.ISSUANCE_MANAGER.value})
FUNCTION_OFFICERS: Final = frozenset({Role.FUNCTION_CERT_ORDERER.value, Role.ISSUANCE_MANAGER.value})
_WAIT: Final = timedelta(seconds=60)
"""For a request that the worker took first: longer than its lease."""


class ManualRoutineRefused(DomainError):
    """The manual routine does not do this: it is closed, it is not QA's, or the officer may not."""

    code: ClassVar[str] = "manual_routine_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the worker has: keys through the signer, the store of status, and a clock."""

    signers: SignerSource
    store: StatusStore
    clock: Callable[[], datetime]


def demand_open(*, at: datetime) -> None:
    """Raise ManualRoutineRefused unless the routine is switched on and its last day (in Sweden) not over."""
    until = settings.SIGILL_QA_MANUAL_UNTIL
    if until is None:
        raise ManualRoutineRefused(
            "the manual routine is off: SIGILL_QA_MANUAL_UNTIL names the acceptance test's last day"
        )
    if swedish_day(at) > until:
        raise ManualRoutineRefused(f"the manual routine ended on {until}, with the acceptance test")


def issue_for_card(
    *, card_number: str, requests: Mapping[str, bytes], officer: str, tools: Tools
) -> dict[str, Certificate]:
    """Certify the keys of a test card that the factory has shipped; return published certificates by key.

    ``requests`` are PKCS#10 (PEM or DER) by the names of ``cards.card_keys.KeyName``. The card stays shipped:
    when the desk activates it, its keys are used again. The same requests again give the same certificates.
    Raises ManualRoutineRefused, KeysInvalid, Refused, SigningUnavailable and what the CA refuses with.
    """
    at = tools.clock()
    demand_open(at=at)
    card = Card.objects.filter(card_number=card_number).first()
    if card is None or card.environment != Environment.QA.value:
        raise ManualRoutineRefused("no test card of QA has that number", facts={"card_number": card_number})
    named = _officer("card", officer, CARD_OFFICERS, str(card.organization_id), at=at)
    if named.person_id == str(card.person_id):
        raise ManualRoutineRefused("nobody issues to themselves", facts={"officer": officer})
    with transaction.atomic():
        opened = cards.open_activation(card_id=str(card.pk), identity_check=_check(at), actor=ACTOR, at=at)
        activation = cards.claim_activation(
            token=opened.token,
            client_key=client_key_of(ec.generate_private_key(ec.SECP256R1())),
            client_name="qa_manual",
            client_version="1",
            actor=ACTOR,
            at=at,
        )
        cards.register_keys(activation_id=str(activation.pk), requests=requests, actor=ACTOR, at=at)
        asked = [key.certificate_request_id for key in current_keys(card).values()]
        _record(named, asked, card_id=str(card.pk), at=at)
    for request_id in asked:
        _publish(request_id, tools)
    issued = cards.collect_certificates(activation_id=str(activation.pk), actor=ACTOR, at=tools.clock())
    return {one.name.value: one.certificate for one in issued}


def issue_for_function(
    *, hsa_id: str, csr: bytes, names: Sequence[str], officer: str, tools: Tools
) -> Certificate:
    """Certify the key of a PKCS#10 request for a validated function object of QA; return it published.

    Names come from the order and lie inside the validated ones, as ever. The same request again gives the
    same certificate. Raises ManualRoutineRefused, Refused, RequestInvalid, SigningUnavailable.
    """
    at = tools.clock()
    demand_open(at=at)
    found = FunctionObject.objects.filter(hsa_id=hsa_id).first()
    if found is None or found.environment != Environment.QA.value:
        raise ManualRoutineRefused("no function object of QA has that HSA-id", facts={"hsa_id": hsa_id})
    named = _officer("function", officer, FUNCTION_OFFICERS, str(found.organization_id), at=at)
    with transaction.atomic():
        order = functions.order_certificate(
            hsa_id=hsa_id,
            csr=csr,
            names=names,
            idempotency_key=hashlib.sha256(csr + "\n".join(sorted(names)).encode()).hexdigest(),
            actor=ACTOR,
            at=at,
        )
        _record(named, [order.certificate_request_id], function_object_id=str(found.pk), at=at)
    made = _publish(order.certificate_request_id, tools)
    functions.settle_order(order_id=str(order.pk), actor=ACTOR, at=tools.clock())
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class _Officer:
    kind: str
    hsa_id: str
    person_id: str
    organization_id: str


def _officer(
    kind: str, officer: str, roles: frozenset[str], organization_id: str, *, at: datetime
) -> _Officer:
    """Return whom the event names. Raises ManualRoutineRefused for who may not do this at the desk either."""
    for held in roles_of(officer.strip(), at=at):
        if held.role in roles and organization_id in scope_of(held, at=at).organization_ids:
            return _Officer(
                kind=kind,
                hsa_id=held.employment.hsa_id,
                person_id=str(held.employment.person_id),
                organization_id=organization_id,
            )
    raise ManualRoutineRefused(
        "the officer holds no role for it here", facts={"officer": officer, "needed": ",".join(sorted(roles))}
    )


def _record(
    officer: _Officer,
    requests: Sequence[str],
    *,
    at: datetime,
    card_id: str = "",
    function_object_id: str = "",
) -> None:
    record(
        QaManualIssuance(
            kind=officer.kind,
            officer=officer.hsa_id,
            person_id=officer.person_id,
            organization_id=officer.organization_id,
            card_id=card_id,
            function_object_id=function_object_id,
            certificate_request_ids=tuple(requests),
        ),
        actor=ACTOR,
        at=at,
    )


def _check(at: datetime) -> IdentityCheckFacts:
    return IdentityCheckFacts(
        method=IdentityCheckMethod.VISIT,
        document_kind=DocumentKind.PASSPORT,
        document_number="QA-MANUAL",
        document_valid_until=swedish_day(at) + timedelta(days=1),
        steps=frozenset(IdentityCheckStep),
    )


def _publish(request_id: str, tools: Tools) -> Certificate:
    """Issue a request unless a worker was faster, and publish its status. Raises ManualRoutineRefused."""
    deadline = time.monotonic() + _WAIT.total_seconds()
    while True:
        try:
            made = issue_request(request_id, signers=tools.signers, actor=ACTOR, at=tools.clock())
        except RequestUnderWay:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
            continue
        if made is None:
            failure = request_state(request_id).failure
            raise ManualRoutineRefused("the CA does not certify it", facts={"rule": failure})
        publisher.publish(made.pk, store=tools.store, signers=tools.signers, at=tools.clock())
        return certificate(made.pk)
