"""A reading of everybody from PU in which nothing has changed."""

import sys
import time
from collections.abc import Iterator
from statistics import median

from django.conf import settings
from django.db import connection

from bench import population
from bench.certificates import ACTOR, now
from bench.installation import Installation
from bench.journal_row import with_database
from bench.measuring import NotMeasured, Result
from bench.place import Place
from deploy.processes import answers
from directory import registers
from directory.errors import RegisterUnavailable
from directory.identifiers import PersonalIdentityNumber
from directory.models import Person, SyncState
from directory.pu_sync import sync_pu
from directory.simulators import people, stored

_COLUMNS = ("personal_identity_number", "given_name", "surname")


def sync(place: Place, _: Installation) -> Result:
    """Read everybody; the register's own time is not counted."""
    count = place.size(100_000, 5000)
    population.people(place, count)
    file = place.folder / "people.db"
    stored.write(file, organizations=[], units=[], people=_register())
    port = settings.SIGILL_DIRECTORY_PORT
    settings.SIGILL_PU_URL = f"http://127.0.0.1:{port}/pu"
    settings.SIGILL_PU_FILE_ORDERS_FROM = 0
    registers.forget()
    child = place.child(
        "registers",
        [sys.executable, "-m", "directory.simulators", "--port", str(port), "--people", str(file)],
    )
    place.await_ready("registers", child, answers(f"http://127.0.0.1:{port}/healthz"))
    _take_over_addresses(place)
    rates: list[float] = []
    walls: list[float] = []
    for number in range(2):
        started = time.monotonic()
        work = with_database(_read)
        walls.append(work.done / (time.monotonic() - started))
        rates.append(work.rate)
        place.say(
            f"reading {number + 1}: {work.rate:,.0f} people per CPU-second, {walls[-1]:,.0f} per second"
        )
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE directory_person, directory_organization, directory_issuancearea CASCADE")
    return Result(
        value=median(rates),
        of="people per CPU-second of the reading process and its database backend",
        note=f"PU over SOAP, {count:,} people, 500 in a call, nothing changed; the simulator is not "
        f"counted in it (with it, on the same cores, {median(walls):,.0f} per second by the clock)",
    )


def _register() -> Iterator[people.Person]:
    address = people.Address(street="Storgatan 1", postal_code=97231, city="Luleå")
    for number, given_name, surname in Person.objects.values_list(*_COLUMNS).iterator(chunk_size=5000):
        yield people.Person(number=number, given_name=given_name, surname=surname, address=address)


def _take_over_addresses(place: Place) -> None:
    """Wait until the simulator has read its file, and write everybody's address as PU gives it."""
    number = Person.objects.values_list("personal_identity_number", flat=True)[0]
    deadline = time.monotonic() + 240
    while True:
        try:
            found = registers.pu().read([PersonalIdentityNumber(number)])[number]
            break
        except RegisterUnavailable as error:
            if time.monotonic() > deadline:
                raise NotMeasured("the simulator did not read its file in 240 s") from error
    if found is None:
        raise NotMeasured("the simulator does not know the people of its file")
    Person.objects.update(address_lines=list(found.address_lines))
    place.say("the simulator knows everybody")


def _read() -> int:
    run = sync_pu(actor=ACTOR, at=now())
    if run.state != SyncState.COMPLETE.value or run.changed or run.absent or run.held:
        raise NotMeasured(f"the reading is {run.state} with {run.changed} changed, {run.absent} absent")
    return run.read
