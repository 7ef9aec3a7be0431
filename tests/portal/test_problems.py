"""Every code has words in both languages, and the words say which rule, which data and who can fix it."""

import ast
import importlib
import json
import pkgutil
from pathlib import Path

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import InterfaceError, OperationalError
from django.test import RequestFactory
from django.utils import translation

from ca.pki.errors import PkiError
from journal.errors import DomainError, Refusal
from portal import problems, words
from portal.wordings.fixers import FIXERS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("journal", "directory", "ca", "ocsp", "cards", "functioncerts", "authn", "portal", "reports")


def _load_everything() -> None:
    for package in PACKAGES:
        module = importlib.import_module(package)
        for found in pkgutil.walk_packages(module.__path__, f"{package}."):
            if ".migrations" in found.name or found.name.endswith("__main__"):
                continue
            if found.name.startswith(("ca.hsm", "directory.simulators", "portal.wsgi")):
                continue
            importlib.import_module(found.name)


def _subclasses(base: type[Exception]) -> set[type[Exception]]:
    direct = set(base.__subclasses__())
    return direct.union(*(_subclasses(one) for one in direct)) if direct else set()


def _error_codes() -> dict[str, str]:
    _load_everything()
    classes = _subclasses(DomainError) | _subclasses(PkiError)
    # Only what a person or a caller can meet: the ceremony, jobs and command lines speak for themselves.
    return {
        one.code: one.__qualname__
        for one in classes
        if one.__module__.split(".")[0] in PACKAGES and not one.__module__.startswith(("reports", "ocsp"))
    }


def _refusal_codes() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal"):
                    continue
                for keyword in node.keywords:
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                        found[str(keyword.value.value)] = path.name
    return found


def test_every_error_and_refusal_in_the_tree_has_a_wording() -> None:
    codes = _error_codes() | _refusal_codes()
    assert len(codes) > 60
    missing = {code: where for code, where in codes.items() if code not in problems.WORDINGS}
    assert missing == {}


@pytest.mark.parametrize("code", sorted(problems.WORDINGS))
def test_a_wording_is_complete_and_different_in_swedish_and_english(code: str) -> None:
    said = {}
    for language in ("sv", "en"):
        with translation.override(language):
            problem = problems.of_code(code)
            said[language] = problem.title
            assert problem.title
            assert problem.text
            assert 400 <= problem.status <= 599
    assert said["sv"] != said["en"]


def test_every_fixer_named_by_a_wording_or_role_has_words() -> None:
    for wording in problems.WORDINGS.values():
        assert wording.fixer in FIXERS
    for role in words.ROLES:
        assert role.value in FIXERS


def test_a_refusal_names_rule_data_and_fixer_in_the_readers_words() -> None:
    """POR: design decision 10."""
    refusal = Refusal(
        code="role_missing",
        facts=(("role", "auditor"), ("needed", "id_administrator,issuance_manager")),
        fixer="issuance_manager",
    )
    with translation.override("sv"):
        problem = problems.explain(refusal)
    assert "Revisor" in problem.text
    assert "ID-administratör eller Ansvarig utgivare" in problem.text
    assert "ansvarig" in problem.fixer


def test_a_missing_fact_never_stops_the_page() -> None:
    assert "-" in problems.of_code("already_blocked").text


def test_an_unknown_code_gets_the_general_words_and_keeps_its_code() -> None:
    problem = problems.of_code("brand_new")
    assert problem.code == "brand_new"
    assert problem.status == 409


def test_a_machine_gets_problem_json_with_the_code() -> None:
    request = RequestFactory().get("/api/v1/nothing/")
    response = problems.page(request, problems.of_code("card_not_found"))
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["code"] == "card_not_found"


@pytest.mark.parametrize(
    ("path", "kind"), [("/people/search/", "text/html"), ("/c/v1/claim", "application/problem")]
)
@pytest.mark.parametrize(
    ("error", "status"), [(OperationalError, 503), (InterfaceError, 503), (KeyError, 500)]
)
def test_a_database_that_is_away_is_said_to_pass_and_everything_else_to_be_our_fault(
    error: type[Exception], status: int, path: str, kind: str
) -> None:
    """POR-2: nothing is claimed to be done, and whoever came is told when to come back."""
    try:
        raise error  # noqa: TRY301 - the handler looks at what is being handled
    except Exception:  # noqa: BLE001 - as Django does around a view
        response = problems.server_error(RequestFactory().get(path))
    assert response.status_code == status
    assert response["Content-Type"].startswith(kind)
    assert response.get("Retry-After") == ("10" if status == 503 else None)


def test_a_session_that_the_database_did_not_take_is_no_bad_request() -> None:
    """POR-2: Django calls it one (SessionInterrupted); the person did nothing wrong."""
    interrupted = SessionInterrupted("the session was not stored")
    interrupted.__context__ = UpdateError()
    interrupted.__context__.__context__ = OperationalError("terminating connection")
    response = problems.bad_request(RequestFactory().get("/people/search/"), interrupted)
    assert (response.status_code, response["Retry-After"]) == (503, "10")
