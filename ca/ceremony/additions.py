"""Issuers that later ceremonies added: a file each under ``ceremony/issuers/``, read with the hierarchy."""

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from django.conf import settings

from ca.environments import Environment
from ca.pki.errors import PolicyFileRefused
from ca.pki.hierarchy import Hierarchy, IssuerPlan
from ca.published_files import write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedIssuer:
    """An issuer that is not in the hierarchy's file. All that is not named is as with ``like``."""

    environment: str
    place: int
    """Its turn among those that were added: where several issue a profile, the first open one does."""
    key: str
    like: str
    common_name: str
    issues: tuple[str, ...]
    policies: tuple[str, ...]


Stamp = tuple[tuple[str, int], ...]


def stamp() -> Stamp:
    """Return what changes when an issuer is added, so that running processes read the hierarchy anew."""
    try:
        with os.scandir(_folder()) as found:
            return tuple(
                sorted((one.name, one.stat().st_mtime_ns) for one in found if one.name.endswith(".json"))
            )
    except FileNotFoundError:
        return ()


def added_issuers(environment: Environment) -> list[AddedIssuer]:
    """Return what was added to an environment, in order. Raises ``PolicyFileRefused``."""
    found = []
    for name, _ in stamp():
        try:
            facts = json.loads((_folder() / name).read_bytes())
            found.append(
                AddedIssuer(
                    **{**facts, "issues": tuple(facts["issues"]), "policies": tuple(facts["policies"])}
                )
            )
        except (OSError, ValueError, TypeError, KeyError) as error:
            msg = f"ceremony/issuers/{name} cannot be read: {error}; restore it from the backup"
            raise PolicyFileRefused(msg, facts={"file": name}) from error
    return sorted((one for one in found if one.environment == environment.value), key=lambda one: one.place)


def write_addition(added: AddedIssuer) -> None:
    """Put the issuer beside those of the hierarchy's file."""
    content = json.dumps(asdict(added), indent=2, ensure_ascii=False) + "\n"
    write_whole(_folder() / f"{added.key}.json", content.encode())


def with_additions(hierarchy: Hierarchy, added: list[AddedIssuer]) -> Hierarchy:
    """Return the hierarchy with the added issuers at its end. Raises ``ProfileViolation``."""
    for one in added:
        hierarchy = replace(hierarchy, issuers=(*hierarchy.issuers, plan_of(one, hierarchy)))
    return hierarchy


def plan_of(added: AddedIssuer, hierarchy: Hierarchy) -> IssuerPlan:
    """Return the added issuer's plan. Raises ``ProfileViolation`` when there is none like it."""
    like = hierarchy.issuer(added.like)
    return replace(
        like, key=added.key, common_name=added.common_name, issues=added.issues, policies=added.policies
    )


def _folder() -> Path:
    folder: Path = settings.SIGILL_HOME / "ceremony" / "issuers"
    return folder
