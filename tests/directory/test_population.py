"""Load data: as many people as wanted, plausible, the same each time, with numbers that nobody could have."""

import os
import sqlite3
import subprocess
import sys
from collections import Counter
from datetime import date
from itertools import islice
from pathlib import Path
from threading import Thread

import pytest
import requests

from directory.bounded_http import Endpoint
from directory.hsa_client import HsaClient
from directory.identifiers import HsaId, parse_personal_identity_number
from directory.pu_client import PuClient
from directory.simulators import population, stored
from directory.simulators.server import SimulatorServer

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 22)
COUNT = 3000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("population") / "people.db"
    written = stored.write(
        path,
        organizations=population.organizations(),
        units=population.units(),
        people=population.people(COUNT),
    )
    assert written == COUNT
    return path


def test_every_number_is_a_right_one_of_the_test_ranges_and_nobody_elses() -> None:
    people = list(population.people(COUNT))
    numbers = [parse_personal_identity_number(one.number, today=TODAY) for one in people]
    assert all(number.is_test_number for number in numbers)
    assert len(set(numbers)) == COUNT
    assert sum(number.is_coordination_number for number in numbers) == COUNT // 25
    ids = {HsaId.parse(work.hsa_id) for one in people for work in one.employments}
    assert len(ids) == COUNT


def test_there_are_numbers_for_a_million_and_none_comes_twice() -> None:
    """Pairs of day and birth number are walked through by a step that has no factor in common with them."""
    assert population.MOST >= 1_000_000
    for spans in ((population._AT_WORK,), population._OTHERS, (population._COORDINATION,)):
        size = sum(span.size for span in spans)
        drawn = list(islice(population._shuffled(spans, 752), 50_000))
        assert len(set(drawn)) == len(drawn)
        assert all(any(span.first <= day <= span.last for span in spans) for day, _ in drawn)
        assert size > len(drawn)
    small = (population._Span(first=date(2000, 2, 28), last=date(2000, 3, 1)),)
    assert len(set(population._shuffled(small, 7))) == small[0].size == 60


def test_the_same_seed_gives_the_same_people_and_more_of_them_begin_alike() -> None:
    assert list(population.people(200)) == list(population.people(200))
    assert list(population.people(200)) == list(islice(population.people(1000), 200))
    assert list(population.people(200, seed=1)) != list(population.people(200))


def test_more_people_than_there_are_numbers_for_are_refused() -> None:
    with pytest.raises(ValueError, match="test numbers"):
        next(population.people(population.MOST + 1))


def test_the_kinds_of_people_that_the_rules_tell_apart_are_all_there() -> None:
    people = list(population.people(20_000))
    codes = Counter(one.deregistration_code for one in people)
    assert set(codes) == {"", "AV", "UV"}
    assert codes[""] > 0.97 * len(people)
    assert any(one.secrecy_marked for one in people)
    assert any(one.protected_registration for one in people)
    assert {one.identity_level for one in people} == {"", "Styrkt", "Sannolik", "Osäker"}


def test_both_registers_are_served_from_a_store_and_a_tester_edits_it_meanwhile(
    store: Path, tmp_path: Path
) -> None:
    path = tmp_path / "people.db"
    path.write_bytes(store.read_bytes())
    server = SimulatorServer(("127.0.0.1", 0), path)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    wanted = next(one for one in population.people(COUNT) if one.address)
    number = parse_personal_identity_number(wanted.number, today=TODAY)
    try:
        pu = PuClient(
            Endpoint(register="pu", url=f"{address}/pu", logical_address="X"), include_test_people=True
        )
        hsa = HsaClient(
            Endpoint(register="hsa", url=f"{address}/hsa", logical_address="X"), include_feigned=True
        )
        found = pu.read([number])[number.value]
        assert found is not None
        assert (found.given_name, found.surname) == (wanted.given_name, wanted.surname)
        (employee,) = hsa.employees(number.value)
        assert hsa.employee(wanted.employments[0].hsa_id.lower()) == employee
        catalogue = requests.get(f"{address}/hsa/catalogue", timeout=60).content
        assert catalogue.count(b"<person ") == COUNT
        with sqlite3.connect(path) as connection:
            connection.execute(
                "UPDATE person SET content = json_set(content, '$.surname', 'Ändrad') WHERE number = ?",
                (number.value,),
            )
        connection.close()
        changed = pu.read([number])[number.value]
        assert changed is not None
        assert changed.surname == "Ändrad"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)


def test_the_command_writes_a_store_and_says_how_many(tmp_path: Path) -> None:
    out = tmp_path / "made.db"
    told = subprocess.run(
        [sys.executable, "-m", "directory.simulators.population", "--count", "50", str(out)],
        cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": ""},
    )  # fmt: skip
    assert told.stdout.startswith("50 people")
    assert stored.is_stored(out)
    assert len(stored.StoredFile(out).registers().people) == 50
