"""Roles that commissions in HSA give, beside those given in the portal: read by a job, one call at a time.

Which counts: both. A person may do what either source gives; each assignment says whence it comes, and ends
by its own source. Two things HSA never does: give a role that two people give, or one of the central
administration (``roles.HSA_ROLES``, held by a CHECK), and give the add-on for protected people.

A role of HSA's lapses when so many answers in a row about the person name it no more as an absence needs
(``SyncRules.complete_reads``), within the cap of a run; no answer is no absence. What a person took back in
the portal stays away, though HSA still names it, until HSA has answered once without it.

A commission counts for the person's own organization as a whole. One for single units gives nothing here:
less than HSA means, never more.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import F

from directory import configuration, registers
from directory.configuration import SyncRules
from directory.errors import RegisterUnavailable, RoleNotHeld, RoleRefused
from directory.granting import Givers, write_grant
from directory.hsa_client import AdminCommission
from directory.lifecycle import revoke_role
from directory.models import Employment, Role, RoleAssignment, RoleSource
from directory.role_policies import RoleGrant
from directory.role_selectors import not_over
from directory.roles import HSA_ROLES
from directory.sync_run import GIVE_UP, chunks
from journal.actor import Actor

SCOPE: Final = "SITHS"
"""The scope code (behörighetsområde) of our roles; their property codes are their names in capitals."""
WITHDREW: Final = "hsa_withdrew"
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
        gone += _write(employment, roles_named(found, employment), reading, rules=rules, actor=actor, at=at)
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


def roles_named(commissions: Iterable[AdminCommission], employment: Employment) -> frozenset[Role]:
    """Return the roles that commissions give for the whole of the employment's own organization."""
    whole = (employment.organization.hsa_id.upper(), True)
    return frozenset(
        _BY_PROPERTY[one.property_code]
        for one in commissions
        if one.property_code in _BY_PROPERTY and whole in {(unit.upper(), all_) for unit, all_ in one.units}
    )


def _write(
    employment: Employment,
    named: frozenset[Role],
    reading: RoleReading,
    *,
    rules: SyncRules,
    actor: Actor,
    at: datetime,
) -> list[RoleAssignment]:
    """Write what HSA names, count what it names no more, and return what has been absent often enough."""
    rows = RoleAssignment.objects.filter(employment=employment, source=RoleSource.HSA.value)
    names = [role.value for role in named]
    absent = rows.exclude(role__in=names)
    absent.filter(not_over(at)).update(missed_reads=F("missed_reads") + 1)
    absent.filter(valid_to__lte=at, missed_reads=0).update(missed_reads=1)
    held = rows.filter(not_over(at), role__in=names)
    held.update(missed_reads=0)
    # Taken back here, and named ever since: missed_reads tells that HSA has not been without it.
    taken_back = rows.filter(valid_to__lte=at, missed_reads=0).exclude(revoked_by=actor.identifier)
    standing = {*held.values_list("role", flat=True), *taken_back.values_list("role", flat=True)}
    for role in sorted(named):
        if role.value not in standing:
            _give(employment, role, reading, actor=actor, at=at)
    ripe = absent.filter(not_over(at), missed_reads__gte=rules.complete_reads)
    return list(ripe.select_related("employment", "organization"))


def _give(employment: Employment, role: Role, reading: RoleReading, *, actor: Actor, at: datetime) -> None:
    grant = RoleGrant(employment=employment, role=role, organization=employment.organization, valid_from=at)
    by = Givers(granted_by=actor.identifier)
    try:
        with transaction.atomic():
            write_grant(grant, by=by, source=RoleSource.HSA, actor=actor, at=at)
    except RoleRefused:  # an auditor with another role, or the other way round: the portal's word stands
        reading.refused += 1
        return
    reading.given += 1
