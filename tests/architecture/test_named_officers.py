"""Who is named on a command line has proved nothing, and every command that takes a name says so."""

import pytest
from django.core.management import load_command_class

NAMING = {
    "key_ceremony": "ca",
    "mass_revocation": "ca",
    "erase_person": "worker",
    "qa_manual": "worker",
}


@pytest.mark.parametrize("name", NAMING)
def test_a_command_that_takes_a_persons_name_says_that_it_proves_nothing(name: str) -> None:
    assert "prove" in load_command_class(NAMING[name], name).help
