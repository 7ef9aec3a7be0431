"""Which names a function object may be certified for at a moment: what ordering, renewal and ACME ask."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from functioncerts.models import FunctionObject, NameValidation
from functioncerts.names import is_inside
from functioncerts.states import NameValidationState


def validations_in_force(function_object: FunctionObject, *, at: datetime) -> QuerySet[NameValidation]:
    """Return the validations that are good at the moment: the object's own and those of its organization."""
    return NameValidation.objects.filter(
        Q(function_object=function_object)
        | Q(function_object__isnull=True, organization_id=function_object.organization_id),
        state=NameValidationState.VALID.value,
        valid_from__lte=at,
        valid_to__gt=at,
    )


def valid_names(function_object: FunctionObject, *, at: datetime) -> tuple[str, ...]:
    """Return the validated domains and addresses, by name; what lies below a domain is inside it."""
    names = validations_in_force(function_object, at=at).order_by("name").values_list("name", flat=True)
    return tuple(dict.fromkeys(names))


def default_names(function_object: FunctionObject, *, at: datetime) -> tuple[str, ...]:
    """Return the names that are certified when the order names none: the object's own that are validated.

    The object's own are those that HSA tells of; where it tells none, what was validated for it alone.
    """
    validated = valid_names(function_object, at=at)
    if function_object.hsa_names:
        return tuple(name for name in function_object.hsa_names if is_inside(name, validated))
    own = validations_in_force(function_object, at=at).filter(function_object=function_object)
    return tuple(dict.fromkeys(own.order_by("name").values_list("name", flat=True)))


def outside(names: Iterable[str], *, function_object: FunctionObject, at: datetime) -> tuple[str, ...]:
    """Return the names that lie outside everything validated, in their order."""
    validated = valid_names(function_object, at=at)
    return tuple(name for name in names if not is_inside(name, validated))
