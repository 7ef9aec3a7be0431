"""Every periodic job has a name that people read."""

from portal.wordings.jobs import JOBS
from worker.schedule import BEAT_SCHEDULE


def test_every_job_of_the_schedule_has_a_name_and_no_name_is_left_over() -> None:
    assert set(JOBS) == set(BEAT_SCHEDULE)
