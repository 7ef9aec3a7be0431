"""The simulators as a process of their own, and their data: test numbers only, all odd cases there."""

import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import requests

from directory.identifiers import HsaId, OrganizationNumber, parse_personal_identity_number
from directory.simulators import generate
from directory.simulators.people import PACKAGED, load
from tests.directory.conftest import Registers

ROOT = Path(__file__).parents[2]


def test_the_process_answers_takes_faults_and_ends_cleanly() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "directory.simulators", "--port", "0"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "DJANGO_SETTINGS_MODULE": ""},
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            assert requests.get(f"{address}/healthz", timeout=60).text == "ok\n"
            once = {"hsa": {"kind": "503", "times": 1}}
            assert requests.put(f"{address}/faults", json=once, timeout=60).json()["hsa"]["kind"] == "503"
            assert requests.get(f"{address}/hsa/catalogue", timeout=60).status_code == 503
            assert requests.get(f"{address}/hsa/catalogue", timeout=60).status_code == 200
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    "body", ['{"hsa": {"kind": "fire"}}', '{"sea": {"kind": ""}}', "[]", "nonsense", "{"]
)
def test_an_unknown_fault_is_refused(registers_running: Registers, body: str) -> None:
    assert requests.put(f"{registers_running.address}/faults", data=body, timeout=60).status_code == 400


@pytest.mark.parametrize(
    "message", [b"no xml", b"<a/>", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>']
)
def test_a_question_that_is_none_gets_a_soap_fault(registers_running: Registers, message: bytes) -> None:
    answer = requests.post(f"{registers_running.address}/pu", data=message, timeout=60)
    assert answer.status_code == 500
    assert b"soap:Client" in answer.content
    assert b"root:" not in answer.content


def test_hsa_refuses_both_keys_at_once(registers_running: Registers) -> None:
    good = registers_running.hsa().messages()["GetEmployeeIncludingProtectedPerson"].decode()
    before, tag, rest = good.partition("<ns0:includeFeignedObject")
    assert tag
    both = f"{before}<ns0:personalIdentityNumber>1</ns0:personalIdentityNumber>{tag}{rest}"
    answer = requests.post(f"{registers_running.address}/hsa", data=both, timeout=60)
    assert (answer.status_code, b"does not follow the contract" in answer.content) == (500, True)


def test_everybody_has_a_test_number_and_right_identifiers() -> None:
    registers = load(PACKAGED)
    assert len(registers.people) >= 50
    for number, person in registers.people.items():
        assert parse_personal_identity_number(number, today=date(2026, 11, 21)).is_test_number
        for work in person.employments:
            assert HsaId.parse(work.hsa_id).organization_number
            assert work.unit in registers.units
    for one in registers.organizations:
        assert OrganizationNumber.parse(one.number)
        assert HsaId.parse(one.hsa_id).organization_number == one.number


def test_the_data_file_is_what_its_generator_writes() -> None:
    assert PACKAGED.read_text(encoding="utf-8") == generate.written()


def test_the_kinds_of_people_that_the_rules_tell_apart_are_all_there() -> None:
    people = list(load(PACKAGED).people.values())
    assert sum(one.secrecy_marked for one in people) == 1
    assert sum(one.protected_registration for one in people) == 1
    assert {one.deregistration_code for one in people} == {"", "AV", "UV"}
    assert {one.identity_level for one in people} == {"", "Styrkt", "Osäker"}
    assert sum(len(one.employments) == 2 for one in people) == 1
    assert sum(one.number.startswith("201") for one in people) == 1
    assert max(len(f"{one.given_name} {one.surname}") for one in people) > 64


def test_faults_are_shown_as_json(registers_running: Registers) -> None:
    registers_running.show("pu", "slow", seconds=1.5, after=2)
    shown = json.loads(requests.get(f"{registers_running.address}/faults", timeout=60).text)
    assert shown["pu"] == {"kind": "slow", "after": 2, "times": 0, "seconds": 1.5}
