"""The verbs of name validations: ask, confirm, reject, withdraw; the first good one opens the object."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from directory.models import Organization
from functioncerts import policies
from functioncerts.errors import FunctionObjectNotFound, IllegalTransition, Refused, ValidationNotFound
from functioncerts.events import (
    FunctionObjectValidated,
    NameValidationConfirmed,
    NameValidationEnded,
    NameValidationRequested,
)
from functioncerts.models import FunctionKind, FunctionObject, NameKind, NameValidation, ValidationMethod
from functioncerts.names import NameInvalid, is_inside, parse_dns_name, parse_mail_address
from functioncerts.states import (
    FUNCTION_OBJECT_MOVES,
    NAME_VALIDATION_MOVES,
    FunctionObjectAction,
    FunctionObjectState,
    NameValidationAction,
    NameValidationState,
)
from journal.actor import Actor
from journal.errors import Refusal
from journal.recording import record

LIFETIMES: Final = {
    ValidationMethod.DNS_TXT: timedelta(days=397),
    ValidationMethod.HTTP: timedelta(days=397),
    ValidationMethod.MAIL: timedelta(days=397),
    ValidationMethod.DOCUMENT: timedelta(days=730),
}
"""How long a proof is good; a power of attorney says its own end, at most as long as a document."""
LONGEST_POWER: Final = timedelta(days=1826)
OPEN_FOR: Final = timedelta(days=14)
"""How long DNS, HTTP and a mailed link are waited for."""
CHECKED: Final = frozenset({ValidationMethod.DNS_TXT.value, ValidationMethod.HTTP.value})
"""The methods that the worker looks after."""
PAPERS: Final = frozenset({ValidationMethod.DOCUMENT, ValidationMethod.POWER_OF_ATTORNEY})
DNS_LABEL: Final = "_sigill-validation"
DNS_PREFIX: Final = "sigill-validation="
HTTP_PATH: Final = "/.well-known/sigill-validation/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A validation that was asked for, and the text of a mailed link at the only moment when it exists."""

    validation: NameValidation
    link_token: str = field(default="", repr=False)


def ask_validation(
    *,
    organization: Organization,
    name: str,
    method: ValidationMethod,
    function_object: FunctionObject | None = None,
    send_to: str = "",
    actor: Actor,
    at: datetime,
) -> Asked:
    """Ask for a proof by DNS, HTTP or mail; PENDING until it is seen or its time has run out.

    A mailed link goes to the address itself, or for a domain to one of its administrative mailboxes. Raises
    Refused (role, name, method, address).
    """
    _demand_role(actor)
    _demand_owner(organization, function_object)
    kind, parsed = parsed_name(name)
    if method in PAPERS or (kind is NameKind.EMAIL and method is not ValidationMethod.MAIL):
        raise Refused(Refusal(code="method_not_for_name", facts=(("method", method.value),), fixer="you"))
    address = mail_recipient(kind, parsed, send_to) if method is ValidationMethod.MAIL else ""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        validation = NameValidation.objects.create(
            organization=organization,
            function_object=function_object,
            kind=kind.value,
            name=parsed,
            method=method.value,
            state=NameValidationState.PENDING.value,
            token=digest(token) if method is ValidationMethod.MAIL else token,
            sent_to=address,
            requested_at=at,
            requested_by=actor.identifier,
        )
        record(_requested(validation), actor=actor, at=at)
    return Asked(validation=validation, link_token=token if method is ValidationMethod.MAIL else "")


def note_paper(
    *,
    organization: Organization,
    name: str,
    method: ValidationMethod,
    reference: str,
    sha256: str = "",
    valid_to: datetime | None = None,
    function_object: FunctionObject | None = None,
    actor: Actor,
    at: datetime,
) -> NameValidation:
    """Note that a document or a power of attorney shows the right to a name; good at once, until its end.

    Only the paper's reference and digest are kept. Raises Refused (role, name, reference, end).
    """
    _demand_role(actor)
    _demand_owner(organization, function_object)
    kind, parsed = parsed_name(name)
    if method not in PAPERS:
        raise Refused(Refusal(code="method_not_for_name", facts=(("method", method.value),), fixer="you"))
    if not reference.strip():
        raise Refused(Refusal(code="paper_without_reference", fixer="you"))
    if method is ValidationMethod.POWER_OF_ATTORNEY and valid_to is None:
        raise Refused(Refusal(code="power_without_end", fixer="you"))
    longest = LONGEST_POWER if method is ValidationMethod.POWER_OF_ATTORNEY else LIFETIMES[method]
    end = valid_to or at + longest
    if not at < end <= at + longest:
        facts = (("valid_to", end.isoformat()), ("longest_days", str(longest.days)))
        raise Refused(Refusal(code="validation_end_not_allowed", facts=facts, fixer="you"))
    with transaction.atomic():
        validation = NameValidation.objects.create(
            organization=organization,
            function_object=function_object,
            kind=kind.value,
            name=parsed,
            method=method.value,
            state=NameValidationState.PENDING.value,
            evidence_reference=reference.strip()[:254],
            evidence_sha256=sha256.strip().lower()[:64],
            requested_at=at,
            requested_by=actor.identifier,
        )
        record(_requested(validation), actor=actor, at=at)
        _confirm(validation, until=end, actor=actor, at=at)
    validation.refresh_from_db()
    return validation


def confirm_validation(*, validation_id: str, actor: Actor, at: datetime) -> NameValidation:
    """Note that the proof was seen: by the worker's look-up, or by the link that was mailed.

    Raises ValidationNotFound, IllegalTransition (not waiting, or its time has run out).
    """
    validation = NameValidation.objects.filter(pk=validation_id).first()
    if validation is None:
        raise ValidationNotFound(str(validation_id))
    if at >= validation.requested_at + OPEN_FOR:
        raise IllegalTransition("too late", facts={"state": validation.state})
    with transaction.atomic():
        _confirm(validation, until=at + LIFETIMES[ValidationMethod(validation.method)], actor=actor, at=at)
    validation.refresh_from_db()
    return validation


def confirm_by_link(*, link_token: str, actor: Actor, at: datetime) -> NameValidation:
    """Confirm the validation whose mailed link this is; raises ValidationNotFound, IllegalTransition."""
    validation = validation_of_link(link_token)
    return confirm_validation(validation_id=str(validation.pk), actor=actor, at=at)


def validation_of_link(link_token: str) -> NameValidation:
    """Return the validation whose mailed link this is; raises ValidationNotFound."""
    validation = NameValidation.objects.filter(
        token=digest(link_token), method=ValidationMethod.MAIL.value
    ).first()
    if validation is None:
        raise ValidationNotFound("no such link")
    return validation


def end_validation(
    *, validation_id: str, action: NameValidationAction, finding: str = "", actor: Actor, at: datetime
) -> NameValidation:
    """Reject what waits, or withdraw what waits or is good; certificates that were issued stay.

    Raises Refused (role), ValidationNotFound, IllegalTransition.
    """
    _demand_role(actor)
    validation = NameValidation.objects.filter(pk=validation_id).first()
    if validation is None:
        raise ValidationNotFound(str(validation_id))
    following = _after(validation, action)
    with transaction.atomic():
        moved = NameValidation.objects.filter(pk=validation.pk, state=validation.state).update(
            state=following.value, decided_at=at, decided_by=actor.identifier, finding=finding[:64]
        )
        if moved != 1:
            raise IllegalTransition("somebody else was faster", facts={"state": validation.state})
        record(
            NameValidationEnded(
                validation_id=str(validation.pk),
                organization_id=str(validation.organization_id),
                name=validation.name,
                method=validation.method,
                state=following.value,
            ),
            actor=actor,
            at=at,
        )
    validation.refresh_from_db()
    return validation


def validate_names(*, hsa_id: str, names: Sequence[str], actor: Actor, at: datetime) -> FunctionObject:
    """Note by hand that names are the object's own, and open it for orders; a repeated name changes nothing.

    Raises FunctionObjectNotFound, Refused (role, or a name that no certificate may hold).
    """
    _demand_role(actor)
    function_object = FunctionObject.objects.select_related("organization").filter(hsa_id=hsa_id).first()
    if function_object is None:
        raise FunctionObjectNotFound(hsa_id)
    parsed = parsed_names(function_object, names)
    known = set(
        NameValidation.objects.filter(
            function_object=function_object, state=NameValidationState.VALID.value, valid_to__gt=at
        ).values_list("name", flat=True)
    )
    with transaction.atomic():
        for name in parsed:
            if name not in known:
                note_paper(
                    organization=function_object.organization,
                    function_object=function_object,
                    name=name,
                    method=ValidationMethod.DOCUMENT,
                    reference=f"validate_names {hsa_id}",
                    actor=actor,
                    at=at,
                )
    function_object.refresh_from_db()
    return function_object


def open_function_object(
    function_object: FunctionObject, *, names: Sequence[str], actor: Actor, at: datetime
) -> None:
    """Move an object that waits for its first validated name to VALIDATED; others stay as they are."""
    following = FUNCTION_OBJECT_MOVES.get(
        (FunctionObjectState(function_object.state), FunctionObjectAction.VALIDATE)
    )
    if following is None:
        return
    moved = FunctionObject.objects.filter(pk=function_object.pk, state=function_object.state).update(
        state=following.value, validated_at=at, validated_by=actor.identifier
    )
    if moved == 1:
        record(
            FunctionObjectValidated(
                function_object_id=str(function_object.pk),
                organization_id=str(function_object.organization_id),
                names=tuple(names),
            ),
            actor=actor,
            at=at,
        )


def parsed_names(function_object: FunctionObject, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names as a certificate of this kind of object holds them; raises Refused."""
    parse = parse_mail_address if function_object.kind == FunctionKind.EMAIL.value else parse_dns_name
    parsed: list[str] = []
    for name in names:
        try:
            parsed.append(parse(name))
        except NameInvalid as error:
            facts = (("name", name[:253]), ("rule", str(error)))
            raise Refused(Refusal(code="name_not_allowed", facts=facts, fixer="you")) from error
    return tuple(dict.fromkeys(parsed))


def parsed_name(name: str) -> tuple[NameKind, str]:
    """Return what a name is and its stored form; raises Refused."""
    kind = NameKind.EMAIL if "@" in name else NameKind.DOMAIN
    try:
        return kind, parse_mail_address(name) if kind is NameKind.EMAIL else parse_dns_name(name)
    except NameInvalid as error:
        facts = (("name", name[:253]), ("rule", str(error)))
        raise Refused(Refusal(code="name_not_allowed", facts=facts, fixer="you")) from error


def mail_recipient(kind: NameKind, name: str, send_to: str) -> str:
    """Return the address that a link goes to: the name itself, or an administrative mailbox of the domain."""
    if kind is NameKind.EMAIL:
        return name
    allowed = administrative_mailboxes(name)
    if send_to.strip().lower() not in allowed:
        facts = (("address", send_to[:254]), ("allowed", ", ".join(allowed)))
        raise Refused(Refusal(code="address_not_allowed", facts=facts, fixer="you"))
    return send_to.strip().lower()


def administrative_mailboxes(domain: str) -> tuple[str, ...]:
    """Return the mailboxes that speak for a domain (RFC 2142 and the web's certificate authorities)."""
    return tuple(
        f"{mailbox}@{domain}"
        for mailbox in ("hostmaster", "postmaster", "admin", "administrator", "webmaster")
    )


def digest(text: str) -> str:
    """Return the SHA-256 of a link's token, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _confirm(validation: NameValidation, *, until: datetime, actor: Actor, at: datetime) -> None:
    following = _after(validation, NameValidationAction.CONFIRM)
    moved = NameValidation.objects.filter(pk=validation.pk, state=validation.state).update(
        state=following.value,
        decided_at=at,
        decided_by=actor.identifier,
        valid_from=at,
        valid_to=until,
        finding="",
    )
    if moved != 1:
        raise IllegalTransition("somebody else was faster", facts={"state": validation.state})
    record(
        NameValidationConfirmed(
            validation_id=str(validation.pk),
            organization_id=str(validation.organization_id),
            name=validation.name,
            method=validation.method,
            valid_to=until.isoformat(),
        ),
        actor=actor,
        at=at,
    )
    for function_object in _opened_by(validation):
        open_function_object(function_object, names=(validation.name,), actor=actor, at=at)


def _opened_by(validation: NameValidation) -> list[FunctionObject]:
    """Return the objects that wait for a name like this one: the one it is for, or those it covers."""
    waiting = FunctionObject.objects.filter(state=FunctionObjectState.NOT_VALIDATED.value)
    if validation.function_object_id is not None:
        return list(waiting.filter(pk=validation.function_object_id))
    found = waiting.filter(organization_id=validation.organization_id)
    return [one for one in found if any(is_inside(name, (validation.name,)) for name in one.hsa_names)]


def _after(validation: NameValidation, action: NameValidationAction) -> NameValidationState:
    following = NAME_VALIDATION_MOVES.get((NameValidationState(validation.state), action))
    if following is None:
        raise IllegalTransition(
            "not from this state", facts={"state": validation.state, "action": action.value}
        )
    return following


def _demand_role(actor: Actor) -> None:
    if not policies.has_role(actor, policies.MAY_VALIDATE):
        raise Refused(
            Refusal(code="role_missing", facts=(("role", actor.role),), fixer="central_administrator")
        )


def _demand_owner(organization: Organization, function_object: FunctionObject | None) -> None:
    if function_object is not None and function_object.organization_id != organization.pk:
        raise Refused(Refusal(code="outside_scope", fixer="you"))


def _requested(validation: NameValidation) -> NameValidationRequested:
    return NameValidationRequested(
        validation_id=str(validation.pk),
        organization_id=str(validation.organization_id),
        name=validation.name,
        method=validation.method,
    )
