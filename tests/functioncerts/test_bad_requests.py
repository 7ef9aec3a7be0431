"""A corpus of requests that are not certified, each refused with its reason (domain.md 5)."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ca.errors import KeyRefused
from functioncerts.errors import Refused, RequestInvalid
from functioncerts.models import FunctionOrder
from functioncerts.rehearsal import rehearse
from functioncerts.requests_read import refused
from portal import problems
from tests.functioncerts.conftest import SERVER, Stage, request_for

CORPUS = Path(__file__).parents[1] / "vectors" / "bad_requests"


def reasons() -> dict[str, tuple[str, str]]:
    """Return the check and its reason for each file."""
    lines = (CORPUS / "reasons.txt").read_text("utf-8").splitlines()[1:]
    told = dict(line.split(": ") for line in lines)
    return {name: tuple(why.split(" ")) for name, why in told.items()}  # type: ignore[misc]


def why_not(stage: Stage, content: bytes) -> RequestInvalid:
    """Return the refusal of a request, as the form and the API get it."""
    try:
        rehearse(hsa_id=SERVER, csr=content, names=(), actor=stage.cast.bo, at=stage.at)
    except RequestInvalid as error:
        return error
    except KeyRefused as error:
        return refused(error)
    pytest.fail("it was taken")


def test_every_file_is_refused_for_its_reason_in_words_that_say_it(stage: Stage) -> None:
    """F18: no file raises anything else, and who made it is told that they can mend it."""
    wanted = reasons()
    assert set(wanted) == {file.name for file in CORPUS.iterdir()} - {"reasons.txt"}
    general = problems.of_code("certificate_request_invalid").text
    errors = {name: why_not(stage, (CORPUS / name).read_bytes()) for name in wanted}
    told = {name: (one.facts["check"], _reason(one.facts)) for name, one in errors.items()}
    assert told == wanted
    assert {one.facts["fixer"] for one in errors.values()} == {"you"}
    assert [name for name, one in errors.items() if problems.explain(one).text in {"", general}] == []
    assert not FunctionOrder.objects.exists()


def _reason(facts: Mapping[str, str]) -> str:
    return facts.get("reason") or facts.get("weakness") or ""


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ([f"n{number}.journal.regionnorr.test" for number in range(21)], "number_of_names"),
        (["journal.regionsyd.test"], "name_outside_validated"),
        (["*.journal.regionnorr.test"], "name_not_allowed"),
        (["10.0.0.1"], "name_not_allowed"),
        (["journal"], "name_not_allowed"),
        (["journal.regionnorr.test\0.evil.test"], "name_not_allowed"),
    ],
)
def test_names_that_may_not_be_certified_stop_a_good_request(
    stage: Stage, names: list[str], code: str
) -> None:
    """F19."""
    with pytest.raises(Refused) as caught:
        rehearse(hsa_id=SERVER, csr=request_for(), names=names, actor=stage.cast.bo, at=stage.at)
    assert caught.value.refusal.code == code


def test_an_object_without_names_is_told_to_name_some(stage: Stage) -> None:
    stage.server.name_validations.all().delete()
    with pytest.raises(Refused) as caught:
        rehearse(hsa_id=SERVER, csr=request_for(), names=(), actor=stage.cast.bo, at=stage.at)
    assert caught.value.refusal.code == "number_of_names"
