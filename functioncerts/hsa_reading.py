"""Takes function objects over from HSA: new ones wait for validation, known ones get what HSA says now.

What HSA no longer tells of is left as it is: absence is no proof, and a person decides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from directory.errors import RegisterUnavailable
from directory.hsa_functions import HsaFunction, HsaFunctionClient
from directory.models import Organization, Unit
from functioncerts.events import FunctionObjectChanged
from functioncerts.lifecycle import register_function_object
from functioncerts.models import FunctionKind, FunctionObject
from functioncerts.names import is_inside
from functioncerts.validated import valid_names
from functioncerts.validations import open_function_object
from journal.actor import Actor
from journal.recording import record

GIVES_UP_AFTER: Final = 3
"""Organizations in a row without an answer: then HSA is down, and the next run reads again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionsRead:
    """How a reading went."""

    organizations: int
    new: int
    changed: int
    unanswered: int


def read_functions(
    client: HsaFunctionClient, *, pause: Callable[[], None], actor: Actor, at: datetime
) -> FunctionsRead:
    """Read each organization's function objects, one call at a time with a pause between (domain.md 4.2)."""
    asked = new = changed = unanswered = in_a_row = 0
    for organization in Organization.objects.order_by("hsa_id"):
        try:
            found = client.functions_of(organization.hsa_id)
        except RegisterUnavailable:
            unanswered, in_a_row = unanswered + 1, in_a_row + 1
            if in_a_row >= GIVES_UP_AFTER:
                break
            continue
        asked, in_a_row = asked + 1, 0
        for one in found:
            is_new, is_changed = _take_over(one, organization, actor=actor, at=at)
            new, changed = new + is_new, changed + is_changed
        pause()
    return FunctionsRead(organizations=asked, new=new, changed=changed, unanswered=unanswered)


def _take_over(
    told: HsaFunction, organization: Organization, *, actor: Actor, at: datetime
) -> tuple[bool, bool]:
    """Write what HSA tells of one object; one that another organization owns here is left to a person."""
    known = FunctionObject.objects.filter(hsa_id=told.hsa_id).first()
    if known is not None and known.organization_id != organization.pk:
        return False, False
    with transaction.atomic():
        function_object = known or register_function_object(
            hsa_id=told.hsa_id,
            kind=FunctionKind(told.kind),
            name=told.name[:120],
            organization=organization,
            actor=actor,
            at=at,
        )
        facts = {
            "unit_id": _unit(told, organization),
            "name": told.name[:120],
            "mailbox": told.mail[:254],
            "hsa_names": [name.lower() for name in told.names],
        }
        fields = tuple(
            name.removesuffix("_id")
            for name, value in facts.items()
            if getattr(function_object, name) != value
        )
        FunctionObject.objects.filter(pk=function_object.pk).update(last_read_at=at, **facts)
        function_object.refresh_from_db()
        if known is not None and fields:
            record(
                FunctionObjectChanged(
                    function_object_id=str(function_object.pk),
                    organization_id=str(organization.pk),
                    fields=fields,
                ),
                actor=actor,
                at=at,
            )
        validated = valid_names(function_object, at=at)
        if covered := [name for name in function_object.hsa_names if is_inside(name, validated)]:
            open_function_object(function_object, names=covered, actor=actor, at=at)
    return known is None, known is not None and bool(fields)


def _unit(told: HsaFunction, organization: Organization) -> UUID | None:
    """Return the unit that HSA places the object in; None where it names none of the organization's."""
    if not told.unit:
        return None
    found = Unit.objects.filter(hsa_id__iexact=told.unit, organization=organization)
    return found.values_list("pk", flat=True).first()
