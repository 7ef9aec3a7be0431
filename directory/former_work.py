"""Where somebody worked at a past moment: what stood until a later change, else what stands now."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    CharField,
    DateField,
    Exists,
    F,
    Field,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    When,
)
from django.db.models.functions import Upper

from directory.former_models import FormerWork
from directory.models import Employment

_KEPT = frozenset({"unit_id", "unit", "ends_on"})


def keep_former_work(employment: Employment, changed: Collection[str], *, at: datetime) -> None:
    """Keep what an employment says before ``changed`` is written; call it in the transaction of that."""
    if _KEPT.isdisjoint(changed):
        return
    standing = Employment.objects.values_list("unit_id", "ends_on").get(pk=employment.pk)
    FormerWork.objects.create(
        employment_id=employment.pk, unit_id=standing[0], ends_on=standing[1], until_at=at
    )


def worked_in(unit_ids: Collection[str], *, at: datetime, prefix: str = "") -> Q:
    """Return the condition that the service identity of a row worked in one of the units at a moment.

    The row has ``organization`` and ``hsa_id``, as cards and orders have.
    """
    placed = _of_row(prefix).annotate(unit_then=unit_then(at)).filter(unit_then__in=list(unit_ids))
    return Q(Exists(placed))


def unit_name_then(*, at: datetime, prefix: str = "") -> Subquery:
    """Return the name of the unit where the service identity of a row worked at a moment, or null."""
    told = _of_row(prefix).annotate(told=_then(at, "unit__name", CharField()))
    return Subquery(told.values("told")[:1], output_field=CharField())


def unit_then(at: datetime) -> Case:
    """Return the id of the unit of an employment at a moment."""
    return _then(at, "unit_id", UUIDField())


def ends_on_then(at: datetime) -> Case:
    """Return the last day of an employment as it was known at a moment."""
    return _then(at, "ends_on", DateField())


def _then(at: datetime, field: str, output: "Field[Any, Any]") -> Case:
    changed = FormerWork.objects.filter(employment_id=OuterRef("pk"), until_at__gt=at).order_by(
        "until_at", "id"
    )
    then = Subquery(changed.values(field)[:1], output_field=output)
    return Case(When(Exists(changed), then=then), default=F(field), output_field=output)


def _of_row(prefix: str) -> QuerySet[Employment]:
    return Employment.objects.annotate(key=Upper("hsa_id")).filter(
        key=Upper(OuterRef(f"{prefix}hsa_id")), organization_id=OuterRef(f"{prefix}organization_id")
    )
