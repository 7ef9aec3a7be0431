"""What an order or authorization is for: names that a function object may have, each refusal told apart."""

from collections.abc import Sequence
from datetime import datetime

from functioncerts.acme.errors import AcmeProblem, ProblemType, Subproblem, malformed
from functioncerts.models import FunctionObject
from functioncerts.names import NameInvalid, parse_dns_name
from functioncerts.validated import outside
from functioncerts.wishes import MOST_NAMES

_RULES = {
    "empty": "an empty name",
    "wildcard": "wildcards are not certified here: ask for each name",
    "address": "an IP address is not certified here",
    "form": "not a DNS name",
    "internal": "not a name of the public DNS: an internal or single-label name",
    "idn": "not an A-label of IDNA 2008",
}


def names_in(identifiers: object, *, function_object: FunctionObject, at: datetime) -> tuple[str, ...]:
    """Return the names of an order, sorted; raises AcmeProblem with a subproblem for each that is refused."""
    if not isinstance(identifiers, list) or not identifiers:
        raise malformed("identifiers is a list with at least one identifier")
    if len(identifiers) > MOST_NAMES:
        raise malformed(f"an order holds at most {MOST_NAMES} identifiers")
    problems: list[Subproblem] = []
    names: list[str] = []
    for one in identifiers:
        kind, value = (one.get("type"), one.get("value")) if isinstance(one, dict) else (None, None)
        if not isinstance(kind, str) or not isinstance(value, str):
            raise malformed("an identifier has type and value")
        try:
            names.append(_parsed(kind, value))
        except _Unfit as unfit:
            problems.append(Subproblem(kind=unfit.kind, detail=unfit.detail, name=value[:253]))
    told = f"outside the validated names of {function_object.hsa_id}, or their validation has run out"
    problems += [
        Subproblem(kind=ProblemType.REJECTED_IDENTIFIER, detail=told, name=name)
        for name in outside(names, function_object=function_object, at=at)
    ]
    demand_none(problems)
    return tuple(sorted(set(names)))


def demand_none(problems: Sequence[Subproblem]) -> None:
    """Raise AcmeProblem for problems with names: their own type where it is one, else compound."""
    if not problems:
        return
    kinds = {one.kind for one in problems}
    kind = kinds.pop() if len(kinds) == 1 else ProblemType.COMPOUND
    detail = "; ".join(f"{one.name}: {one.detail}" for one in problems)
    raise AcmeProblem(kind, detail[:1000], subproblems=problems)


class _Unfit(Exception):
    def __init__(self, kind: ProblemType, detail: str) -> None:
        super().__init__(detail)
        self.kind, self.detail = kind, detail


def _parsed(kind: str, value: str) -> str:
    if kind != "dns":
        raise _Unfit(ProblemType.UNSUPPORTED_IDENTIFIER, f"identifiers of type {kind[:32]}")
    try:
        return parse_dns_name(value)
    except NameInvalid as error:
        raise _Unfit(ProblemType.REJECTED_IDENTIFIER, _RULES.get(str(error), str(error))) from error
