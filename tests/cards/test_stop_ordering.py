"""The operator's command for an order stop."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from cards.models import OrderStop

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("stop_ordering", *arguments, stdout=out)
    return out.getvalue()


def test_ordering_is_stopped_from_an_instant_and_goes_on_again() -> None:
    """POR-16."""
    assert "2026-12-18 08:00" in run("--reason", "Byte av portal", "--from", "2026-12-18T08:00+01:00")
    assert "2027-01-07 08:00" in run("--reason", "Byte av portal", "--from", "2027-01-07T08:00")
    assert OrderStop.objects.count() == 2
    assert run("--end") == "Ordering goes on.\n"
    assert "not stopped" in run("--end")


@pytest.mark.parametrize(
    "arguments", [(), ("--reason", "x", "--from", "soon"), ("--reason", "x", "--from", "2026-13-01T00:00Z")]
)
def test_a_stop_without_reason_or_with_no_time_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)
    assert not OrderStop.objects.exists()
