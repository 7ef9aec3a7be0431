"""How the desk names where somebody works."""

from directory.models import Employment


def workplace(employment: Employment) -> str:
    """Return organization and unit in a line."""
    unit = f", {employment.unit.name}" if employment.unit is not None else ""
    return f"{employment.organization.name}{unit}"
