"""Who can change what stops an act is said to whoever reads it: nobody is sent to themselves."""

import html
import re

import pytest
from django.urls import reverse
from django.utils import translation

from directory.models import Role
from journal.errors import Refusal
from portal import problems, reader
from portal.wordings.fixers import FIXERS
from tests.portal.conftest import LogIn
from tests.scenarios import Scene, a_pending_order


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("code", ["role_missing", "outside_scope", "ordering_stopped", "card_not_found"])
def test_no_role_is_told_to_ask_itself(role: Role, code: str) -> None:
    with translation.override("en"), reader.reading_as(role.value):
        said = problems.explain(Refusal(code=code, fixer=role.value)).fixer
    assert said != str(FIXERS[role.value]) or said == ""


@pytest.mark.parametrize(
    ("role", "code", "fixer", "said"),
    [
        ("id_administrator", "role_missing", "issuance_manager", "Your issuance manager can change this."),
        ("issuance_manager", "role_missing", "issuance_manager", "Somebody else with your role can do it"),
        ("id_administrator", "self_service_forbidden", "id_administrator", "Somebody else with your role"),
        (
            "central_administrator",
            "ordering_stopped",
            "central_administrator",
            "You can change this yourself.",
        ),
        (
            "central_administrator",
            "role_refused",
            "central_administrator",
            "Somebody else with your role can do it",
        ),
        ("id_administrator", "card_not_found", "", "ask your issuance manager which role"),
        ("issuance_manager", "card_not_found", "", "ask the central administration which role"),
        ("", "outside_scope", "issuance_manager", "Your issuance manager can change this."),
    ],
)
def test_it_is_said_as_the_reader_needs_it(role: str, code: str, fixer: str, said: str) -> None:
    with translation.override("en"), reader.reading_as(role):
        assert said in problems.explain(Refusal(code=code, fixer=fixer)).fixer
    assert reader.role() == ""


def test_an_order_that_runs_already_is_not_somebody_elses_to_change(scene: Scene, log_in: LogIn) -> None:
    """The one who may order is the one who may cancel: the page says when, and leads there."""
    order = a_pending_order(scene)
    page = log_in(scene.cast.alva).get(reverse("person", args=[order.person_id]))
    text = " ".join(html.unescape(re.sub("<[^>]+>", " ", page.content.decode())).split())
    assert "En beställning är redan på gång" in text
    assert "avbryt den om den inte har gått iväg" in text
    assert "En ID-administratör kan ändra" not in text
    assert reverse("order", args=[order.pk]) in page.content.decode()
