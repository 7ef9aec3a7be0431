"""Certificate policies: object identifiers under a configurable arc, and the level of assurance of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

DEFAULT_POLICY_ARC = "1.3.6.1.4.1.32473.752.8"
"""Under the enterprise number for examples (RFC 5612); an installation sets its own enterprise number.

An arc made of a UUID (2.25.<128 bits>) would be unique, but RFC 5280 appendix B promises relying parties arcs
below 2^28 only, and pkilint for one cannot read a certificate with a longer one.
"""

LONGEST_ARC = (1 << 28) - 1
"""RFC 5280 appendix B."""

ANY_POLICY = "2.5.29.32.0"

TIME_STAMP_SUFFIX = 20
"""Of the policy under which time-stamps are made (RFC 3161 §2.1): it stands in them, in no certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One certificate policy: its last arc, its level of assurance (None for functions), its longest life."""

    name: str
    suffix: int
    level_of_assurance: int | None = None
    longest: timedelta | None = None

    def object_identifier(self, arc: str) -> str:
        """Return the policy's dotted OID under `arc`."""
        return f"{arc}.{self.suffix}"


POLICIES = {
    policy.name: policy
    for policy in (
        Policy(name="loa3_card", suffix=1, level_of_assurance=3),
        Policy(name="loa3_reserve", suffix=2, level_of_assurance=3, longest=timedelta(days=366)),
        Policy(name="loa3_mobile", suffix=3, level_of_assurance=3, longest=timedelta(days=731)),
        Policy(name="loa2_reserve", suffix=4, level_of_assurance=2, longest=timedelta(days=366)),
        Policy(name="loa2_coordination_number", suffix=5, level_of_assurance=2),
        Policy(name="loa2_passport", suffix=6, level_of_assurance=2),
        Policy(name="function_server", suffix=10),
        Policy(name="function_client", suffix=11),
        Policy(name="function_email", suffix=12),
    )
}
"""The names that profiles and hierarchies use. A suffix is never given another meaning."""


def policy_of(object_identifier: str, *, arc: str) -> Policy | None:
    """Return the policy an OID stands for under `arc` (so a relying party reads the LoA), or None."""
    for policy in POLICIES.values():
        if policy.object_identifier(arc) == object_identifier:
            return policy
    return None
