"""HSA's function objects over REST: servers, clients and mailboxes in the tree of services."""

from collections.abc import Mapping

from directory.simulators.faults import Fault
from directory.simulators.people import Function, Registers


def functions(parameters: Mapping[str, str], registers: Registers, fault: Fault) -> dict[str, object]:
    """Answer by ``hsaId`` or ``organization`` (an HSA-id): those found and their count, none at all too."""
    hsa_id = parameters.get("hsaId", "").upper()
    organization = parameters.get("organization", "").upper()
    found = [
        _shown(one)
        for one in registers.functions
        if (hsa_id and one.hsa_id.upper() == hsa_id)
        or (organization and one.organization.upper() == organization)
    ]
    count = len(found)
    match fault.kind:
        case "empty":
            found, count = [], 0
        case "partial":
            found = found[:-1]
        case "swapped":
            found = [{**one, "hsaId": f"{one['hsaId']}X"} for one in found]
        case "invalid":
            found = [{**one, "kind": "toaster"} for one in found]
    return {"count": count, "functions": found}


def _shown(one: Function) -> dict[str, object]:
    return {
        "hsaId": one.hsa_id,
        "name": one.name,
        "kind": one.kind,
        "organization": one.organization,
        "unit": one.unit,
        "names": list(one.names),
        "mail": one.mail,
        "feigned": True,
    }
