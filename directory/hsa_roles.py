"""Roles that commissions in HSA give, beside those given in the portal: read by a job, one call at a time.

Which counts: both. A person may do what either source gives; each assignment says whence it comes, and ends
by its own source. Two things HSA never does: give a role that two people give, or one of the central
administration (``roles.HSA_ROLES``, held by a CHECK), and give the add-on for protected people.

A role of HSA's lapses when so many answers in a row about the person name it no more as an absence needs
(``SyncRules.complete_reads``), within the cap of a run; no answer is no absence. What a person took back in
the portal stays away, though HSA still names it, until HSA has answered once without it.

A commission counts for the person's own organization as a whole, or for a unit of it with all below it, where
HSA says so. One for a single unit without those below it gives nothing here: less than HSA means, never more.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from directory import configuration, registers
from directory.configuration import SyncRules
from directory.errors import RegisterUnavailable, RoleNotHeld, RoleRefused
from directory.granting import Givers, write_grant
from directory.hsa_client import AdminCommission
from directory.lifecycle import revoke_role
from directory.models import UNIT_ROLES, Employment, Role, RoleAssignment, RoleSource, Unit
from directory.role_policies import RoleGrant
from directory.role_selectors import not_over
from directory.roles import HSA_ROLES
from directory.sync_run import GIVE_UP, chunks
from journal.actor import Actor

SCOPE: Final = "SITHS"
"""The scope code (behörighetsområde) of our roles; their property codes are their names in capitals."""
WITHDREW: Final = "hsa_withdrew"
Named = tuple[Role, UUID | None]
"""A role that HSA names, and the unit for which; None for the whole organization."""
_BY_PROPERTY: Final = {role.name: role for role in HSA_ROLES}


@dataclass(slots=True, kw_only=True)
class RoleReading:
    """How a reading went: people asked about and read; roles given, lapsed, held over the cap, refused."""

    asked: int = 0
    read: int = 0
    given: int = 0
    lapsed: int = 0
    held: int = 0
    refused: int = 0
    failure: str = ""


def sync_roles(*, actor: Actor, at: datetime, rules: SyncRules | None = None) -> RoleReading:
    """Read the commissions of everybody known here; never raises for the register."""
    rules = rules or configuration.sync_rules()
    reading, gone, failures = RoleReading(), list[RoleAssignment](), 0
    units = {unit.hsa_id.upper(): unit for unit in Unit.objects.all()}
    for employment in _everybody(rules):
        if failures >= GIVE_UP:
            break
        reading.asked += 1
        try:
            found = registers.hsa().admin_commissions(employment.hsa_id, scope_code=SCOPE)
        except RegisterUnavailable as error:
            failures += 1
            reading.failure = f"hsa.{error.reason}"
            continue
        failures = 0
        reading.read += 1
        named = roles_named(found, employment, units)
        gone += _write(employment, named, reading, rules=rules, actor=actor, at=at)
        # HSA's batch rule: one thread, and a pause (domain.md 4.2).
        time.sleep(rules.pause.total_seconds())
    if len(gone) > rules.cap(reading.read):
        reading.held = len(gone)
        return reading
    for assignment in gone:
        try:
            revoke_role(assignment, reason=WITHDREW, actor=actor, at=at)
        except RoleNotHeld:  # somebody took it back meanwhile
            continue
        reading.lapsed += 1
    return reading


def _everybody(rules: SyncRules) -> Iterator[Employment]:
    """Return the employments that HSA knows, in chunks: nothing is read while something is written."""
    known = Employment.objects.filter(missing_since__isnull=True).order_by("hsa_id")
    keys = list(known.values_list("hsa_id", flat=True))
    for chunk in chunks(keys, rules.chunk):
        rows = known.filter(hsa_id__in=chunk).select_related("organization")
        yield from list(rows)


def roles_named(
    commissions: Iterable[AdminCommission], employment: Employment, units: Mapping[str, Unit]
) -> frozenset[Named]:
    """Return the roles that commissions give in the employment's own organization, each with its unit.

    No unit means all of the organization. ``units`` are those known here, by HSA-id in upper case.
    """
    named: set[Named] = set()
    for one in commissions:
        role = _BY_PROPERTY.get(one.property_code)
        if role is None:
            continue
        for hsa_id, with_all_below in one.units:
            unit = units.get(hsa_id.upper())
            if not with_all_below:
                continue
            if hsa_id.upper() == employment.organization.hsa_id.upper():
                named.add((role, None))
            elif (
                unit is not None
                and unit.organization_id == employment.organization_id
                and role.value in UNIT_ROLES
            ):
                named.add((role, unit.pk))
    return frozenset(named)


def _write(
    employment: Employment,
    named: frozenset[Named],
    reading: RoleReading,
    *,
    rules: SyncRules,
    actor: Actor,
    at: datetime,
) -> list[RoleAssignment]:
    """Write what HSA names, count what it names no more, and return what has been absent often enough."""
    rows = RoleAssignment.objects.filter(employment=employment, source=RoleSource.HSA.value)
    names = _of_roles(named)
    absent = rows.exclude(names)
    absent.filter(not_over(at)).update(missed_reads=F("missed_reads") + 1)
    absent.filter(valid_to__lte=at, missed_reads=0).update(missed_reads=1)
    held = rows.filter(names, not_over(at))
    held.update(missed_reads=0)
    # Taken back here, and named ever since: missed_reads tells that HSA has not been without it.
    taken_back = rows.filter(valid_to__lte=at, missed_reads=0).exclude(revoked_by=actor.identifier)
    standing = {*held.values_list("role", "unit_id"), *taken_back.values_list("role", "unit_id")}
    for role, unit_id in sorted(named, key=str):
        if (role.value, unit_id) not in standing:
            _give(employment, role, unit_id, reading, actor=actor, at=at)
    ripe = absent.filter(not_over(at), missed_reads__gte=rules.complete_reads)
    return list(ripe.select_related("employment", "organization"))


def _of_roles(named: Iterable[Named]) -> Q:
    """Return the condition that an assignment is one of these; of none where there are none."""
    condition = Q(pk__in=[])
    for role, unit_id in named:
        condition |= (
            Q(role=role.value, unit__isnull=True) if unit_id is None else Q(role=role.value, unit=unit_id)
        )
    return condition


def _give(
    employment: Employment,
    role: Role,
    unit_id: UUID | None,
    reading: RoleReading,
    *,
    actor: Actor,
    at: datetime,
) -> None:
    unit = Unit.objects.get(pk=unit_id) if unit_id else None
    grant = RoleGrant(
        employment=employment, role=role, organization=employment.organization, valid_from=at, unit=unit
    )
    by = Givers(granted_by=actor.identifier)
    try:
        with transaction.atomic():
            write_grant(grant, by=by, source=RoleSource.HSA, actor=actor, at=at)
    except RoleRefused:  # an auditor with another role, or the other way round: the portal's word stands
        reading.refused += 1
        return
    reading.given += 1
