"""Whose acts a reader is told of by name: those of the reader's own organization, or part of one."""

from collections.abc import Mapping

from journal.actor import Actor


def is_of_own_organization(acted: Mapping[str, object], reader: Actor) -> bool:
    """Tell whether somebody acted for an organization, or a part of one, that the reader's role reaches.

    Who reads for a part of an organization is told of those who acted for that part or for the whole.
    """
    acted_for = {*str(acted.get("scope", "")).split(","), str(acted.get("organization", ""))} - {""}
    if not reader.unit_id:
        return not acted_for.isdisjoint(reader.organization_ids)
    unit = str(acted.get("unit", ""))
    return unit in reader.unit_ids if unit else reader.organization_id in acted_for
