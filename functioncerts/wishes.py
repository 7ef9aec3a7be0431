"""What an orderer wishes, read and held against every rule before anything is written."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ca.environments import Environment
from ca.pki.subject import SubjectFacts
from ca.registration import CarrierKind, RequestDraft
from directory.models import Role
from functioncerts import policies, selectors
from functioncerts.errors import Refused
from functioncerts.models import FunctionKind, FunctionObject, FunctionOrder
from functioncerts.names import is_inside
from functioncerts.requests_read import Finding, ReadRequest, read_request
from functioncerts.states import FunctionOrderState
from functioncerts.validated import default_names, valid_names
from functioncerts.validations import parsed_names
from journal.actor import Actor
from journal.errors import Refusal

MOST_NAMES: Final = 20
CARRIER_KIND: Final = CarrierKind("function")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A certificate that may be ordered: for what, with which key and names, and in whose place."""

    function_object: FunctionObject
    request: ReadRequest
    names: tuple[str, ...]
    replaces: FunctionOrder | None

    @property
    def public_key_sha256(self) -> str:
        """Return the digest of the key, in hex."""
        return hashlib.sha256(self.request.public_key).hexdigest() if self.request.public_key else ""


def read_wish(
    *, hsa_id: str, csr: bytes, names: Sequence[str], replaces: str = "", actor: Actor, at: datetime
) -> Wish:
    """Return the wish; raises FunctionObjectNotFound, FunctionOrderNotFound, Refused, RequestInvalid."""
    function_object = selectors.get_function_object(hsa_id, actor=actor)
    if (refusal := policies.may_order(function_object, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    request = read_request(csr)
    if _is_used_before(function_object, request):
        used = Finding(code="key_used_before", facts={"function": function_object.hsa_id})
        request = replace(request, findings=(*request.findings, used))
    return Wish(
        function_object=function_object,
        request=request,
        names=names_inside(function_object, names, at=at),
        replaces=_replaced(function_object, replaces, actor=actor) if replaces else None,
    )


def read_key_wish(
    *, hsa_id: str, names: Sequence[str], replaces: str = "", actor: Actor, at: datetime
) -> Wish:
    """Return the wish for a certificate whose key is made here; raises FunctionObjectNotFound, Refused."""
    function_object = selectors.get_function_object(hsa_id, actor=actor)
    if (refusal := policies.may_order_with_key(function_object, actor=actor, at=at)) is not None:
        raise Refused(refusal)
    return Wish(
        function_object=function_object,
        request=ReadRequest(public_key=b"", key="", findings=()),
        names=names_inside(function_object, names, at=at),
        replaces=_replaced(function_object, replaces, actor=actor) if replaces else None,
    )


def names_inside(function_object: FunctionObject, names: Sequence[str], *, at: datetime) -> tuple[str, ...]:
    """Return the names to certify; every single one is held against what is validated now (F19)."""
    validated = valid_names(function_object, at=at)
    wanted = parsed_names(function_object, names or default_names(function_object, at=at))
    most = 1 if function_object.kind == FunctionKind.EMAIL.value else MOST_NAMES
    if not 1 <= len(wanted) <= most:
        facts = (("names", str(len(wanted))), ("maximum", str(most)))
        raise Refused(Refusal(code="number_of_names", facts=facts, fixer="you"))
    for name in wanted:
        if not is_inside(name, validated):
            facts = (("name", name), ("validated", ", ".join(validated)))
            raise Refused(
                Refusal(code="name_outside_validated", facts=facts, fixer=Role.VALIDATION_SPECIALIST.value)
            )
    return wanted


def unsaved_order(wish: Wish) -> FunctionOrder:
    """Return the order that a wish would become, without what placing it adds."""
    function_object = wish.function_object
    return FunctionOrder(
        function_object=function_object,
        organization_id=function_object.organization_id,
        environment=function_object.environment,
        names=list(wish.names),
        findings=[{"code": finding.code, "facts": dict(finding.facts)} for finding in wish.request.findings],
        public_key=wish.request.public_key or None,
        makes_key=not wish.request.public_key,
        public_key_sha256=wish.public_key_sha256,
        replaces=wish.replaces,
    )


def draft_of(order: FunctionOrder) -> RequestDraft:
    """Return what the CA is asked for an order whose key was kept."""
    function_object = order.function_object
    return RequestDraft(
        profile=f"function_{function_object.kind}",
        subject=subject_of(function_object, tuple(order.names)),
        public_key=bytes(order.public_key or b""),
        person_id="",
        organization_id=str(function_object.organization_id),
        carrier_kind=CARRIER_KIND,
        carrier_id=str(function_object.pk),
        name=function_object.kind,
        idempotency_key=f"function-order:{order.pk}",
        environment=Environment(function_object.environment),
    )


def subject_of(function_object: FunctionObject, names: tuple[str, ...]) -> SubjectFacts:
    """Return the subject: the function's HSA-id, organization and names, whatever the request says."""
    organization = function_object.organization
    is_mailbox = function_object.kind == FunctionKind.EMAIL.value
    return SubjectFacts(
        common_name=function_object.name if is_mailbox else names[0],
        serial_number=function_object.hsa_id,
        organization=organization.name,
        locality=organization.locality,
        dns_names=() if is_mailbox else names,
        email=names[0] if is_mailbox else "",
    )


def _is_used_before(function_object: FunctionObject, request: ReadRequest) -> bool:
    """Tell whether the function has had a certificate for this key; allowed, but worth a word."""
    digest = hashlib.sha256(request.public_key).hexdigest()
    same = FunctionOrder.objects.filter(function_object=function_object, public_key_sha256=digest)
    return same.exclude(certificate_id="").exists()


def _replaced(function_object: FunctionObject, order_id: str, *, actor: Actor) -> FunctionOrder:
    replaced = selectors.get_order(order_id, actor=actor)
    if (
        replaced.function_object_id != function_object.pk
        or replaced.state != FunctionOrderState.DELIVERED.value
    ):
        raise Refused(
            Refusal(code="order_not_to_be_renewed", facts=(("state", replaced.state),), fixer="you")
        )
    return replaced
