"""An order of cards for ten thousand: from the list to the last row's result."""

import time
from datetime import timedelta

from bench import population
from bench.certificates import ACTOR, now
from bench.installation import Installation
from bench.journal_row import with_database
from bench.measuring import NotMeasured, Result, Work
from bench.place import Place
from cards.bulk.choosing import from_list
from cards.bulk.lifecycle import approve_bulk_order, place_bulk_order
from cards.bulk.models import BulkOrder, BulkSource
from cards.bulk.placing import AT_ONCE, carry_on, is_something_left
from cards.bulk.preparing import prepare_bulk_order
from cards.bulk.reading import read_list
from directory.models import Employment, NumberKind, Organization, Person, Role, RoleAssignment
from journal import sequencing
from journal.actor import Actor, ActorKind

_FOREVER = timedelta(days=1)
_A_TURN = timedelta(seconds=5)
_BORN_BEFORE = "2000-01-01"


def bulk_order(place: Place, _: Installation) -> Result:
    """Prepare, check, place and approve an order for many, and let the worker carry it out."""
    count = place.size(10_000, 500)
    organization, hsa_ids = _people(place, count)
    first, second = (_administrator(organization, number) for number in (0, 1))
    began = time.monotonic()
    prepared = with_database(lambda: _prepare(organization, hsa_ids, first))
    bulk = BulkOrder.objects.get()
    checked = _carried_out(0)
    bulk.refresh_from_db()
    if bulk.ready != count:
        codes = set(bulk.rows.exclude(code="").values_list("code", flat=True))
        raise NotMeasured(f"{bulk.ready} of {count} rows may be ordered: {codes}")
    place.say(f"{count:,} rows are checked, {1e3 * checked.cpu / count:.2f} CPU-ms each")
    place_bulk_order(bulk.pk, actor=first, at=now())
    approve_bulk_order(bulk.pk, actor=second, at=now())
    placed = _carried_out(1)
    wall = time.monotonic() - began
    bulk.refresh_from_db()
    if bulk.ordered != count or placed.done != count:
        raise NotMeasured(f"{bulk.ordered} of {count} cards were ordered, in state {bulk.state}")
    parts = {"preparing": prepared.cpu, "checking": checked.cpu, "placing": placed.cpu}
    told = ", ".join(f"{name} {1e3 * cpu / count:.2f}" for name, cpu in parts.items())
    return Result(
        value=1e3 * sum(parts.values()) / count,
        of="CPU ms a row of the worker process and its database backend, from the list to the last result",
        note=f"{count:,} rows, PostgreSQL, one worker; each order with card, journal event and the row's "
        f"result in transactions of {AT_ONCE}; {told}; by the clock {1e3 * wall / count:.1f} ms a row",
    )


def _people(place: Place, count: int) -> tuple[Organization, list[str]]:
    """Return so many employees of one organization who have all that a card takes."""
    if not Person.objects.exists():
        population.people(place, place.size(60_000, 6_000))
    grown = Person.objects.filter(
        number_kind=NumberKind.PERSONAL_IDENTITY_NUMBER.value, birth_date__lt=_BORN_BEFORE
    )
    organization = Organization.objects.order_by("hsa_id")[0]
    working = Employment.objects.filter(organization=organization, person__in=grown)
    free = working.filter(person__card_orders__isnull=True).order_by("hsa_id")[2 : count + 2]
    found = list(free.values_list("hsa_id", "person_id"))
    if len(found) < count:
        raise NotMeasured(f"{len(found)} people are there, not {count}")
    keys = [person_id for _, person_id in found]
    Person.objects.filter(pk__in=keys).update(address_lines=["Storgatan 1", "972 31 Luleå"])
    return organization, [hsa_id for hsa_id, _ in found]


def _administrator(organization: Organization, number: int) -> Actor:
    employment = Employment.objects.filter(organization=organization).order_by("hsa_id")[number]
    RoleAssignment.objects.get_or_create(
        employment=employment,
        role=Role.ID_ADMINISTRATOR.value,
        organization=organization,
        defaults={"valid_from": now() - _FOREVER, "granted_at": now() - _FOREVER, "granted_by": "bench"},
    )
    return Actor(
        kind=ActorKind.PERSON,
        identifier=employment.hsa_id,
        role=Role.ID_ADMINISTRATOR.value,
        organization_ids=(str(organization.pk),),
        person_id=str(employment.person_id),
        loa=3,
    )


def _prepare(organization: Organization, hsa_ids: list[str], actor: Actor) -> int:
    lines = read_list("\n".join(hsa_ids))
    rows = from_list(lines, organization=organization, product_code="7C1", actor=actor, at=now())
    prepare_bulk_order(
        rows, source=BulkSource.LIST, about="", organization=organization, actor=actor, at=now()
    )
    return len(rows)


def _carried_out(part: int) -> Work:
    """Let the worker go on until nothing is left; between its turns the journal gets its places.

    That is another process's work, not counted here; without it the journal stops privileged acts.
    """
    done, cpu = 0.0, 0.0
    while is_something_left():
        turn = with_database(lambda: carry_on(actor=ACTOR, clock=now, patience=_A_TURN)[part])
        done, cpu = done + turn.done, cpu + turn.cpu
        while sequencing.sequence_committed():
            pass
        if not turn.done:
            break
    return Work(done=done, cpu=cpu)
