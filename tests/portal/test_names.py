"""Who did something is called by name, or by the id in the register, and never by a job's name."""

from django.utils import translation

from portal.pages.desk.history import name_or_system
from tests.scenarios import Scene


def test_a_person_has_a_name_and_a_job_is_the_system(scene: Scene) -> None:
    with translation.override("sv"):
        assert name_or_system(scene.cast.alva.identifier) == "Alva Berg"
        assert name_or_system("key_ceremony") == "Systemet"
        assert name_or_system("SE2321000016-GONE") == "SE2321000016-GONE"


def test_somebody_with_protected_data_keeps_their_id(scene: Scene) -> None:
    assert name_or_system(scene.cast.erik.hsa_id) == scene.cast.erik.hsa_id
