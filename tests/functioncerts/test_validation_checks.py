"""Proofs by DNS and HTTP are looked for outside, boundedly, and count when they are seen (FC-1)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from directory.models import Role
from functioncerts.acme.validating import Probes
from functioncerts.models import NameValidation, ValidationMethod
from functioncerts.states import NameValidationState
from functioncerts.validation_checks import AGAIN_AFTER, check_due
from functioncerts.validations import OPEN_FOR, ask_validation
from tests.functioncerts.acme.conftest import probes_of
from tests.functioncerts.acme.outside import Outside, outside
from tests.functioncerts.conftest import SYSTEM, Stage


@pytest.fixture
def world() -> Iterator[Outside]:
    with outside() as served:
        yield served


def asked(stage: Stage, method: ValidationMethod) -> NameValidation:
    specialist = replace(stage.cast.alva, role=Role.VALIDATION_SPECIALIST.value)
    return ask_validation(
        organization=stage.cast.norr, name="ny.test", method=method, actor=specialist, at=stage.at
    ).validation


def look(probes: Probes, stage: Stage, *, later: timedelta = timedelta()) -> int:
    return check_due(probes=replace(probes, clock=lambda: stage.at + later), actor=SYSTEM)


def test_a_txt_record_counts_when_it_is_there_and_is_looked_for_again_until_then(
    stage: Stage, world: Outside
) -> None:
    one, probes = asked(stage, ValidationMethod.DNS_TXT), probes_of(world)
    assert look(probes, stage) == 0
    one.refresh_from_db()
    assert (one.state, one.finding, one.checks) == ("PENDING", "not there yet", 1)
    world.records["_sigill-validation.ny.test", "TXT"] = [f'"sigill-validation={one.token}"']
    assert look(probes, stage, later=timedelta(minutes=1)) == 0, "not before its turn"
    assert look(probes, stage, later=AGAIN_AFTER) == 1
    one.refresh_from_db()
    assert one.state == NameValidationState.VALID.value


@pytest.mark.parametrize(("content", "seen"), [("{token}\n", 1), ("another", 0), ("{token}{token}", 0)])
def test_a_file_on_the_server_counts_when_it_holds_the_token_and_nothing_else(
    stage: Stage, world: Outside, content: str, seen: int
) -> None:
    one = asked(stage, ValidationMethod.HTTP)
    path = f"/.well-known/sigill-validation/{one.token}"
    world.pages[path] = (200, {}, content.format(token=one.token).encode())
    assert look(probes_of(world), stage) == seen


def test_an_address_inside_the_house_is_not_reached(stage: Stage, world: Outside) -> None:
    """The name decides where the worker goes, so only the outside may be reached."""
    one = asked(stage, ValidationMethod.HTTP)
    world.pages[f"/.well-known/sigill-validation/{one.token}"] = (200, {}, one.token.encode())
    assert look(probes_of(world, allowed="192.0.2.0/24"), stage) == 0
    assert world.asked == []


def test_nobody_looks_when_the_time_has_run_out(stage: Stage, world: Outside) -> None:
    one = asked(stage, ValidationMethod.DNS_TXT)
    world.records["_sigill-validation.ny.test", "TXT"] = [f'"sigill-validation={one.token}"']
    assert look(probes_of(world), stage, later=OPEN_FOR) == 0
    assert NameValidation.objects.get(pk=one.pk).checks == 0
